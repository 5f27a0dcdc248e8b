"""The real services as processes of this machine, killed and started again at a test's will."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from surveillance.v1 import alert_pb2, ingest_pb2
from tapewatch.alert import from_message, to_json
from tapewatch.cli.demo_stack import demo_settings
from tapewatch.cli.ledger import LedgerLine, merge, total
from tapewatch.cli.processes import recorded_process, signal_process
from tapewatch.cli.stack import services
from tapewatch.cli.supervisor import ServiceProcess, Supervisor
from tapewatch.client.cases import CaseClient
from tapewatch.client.detection import DetectionClient
from tapewatch.client.errors import ClientError
from tapewatch.client.ingest import IngestClient
from tapewatch.market.frame import Frame
from tapewatch.runtime.health_probe import probe
from tapewatch.runtime.security import SecuritySettings

CORE = frozenset({"cases", "ingest", "detection"})
LOCAL = SecuritySettings()
NO_CHANGES: Mapping[str, Mapping[str, object]] = MappingProxyType({})
POLL_S = 0.01
PATIENCE_S = 40.0


async def until(condition: Callable[[], Awaitable[bool]], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Ask again and again, also of a service that is being started again; AssertionError at the deadline."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        try:
            if await condition():
                return
        except ClientError as error:
            if not error.passing:
                raise
        assert time.monotonic() < deadline_s, f"after {timeout_s:g} s: {what}"
        await asyncio.sleep(POLL_S)


@dataclass
class Stack:
    """A running stack and clients of it; `recovery_s` is how long each killed service was away."""

    home: Path
    config: Path
    services: list[ServiceProcess]
    ingest: IngestClient
    detection: DetectionClient
    cases: CaseClient
    recovery_s: list[float] = field(default_factory=list)

    def address(self, name: str) -> str:
        return next(each.address for each in self.services if each.name == name)

    async def command(self, *arguments: object) -> Any:
        """What `tapewatch ARGUMENTS --json` prints; it must succeed."""
        command = ("-m", "tapewatch.cli.main", *map(str, arguments), "--config", str(self.config), "--json")
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, error = await process.communicate()
        assert process.returncode == 0, error.decode()
        return json.loads(out)

    async def kill(self, name: str) -> None:
        """SIGKILL, then wait until the supervisor's next process of the service serves."""
        record = recorded_process(self.home / "run", name)
        assert record is not None
        killed_s = time.monotonic()
        assert signal_process(record, signal.SIGKILL)

        async def is_back() -> bool:
            now = recorded_process(self.home / "run", name)
            is_new = now is not None and now.pid != record.pid
            return is_new and await probe(self.address(name), "", LOCAL, 1.0) == "SERVING"

        await until(is_back, f"{name} does not serve again")
        self.recovery_s.append(time.monotonic() - killed_s)

    async def drained(self) -> None:
        """Return once everything journalled is evaluated and every alert stored."""

        async def is_drained() -> bool:
            journal, state = await asyncio.gather(self.ingest.status(), self.detection.status())
            caught_up = state.next_sequence >= journal.next_sequence and state.alerts_pending == 0
            return caught_up and all(line.balances and not line.pending for line in await self.ledger())

        await until(is_drained, "detection has not caught up with the journal")

    async def ledger(self) -> list[LedgerLine]:
        """Both sides' counts of every source."""
        sources, state = await asyncio.gather(self.ingest.list_sources(), self.detection.status())
        return merge(sources, state.sources)

    async def received(self) -> int:
        """Rows ingest has received."""
        return total(await self.ledger()).received

    async def alerts(self) -> dict[str, dict[str, Any]]:
        """The stored alerts by id, as `detect` writes them."""
        stored = await self.cases.list_alerts()
        assert all(alert.closed for alert in stored), [alert.alert_id for alert in stored if not alert.closed]
        assert len({alert.alert_id for alert in stored}) == len(stored)
        return {alert.alert_id: _as_json(alert) for alert in stored}

    async def journal(self) -> list[Frame]:
        """Every event frame journalled, in order."""
        end = (await self.ingest.status()).next_sequence
        frames = []
        async for record in self.ingest.subscribe(0, "test"):
            if record.kind == ingest_pb2.RECORD_KIND_EVENTS:
                frames.append(Frame.decode(record.payload))
            if record.next_sequence >= end:
                break
        return frames


def _as_json(alert: alert_pb2.Alert) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(json.dumps(to_json(from_message(alert))))
    return values


@asynccontextmanager
async def running_stack(
    home: Path, sections: frozenset[str] = CORE, changes: Mapping[str, Mapping[str, object]] = NO_CHANGES
) -> AsyncIterator[Stack]:
    """Services on free ports with all data below `home`; `changes` are settings by section."""
    config = home / "tapewatch.yaml"
    settings = demo_settings(home)
    for section, values in changes.items():
        settings[section].update(values)
    config.write_text(yaml.safe_dump({name: settings[name] for name in (*sections, "log")}), encoding="utf-8")
    stacked = services(set(sections), config)
    address = {each.name: each.address for each in stacked}
    async with Supervisor(stacked, config, home / "run", LOCAL) as supervisor:
        await supervisor.wait_until_healthy()
        async with (
            IngestClient(address["ingest"]) as ingest,
            DetectionClient(address["detection"]) as detection,
            CaseClient(address["cases"]) as cases,
        ):
            yield Stack(home, config, stacked, ingest, detection, cases)
