"""`tapewatch replay`: files into a running ingest, as fast as it takes them or paced by their own clock."""

import asyncio
import re
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import typer

from ingest_service.formats import EventFile, FormatOptions
from tapewatch.cli.configured import ConfigOption, JsonOption, address_of, security_of
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.files import (
    DateOption,
    FilesArgument,
    FormatOption,
    InstrumentOption,
    VenueOption,
    explained,
    open_files,
)
from tapewatch.cli.output import harmless, print_json, print_lines, progress_bar
from tapewatch.cli.reference_files import (
    AccountsOption,
    AnnouncementsOption,
    InstrumentsOption,
    publish_reference,
    read_reference,
)
from tapewatch.client.ingest import IngestPublisher, PublishResult
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference

app = typer.Typer(add_completion=False)
ROWS_PER_BATCH = 4_096
PATIENCE_S = 30.0
"""How long ingest may be away in the middle of a replay."""
SECOND_NS = 1_000_000_000
_SPEED = re.compile(r"^(\d+(?:\.\d+)?)x?$")


@dataclass(slots=True)
class ReplaySummary:
    """What became of the rows; sent = journalled + duplicates + rejected."""

    sent: int = 0
    journalled: int = 0
    duplicates: int = 0
    rejected: int = 0
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    refused_in_file: int = 0
    seconds: float = 0.0

    def add(self, result: PublishResult) -> None:
        """Count a batch."""
        self.journalled += result.journalled
        self.duplicates += result.duplicates
        self.rejected += len(result.rejected)
        self.rejected_by_reason.update(each.reason for each in result.rejected)


@app.command()
def replay(
    files: FilesArgument,
    to: Annotated[str | None, typer.Option("--to", metavar="HOST:PORT", help="Ingest's address.")] = None,
    speed: Annotated[str, typer.Option("--speed", help="Such as 10x, ten times the files' clock; or max.")] = "max",
    file_format: FormatOption = "auto",
    venue: VenueOption = None,
    instrument: InstrumentOption = None,
    date: DateOption = None,
    accounts: AccountsOption = None,
    instruments: InstrumentsOption = None,
    announcements: AnnouncementsOption = None,
    rows_per_batch: Annotated[int, typer.Option("--batch", min=1, max=65_536, help="Rows a batch.")] = ROWS_PER_BATCH,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send files into a running ingest; doing so again adds nothing."""
    pace = _pace(speed)
    reference = read_reference(accounts, instruments, announcements)
    opened = open_files(files, file_format, FormatOptions(venue=venue, instrument=instrument, date=date))
    address = address_of("ingest", config, to)
    summary = ReplaySummary()
    begun_s = time.monotonic()

    async def run() -> None:
        if reference != Reference.of():
            await publish_reference(address, security_of(config), reference)
        async with IngestPublisher(address, security_of(config), name="replay", patience_s=PATIENCE_S) as publisher:
            with progress_bar("replaying", _bytes(opened)) as advance:
                for file in opened:
                    await _send(publisher, file, rows_per_batch, pace, summary)
                    advance(file.report.path.stat().st_size)

    asyncio.run(run())
    summary.seconds = time.monotonic() - begun_s
    _show(opened, summary, as_json)


def _pace(speed: str) -> float:
    """Seconds of the files a second of the clock; 0 is as fast as possible."""
    if speed == "max":
        return 0.0
    found = _SPEED.match(speed)
    if found is None or float(found[1]) == 0:
        raise WrongUsageError(f"--speed: expected max or a factor such as 10x, found {speed!r}")
    return float(found[1])


def _bytes(files: list[EventFile]) -> int:
    return sum(file.report.path.stat().st_size for file in files)


async def _send(
    publisher: IngestPublisher, file: EventFile, rows_per_batch: int, pace: float, summary: ReplaySummary
) -> None:
    """Send a file's frames in order, then say that its sources have ended."""
    waiting: set[asyncio.Future[PublishResult]] = set()
    sources: set[str] = set()
    begun_s, first_ns = time.monotonic(), 0
    frames = file.frames(rows_per_batch)
    while (frame := await asyncio.to_thread(_next, frames)) is not None:
        event_time_ns = int(frame.columns["event_time_ns"][0])
        first_ns = first_ns or event_time_ns
        if pace:
            due_s = begun_s + (event_time_ns - first_ns) / SECOND_NS / pace
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        sources.update(frame.strings[index] for index in set(frame.columns["source"].tolist()))
        waiting.add(await publisher.submit(frame))
        summary.sent += frame.row_count
        for done in [each for each in waiting if each.done()]:
            waiting.remove(done)
            summary.add(done.result())
    for result in await asyncio.gather(*waiting):
        summary.add(result)
    for source in sorted(sources):
        await publisher.end_of_source(source)
    summary.refused_in_file += file.report.rejected_by_reason.total()


def _next(frames: Any) -> Frame | None:
    with explained():
        frame: Frame | None = next(frames, None)
        return frame


def _show(files: list[EventFile], summary: ReplaySummary, as_json: bool) -> None:
    reports = [file.report for file in files]
    if as_json:
        described = [{"path": str(each.path), "format": each.format, "decided": each.decided} for each in reports]
        print_json({"files": described, **asdict(summary)})
        return
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(summary.rejected_by_reason.items()))
    print_lines(
        *(("file", f"{each.path}: {each.format} ({each.decided})") for each in reports),
        *(("note", harmless(note)) for each in reports for note in each.notes),
        ("sent", f"{summary.sent} events in {summary.seconds:.1f} s"),
        ("journalled", str(summary.journalled)),
        ("known already", str(summary.duplicates)),
        ("refused", f"{summary.rejected} {reasons}".strip()),
        ("refused in file", str(summary.refused_in_file)),
    )
