"""The scorecard: runs added up, typology by typology, with how sure each figure is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import numpy as np

from simulator.scorecard.baselines import BASELINES
from simulator.scorecard.families import family_of
from simulator.scorecard.intervals import Interval, Sums, bootstrap, poisson, wilson
from simulator.scorecard.matching import Verdict
from simulator.scorecard.run_score import EventCounts, Outcome, RunScore, Seen

MILLION: Final = 1_000_000
Value = float | int | str | None | list[Any] | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of hits among trials, with Wilson's interval."""

    hits: int
    trials: int

    @property
    def value(self) -> float | None:
        """The share; None without trials."""
        return self.hits / self.trials if self.trials else None

    @property
    def interval(self) -> Interval:
        """95 %."""
        return wilson(self.hits, self.trials)

    def to_json(self) -> dict[str, Value]:
        """Value, hits, trials and interval."""
        return {"value": self.value, "hits": self.hits, "trials": self.trials, "interval": list(self.interval)}


def f1(precision: float | None, recall: float | None) -> float | None:
    """The harmonic mean; 0 where one of them is 0 or nothing was said of what there was; None where nothing was."""
    if recall is None:
        return None
    if not precision or not recall:
        return 0.0
    return 2 * precision * recall / (precision + recall)


@dataclass(frozen=True, slots=True)
class Scored:
    """Scenarios of a typology and the claims of one detector: `found` of the scenarios, `right` of the claims."""

    found: Share
    found_exact: Share
    right: Share
    right_exact: Share
    on_culprit: Share
    hard_negative: int
    nobody: int
    events: EventCounts
    f1_interval: Interval
    false_per_million: float | None
    false_interval: Interval

    @property
    def f1(self) -> float | None:
        """Of the alerts' precision and the scenarios' recall, in the family."""
        return f1(self.right.value, self.found.value)

    @property
    def f1_exact(self) -> float | None:
        """The same where only the very typology counts."""
        return f1(self.right_exact.value, self.found_exact.value)

    @property
    def event_precision(self) -> float | None:
        """Of the events pointed to, the share that belongs to a scenario of the family."""
        return self.events.right / self.events.said if self.events.said else None

    @property
    def event_recall(self) -> float | None:
        """Of the labelled events, the share pointed to."""
        return self.events.found / self.events.labelled if self.events.labelled else None

    @property
    def event_f1(self) -> float | None:
        """Of both."""
        return f1(self.event_precision, self.event_recall)

    def to_json(self) -> dict[str, Value]:
        """All figures; intervals are [low, high] at 95 %."""
        return {
            "scenarios": self.found.trials,
            "recall": self.found.to_json(),
            "recall_exact": self.found_exact.to_json(),
            "alerts": self.right.trials,
            "precision": self.right.to_json(),
            "precision_exact": self.right_exact.to_json(),
            "precision_culprit": self.on_culprit.to_json(),
            "f1": self.f1,
            "f1_interval": _plain(self.f1_interval),
            "f1_exact": self.f1_exact,
            "false_alerts": self.hard_negative + self.nobody,
            "false_on_hard_negatives": self.hard_negative,
            "false_per_million_benign_events": self.false_per_million,
            "false_per_million_interval": _plain(self.false_interval),
            "event_precision": self.event_precision,
            "event_recall": self.event_recall,
            "event_f1": self.event_f1,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One typology: all rules together as its scenarios see them, its own rule alone, and its naive rule."""

    typology: str
    rules: Scored
    own_rule: Scored
    baseline: Scored | None
    delays_s: tuple[float, ...]
    shares: tuple[float, ...]
    alerts_a_scenario: float | None
    own_alerts_a_scenario: float | None
    not_applicable: str = ""

    @property
    def delay_s(self) -> float | None:
        """Median seconds from a scenario's start to the first alert of its family."""
        return median(self.delays_s) if self.delays_s else None

    @property
    def delay_share(self) -> float | None:
        """The same as a share of the scenario's length."""
        return median(self.shares) if self.shares else None

    @property
    def is_below_baseline(self) -> bool:
        """Whether the naive rule has the better F1."""
        if self.baseline is None or self.rules.f1 is None or self.baseline.f1 is None:
            return False
        return self.rules.f1 < self.baseline.f1 - 1e-12

    @property
    def is_below_baseline_by_event(self) -> bool:
        """Whether the naive rule has the better F1 event by event."""
        own, naive = self.rules.event_f1, None if self.baseline is None else self.baseline.event_f1
        return own is not None and naive is not None and own < naive - 1e-12

    def to_json(self) -> dict[str, Value]:
        """All figures of the typology."""
        naive = BASELINES.get(self.typology)
        return {
            "typology": self.typology,
            "family": family_of(self.typology),
            "rules": self.rules.to_json(),
            "own_rule": self.own_rule.to_json(),
            "delay_s": self.delay_s,
            "delay_share": self.delay_share,
            "alerts_a_scenario": self.alerts_a_scenario,
            "own_alerts_a_scenario": self.own_alerts_a_scenario,
            "baseline": None if self.baseline is None else self.baseline.to_json(),
            "baseline_rule": None if naive is None else naive.text,
            "below_baseline": self.is_below_baseline,
            "below_baseline_by_event": self.is_below_baseline_by_event,
            "not_applicable": self.not_applicable or None,
        }


def rows(runs: Sequence[RunScore], rule_ids: Iterable[str] = ()) -> list[Row]:
    """A row a typology that was played or spoken of, and for each of the rules named."""
    played = {outcome.typology for run in runs for outcome in run.outcomes}
    said = {claim.detector for run in runs for claim in run.claims}
    return [_row(runs, name) for name in sorted({*played, *said, *rule_ids})]


def _row(runs: Sequence[RunScore], name: str) -> Row:
    outcomes = [outcome for run in runs for outcome in run.outcomes if outcome.typology == name]
    found = [each for each in outcomes if each.by_rules.delay_s is not None]
    delays = tuple(each.by_rules.delay_s for each in found if each.by_rules.delay_s is not None)
    return Row(
        typology=name,
        rules=_scored(runs, name, "by_rules"),
        own_rule=_scored(runs, name, "by_own_rule"),
        baseline=_scored(runs, name, "by_baseline") if name in BASELINES else None,
        delays_s=delays,
        shares=tuple(delay / each.duration_s for delay, each in zip(delays, found, strict=True) if each.duration_s > 0),
        alerts_a_scenario=_mean([each.by_rules.family for each in outcomes if each.by_rules.was_seen]),
        own_alerts_a_scenario=_mean([each.by_own_rule.family for each in outcomes if each.by_own_rule.was_seen]),
        not_applicable=next((run.not_applicable[name] for run in runs if name in run.not_applicable), ""),
    )


def _mean(counts: Sequence[int]) -> float | None:
    return sum(counts) / len(counts) if counts else None


def _scored(runs: Sequence[RunScore], name: str, view: str) -> Scored:
    per_run = np.asarray([_counts(run, name, view) for run in runs], dtype=np.float64).reshape(-1, 8)
    units = _by_seed(runs, per_run) if len(runs) > 1 else _one_by_one(runs, name, view)
    total = [int(count) for count in per_run.sum(axis=0)]
    scenarios, found, exact, alerts, right, right_exact, culprit, hard = total
    benign = sum(run.benign_events for run in runs)
    rate = poisson(alerts - culprit, benign / MILLION)
    return Scored(
        found=Share(found, scenarios),
        found_exact=Share(exact, scenarios),
        right=Share(right, alerts),
        right_exact=Share(right_exact, alerts),
        on_culprit=Share(culprit, alerts),
        hard_negative=hard,
        nobody=alerts - culprit - hard,
        events=sum((_events(run, name, view) for run in runs), EventCounts()),
        f1_interval=bootstrap(units, _f1_of_sums),
        false_per_million=(alerts - culprit) / benign * MILLION if benign else None,
        false_interval=rate,
    )


def _counts(run: RunScore, name: str, view: str) -> list[int]:
    """Scenarios, found, found exactly, claims, right, exactly, on a culprit, on a hard negative."""
    seen, verdicts = _of_run(run, name, view)
    return [
        len(seen),
        sum(each.family > 0 for each in seen),
        sum(each.exact > 0 for each in seen),
        verdicts.total(),
        verdicts[Verdict.EXACT] + verdicts[Verdict.FAMILY],
        verdicts[Verdict.EXACT],
        verdicts[Verdict.EXACT] + verdicts[Verdict.FAMILY] + verdicts[Verdict.OTHER],
        verdicts[Verdict.HARD_NEGATIVE],
    ]


def _one_by_one(runs: Sequence[RunScore], name: str, view: str) -> Sums:
    """Counts scenario by scenario and claim by claim: what one run alone can be drawn again from."""
    made = []
    for run in runs:
        seen, verdicts = _of_run(run, name, view)
        made += [[1, each.family > 0, each.exact > 0, 0, 0, 0, 0, 0] for each in seen]
        for verdict in sorted(verdicts.elements()):
            right, exact = verdict >= Verdict.FAMILY, verdict == Verdict.EXACT
            made.append([0, 0, 0, 1, right, exact, not verdict.is_false, verdict == Verdict.HARD_NEGATIVE])
    return np.asarray(made, dtype=np.float64).reshape(-1, 8)


def _of_run(run: RunScore, name: str, view: str) -> tuple[list[Seen], Counter[Verdict]]:
    seen = [_seen(each, view) for each in run.outcomes if each.typology == name]
    if view == "by_baseline":
        return seen, run.baseline_verdicts.get(name, Counter())
    return seen, Counter(claim.verdict for claim in run.claims if claim.detector == name)


def _seen(outcome: Outcome, view: str) -> Seen:
    return {"by_rules": outcome.by_rules, "by_own_rule": outcome.by_own_rule, "by_baseline": outcome.by_baseline}[view]


def _events(run: RunScore, name: str, view: str) -> EventCounts:
    counts = run.baseline_events if view == "by_baseline" else run.rule_events
    return counts.get(name, EventCounts())


def _by_seed(runs: Sequence[RunScore], per_run: Sums) -> Sums:
    """Counts by seed, or by run where all are of one seed."""
    seeds, place = np.unique([run.seed for run in runs], return_inverse=True)
    if len(seeds) < 2:
        return per_run
    summed = np.zeros((len(seeds), per_run.shape[1]))
    np.add.at(summed, place, per_run)
    return summed


def _f1_of_sums(sums: Sums) -> Sums:
    """F1 of sums of counts of shape (draws, 8)."""
    scenarios, found, _, alerts, right, *_ = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        recall, precision = found / scenarios, np.where(alerts > 0, right / alerts, 0.0)
        whole = 2 * precision * recall / (precision + recall)
    return np.where(np.isnan(recall), np.nan, np.nan_to_num(whole))


def _plain(interval: Interval) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in interval]


def recall_by(outcomes: Iterable[Outcome], view: str = "by_rules") -> dict[tuple[str, float], Share]:
    """Recall in the family by typology and severity."""
    hits: Counter[tuple[str, float]] = Counter()
    trials: Counter[tuple[str, float]] = Counter()
    for outcome in outcomes:
        if outcome.severity is not None:
            key = (outcome.typology, outcome.severity)
            trials[key] += 1
            hits[key] += _seen(outcome, view).family > 0
    return {key: Share(hits[key], trials[key]) for key in sorted(trials)}
