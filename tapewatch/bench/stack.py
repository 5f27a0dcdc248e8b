"""Real services as processes of this machine, in a temporary directory, on free loopback ports."""

import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import yaml

from tapewatch.bench.figure import BenchError
from tapewatch.bench.polling import until
from tapewatch.cli.demo_stack import demo_settings
from tapewatch.cli.processes import recorded_process
from tapewatch.cli.stack import services
from tapewatch.cli.supervisor import Supervisor
from tapewatch.client.connection import LOCAL
from tapewatch.runtime.health_probe import probe

STARTING_ORDER = ("cases", "ingest", "detection", "fix")
START_TIMEOUT_S = 30.0
PROBE_TIMEOUT_S = 1.0
_USER_TICKS, _SYSTEM_TICKS = 11, 12
"""Positions in /proc/PID/stat after the command's closing parenthesis; see proc_pid_stat(5)."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Running services: HOST:PORT of each, and the seconds each took from its start until it served."""

    addresses: dict[str, str]
    start_s: dict[str, float]
    run_directory: Path

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds each service has used."""
        return {name: self._cpu_s(name) for name in self.start_s}

    def pin(self, core: int) -> None:
        """Lets every thread of every service run on one core alone, and those they start."""
        for name in self.start_s:
            for thread in Path(f"/proc/{self._pid(name)}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {core})

    def _pid(self, name: str) -> int:
        record = recorded_process(self.run_directory, name)
        if record is None:
            raise BenchError(f"expected {name} to run, found no process: see {self.run_directory / name}.log")
        return record.pid

    def _cpu_s(self, name: str) -> float:
        fields = Path(f"/proc/{self._pid(name)}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def running(sections: Sequence[str]) -> AsyncIterator[Stack]:
    """Start services one after another, each once the one before serves; stop them and remove what they wrote."""
    with tempfile.TemporaryDirectory(prefix="tapewatch-bench-") as directory:
        home = Path(directory)
        config = home / "tapewatch.yaml"
        config.write_text(yaml.safe_dump(demo_settings(home), sort_keys=False), encoding="utf-8")
        wanted = [service for service in services(set(sections), config) if service.name in STARTING_ORDER]
        start_s: dict[str, float] = {}
        async with AsyncExitStack() as stack:
            for service in wanted:
                begun_s = monotonic()
                await stack.enter_async_context(Supervisor([service], config, home / "run", LOCAL))
                await _serving(service.name, service.address, home / "run")
                start_s[service.name] = monotonic() - begun_s
            yield Stack(_addresses(config), start_s, home / "run")


def _addresses(config: Path) -> dict[str, str]:
    """Section -> where it listens: gRPC, and FIX for the gateway."""
    values = yaml.safe_load(config.read_text(encoding="utf-8"))
    return {name: section["listen"] for name, section in values.items() if "listen" in section}


async def _serving(name: str, address: str, run_directory: Path) -> None:
    status = ""

    async def is_serving() -> bool:
        nonlocal status
        status = await probe(address, "", LOCAL, PROBE_TIMEOUT_S)
        return status == "SERVING"

    def expected() -> str:
        log = (run_directory / f"{name}.log").read_text(encoding="utf-8", errors="replace").split("\n")
        said = next((line for line in reversed(log) if line.strip()), "nothing")
        return f"expected {name} to serve at {address}, found {status}; it said last: {said}"

    await until(is_serving, START_TIMEOUT_S, expected)
