"""`tapewatch simulator watch`: the narrative: what happens, what the system sees, what it concludes."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from surveillance.v1 import simulator_pb2
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption, address_of, security_of
from tapewatch.cli.output import console, harmless, print_json, time_text
from tapewatch.cli.simulator.asking import CasesOption, explained
from tapewatch.client.cases import CaseClient
from tapewatch.client.errors import UNREACHABLE, ClientError
from tapewatch.client.narrative import Line, Voice, narrate, until_quiet
from tapewatch.client.simulator import SimulatorClient

QUIET_S = 3.0
OVER = (
    simulator_pb2.SIMULATION_STATE_IDLE,
    simulator_pb2.SIMULATION_STATE_FINISHED,
    simulator_pb2.SIMULATION_STATE_FAILED,
)
STYLES = {Voice.HAPPENS: "cyan", Voice.SEES: "yellow", Voice.CONCLUDES: "bold red"}
ORDINARY_STYLE = "dim"


def watch(
    until_end: Annotated[
        bool, typer.Option("--until-end", help=f"End when the run is over and nothing was said for {QUIET_S:g} s.")
    ] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Stop after so many sentences.")] = None,
    cases: CasesOption = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell in plain sentences what happens in the market, what the rules see of it, which cases they conclude in.

    From the beginning of the run under way, on through a reset and the runs after it, until Ctrl-C. Times are the
    market's. What the system sees it has worked out without the truth that is told beside it.
    """
    simulator_address, case_address = address_of("simulator", config, target), address_of("cases", config, cases)
    try:
        asyncio.run(_watch(simulator_address, case_address, config, until_end, limit, as_json))
    except ClientError as error:
        raise explained(error) from error


async def _watch(
    simulator_address: str, case_address: str, config: Path | None, until_end: bool, limit: int | None, as_json: bool
) -> None:
    security = security_of(config)
    async with AsyncExitStack() as opened:
        simulator = await opened.enter_async_context(SimulatorClient(simulator_address, security))
        await simulator.get()
        cases = await opened.enter_async_context(CaseClient(case_address, security))
        lines = narrate(simulator, cases if await _answers(cases) else None)
        shown = 0
        async with aclosing(_ending(lines, simulator) if until_end else lines) as told:
            async for line in told:
                _show(line, as_json)
                shown += 1
                if shown == limit:
                    return


def _ending(lines: AsyncGenerator[Line, None], simulator: SimulatorClient) -> AsyncGenerator[Line, None]:
    async def is_over() -> bool:
        return (await simulator.get()).state in OVER

    return until_quiet(lines, is_over, QUIET_S)


async def _answers(cases: CaseClient) -> bool:
    """Whether the case service is there; where not, only what happens is told."""
    try:
        await cases.list_cases(limit=1)
    except ClientError as error:
        if error.reason != UNREACHABLE:
            raise
        print(f"tapewatch: {error}: only what happens is told, not what the system makes of it", file=sys.stderr)
        return False
    return True


def _show(line: Line, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(line), "voice": line.voice.value}, flush=True)
        return
    ordinary = line.voice is Voice.HAPPENS and not line.scenario_id
    style = ORDINARY_STYLE if ordinary else STYLES[line.voice]
    text = f"{time_text(line.event_time_ns)[11:23]}  {line.voice.value:<10}"
    console().print(Text(text, style="dim"), Text(harmless(line.text), style=style), sep="", soft_wrap=True)
