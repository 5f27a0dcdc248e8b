"""`tapewatch status`: whether each service serves, and where the events stand."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from surveillance.v1 import detection_pb2
from tapewatch.cli.configured import ConfigOption, JsonOption, security_of
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.output import print_json, print_table, time_text
from tapewatch.cli.processes import is_running, recorded_process
from tapewatch.cli.stack import configured_services, run_directory_for
from tapewatch.cli.stack_record import read_services
from tapewatch.cli.supervisor import ServiceProcess
from tapewatch.cli.up import DirectoryOption
from tapewatch.client.detection import DetectionClient
from tapewatch.client.errors import ClientError
from tapewatch.client.ingest import IngestClient
from tapewatch.runtime.health_probe import probe
from tapewatch.runtime.security import SecuritySettings

app = typer.Typer(add_completion=False)
PROBE_TIMEOUT_S = 2.0


@app.command()
def status(
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    service: Annotated[str | None, typer.Option("--service", metavar="NAME", help="Only this service.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Whether each service serves, and where the events stand. Exit code 1 if one does not serve."""
    run_directory = run_directory_for(directory)
    recorded = read_services(run_directory) if config is None else None
    chosen = _choose(recorded or configured_services(config), service)
    found = asyncio.run(_ask_all(chosen, security_of(config), run_directory))
    if as_json:
        print_json({"services": found})
    else:
        rows = [(each["service"], each["health"], each["address"], each["pid"] or "-", each["note"]) for each in found]
        print_table(("service", "health", "address", "pid>", "note"), rows)
    if any(each["health"] != "SERVING" for each in found):
        raise typer.Exit(1)


def _choose(services: list[ServiceProcess], name: str | None) -> list[ServiceProcess]:
    chosen = [each for each in services if name in (None, each.name)]
    if not chosen:
        known = ", ".join(each.name for each in services)
        raise WrongUsageError(f"--service: expected one of {known}, found {name!r}")
    return chosen


async def _ask_all(
    services: list[ServiceProcess], security: SecuritySettings, run_directory: Path
) -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(_ask(each, security, run_directory) for each in services)))


async def _ask(service: ServiceProcess, security: SecuritySettings, run_directory: Path) -> dict[str, Any]:
    health = await probe(service.address, "", security, PROBE_TIMEOUT_S)
    record = recorded_process(run_directory, service.name)
    return {
        "service": service.name,
        "health": health if health in ("SERVING", "NOT_SERVING") else "UNREACHABLE",
        "address": service.address,
        "pid": record.pid if record is not None and is_running(record) else None,
        "note": await _note(service, security) if health == "SERVING" else _last_part(health),
    }


def _last_part(text: str) -> str:
    return text.splitlines()[0].rpartition(": ")[2] if text else ""


def _without(state: detection_pb2.DetectionStatus) -> str:
    """The rules of which nobody would see that they fell silent."""
    rules = ", ".join(sorted(state.without_canary))
    return f"; no canary: {rules}" if rules else ""


async def _note(service: ServiceProcess, security: SecuritySettings) -> str:
    try:
        if service.name == "ingest":
            async with IngestClient(service.address, security) as ingest:
                journal = await ingest.status()
            return (
                f"{journal.durable_sequence} events durable, {journal.journal_bytes} bytes in {journal.segments} files"
            )
        if service.name == "detection":
            async with DetectionClient(service.address, security) as client:
                state = await client.status()
            alerts = sum(state.alerts_by_rule.values())
            pending = sum(each.late + each.amendments for each in state.corrections.pending)
            return (
                f"{state.engine} engine at position {state.next_sequence}, {time_text(state.event_time_ns)}; "
                f"{alerts} alert revisions, {state.alerts_pending} not stored yet; "
                f"{pending} events await a correction run, {state.corrections.runs} made" + _without(state)
            )
    except ClientError as error:
        return str(error)
    return ""
