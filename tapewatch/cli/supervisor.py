"""The services as processes of this machine: started, watched, started again after a crash, stopped in order."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tapewatch.cli.failure import CommandError
from tapewatch.cli.ports import is_taken
from tapewatch.cli.processes import forget_process, record_process
from tapewatch.runtime.health_probe import probe
from tapewatch.runtime.security import SecuritySettings

STOP_TIMEOUT_S = 12.0
"""Services end within 10 s of SIGTERM."""
HEALTHY_TIMEOUT_S = 30.0
PROBE_INTERVAL_S = 0.1
PROBE_TIMEOUT_S = 1.0
RESTART_DELAY_MIN_S = 0.25
RESTART_DELAY_MAX_S = 10.0
STEADY_AFTER_S = 30.0
"""A process that ran so long has its restart delay forgotten."""
LOG_BYTES_MAX = 16 * 1024 * 1024
WRONG_SETTINGS = 2
"""Exit code of a service whose settings are wrong: starting it again mends nothing."""


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """A service to run: its name, the module started with `--config`, and HOST:PORT of its health."""

    name: str
    module: str
    address: str


def _say_nothing(name: str, text: str) -> None:
    pass


class Supervisor:
    """Runs services as child processes; an async context manager whose exit leaves no process behind.

    `run_directory` gets NAME.pid and NAME.log. `report(name, text)` is told of starts, crashes and restarts.
    """

    def __init__(
        self,
        services: Sequence[ServiceProcess],
        config: Path | None,
        run_directory: Path,
        security: SecuritySettings,
        report: Callable[[str, str], None] = _say_nothing,
    ) -> None:
        self.services = tuple(services)
        self.restarts: Counter[str] = Counter()
        self._config = config
        self._run_directory = run_directory
        self._security = security
        self._report = report
        self._stopping = asyncio.Event()
        self._was_healthy: set[str] = set()
        self._hopeless: asyncio.Future[CommandError] = asyncio.get_running_loop().create_future()
        self._watchers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Start everything; CommandError where another program holds a port (it might even look healthy)."""
        for service in self.services:
            if await asyncio.to_thread(is_taken, service.address):
                mend = f"end it, or give {service.name} another port in the settings"
                raise CommandError(f"{service.name}: another program listens at {service.address}; {mend}")
        self._run_directory.mkdir(parents=True, exist_ok=True)
        for service in self.services:
            self._watchers.append(asyncio.create_task(self._keep_running(service), name=f"watch {service.name}"))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the last started first, so that what feeds others ends before what is fed."""
        self._stopping.set()
        for watcher in reversed(self._watchers):
            watcher.cancel()
            await asyncio.wait({watcher})
        for watcher in self._watchers:
            if not watcher.cancelled():
                watcher.result()

    async def wait_until_healthy(self, timeout_s: float = HEALTHY_TIMEOUT_S) -> None:
        """Wait until every service serves; CommandError with the end of its log where one does not."""
        async with asyncio.TaskGroup() as group:
            checks = [group.create_task(self._healthy(service, timeout_s)) for service in self.services]
        for check in checks:
            failure = check.result()
            if failure is not None:
                raise failure

    async def wait_until_hopeless(self) -> CommandError:
        """Wait until a service can not be run at all; gives why."""
        return await asyncio.shield(self._hopeless)

    async def _healthy(self, service: ServiceProcess, timeout_s: float) -> CommandError | None:
        deadline_s = time.monotonic() + timeout_s
        status = ""
        while time.monotonic() < deadline_s and not self._hopeless.done():
            status = await probe(service.address, "", self._security, PROBE_TIMEOUT_S)
            if status == "SERVING":
                self._was_healthy.add(service.name)
                return None
            await asyncio.wait({self._hopeless}, timeout=PROBE_INTERVAL_S)
        if self._hopeless.done():
            return self._hopeless.result()
        return CommandError(
            f"{service.name} does not serve at {service.address} after {timeout_s:.0f} s ({status}); "
            f"{self._last_words(service)}"
        )

    async def _keep_running(self, service: ServiceProcess) -> None:
        delay_s = RESTART_DELAY_MIN_S
        while True:
            begun_s = time.monotonic()
            code = await self._run_once(service)
            if time.monotonic() - begun_s >= STEADY_AFTER_S:
                delay_s = RESTART_DELAY_MIN_S
            if code == WRONG_SETTINGS or service.name not in self._was_healthy:
                self._give_up(service, code)
                return
            self._report(
                service.name,
                f"ended with exit code {code} (see {self.log_path(service)}); starting again in {delay_s:g} s",
            )
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, RESTART_DELAY_MAX_S)
            self.restarts[service.name] += 1

    async def _run_once(self, service: ServiceProcess) -> int:
        """Run a service to its end, or to ours; returns its exit code."""
        process = await self._start(service)
        try:
            record_process(self._run_directory, service.name, process.pid)
            self._report(service.name, f"started as process {process.pid}, serving at {service.address}")
            return await process.wait()
        except CommandError:  # it ended before its start time could be read
            return await process.wait()
        finally:
            if process.returncode is None:
                await asyncio.shield(self._stop(service, process))
            forget_process(self._run_directory, service.name)

    async def _start(self, service: ServiceProcess) -> asyncio.subprocess.Process:
        log = self.log_path(service)
        if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            settings = () if self._config is None else ("--config", str(self._config))
            arguments = ("-m", "tapewatch.cli.child", str(os.getpid()), service.module, *settings)
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us alone; we stop the children in order
            )

    async def _stop(self, service: ServiceProcess, process: asyncio.subprocess.Process) -> None:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                code = await process.wait()
            self._report(service.name, f"stopped (exit code {code})")
        except TimeoutError:
            process.kill()
            await process.wait()
            self._report(service.name, f"killed: it had not stopped {STOP_TIMEOUT_S:.0f} s after SIGTERM")

    def _give_up(self, service: ServiceProcess, code: int) -> None:
        text = f"ended with exit code {code}; {self._last_words(service)}"
        self._report(service.name, text)
        if not self._hopeless.done():
            self._hopeless.set_result(CommandError(f"{service.name} {text}"))

    def log_path(self, service: ServiceProcess) -> Path:
        """Where a service's standard output and error go."""
        return self._run_directory / f"{service.name}.log"

    def _last_words(self, service: ServiceProcess) -> str:
        log = self.log_path(service)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        said = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
        return f"its last words in {log}: {said}"
