"""`tapewatch sources`: the ledger, and the quarantine."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import ParseDict, ParseError

from surveillance.v1 import event_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption, address_of, security_of
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.ledger import COLUMNS, LedgerLine, equations, read_ledger, total
from tapewatch.cli.output import print_json, print_table, time_text
from tapewatch.client.detection import DetectionClient
from tapewatch.client.ingest import IngestClient

app = typer.Typer(add_completion=False, help="The ledger: what became of every event of every source; the quarantine.")
quarantine_app = typer.Typer(no_args_is_help=True, help="The rows that validation refused.")
app.add_typer(quarantine_app, name="quarantine")


@app.callback(invoke_without_command=True)
def sources(
    context: typer.Context,
    config: ConfigOption = None,
    ingest: Annotated[str | None, typer.Option("--ingest", metavar="HOST:PORT", help="Ingest's address.")] = None,
    detection: Annotated[
        str | None, typer.Option("--detection", metavar="HOST:PORT", help="Detection's address.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what became of every event of every source, and check both equations; exit code 1 if one fails."""
    if context.invoked_subcommand is not None:
        return
    lines = asyncio.run(_read(config, ingest, detection))
    whole = total(lines)
    if as_json:
        print_json({"sources": [line.to_json() for line in lines], "total": whole.to_json()})
    else:
        print_table(COLUMNS, (line.cells() for line in (*lines, whole)))
        for equation in equations(whole):
            typer.echo(equation)
    wrong = [line.source for line in lines if not line.balances]
    if wrong:
        raise CommandError(
            f"the ledger does not balance for {', '.join(wrong)}: ask again, and if it stays so see the log of ingest "
            "and detection"
        )


async def _read(config: Path | None, ingest: str | None, detection: str | None) -> list[LedgerLine]:
    security = security_of(config)
    async with (
        IngestClient(address_of("ingest", config, ingest), security) as front,
        DetectionClient(address_of("detection", config, detection), security) as engine,
    ):
        return (await read_ledger(front, engine)).lines


@quarantine_app.command("list")
def list_quarantine(
    source: Annotated[str, typer.Option("--source", help="Only this source.")] = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the refused rows with the reason, oldest first."""
    rows = ask(IngestClient, "ingest", config, target, lambda client: client.list_quarantine(source))
    if as_json:
        print_json(rows)
        return
    cells = (
        (each.quarantine_id, time_text(each.time_ns), each.source, each.field, each.reason, each.message,
         "replayed" if each.replayed else "")
        for each in rows
    )  # fmt: skip
    print_table(("id>", "time", "source", "field", "reason", "message", ""), cells)


@quarantine_app.command("replay")
def replay_quarantine(
    quarantine_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the refused row.")],
    row: Annotated[str, typer.Option("--row", metavar="JSON", help="The row as it should have been, as JSON.")],
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish a corrected row in place of a refused one."""
    event = _event(row)
    result = ask(IngestClient, "ingest", config, target, lambda client: client.replay_quarantine(quarantine_id, event))
    if as_json:
        print_json(result)
    if result.rejected:
        again = result.rejected[0]
        raise CommandError(f"the row is refused again: {again.field}: {again.message} ({again.reason})")
    if not as_json:
        typer.echo("known already" if result.duplicates else "journalled")


def _event(row: str) -> event_pb2.Event:
    """The row's columns as the contract's event; kind and side as in files (NEW, BUY)."""
    try:
        values = json.loads(row)
        if not isinstance(values, dict):
            raise WrongUsageError(f"--row: expected a JSON object of columns, found {type(values).__name__}")
        for name, prefix in (("kind", "EVENT_KIND_"), ("side", "SIDE_")):
            if isinstance(values.get(name), str) and not values[name].startswith(prefix):
                values[name] = prefix + values[name]
        return ParseDict({key: value for key, value in values.items() if value is not None}, event_pb2.Event())
    except (ValueError, ParseError) as error:
        raise WrongUsageError(f"--row: expected the columns of an event as JSON, found {row!r}: {error}") from error
