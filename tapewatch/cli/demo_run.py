"""The course of the demo: the warm-up that trains the model, the labelled run, the drain, the findings."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from detection_service.anomaly.model_file import ModelFile
from simulator.output import write_reference
from simulator.simulation import Simulation, SimulationConfig
from surveillance.v1 import simulator_pb2
from tapewatch.cli.demo_report import DemoReport, match
from tapewatch.cli.demo_stack import DemoStack
from tapewatch.cli.failure import CommandError
from tapewatch.cli.ledger import LedgerLine, read_ledger, total
from tapewatch.cli.model_training import publish_model, train_from_ingest
from tapewatch.cli.reference_files import publish_reference, read_reference
from tapewatch.client.cases import CaseClient
from tapewatch.client.detection import DetectionClient
from tapewatch.client.errors import ClientError
from tapewatch.client.ingest import IngestClient
from tapewatch.client.simulator import SimulatorClient
from tapewatch.runtime.security import SecuritySettings

WARM_UP_MINUTES = 5.0
LABELLED_MINUTES = 20.0
POLL_S = 0.2
SEED_END = 1 << 32
"""The forest's seeds are below."""
STUCK_AFTER_S = 60.0
"""The demo fails when nothing at all has moved for so long."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where everything stands, for the drain and the view."""

    simulation: simulator_pb2.Simulation
    journal_next: int
    detection_next: int
    alerts_pending: int
    ledger: tuple[LedgerLine, ...]

    @property
    def pending(self) -> int:
        """Events held back for order."""
        return sum(line.pending for line in self.ledger)

    def missing(self, acknowledged_before: int = 0) -> list[str]:
        """What has not arrived yet; empty once everything of this run, and of those before, has drained."""
        acknowledged = acknowledged_before + self.simulation.events_acknowledged
        received = total(self.ledger).received
        finished = self.simulation.state == simulator_pb2.SIMULATION_STATE_FINISHED
        checks = [
            (finished, f"the simulator has sent {self.simulation.events_sent} events and is not finished"),
            (
                received >= acknowledged,
                f"ingest has received {received} of {acknowledged} events that FIX acknowledged",
            ),
            (
                self.detection_next >= self.journal_next,
                f"detection is at position {self.detection_next} of {self.journal_next}",
            ),
            (self.pending == 0, f"{self.pending} events are held back for order"),
            (self.alerts_pending == 0, f"{self.alerts_pending} alert revisions are not stored yet"),
            (all(line.balances for line in self.ledger), "the ledger does not balance yet"),
        ]
        return [text for holds, text in checks if not holds]


@dataclass(slots=True)
class DemoClients:
    """Clients of the demo's services.

    `acknowledged` counts what FIX acknowledged in earlier runs, before this demo too; `begun_event_time_ns` is the
    market's time at this demo's beginning.
    """

    ingest: IngestClient
    detection: DetectionClient
    cases: CaseClient
    simulator: SimulatorClient
    security: SecuritySettings
    acknowledged: int = 0
    begun_event_time_ns: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    report: DemoReport | None = None

    async def progress(self) -> Progress:
        """Ask everyone once."""
        simulation = await self.simulator.get()
        ledger = await read_ledger(self.ingest, self.detection)
        return Progress(
            simulation,
            ledger.journal.next_sequence,
            ledger.state.next_sequence,
            ledger.state.alerts_pending,
            tuple(ledger.lines),
        )

    async def progress_if_all_are_up(self) -> Progress | None:
        """Ask everyone once; None while a service is being started again."""
        try:
            return await self.progress()
        except ClientError as error:
            if not error.passing:
                raise
            return None

    async def drained(self) -> Progress:
        """Wait until everything sent has become alerts in cases; CommandError where a run fails or nothing moves."""
        moved_s, before, missing = time.monotonic(), None, ["nothing is known yet"]
        while True:
            if time.monotonic() - moved_s > STUCK_AFTER_S:
                raise CommandError(f"nothing has moved for {STUCK_AFTER_S:.0f} s: {'; '.join(missing)}")
            now = await self.progress_if_all_are_up()
            if now is None:
                await asyncio.sleep(POLL_S)
                continue
            if now.simulation.state == simulator_pb2.SIMULATION_STATE_FAILED:
                raise CommandError(f"the simulated run failed: {now.simulation.error}")
            missing = now.missing(self.acknowledged)
            if not missing:
                return now
            if now != before:
                moved_s, before = time.monotonic(), now
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def demo_clients(stack: DemoStack, security: SecuritySettings) -> AsyncIterator[DemoClients]:
    """Open clients of every service of the stack."""
    async with AsyncExitStack() as opened:
        yield DemoClients(
            await opened.enter_async_context(IngestClient(stack.address("ingest"), security)),
            await opened.enter_async_context(DetectionClient(stack.address("detection"), security)),
            await opened.enter_async_context(CaseClient(stack.address("cases"), security)),
            await opened.enter_async_context(SimulatorClient(stack.address("simulator"), security)),
            security,
        )


async def warm_up(clients: DemoClients, stack: DemoStack, seed: int) -> None:
    """Publish who owns what, play an ordinary market, train the anomaly model on it and put the model in force."""
    begun_s = time.monotonic()
    simulation = Simulation(SimulationConfig(seed=seed))
    write_reference(stack.directory / "reference", simulation)
    tables = {name: stack.directory / "reference" / f"{name}.csv" for name in ("accounts", "instruments")}
    reference = read_reference(**tables)
    await publish_reference(clients.ingest.target, clients.security, reference)
    clients.acknowledged = total((await clients.progress()).ledger).received
    run = await clients.simulator.start(seed=seed, minutes=WARM_UP_MINUTES, normal_only=True)
    clients.begun_event_time_ns = run.start_time_ns
    clients.acknowledged += (await clients.drained()).simulation.events_acknowledged
    address, security = clients.ingest.target, clients.security
    model = await asyncio.to_thread(train_from_ingest, address, security, seed % SEED_END)
    await asyncio.to_thread(publish_model, address, security, ModelFile(model))
    clients.seconds["warm-up"] = time.monotonic() - begun_s


async def run_once(clients: DemoClients, seed: int) -> DemoReport:
    """Play the standard labelled run to its end and report what was found."""
    begun_s = time.monotonic()
    await clients.simulator.start(seed=seed, minutes=LABELLED_MINUTES)
    last = await clients.drained()
    clients.acknowledged += last.simulation.events_acknowledged
    clients.seconds["labelled run"] = time.monotonic() - begun_s
    return await report(clients, last.ledger)


async def report(clients: DemoClients, ledger: tuple[LedgerLine, ...]) -> DemoReport:
    """What the run gave."""
    scenarios, cases, alerts = await asyncio.gather(
        clients.simulator.list_scenarios(), clients.cases.list_cases(), clients.cases.list_alerts()
    )
    own = [case for case in cases if case.end_time_ns >= clients.begun_event_time_ns]
    outcomes, extra = match(scenarios, own, alerts)
    return DemoReport(outcomes, tuple(own), extra, ledger, clients.acknowledged, clients.seconds)
