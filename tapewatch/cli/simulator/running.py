"""`tapewatch simulator start`, `stop`, `reset`, `adjust` and `status`."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from simulator.output import write_reference
from simulator.simulation import Simulation, SimulationConfig
from surveillance.v1 import simulator_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption, address_of, security_of
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.pace import pace_of
from tapewatch.cli.reference_files import publish_reference, read_reference
from tapewatch.cli.simulator.asking import ask_simulator, show
from tapewatch.client.errors import UNREACHABLE, ClientError
from tapewatch.client.ingest import IngestClient
from tapewatch.client.simulator import SimulatorClient
from tapewatch.market.reference import TABLES

FEEDS = {
    "fix": simulator_pb2.FEED_FIX,
    "ingest": simulator_pb2.FEED_INGEST,
    "file": simulator_pb2.FEED_FILE,
}
FORMATS = {
    "events": simulator_pb2.FILE_FORMAT_PARQUET,
    "csv": simulator_pb2.FILE_FORMAT_CSV,
    "fix": simulator_pb2.FILE_FORMAT_FIX,
}
SPEED = "20x"
SEVERITY = 0.8

SpeedOption = Annotated[str, typer.Option("--speed", help="Such as 20x, twenty times the clock; or max.")]


def start(
    schemes: Annotated[
        list[str] | None,
        typer.Option("--scheme", metavar="NAME", help="Scheme to play; may be repeated; the demo's without."),
    ] = None,
    normal: Annotated[bool, typer.Option("--normal", help="An ordinary market, without any scheme.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same market.")] = 1,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.0, help="Simulated length; 0 plays on until stopped.")
    ] = 0.0,
    speed: SpeedOption = SPEED,
    severity: Annotated[float, typer.Option("--severity", help="0 (hidden) to 1 (blatant).")] = SEVERITY,
    activity: Annotated[float, typer.Option("--activity", help="How often ordinary traders act; 2 is twice.")] = 1.0,
    feed: Annotated[str, typer.Option("--feed", help=f"Where events go: {', '.join(FEEDS)}.")] = "fix",
    file_format: Annotated[str, typer.Option("--format", help=f"Of --feed file: {', '.join(FORMATS)}.")] = "events",
    reference: Annotated[
        bool, typer.Option("--reference/--no-reference", help="Tell detection first who owns which account.")
    ] = True,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a run; one at a time. See `simulator watch` for what happens then.

    Without an end the schemes are played again and again; more can be injected. Files are written on the simulator's
    machine, with labels and reference data beside them.
    """
    pace = pace_of(speed)
    _check(schemes, normal, activity, feed, file_format)

    async def question(client: SimulatorClient) -> simulator_pb2.Simulation:
        return await client.start(
            seed=seed,
            minutes=minutes,
            speed=pace,
            schemes=schemes or (),
            severity=severity,
            normal_only=normal,
            activity=activity,
            feed=FEEDS[feed],
            file_format=FORMATS[file_format],
        )

    ask_simulator(config, target, lambda client: client.get())
    if reference and feed != "file":
        _publish_reference(config, seed)
    show(ask_simulator(config, target, question), as_json)


def _check(schemes: list[str] | None, normal: bool, activity: float, feed: str, file_format: str) -> None:
    if normal and schemes:
        raise WrongUsageError(f"expected --normal or --scheme, found both: --scheme {schemes[0]}")
    if not activity > 0:
        raise WrongUsageError(f"--activity: expected more than 0, found {activity:g}")
    if feed not in FEEDS:
        raise WrongUsageError(f"--feed: expected one of {', '.join(FEEDS)}, found {feed!r}")
    if file_format not in FORMATS:
        raise WrongUsageError(f"--format: expected one of {', '.join(FORMATS)}, found {file_format!r}")


def _publish_reference(config: Path | None, seed: int) -> None:
    """Journal who owns what in the market of a seed; where ingest does not answer, say what is missing then."""
    try:
        ask(IngestClient, "ingest", config, None, lambda client: client.status())
    except ClientError as error:
        if error.reason != UNREACHABLE:
            raise
        print(f"tapewatch: {error}: who owns which account was not published; rules that need owners will not find "
              "what linked accounts do (--no-reference leaves this out)", file=sys.stderr)  # fmt: skip
        return
    with tempfile.TemporaryDirectory(prefix="tapewatch-") as name:
        write_reference(Path(name), Simulation(SimulationConfig(seed=seed)))
        found = {table: Path(name) / f"{table}.csv" for table in TABLES}
        tables = read_reference(**{table: path for table, path in found.items() if path.exists()})
    asyncio.run(publish_reference(address_of("ingest", config), security_of(config), tables))


def stop(target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """End the run once everything sent is acknowledged; its scenarios can still be listed."""
    show(ask_simulator(config, target, lambda client: client.stop()), as_json)


def reset(target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """End the run and forget it; alerts and cases stay, the next run follows in time with ids of its own."""
    show(ask_simulator(config, target, lambda client: client.reset()), as_json)


def adjust(
    speed: Annotated[str | None, typer.Option("--speed", help="Such as 20x; or max.")] = None,
    severity: Annotated[
        float | None, typer.Option("--severity", help="0 (hidden) to 1 (blatant), of what is yet to be played.")
    ] = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the playback speed, or the severity of schemes to come, while the run goes on."""
    if speed is None and severity is None:
        raise WrongUsageError("expected --speed, --severity or both, found neither")
    pace = None if speed is None else pace_of(speed)
    show(ask_simulator(config, target, lambda client: client.adjust(speed=pace, severity=severity)), as_json)


def status(target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show where the run stands."""
    show(ask_simulator(config, target, lambda client: client.get()), as_json)
