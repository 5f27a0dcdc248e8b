"""What a rule is: governed metadata, the triggers it answers, and one function from a scene to a finding."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from detection_service.engine.metrics import METRICS, OWNER_METRIC_PLACES
from detection_service.engine.scene import Scene
from detection_service.engine.triggers import MARKET, OWNER
from detection_service.rules.grading import excess, graded
from tapewatch.alert import Measurement, Severity
from tapewatch.market.reference import Reference, Row


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number an operator may set: default, unit, allowed range (inclusive) and why this default."""

    name: str
    default: float
    unit: str
    minimum: float
    maximum: float
    reason: str


@dataclass(frozen=True, slots=True)
class Need:
    """Data a rule can not do without, and its name for people: a capability bit that a source must show, or a row of a
    table of the reference data with one of the columns (any row, without columns)."""

    capability: int
    text: str
    table: str = ""
    columns: tuple[str, ...] = ()

    def is_met(self, shown: int, reference: Reference) -> bool:
        """Whether what a source has shown (a set of bits), or the reference data, is what it takes."""
        rows: tuple[Row, ...] = getattr(reference, self.table) if self.table else ()
        told = any(not self.columns or any(row.get(column) for column in self.columns) for row in rows)
        return told or bool(self.capability & shown)


__all__ = [
    "Condition",
    "Finding",
    "Metadata",
    "Need",
    "Parameter",
    "UnknownMetricError",
    "Regulation",
    "Rule",
    "conditions_of",
    "excess",
    "graded",
]


@dataclass(frozen=True, slots=True)
class Regulation:
    """A pointer into a regulation; `verified` where somebody read the official wording and found it to say that.

    Those read are in detection_service.rules.regulations.
    """

    text: str
    verified: bool = False

    def __str__(self) -> str:
        return self.text if self.verified else f"{self.text} (unverified)"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is governed about a rule; a change of any of it, or of the code, is a new version.

    `stage` 1 sees one instrument at a time; 2 sees an owner's fills over all of them.
    """

    rule_id: str
    version: str
    title: str
    typology: str
    description: str
    needs: tuple[Need, ...]
    parameters: tuple[Parameter, ...]
    regulations: tuple[Regulation, ...]
    known_false_positives: tuple[str, ...]
    known_gaps: tuple[str, ...]
    triage_steps: tuple[str, ...]
    episode_gap_s: float
    episode_max_s: float
    stage: int = 1

    def defaults(self) -> dict[str, float]:
        """Parameter name to default."""
        return {parameter.name: parameter.default for parameter in self.parameters}


class UnknownMetricError(ValueError):
    """A condition names a metric that is none; says which is nearest."""


class Condition(NamedTuple):
    """A range a window metric must lie in, inclusive; None for no limit (detection_service.engine.metrics)."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule saw at one trigger; the engine makes episodes of it.

    `owners` and `accounts` are names; without owners the subject is the market. `opening` are the ids of the events
    that began it and, with rule, version and subject, name the alert. Times in nanoseconds.
    """

    owners: frozenset[str]
    accounts: frozenset[str]
    severity: Severity
    score: float
    start_time_ns: int
    end_time_ns: int
    explanation: str
    measurements: tuple[Measurement, ...]
    opening: frozenset[str]
    evidence: frozenset[str]
    order_ids: frozenset[str] = frozenset()
    trade_ids: frozenset[str] = frozenset()
    memory: dict[str, float] = field(default_factory=dict)


class Rule(Protocol):
    """A detector. `evaluate` is pure: the same scene and parameters give the same finding.

    A rule that answers FLOW, MARKET or OWNER may have `conditions(parameters)`, a tuple of Condition that all must hold
    for it to be asked; they are checked in compiled code. At FLOW they may name group and market metrics, at MARKET
    market metrics, at OWNER metrics of a group over all markets; a rule that answers several gives those of all and
    each is held to the metrics it has.
    """

    metadata: Metadata
    triggers: int

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """What the rule makes of the event behind the trigger: mostly nothing."""


def conditions_of(rule: Rule, trigger: int, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
    """What must hold for a rule to be asked at a trigger on windows; nothing where it does not say.

    Raises UnknownMetricError for a metric that is not one.
    """
    given = getattr(rule, "conditions", None)
    conditions: tuple[Condition, ...] = given(parameters) if given is not None else ()
    for each in conditions:
        if each.metric not in METRICS and each.metric not in OWNER_METRIC_PLACES:
            near = difflib.get_close_matches(each.metric, (*METRICS, *OWNER_METRIC_PLACES), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "docs/metrics.md lists them"
            raise UnknownMetricError(f"rule {rule.metadata.rule_id}: unknown metric {each.metric!r}: {hint}")
    if trigger == MARKET:
        return tuple(each for each in conditions if each.metric.startswith("market_"))
    known = OWNER_METRIC_PLACES if trigger == OWNER else METRICS  # fills_5m is a group's and an owner's
    return tuple(each for each in conditions if each.metric in known)
