"""One run judged: what became of every scenario and every claim, and of the events one by one.

Small enough to be handed from one process to another: no events, no evidence.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from simulator.scorecard.event_marks import EventMarks
from simulator.scorecard.families import family_of
from simulator.scorecard.matching import Match, Verdict, match
from simulator.scorecard.ranking import RankedWindows
from simulator.scorecard.sighting import Sighting
from simulator.scorecard.table import EventTable, Mask
from simulator.scorecard.truth import Scenario

Sightings = Mapping[str, Sequence[Sighting]]
"""What was said, by the name of the detector."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Who saw a scenario: alerts that said it exactly and in its family, and when the first of the family came.

    `delay_s` runs from the scenario's start and is None where it was not seen.
    """

    exact: int = 0
    family: int = 0
    delay_s: float | None = None

    @property
    def was_seen(self) -> bool:
        """Whether an alert of its family showed it."""
        return self.family > 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario and who saw it: all rules together, its own rule, and its naive rule."""

    scenario_id: str
    typology: str
    severity: float | None
    camouflage: tuple[str, ...]
    duration_s: float
    by_rules: Seen
    by_own_rule: Seen
    by_baseline: Seen


@dataclass(frozen=True, slots=True)
class Claim:
    """An alert and what it was worth; `names` are the hard negatives it is about."""

    detector: str
    verdict: Verdict
    names: tuple[str, ...]
    venue: str
    instrument: str
    accounts: tuple[str, ...]
    start_time_ns: int
    explanation: str


@dataclass(frozen=True, slots=True)
class EventCounts:
    """Events of one typology: pointed to, of these in a scenario of the family; labelled, of these pointed to."""

    said: int = 0
    right: int = 0
    labelled: int = 0
    found: int = 0

    def __add__(self, other: "EventCounts") -> "EventCounts":
        return EventCounts(
            self.said + other.said, self.right + other.right, self.labelled + other.labelled, self.found + other.found
        )


@dataclass(frozen=True, slots=True)
class RunScore:
    """A run judged. `benign_events` belong to no scheme. Verdicts and event counts are by rule; `windows` are what
    rankings are judged on, None where none was asked for."""

    seed: int
    part: str
    density: float
    events: int
    benign_events: int
    outcomes: tuple[Outcome, ...]
    claims: tuple[Claim, ...]
    baseline_verdicts: dict[str, Counter[Verdict]]
    rule_events: dict[str, EventCounts]
    baseline_events: dict[str, EventCounts]
    hard_negatives: dict[str, int] = field(default_factory=dict)
    not_applicable: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    windows: RankedWindows | None = None


def score_run(
    table: EventTable,
    scenarios: Sequence[Scenario],
    alerts: Sequence[Sighting],
    baselines: Sightings,
    *,
    seed: int = 0,
    part: str = "",
    density: float = 1.0,
    not_applicable: Mapping[str, str] | None = None,
) -> RunScore:
    """Judge the alerts of the rules and what the naive rules said, over the events of one run."""
    schemes = [scenario for scenario in scenarios if scenario.is_scheme]
    matches = match(alerts, scenarios)
    naive = {name: match(said, scenarios) for name, said in baselines.items()}
    by_rules = _seen(matches)
    own = {rule: _seen([each for each in matches if each.sighting.detector == rule]) for rule in _names(schemes)}
    by_baseline = {rule: _seen(found) for rule, found in naive.items()}
    marks = EventMarks(table)
    truth = {name: _labelled(marks, schemes, name) for name in _names(schemes)}
    abuse = np.logical_or.reduce(list(truth.values())) if truth else np.zeros(len(table), dtype=bool)
    nothing = Seen()
    return RunScore(
        seed=seed,
        part=part,
        density=density,
        events=len(table),
        benign_events=int(len(table) - abuse.sum()),
        outcomes=tuple(
            Outcome(
                scenario.scenario_id,
                scenario.typology,
                scenario.severity,
                scenario.camouflage,
                scenario.duration_s,
                by_rules.get(scenario.scenario_id, nothing),
                own[scenario.typology].get(scenario.scenario_id, nothing),
                by_baseline.get(scenario.typology, {}).get(scenario.scenario_id, nothing),
            )
            for scenario in schemes
        ),
        claims=tuple(_claim(each) for each in matches),
        baseline_verdicts={name: Counter(each.verdict for each in found) for name, found in naive.items()},
        rule_events=_event_counts(marks, truth, _by_detector(alerts), alerts),
        baseline_events=_event_counts(marks, truth, baselines, None),
        hard_negatives=dict(Counter(each.typology for each in scenarios if not each.is_scheme)),
        not_applicable=dict(not_applicable or {}),
    )


def _names(schemes: Iterable[Scenario]) -> list[str]:
    return sorted({scenario.typology for scenario in schemes})


def _by_detector(alerts: Iterable[Sighting]) -> dict[str, list[Sighting]]:
    made: dict[str, list[Sighting]] = {}
    for alert in alerts:
        made.setdefault(alert.detector, []).append(alert)
    return made


def _seen(matches: Iterable[Match]) -> dict[str, Seen]:
    """What was seen of each scenario that anything showed."""
    shown: dict[str, list[tuple[Verdict, float]]] = {}
    for each in matches:
        for scenario, worth in each.shown:
            if scenario.is_scheme:
                delay_s = max(0.0, (each.sighting.raised_time_ns - scenario.start_time_ns) / 1e9)
                shown.setdefault(scenario.scenario_id, []).append((worth, delay_s))
    return {
        scenario_id: Seen(
            exact=sum(worth == Verdict.EXACT for worth, _ in found),
            family=sum(worth >= Verdict.FAMILY for worth, _ in found),
            delay_s=min((delay_s for worth, delay_s in found if worth >= Verdict.FAMILY), default=None),
        )
        for scenario_id, found in shown.items()
    }


def _claim(each: Match) -> Claim:
    said = each.sighting
    return Claim(
        said.detector, each.verdict, each.hard_negatives, said.venue, said.instrument, tuple(sorted(said.accounts)),
        said.start_time_ns, said.explanation,
    )  # fmt: skip


def _labelled(marks: EventMarks, schemes: Sequence[Scenario], name: str) -> Mask:
    chosen = [scenario for scenario in schemes if scenario.typology == name]
    rows = [row for scenario in chosen for row in scenario.rows]
    marked = marks.of(chosen)
    return marked | marks.of_rows(rows) if rows else marked


def _event_counts(
    marks: EventMarks, truth: Mapping[str, Mask], said_by: Sightings, together: Sequence[Sighting] | None
) -> dict[str, EventCounts]:
    """Counts by detector; `together` may find for each other, within a family, else each finds for itself."""
    counts = {}
    for name in sorted({*truth, *said_by}):
        said = marks.of(said_by.get(name, ()))
        relatives = [mask for other, mask in truth.items() if family_of(other) == family_of(name)]
        right = int((said & np.logical_or.reduce(relatives)).sum()) if relatives else 0
        labelled = truth.get(name)
        if labelled is None:
            counts[name] = EventCounts(said=int(said.sum()), right=right)
            continue
        finding = said
        if together is not None:
            kin = [each for each in together if family_of(each.typology) == family_of(name)]
            finding = marks.of(kin)
        counts[name] = EventCounts(int(said.sum()), right, int(labelled.sum()), int((labelled & finding).sum()))
    return counts
