"""What every part of the servicer works with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc.aio
from prometheus_client import CollectorRegistry, Counter, Gauge

from case_service.attachments import AttachmentFiles
from case_service.auditing.auditor import Auditor
from case_service.convert import case_bytes
from case_service.grouping import Policy
from case_service.lifecycle import Command
from case_service.paging import PageTokens
from case_service.recorder import Recorder
from case_service.store import reading
from case_service.store.batch import Outcome
from case_service.store.store import Store
from case_service.store.verbs import perform
from case_service.watch import RETRY_AFTER_MS, parse_cursor
from surveillance.v1 import case_pb2
from tapewatch.runtime.errors import ResourceExhausted

WATCHERS_MAX = 200
Context = grpc.aio.ServicerContext[Any, Any]


class CaseMetrics:
    """What is counted about alerts and watchers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.revisions = Counter(
            "tapewatch_cases_alert_revisions",
            "Alert revisions received, by what became of them: changed, unchanged, conflict.",
            ["outcome"],
            registry=registry,
        )
        self.alerts = Counter(
            "tapewatch_cases_alerts",
            "Alerts recorded, by what became of them: opened (a case), joined (one), duplicate (of an episode that has "
            "one), known (behaviour); cases a thousand alerts is 1000 * opened / all.",
            ["became"],
            registry=registry,
        )
        self.watchers = Gauge("tapewatch_cases_watchers", "Watch streams open now.", registry=registry)

    def count(self, outcomes: list[Outcome]) -> None:
        """Count the outcomes of a batch."""
        for each in outcomes:
            name = "conflict" if each.conflict else "changed" if each.changed else "unchanged"
            self.revisions.labels(name).inc()
            if each.became:
                self.alerts.labels(each.became).inc()


@dataclass(frozen=True, slots=True)
class Desk:
    """What a case service works with; `clock_ns` is its clock, nanoseconds since the Unix epoch, UTC."""

    store: Store
    recorder: Recorder
    policy: Policy
    tokens: PageTokens
    metrics: CaseMetrics
    files: AttachmentFiles
    attachment_bytes_max: int
    clock_ns: Callable[[], int]
    auditor: Auditor


class Served:
    """A part of the servicer: methods over a desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._watchers = 0

    async def _perform(self, command: Command) -> case_pb2.Case:
        policy = self._desk.policy
        response = await self._desk.store.write(
            lambda shared: perform(shared, command, policy, partial(case_bytes, now_ns=shared.now_ns))
        )
        return case_pb2.Case.FromString(response)

    async def _position(self, cursor: str) -> int:
        position = parse_cursor(cursor, await self._desk.store.read(reading.change_head))
        return self._desk.store.bell.position if position is None else position

    @contextmanager
    def _watching(self) -> Iterator[None]:
        if self._watchers == WATCHERS_MAX:
            raise ResourceExhausted(
                "TOO_MANY_WATCHERS",
                f"expected fewer than {WATCHERS_MAX} open watch streams, found as many; close some or try again later",
                retry_after_ms=RETRY_AFTER_MS,
            )
        self._watchers += 1
        self._desk.metrics.watchers.set(self._watchers)
        try:
            yield
        finally:
            self._watchers -= 1
            self._desk.metrics.watchers.set(self._watchers)
