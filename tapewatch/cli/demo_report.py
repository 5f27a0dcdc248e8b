"""What a labelled run should have given and what it gave: scenarios against cases, the ledger, the verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from case_service.grouping import Policy
from surveillance.v1 import alert_pb2, case_pb2, simulator_pb2
from tapewatch.cli.ledger import LedgerLine, equations, total
from tapewatch.cli.output import lines, plain, time_text, word

REQUIRED_FAMILIES = ("ORDER_BOOK", "WASH")
"""Families of schemes that must each be found as one case: spoofing and layering, wash trades."""
MISSED = "MISSED"
FAMILY_OF = Policy().family_of
EXPLANATIONS_SHOWN_MAX = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario and the cases that found it."""

    scenario: simulator_pb2.Scenario
    family: str
    cases: tuple[case_pb2.Case, ...]

    @property
    def is_required(self) -> bool:
        """Whether the verdict depends on it."""
        return self.family in REQUIRED_FAMILIES

    @property
    def found(self) -> str:
        """The case numbers, or MISSED."""
        return ", ".join(f"case {case.number}" for case in self.cases) or MISSED

    @property
    def problem(self) -> str:
        """What is wrong with it; empty where nothing is."""
        name = f"{self.scenario.typology} {self.scenario.scenario_id} in {self.scenario.instrument}"
        if not self.cases:
            return f"{name} was missed"
        if len(self.cases) > 1:
            return f"{name} is {len(self.cases)} cases ({self.found}), expected one"
        return ""


@dataclass(frozen=True, slots=True)
class DemoReport:
    """The labelled run's outcome; `seconds` by stage of the demo."""

    outcomes: tuple[Outcome, ...]
    cases: tuple[case_pb2.Case, ...]
    extra: tuple[case_pb2.Case, ...]
    ledger: tuple[LedgerLine, ...]
    acknowledged: int
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """What kept the run from being as it should; empty where nothing did."""
        problems = [outcome.problem for outcome in self.outcomes if outcome.is_required and outcome.problem]
        whole = total(self.ledger)
        if not whole.balances:
            problems += [equation for equation in equations(whole) if not equation.endswith("holds")]
        if whole.received != self.acknowledged:
            problems.append(f"FIX acknowledged {self.acknowledged} events, ingest received {whole.received}")
        return problems

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "scenarios": [
                {**plain(outcome.scenario), "cases": [case.number for case in outcome.cases]}
                for outcome in self.outcomes
            ],
            "cases": plain(list(self.cases)),
            "extra_cases": [case.number for case in self.extra],
            "ledger": [line.to_json() for line in (*self.ledger, total(self.ledger))],
            "acknowledged": self.acknowledged,
            "seconds": dict(self.seconds),
            "problems": self.problems,
        }


def match(
    scenarios: Iterable[simulator_pb2.Scenario],
    cases: Sequence[case_pb2.Case],
    alerts: Iterable[alert_pb2.Alert],
) -> tuple[tuple[Outcome, ...], tuple[case_pb2.Case, ...]]:
    """Scenarios with the cases that found them, and the cases that no scenario explains."""
    by_id = {alert.alert_id: alert for alert in alerts}
    outcomes = []
    explained: set[str] = set()
    for scenario in scenarios:
        family = FAMILY_OF(scenario.typology)
        touching = [case for case in cases if _shows(case, scenario, by_id)]
        found = tuple(case for case in touching if family in _families(case))
        explained.update(case.case_id for case in touching)
        outcomes.append(Outcome(scenario, family, found))
    return tuple(outcomes), tuple(case for case in cases if case.case_id not in explained)


def _families(case: case_pb2.Case) -> set[str]:
    """Families of what a case is about: a scheme is named like the rule that looks for it."""
    return {case.typology_family, *map(FAMILY_OF, case.rule_ids)}


def _shows(case: case_pb2.Case, scenario: simulator_pb2.Scenario, alerts: Mapping[str, alert_pb2.Alert]) -> bool:
    """Whether a case names an order of the scenario, or its people there and then, or is about the market itself then.

    A trade proves nothing: it has two sides, and the other one may be anybody.
    """
    if (case.venue, case.instrument) != (scenario.venue, scenario.instrument):
        return False
    known = [alerts[alert_id] for alert_id in case.alert_ids if alert_id in alerts]
    if any(not set(scenario.order_ids).isdisjoint(alert.order_ids) for alert in known):
        return True
    people = {*case.accounts, *case.owners}
    if people:
        concerned = not people.isdisjoint({*scenario.accounts, *scenario.owners})
    else:
        concerned = FAMILY_OF(scenario.typology) in _families(case)
    return concerned and case.start_time_ns <= scenario.end_time_ns and scenario.start_time_ns <= case.end_time_ns


SCENARIO_COLUMNS = ("scheme", "instrument", "from", "accounts", "found as")
CASE_COLUMNS = ("case>", "scheme", "severity", "score>", "rules", "instrument", "who", "explanation")


def scenario_rows(report: DemoReport) -> list[tuple[object, ...]]:
    """The scenarios under SCENARIO_COLUMNS."""
    return [
        (
            outcome.scenario.typology,
            f"{outcome.scenario.venue} {outcome.scenario.instrument}",
            time_text(outcome.scenario.start_time_ns)[11:19],
            ", ".join(outcome.scenario.accounts),
            outcome.found,
        )
        for outcome in report.outcomes
    ]


def case_rows(report: DemoReport) -> list[tuple[object, ...]]:
    """The cases under CASE_COLUMNS by number, with the scheme each found; `-` where no scheme explains it."""
    schemes: dict[str, list[str]] = {}
    for outcome in report.outcomes:
        for case in outcome.cases:
            schemes.setdefault(case.case_id, []).append(outcome.scenario.typology)
    return [
        (
            case.number,
            lines(schemes.get(case.case_id, ["-"])),
            word(case, "severity"),
            f"{case.score:.2f}",
            lines(case.rule_ids),
            f"{case.venue} {case.instrument}",
            lines(case.owners or case.accounts),
            lines(_explanations(case)),
        )
        for case in sorted(report.cases, key=lambda case: case.number)
    ]


def _explanations(case: case_pb2.Case) -> list[str]:
    """The first few of a case's explanations, and how many more there are."""
    texts = list(dict.fromkeys(case.explanations))
    more = len(texts) - EXPLANATIONS_SHOWN_MAX
    return [*texts[:EXPLANATIONS_SHOWN_MAX], *([f"and {more} more of the kind"] if more > 0 else [])]
