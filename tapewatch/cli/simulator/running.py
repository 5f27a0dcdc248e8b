"""`tapewatch simulator start`, `stop`, `reset`, `adjust` and `status`."""

from typing import Annotated

import typer

from simulator.venues import MARKETS
from surveillance.v1 import simulator_pb2
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.market_options import CamouflageOption, camouflage_axes, market_named
from tapewatch.cli.output import print_lines
from tapewatch.cli.pace import pace_of
from tapewatch.cli.simulator.asking import ask_simulator, show
from tapewatch.client.simulator import SimulatorClient

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
    camouflage: CamouflageOption = "",
    hard_negatives: Annotated[
        list[str] | None,
        typer.Option("--hard-negative", metavar="NAME", help="Honest conduct that looks like abuse; may be repeated."),
    ] = None,
    market: Annotated[
        str, typer.Option("--market", help=f"{', '.join(MARKETS)}: more than shares, at several venues.")
    ] = "shares",
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
    hidden = camouflage_axes(camouflage)
    traded = market_named(market)
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
            publish_reference=reference and feed != "file",
            camouflage=hidden,
            hard_negatives=hard_negatives or (),
            market=traded,
        )

    show(ask_simulator(config, target, question), as_json)
    if not as_json:
        print_lines(("see", "`tapewatch simulator watch`"), *_first(normal))


def _first(normal: bool) -> list[tuple[str, str]]:
    """What to expect: nothing happens at once."""
    told = "`tapewatch simulator inject` plays a scheme at once"
    return [("schemes", told if normal else f"come after up to five minutes of ordinary market; {told}")]


def _check(schemes: list[str] | None, normal: bool, activity: float, feed: str, file_format: str) -> None:
    if normal and schemes:
        raise WrongUsageError(f"expected --normal or --scheme, found both: --scheme {schemes[0]}")
    if not activity > 0:
        raise WrongUsageError(f"--activity: expected more than 0, found {activity:g}")
    if feed not in FEEDS:
        raise WrongUsageError(f"--feed: expected one of {', '.join(FEEDS)}, found {feed!r}")
    if file_format not in FORMATS:
        raise WrongUsageError(f"--format: expected one of {', '.join(FORMATS)}, found {file_format!r}")


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
