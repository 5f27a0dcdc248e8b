"""What a rule's alerts under one setting are worth against the truth."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulator.scorecard.families import family_of, typology_of
from simulator.scorecard.matching import Verdict, match
from simulator.scorecard.sighting import Sighting
from simulator.scorecard.truth import Scenario

ANOMALY: Final = "ANOMALY"
"""Typology of alerts that say no more than that something is unusual."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known: the scenarios, and which of them a rule has to find, by id.

    `is_partial`: only what somebody judged is known (closed cases), so an alert on nobody's scenario is not false but
    unjudged. `kind` says how targets were told: by the rule's name, its typology or its family.
    """

    scenarios: tuple[Scenario, ...]
    targets: frozenset[str]
    kind: str = ""
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Alerts of one setting: those that show a scheme, false ones, and those nobody judged; and the targets found.

    `changes` are the parameters that differ from the current ones. `hard_negatives` counts false alerts by what they
    took for abuse.
    """

    changes: Mapping[str, float]
    found: frozenset[str]
    true: int
    false: int
    unjudged: int
    hard_negatives: Mapping[str, int] = field(default_factory=dict)

    @property
    def alerts(self) -> int:
        """All of them."""
        return self.true + self.false + self.unjudged

    @property
    def surplus(self) -> int:
        """Alerts beyond one a target found: false, repeated, of another kind, or unjudged; what a setting costs."""
        return self.alerts - len(self.found)


def truth_for(rule_id: str, typology: str, scenarios: Sequence[Scenario], *, is_partial: bool = False) -> Truth:
    """The truth for one rule: it has to find the schemes named like it, else those of its typology, else its family.

    What only tells the unusual from the usual has to find all of them.
    """
    schemes = [one for one in scenarios if one.is_scheme]
    kinds = {
        "named like the rule": [one for one in schemes if one.typology == rule_id],
        f"of its typology {typology}": [one for one in schemes if typology_of(one.typology) == typology_of(typology)],
        "of its family": [one for one in schemes if family_of(one.typology) == family_of(typology)],
        "of any kind": schemes if typology == ANOMALY else [],
    }
    kind, targets = next(((kind, found) for kind, found in kinds.items() if found), ("", []))
    return Truth(tuple(scenarios), frozenset(one.scenario_id for one in targets), kind, is_partial)


def judged(changes: Mapping[str, float], alerts: Sequence[Sighting], truth: Truth) -> Outcome:
    """Hold the alerts of a setting against the truth."""
    found: set[str] = set()
    verdicts: Counter[str] = Counter()
    innocent: Counter[str] = Counter()
    for each in match(alerts, truth.scenarios):
        verdicts[_word(each.verdict, truth.is_partial)] += 1
        innocent.update(each.hard_negatives)
        found.update(scenario.scenario_id for scenario, worth in each.shown if worth > Verdict.HARD_NEGATIVE)
    return Outcome(
        dict(changes),
        frozenset(found) & truth.targets,
        verdicts["true"],
        verdicts["false"],
        verdicts["unjudged"],
        dict(sorted(innocent.items())),
    )


def _word(verdict: Verdict, is_partial: bool) -> str:
    if verdict == Verdict.NOBODY and is_partial:
        return "unjudged"
    return "false" if verdict.is_false else "true"
