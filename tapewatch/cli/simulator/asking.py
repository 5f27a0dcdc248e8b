"""One call of the simulator from a command, and the run as people read it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from surveillance.v1 import simulator_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.failure import CommandError
from tapewatch.cli.output import counted, harmless, print_json, print_lines, time_text, word
from tapewatch.cli.pace import pace_text
from tapewatch.client.errors import UNREACHABLE, ClientError
from tapewatch.client.simulator import SimulatorClient

Answer = TypeVar("Answer")
CasesOption = Annotated[
    str | None, typer.Option("--cases", metavar="HOST:PORT", help="The case service; where the settings say.")
]


def ask_simulator(
    config: Path | None, target: str | None, question: Callable[[SimulatorClient], Awaitable[Answer]]
) -> Answer:
    """Ask; CommandError says how to start a simulator where none answers."""
    try:
        return ask(SimulatorClient, "simulator", config, target, question)
    except ClientError as error:
        raise explained(error) from error


def explained(error: ClientError) -> Exception:
    """The error, with what to do where no simulator answers."""
    if error.reason != UNREACHABLE:
        return error
    return CommandError(
        f"{error}: expected a simulator; `tapewatch up --config FILE` starts one where FILE has a section `simulator`"
    )


def show(run: simulator_pb2.Simulation, as_json: bool) -> None:
    """Print a run."""
    if as_json:
        print_json(run)
    elif run.state == simulator_pb2.SIMULATION_STATE_IDLE:
        print_lines(("state", "IDLE: nothing was started; `tapewatch simulator start`"))
    else:
        print_lines(*_lines(run))


def _lines(run: simulator_pb2.Simulation) -> list[tuple[str, str]]:
    ends = f"to {time_text(run.end_time_ns)}" if run.end_time_ns else "until stopped"
    schemes = ", ".join(dict.fromkeys(run.schemes))
    return [
        ("state", f"{word(run, 'state')}{f': {harmless(run.error)}' if run.error else ''}"),
        ("run", f"{run.session_number} with seed {run.seed}, from {time_text(run.start_time_ns)} {ends}"),
        ("market time", f"{time_text(run.event_time_ns)}, {pace_text(run.speed)}"),
        ("market", f"{harmless(run.market)}, traders {_activity(run.activity)}"),
        ("schemes", f"{schemes} at severity {run.severity:g}" if schemes else "none but those injected"),
        ("played", counted(run.scenarios, "scenario")),
        ("events", f"{run.events_sent} sent, {run.events_acknowledged} acknowledged by {_receiver(run)}"),
    ]


def _activity(activity: float) -> str:
    return "as active as usual" if activity == 1 else f"{activity:g} times as active as usual"


def _receiver(run: simulator_pb2.Simulation) -> str:
    receivers = {
        simulator_pb2.FEED_FIX: "the FIX gateway at",
        simulator_pb2.FEED_INGEST: "ingest at",
        simulator_pb2.FEED_FILE: "the files in",
    }
    return f"{receivers.get(run.feed, '')} {harmless(run.destination)}"
