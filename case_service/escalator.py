"""The background task that escalates what is overdue: by the service's clock, as the actor system:sla."""

import asyncio
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter
from pydantic import Field

from case_service.grouping import Policy
from case_service.store.overdue import escalate_overdue
from case_service.store.store import Store
from tapewatch.runtime.errors import ResourceExhausted, Unavailable
from tapewatch.runtime.settings import Section


class SlaSettings(Section):
    """Sub-section `cases.sla`."""

    escalate: bool = Field(True, description="whether cases past their due time are escalated by themselves")
    check_seconds: float = Field(15.0, gt=0, le=3_600, description="seconds between looks for overdue cases")


class Escalator:
    """Looks for overdue cases every so often; a look that finds the store busy is made up for by the next."""

    def __init__(self, store: Store, policy: Policy, settings: SlaSettings, registry: CollectorRegistry) -> None:
        self._store = store
        self._policy = policy
        self._settings = settings
        self._escalated = Counter(
            "tapewatch_cases_escalated_overdue", "Cases escalated because their time was up.", registry=registry
        )

    async def look(self) -> int:
        """Escalate everything overdue now; how many cases."""
        escalated = 0
        while count := await self._store.write(lambda shared: escalate_overdue(shared, self._policy)):
            escalated += count
            self._escalated.inc(count)
        return escalated

    async def run(self) -> None:
        """Look until cancelled."""
        while self._settings.escalate:
            with suppress(ResourceExhausted, Unavailable):  # the desk's own work comes first, and a store away is told
                await self.look()
            await asyncio.sleep(self._settings.check_seconds)
