"""`tapewatch demo`: every service on this machine, watching a simulated market with labelled abuse in it."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.simulation import DEMO_SEED
from tapewatch.cli.configured import ConfigOption, JsonOption, security_of
from tapewatch.cli.demo_report import CASE_COLUMNS, SCENARIO_COLUMNS, DemoReport, case_rows, scenario_rows
from tapewatch.cli.demo_run import DemoClients, demo_clients, run_once, warm_up
from tapewatch.cli.demo_stack import DemoStack, demo_stack
from tapewatch.cli.ledger import COLUMNS, equations, total
from tapewatch.cli.output import console, counted, harmless, print_json, print_lines, print_table
from tapewatch.cli.supervisor import Supervisor
from tapewatch.engine_mode import warn_once_if_interpreted

app = typer.Typer(add_completion=False)
INTERRUPTED = 130
SPEED = 20.0


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="The labelled run to its end, then the findings.")] = False,
    no_console: Annotated[bool, typer.Option("--no-console", help="Without the web console.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the simulated market.")] = DEMO_SEED,
    speed: Annotated[float, typer.Option("--speed", min=0.1, help="Market seconds a second, live.")] = SPEED,
    directory: Annotated[
        Path | None, typer.Option("--directory", metavar="DIR", help="Keep data, settings and logs there.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start every service, feed a simulated market with abuse in it through FIX, show what is found.

    Without a terminal, or with --once: a fixed labelled run; exit code 0 only if every spoofing and wash scheme is
    one case and the ledger balances.
    """
    warn_once_if_interpreted()
    to_the_end = once or as_json or not sys.stdout.isatty()
    with demo_stack(directory, config) as stack:
        report = asyncio.run(_interruptible(_run(stack, seed, speed, to_the_end)))
    if report is None:
        raise typer.Exit(INTERRUPTED if to_the_end else 0)
    if as_json:
        print_json(report.to_json())
    else:
        show_report(report)
    if report.problems:
        raise typer.Exit(1)


async def _interruptible(work: Coroutine[Any, Any, DemoReport | None]) -> DemoReport | None:
    """Run the work; SIGINT and SIGTERM cancel it, once, and what it opened is closed. None where that happened."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        if not task.cancelling():
            task.cancel()
        else:
            _say("stopping the services, at most a few seconds more")

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted)
    try:
        return await task
    except asyncio.CancelledError:
        return None
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _run(stack: DemoStack, seed: int, speed: float, to_the_end: bool) -> DemoReport | None:
    begun_s = time.monotonic()
    security = security_of(stack.config)
    async with Supervisor(stack.services, stack.config, stack.run_directory, security, _report) as supervisor:
        _say("starting the services")
        await supervisor.wait_until_healthy()
        async with demo_clients(stack, security) as clients:
            clients.seconds["start"] = time.monotonic() - begun_s
            await _with_hope(supervisor, _play(clients, stack, seed, speed, to_the_end))
            return clients.report


async def _with_hope(supervisor: Supervisor, work: Coroutine[Any, Any, None]) -> None:
    """Await the work, unless a service turns out to be beyond help first."""
    working = asyncio.create_task(work)
    hopeless = asyncio.create_task(supervisor.wait_until_hopeless())
    try:
        await asyncio.wait({working, hopeless}, return_when=asyncio.FIRST_COMPLETED)
        if hopeless.done():
            raise hopeless.result()
        working.result()
    finally:
        for task in (working, hopeless):
            task.cancel()
        await asyncio.wait({working, hopeless})


async def _play(clients: DemoClients, stack: DemoStack, seed: int, speed: float, to_the_end: bool) -> None:
    _say("warming up: an ordinary market, on which the anomaly model is trained")
    await warm_up(clients, stack, seed)
    if to_the_end:
        _say("playing the labelled run")
        clients.report = await run_once(clients, seed)
        return
    from tapewatch.cli.demo_view import DemoView, watch_live

    await clients.simulator.start(seed=seed, minutes=0, speed=speed)
    view = DemoView(engine=(await clients.detection.status()).engine)
    try:
        await watch_live(clients, view, console())
    finally:
        print("\n".join(view.last_words()))


def _say(text: str) -> None:
    print(f"tapewatch: {text}", file=sys.stderr, flush=True)


def _report(name: str, text: str) -> None:
    with contextlib.suppress(ValueError):
        if "exit code 0" not in text and not text.startswith("started"):
            _say(f"{name} {harmless(text)}")


def show_report(report: DemoReport) -> None:
    """Print the findings for people."""
    print_table(SCENARIO_COLUMNS, scenario_rows(report), "Schemes played")
    print()
    print_table(CASE_COLUMNS, case_rows(report), "Cases")
    print()
    numbers = ", ".join(str(case.number) for case in sorted(report.extra, key=lambda case: case.number))
    typer.echo(f"No scheme explains {counted(len(report.extra), 'case')}{': ' if numbers else ''}{numbers}")
    print()
    print_table(COLUMNS, (line.cells() for line in (*report.ledger, total(report.ledger))), "Ledger")
    for equation in equations(total(report.ledger)):
        typer.echo(equation)
    print()
    print_lines(
        *((name, f"{seconds:.1f} s") for name, seconds in report.seconds.items()),
        ("verdict", "every spoofing, layering and wash scheme is one case" if not report.problems else "FAILED"),
        *(("problem", problem) for problem in report.problems),
    )
