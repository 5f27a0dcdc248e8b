"""`tapewatch replay`: files in event order into a running ingest, as fast as it takes them or paced by their clock."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import numpy as np
import typer

from ingest_service.formats import EventFile, FormatOptions
from tapewatch.cli.configured import ConfigOption, JsonOption, address_of, security_of
from tapewatch.cli.files import (
    DateOption,
    FilesArgument,
    FormatOption,
    InstrumentOption,
    ProfileOption,
    VenueOption,
    explained,
    open_files,
    refuse_cut,
)
from tapewatch.cli.merge import in_event_order
from tapewatch.cli.output import harmless, print_json, print_lines, progress_bar
from tapewatch.cli.pace import pace_of
from tapewatch.cli.reference_files import (
    AccountsOption,
    AnnouncementsOption,
    FxRatesOption,
    InstrumentsOption,
    PositionsOption,
    RestrictedOption,
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
    profile: ProfileOption = None,
    accounts: AccountsOption = None,
    instruments: InstrumentsOption = None,
    announcements: AnnouncementsOption = None,
    positions: PositionsOption = None,
    fx_rates: FxRatesOption = None,
    restricted: RestrictedOption = None,
    rows_per_batch: Annotated[int, typer.Option("--batch", min=1, max=65_536, help="Rows a batch.")] = ROWS_PER_BATCH,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send files into a running ingest; doing so again adds nothing."""
    pace = pace_of(speed)
    reference = read_reference(
        accounts=accounts,
        instruments=instruments,
        announcements=announcements,
        positions=positions,
        fx_rates=fx_rates,
        restricted=restricted,
    )
    opened = open_files(files, file_format, FormatOptions(venue, instrument, date, profile=profile))
    address = address_of("ingest", config, to)
    summary = ReplaySummary()
    begun_s = time.monotonic()

    async def run() -> None:
        if reference != Reference.of():
            await publish_reference(address, security_of(config), reference)
        async with IngestPublisher(address, security_of(config), name="replay", patience_s=PATIENCE_S) as publisher:
            with progress_bar("replaying", None) as advance:
                await _send(publisher, _Files(opened, rows_per_batch), pace, summary, advance)

    asyncio.run(run())
    summary.seconds = time.monotonic() - begun_s
    _show(opened, summary, as_json)
    refuse_cut(opened)


class _Files:
    """Files as one stream of batches in event time, as `detect` reads them, and which of their sources are through."""

    def __init__(self, files: Sequence[EventFile], rows_per_batch: int) -> None:
        self._files = files
        self._rows_per_batch = rows_per_batch
        self._last_times_ns: dict[str, int] = {}

    def frames(self) -> Iterator[Frame]:
        """The batches."""
        for frame in in_event_order([self._read(file) for file in self._files]):
            for start in range(0, frame.row_count, self._rows_per_batch):
                yield frame.slice(start, min(start + self._rows_per_batch, frame.row_count))

    def through(self, time_ns: int | None) -> list[str]:
        """The sources of files read to their end whose last event is before a time (any, for None), each once."""
        ended = sorted(name for name, last_ns in self._last_times_ns.items() if time_ns is None or last_ns < time_ns)
        for name in ended:
            del self._last_times_ns[name]
        return ended

    @property
    def refused(self) -> int:
        """Rows that could not be read."""
        return sum(file.report.rejected_by_reason.total() for file in self._files)

    def _read(self, file: EventFile) -> Iterator[Frame]:
        last_times_ns: dict[str, int] = {}
        for frame in file.frames(self._rows_per_batch):
            last_ns = int(frame.columns["event_time_ns"].max())
            sources = [frame.string(index) for index in np.unique(frame.columns["source"]).tolist()]
            last_times_ns.update(dict.fromkeys(sources, last_ns))
            yield frame
        self._last_times_ns.update(last_times_ns)


async def _send(
    publisher: IngestPublisher, files: _Files, pace: float, summary: ReplaySummary, advance: Callable[[float], None]
) -> None:
    """Send the batches in order; a source that is through is said to have ended, so that nothing waits for it."""
    waiting: set[asyncio.Future[PublishResult]] = set()
    begun_s, first_ns = time.monotonic(), 0
    frames = files.frames()
    while (frame := await asyncio.to_thread(_next, frames)) is not None:
        event_time_ns = int(frame.columns["event_time_ns"][0])
        first_ns = first_ns or event_time_ns
        if pace:
            due_s = begun_s + (event_time_ns - first_ns) / SECOND_NS / pace
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        for source in files.through(event_time_ns):
            await publisher.end_of_source(source)
        waiting.add(await publisher.submit(frame))
        summary.sent += frame.row_count
        advance(frame.row_count)
        for done in [each for each in waiting if each.done()]:
            waiting.remove(done)
            summary.add(done.result())
    for result in await asyncio.gather(*waiting):
        summary.add(result)
    for source in files.through(None):
        await publisher.end_of_source(source)
    summary.refused_in_file += files.refused


def _next(frames: Any) -> Frame | None:
    with explained():
        frame: Frame | None = next(frames, None)
        return frame


def _show(files: list[EventFile], summary: ReplaySummary, as_json: bool) -> None:
    reports = [file.report for file in files]
    if as_json:
        described = [
            {"path": str(each.path), "format": each.format, "decided": each.decided, "cut": each.cut}
            for each in reports
        ]
        print_json({"files": described, **asdict(summary)})
        return
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(summary.rejected_by_reason.items()))
    print_lines(
        *(("file", f"{each.path}: {each.format} ({each.decided})") for each in reports),
        *(("note", harmless(note)) for each in reports for note in each.notes),
        *(("not read", harmless(each.cut)) for each in reports if each.cut),
        ("sent", f"{summary.sent} events in {summary.seconds:.1f} s"),
        ("journalled", str(summary.journalled)),
        ("known already", str(summary.duplicates)),
        ("refused", f"{summary.rejected} {reasons}".strip()),
        ("refused in file", str(summary.refused_in_file)),
    )
