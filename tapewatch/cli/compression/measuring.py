"""Records a run's alerts in a store of its own and holds the cases against the run's labels."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from case_service.case import Case
from case_service.grouping import Policy
from case_service.store.batch import Incoming
from case_service.store.reading import Asked, cases_page
from case_service.store.recording import record
from case_service.store.store import open_store
from simulator.scorecard.matching import Match, Verdict, match
from simulator.scorecard.sighting import Sighting
from simulator.scorecard.truth import Scenario
from tapewatch import alert as alerts
from tapewatch.alert import Alert

ALERTS_A_BATCH = 100
CASES_A_PAGE = 500
CLOCK_NS = 1_000_000_000
"""What the store's clock says: ages are no part of this."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A scenario that alerts show, and the cases those alerts are in.

    `own` are cases of alerts that say what it is (or a relative of it), `cases` those of every alert about it.
    """

    scenario: Scenario
    alerts: int
    own: int
    cases: int


@dataclass(slots=True)
class Compression:
    """What became of a run's alerts; counts add up over runs."""

    alerts: int = 0
    cases: int = 0
    scenarios: int = 0
    """Schemes played."""
    shown: list[Shown] = field(default_factory=list)
    true_by_priority: Counter[int] = field(default_factory=Counter)
    false_by_priority: Counter[int] = field(default_factory=Counter)

    @property
    def alerts_a_case(self) -> float:
        """How many alerts an analyst sees at once."""
        return self.alerts / self.cases if self.cases else 0.0

    @property
    def cases_a_scenario(self) -> float:
        """Cases of its own that a scenario which alerts show is in: 1 is what it should be."""
        return sum(each.own for each in self.shown) / len(self.shown) if self.shown else 0.0

    @property
    def in_one_case(self) -> float:
        """The share of those scenarios that are one case."""
        return sum(each.own == 1 for each in self.shown) / len(self.shown) if self.shown else 0.0

    def add(self, other: "Compression") -> None:
        """Count another run in."""
        self.alerts += other.alerts
        self.cases += other.cases
        self.scenarios += other.scenarios
        self.shown += other.shown
        self.true_by_priority += other.true_by_priority
        self.false_by_priority += other.false_by_priority


def compression_of(found: Sequence[Alert], scenarios: Sequence[Scenario], policy: Policy) -> Compression:
    """Record alerts, by start, under a policy, and hold the cases against the labels."""
    cases = asyncio.run(_recorded(found, policy))
    case_of = {alert_id: case.number for case in cases for alert_id in case.alert_ids}
    matches = dict(zip((each.alert_id for each in found), match(map(Sighting.of_alert, found), scenarios), strict=True))
    schemes = [scenario for scenario in scenarios if scenario.is_scheme]
    result = Compression(alerts=len(found), cases=len(cases), scenarios=len(schemes))
    result.shown = [shown for scenario in schemes if (shown := _shown(scenario, matches, case_of)).alerts]
    for case in cases:
        is_true = any(not matches[alert_id].verdict.is_false for alert_id in case.alert_ids)
        (result.true_by_priority if is_true else result.false_by_priority)[case.priority] += 1
    return result


def _shown(scenario: Scenario, matches: Mapping[str, Match], case_of: Mapping[str, int]) -> Shown:
    own: set[int] = set()
    every: set[int] = set()
    count = 0
    for alert_id, each in matches.items():
        worth = {one.scenario_id: verdict for one, verdict in each.shown}.get(scenario.scenario_id)
        if worth is None or worth < Verdict.OTHER:
            continue
        every.add(case_of[alert_id])
        if worth >= Verdict.FAMILY:
            count += 1
            own.add(case_of[alert_id])
    return Shown(scenario, count, len(own), len(every))


async def _recorded(found: Sequence[Alert], policy: Policy) -> list[Case]:
    incoming = [Incoming.of(each, alerts.to_message(each).SerializeToString(deterministic=True)) for each in found]
    with tempfile.TemporaryDirectory(prefix="tapewatch-compression-") as folder:
        async with open_store(Path(folder) / "cases.db", lambda: CLOCK_NS) as store:
            writing = asyncio.create_task(store.writer.run())
            try:
                for start in range(0, len(incoming), ALERTS_A_BATCH):
                    batch = incoming[start : start + ALERTS_A_BATCH]
                    await store.write(lambda shared, batch=batch: record(shared, batch, policy))  # type: ignore[misc] # of a default
                cases: list[Case] = []
                asked = Asked((), CASES_A_PAGE)
                while True:
                    page = await store.read(cases_page, asked)
                    cases += [each.case for each in page.items]
                    if not page.more:
                        return cases
                    asked = Asked((), CASES_A_PAGE, after=page.last)
            finally:
                writing.cancel()
                await asyncio.wait([writing])
