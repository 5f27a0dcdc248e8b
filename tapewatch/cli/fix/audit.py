"""`tapewatch fix audit`: a session's raw bytes proven, shown, mapped again; from the files, gateway running or not."""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, TextIO

import typer

from fix_gateway.audit.block import Entry, EntryKind
from fix_gateway.audit.log import AUDIT_FOLDER
from fix_gateway.audit.reading import entries, verify
from fix_gateway.audit.replay import replayed
from fix_gateway.settings import FixSessionSettings, FixSettings
from fix_gateway.store import session_directory
from tapewatch.cli.configured import ConfigOption, JsonOption, address_of, security_of
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import harmless, print_json, time_text
from tapewatch.cli.sections import read_section
from tapewatch.client.publisher import IngestPublisher
from tapewatch.fix.mapping import Row, map_message
from tapewatch.fix.profile import load_profile
from tapewatch.market.frame import Frame
from tapewatch.runtime.errors import DataLoss

ROWS_A_FRAME_MAX = 10_000
ARROWS = {EntryKind.RECEIVED: "<", EntryKind.SENT: ">", EntryKind.NOTE: "*"}

SessionOption = Annotated[str, typer.Option("--session", help="Its name, or its counterparty's CompID.")]
StoreOption = Annotated[
    Path | None,
    typer.Option("--store", metavar="DIR", help="The gateway's `store`; by default where the settings say."),
]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="A session's raw audit log: prove it, show it, map it again."
)


@dataclass(frozen=True, slots=True)
class _Log:
    settings: FixSessionSettings
    directory: Path


@app.command("verify")
def verify_log(
    session: SessionOption,
    head: Annotated[
        str | None, typer.Option("--head", metavar="HASH", help="A hash an earlier proof gave, which must be met.")
    ] = None,
    config: ConfigOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check every hash of the log; exit code 1 names the first entry that is not as it was written."""
    log = _log(session, config, store)
    proof = verify(log.directory, head)
    if as_json:
        print_json({name: getattr(proof, name) for name in type(proof).__slots__})
    if proof.problem:
        raise CommandError(f"{log.directory}: entry {proof.first_bad_entry} is not as it was written: {proof.problem}")
    if not as_json:
        older = f" (older than {proof.first_entry} removed by retention)" if proof.first_entry else ""
        count = proof.entry_end - proof.first_entry
        typer.echo(f"{count} entries in {proof.blocks} blocks, all as they were written{older}; head {proof.head}")


@app.command("show")
def show(
    session: SessionOption,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 100,
    config: ConfigOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the newest entries: < received, > sent, * what happened. Secrets were starred before they were kept."""
    log = _log(session, config, store)
    with _readable(log):
        newest = deque(entries(log.directory), maxlen=limit)
    if as_json:
        print_json([_as_json(each) for each in newest])
        return
    for each in newest:
        typer.echo(f"{time_text(each.time_ns)} {ARROWS[each.kind]} {_text(each)}")


@app.command("replay")
def replay(
    session: SessionOption,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the events there, a JSON a line.")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish them; ingest adds only what it lacks.")] = False,
    config: ConfigOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Map the log's messages again, by the session's profile, as the gateway did when they came."""
    log = _log(session, config, store)
    counts: Counter[str] = Counter({"messages": 0, "events": 0, "without_event": 0})
    with _readable(log), out.open("w", encoding="utf-8") if out else nullcontext() as file:
        rows = _written(_rows(log, counts), file)
        if publish:
            asyncio.run(_publish(rows, counts, config))
        else:
            for _ in rows:
                pass
    if as_json:
        print_json(counts)
    else:
        typer.echo(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()))


def _log(name: str, config: Path | None, store: Path | None) -> _Log:
    settings = read_section("fix", config)
    assert isinstance(settings, FixSettings)
    named = [each for each in settings.sessions if name in (each.source, each.target)]
    if len(named) != 1:
        names = ", ".join(each.source for each in settings.sessions)
        raise WrongUsageError(f"--session: expected one of {names}, or a CompID only one of them has, found {name!r}")
    directory = session_directory(store or settings.store, named[0].config()) / AUDIT_FOLDER
    if not directory.is_dir():
        raise CommandError(f"{directory}: expected the audit log of {named[0].source}, found no such directory")
    return _Log(named[0], directory)


@contextmanager
def _readable(log: _Log) -> Iterator[None]:
    """Damage found while reading becomes a line for the user."""
    try:
        yield
    except DataLoss as error:
        raise CommandError(f"{log.directory}: {error.message}") from error


def _as_json(entry: Entry) -> dict[str, object]:
    return {"time_ns": entry.time_ns, "kind": entry.kind.name, "text": _text(entry)}


def _text(entry: Entry) -> str:
    return harmless(entry.data.decode("latin-1").replace("\x01", "|"))


def _rows(log: _Log, counts: Counter[str]) -> Iterator[Row]:
    profile, source = load_profile(log.settings.profile), log.settings.source
    for each in replayed(entries(log.directory), log.settings.config()):
        rows, _ = map_message(each.message, profile, source, each.time_ns)
        counts["messages"] += 1
        counts["events"] += len(rows)
        counts["without_event"] += not rows
        yield from rows


def _written(rows: Iterator[Row], file: TextIO | None) -> Iterator[Row]:
    for row in rows:
        if file is not None:
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
        yield row


async def _publish(rows: Iterator[Row], counts: Counter[str], config: Path | None) -> None:
    address = address_of("ingest", config)
    async with IngestPublisher(address, security_of(config), name=f"fix-audit-replay-{time.time_ns()}") as publisher:
        while batch := list(islice(rows, ROWS_A_FRAME_MAX)):
            result = await publisher.publish(Frame.from_rows(batch))
            counts["journalled"] += result.journalled
            counts["duplicates"] += result.duplicates
            counts["rejected"] += len(result.rejected)
