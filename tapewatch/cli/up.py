"""`tapewatch up`: start the configured services and keep them running."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from tapewatch.cli.configured import ConfigOption, security_of
from tapewatch.cli.failure import CommandError
from tapewatch.cli.output import harmless, print_table
from tapewatch.cli.processes import forget_process, record_process, recorded_processes
from tapewatch.cli.sections import check_sections
from tapewatch.cli.stack import configured_services, run_directory_for
from tapewatch.cli.stack_record import (
    SUPERVISOR,
    forget_services,
    read_services,
    write_services,
)
from tapewatch.cli.supervisor import HEALTHY_TIMEOUT_S, ServiceProcess, Supervisor

app = typer.Typer(add_completion=False)
START_TIMEOUT_S = HEALTHY_TIMEOUT_S + 15.0
POLL_S = 0.05

DirectoryOption = Annotated[
    Path | None,
    typer.Option("--directory", metavar="DIR", help="Where pid files and logs go: DIR/run. Default: tapewatch-data."),
]


@app.command()
def up(
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay, report, stop at Ctrl-C.")] = False,
) -> None:
    """Start the configured services on this machine; crashed ones are started again. `tapewatch down` stops them.

    Every section is read first: a mistake in the settings is exit code 2, and nothing is started.
    """
    run_directory = run_directory_for(directory)
    services = configured_services(config)
    check_sections([each.name for each in services], config)
    _refuse_a_second(run_directory)
    run_directory.mkdir(parents=True, exist_ok=True)
    forget_services(run_directory)
    if foreground:
        asyncio.run(_supervise(services, config, run_directory))
        return
    _detach(config, directory, run_directory)
    print_table(("service", "address", "log"), _rows(services, run_directory))


def _rows(services: list[ServiceProcess], run_directory: Path) -> list[tuple[str, str, str]]:
    return [(service.name, service.address, str(run_directory / f"{service.name}.log")) for service in services]


def _refuse_a_second(run_directory: Path) -> None:
    running = recorded_processes(run_directory) if run_directory.exists() else []
    if running:
        names = ", ".join(f"{record.name} (pid {record.pid})" for record in running)
        raise CommandError(f"already running from {run_directory}: {names}; `tapewatch down` stops them")


async def _supervise(services: list[ServiceProcess], config: Path | None, run_directory: Path) -> None:
    """Run the services until SIGINT or SIGTERM; CommandError when one can not be run."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    record_process(run_directory, SUPERVISOR, os.getpid())
    try:
        async with Supervisor(services, config, run_directory, security_of(config), _report) as supervisor:
            stopped = asyncio.create_task(stop.wait())
            started = asyncio.create_task(_await_start(supervisor, services, run_directory))
            hopeless = asyncio.create_task(supervisor.wait_until_hopeless())
            await asyncio.wait({stopped, hopeless, started}, return_when=asyncio.FIRST_COMPLETED)
            if started.done():
                started.result()
                await asyncio.wait({stopped, hopeless}, return_when=asyncio.FIRST_COMPLETED)
            for task in (stopped, started):
                task.cancel()
            if hopeless.done():
                raise hopeless.result()
            hopeless.cancel()
    finally:
        forget_services(run_directory)
        forget_process(run_directory, SUPERVISOR)


async def _await_start(supervisor: Supervisor, services: list[ServiceProcess], run_directory: Path) -> None:
    await supervisor.wait_until_healthy()
    write_services(run_directory, services)
    _report("all", "serving")


def _report(name: str, text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {name}: {harmless(text)}", file=sys.stderr, flush=True)


def _detach(config: Path | None, directory: Path | None, run_directory: Path) -> None:
    """Start the supervisor in a session of its own and wait until everything serves."""
    arguments = [sys.executable, "-m", "tapewatch.cli.main", "up", "--foreground"]
    arguments += [] if config is None else ["--config", str(config)]
    arguments += [] if directory is None else ["--directory", str(directory)]
    log = run_directory / f"{SUPERVISOR}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    is_up = False
    try:
        _await_services(process, run_directory, log)
        is_up = True
    finally:
        if not is_up and process.poll() is None:  # an interrupted `up` leaves nothing behind
            process.terminate()
            process.wait()
        process.returncode = process.returncode or 0  # it is meant to outlive us: Popen shall not warn of it


def _await_services(process: "subprocess.Popen[bytes]", run_directory: Path, log: Path) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while read_services(run_directory) is None:
        if process.poll() is not None:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["nothing"]
            raise CommandError(f"the services did not start: {lines[-1].removeprefix('tapewatch: ')} (see {log})")
        if time.monotonic() >= deadline_s:
            raise CommandError(f"the services are not up after {START_TIMEOUT_S:.0f} s: see {log}")
        time.sleep(POLL_S)
