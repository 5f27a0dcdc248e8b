"""Pins evidence in the background: finds cases that want it, gathers, keeps, and tries again while services are away.

What is due is in the store, so a restart goes on where the last run stopped. How long to wait before the next try is
kept in memory only. Nothing here looks at a clock but the event loop's.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Connection, select

from case_service.evidence.gathering import EventSource, RuleSource, gather, store
from case_service.evidence.pin import Pin, PinState, Plan, window_of
from case_service.evidence.settings import EvidenceSettings
from case_service.evidence.vault import Vault
from case_service.store import pins
from case_service.store.reading import case_named
from case_service.store.store import Store
from case_service.store.tables import alerts
from surveillance.v1 import alert_pb2
from tapewatch.client.errors import ClientError
from tapewatch.market.frame import FrameError
from tapewatch.runtime.errors import DataLoss, NotFound, Unavailable

ROUND_S = 1.0
DELAY_FIRST_S, DELAY_MAX_S = 1.0, 30.0
AT_ONCE_MAX = 50
NOT_PASSED = "WINDOW_NOT_PASSED"
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Wait:
    """When a pin may be tried again, by the loop's clock in seconds, and how long the wait before that was."""

    until_s: float
    delay_s: float


class Pinner:
    """Pins what is due. `rules` may be None: then evidence has no rule texts, and says so."""

    def __init__(
        self,
        store_: Store,
        vault: Vault,
        settings: EvidenceSettings,
        events: EventSource,
        rules: RuleSource | None,
        registry: CollectorRegistry,
    ) -> None:
        self._store = store_
        self._vault = vault
        self._settings = settings
        self._events = events
        self._rules = rules
        self._waits: dict[tuple[int, int], _Wait] = {}
        self._asked = asyncio.Event()
        self._pinned = Counter(
            "tapewatch_cases_evidence_pinned",
            "Tries to pin evidence, by what became of them: pinned, waiting, failed.",
            ["outcome"],
            registry=registry,
        )

    def wake(self) -> None:
        """Look at once: somebody asked for a pin."""
        self._waits.clear()
        self._asked.set()

    async def run(self) -> None:
        """Pin until cancelled."""
        while True:
            self._asked.clear()
            try:
                await self._round()
            except Unavailable as error:  # the service stops, or its store failed: that ends it by itself
                _log.info("evidence waits", reason=error.reason)
            try:
                await asyncio.wait_for(self._asked.wait(), ROUND_S)
            except TimeoutError:
                continue

    async def _round(self) -> None:
        if self._settings.automatic:
            await self._discover()
        await self._pin_due()

    async def _discover(self) -> None:
        """Enter what cases changed since the last look now want."""
        while True:
            after = await self._store.read(pins.progress)
            if self._store.bell.position <= after:
                return
            changed = await self._store.read(pins.cases_changed, after)
            if not changed:
                return
            wanted = [
                (row.number, window_of(row.start_time_ns, row.end_time_ns, self._settings), int(row.alert_count))
                for row in changed
            ]
            head = int(changed[-1].change_sequence)
            await self._store.write(partial(pins.note_due, wanted=wanted, change_sequence=head))

    async def _pin_due(self) -> None:
        now_s = asyncio.get_running_loop().time()
        for pin in await self._store.read(pins.pending, AT_ONCE_MAX):
            wait = self._waits.get((pin.case_number, pin.revision))
            if wait is not None and wait.until_s > now_s:
                continue
            if not await self._try(pin):
                return  # ingest is away: no use in asking it for the others

    async def _try(self, pin: Pin) -> bool:
        """One try; False where a service is away."""
        try:
            plan = await self._store.read(planned, pin)
            gathered = await gather(plan, self._settings, self._events, self._rules)
        except ClientError as error:
            return await self._put_off(pin, error)
        except (NotFound, DataLoss, FrameError) as error:
            told = str(error)
            await self._store.write(lambda shared: pins.tried(shared, pin, told, PinState.FAILED))
            return True
        kept = await asyncio.to_thread(store, plan, gathered, self._vault)
        self._waits.pop((pin.case_number, pin.revision), None)
        if await self._store.write(lambda shared: pins.kept(shared, kept)):
            self._pinned.labels("pinned").inc()
            _log.info("pinned evidence", case=pin.case_number, events=kept.events, sha256=kept.manifest_sha256)
        return True

    async def _put_off(self, pin: Pin, error: ClientError) -> bool:
        waits = error.passing or error.reason == NOT_PASSED
        problem = f"{error.reason}: {error.message}"
        state = PinState.PENDING if waits else PinState.FAILED
        if problem != pin.problem or not waits:
            await self._store.write(lambda shared: pins.tried(shared, pin, problem, state))
        self._pinned.labels("waiting" if waits else "failed").inc()
        key = (pin.case_number, pin.revision)
        before = self._waits.get(key)
        delay_s = DELAY_FIRST_S if before is None else min(2 * before.delay_s, DELAY_MAX_S)
        self._waits[key] = _Wait(asyncio.get_running_loop().time() + delay_s, delay_s)
        return not error.passing


def planned(connection: Connection, pin: Pin) -> Plan:
    """What to gather for a pin, as the store stands."""
    case = case_named(connection, str(pin.case_number))
    messages = alerts_of(connection, pin.case_number)
    newest = sorted(messages, key=lambda each: each.end_time_ns)
    return Plan(
        case=case,
        pin=pin,
        alert_revisions={each.alert_id: each.revision for each in messages},
        rule_versions={each.rule_id: (each.rule_version, each.config_digest) for each in newest},
    )


def alerts_of(connection: Connection, case_number: int) -> Sequence[alert_pb2.Alert]:
    """The alerts of a case, by start."""
    query = select(alerts.c.body).where(alerts.c.case_number == case_number)
    found = connection.execute(query.order_by(alerts.c.start_time_ns, alerts.c.alert_id)).scalars()
    return [alert_pb2.Alert.FromString(body) for body in found]
