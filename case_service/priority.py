"""How urgent a case is: severity, score, value at stake, how earlier cases of its subjects ended, watch lists."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import Field

from case_service.case import Disposition
from tapewatch.alert import Alert, Severity
from tapewatch.runtime.settings import Section

URGENT_SCORE = 0.9
VALUE_MIN = 1_000_000.0
TRUE_MIN = 1
FALSE_MIN = 3
HISTORY_DAYS = 730
NOTIONAL = "notional"
"""Unit of measurements that are worth, in the common currency."""
NOT_AT_STAKE = frozenset({"gain"})
"""Measured in the same unit, but what was made of it, not what it was about."""
TRUE = frozenset({Disposition.WARNED, Disposition.REPORTED})
FALSE = frozenset({Disposition.FALSE_POSITIVE})
LOWEST = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a case's subjects beforehand: cases found true and false, and list -> raise of watch lists."""

    found_true: int = 0
    found_false: int = 0
    watched: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """As the store keeps it."""
        content = {"true": self.found_true, "false": self.found_false, "watched": dict(self.watched)}
        return json.dumps({name: value for name, value in content.items() if value}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Standing":
        """From what the store keeps."""
        content = json.loads(text)
        return cls(content.get("true", 0), content.get("false", 0), content.get("watched", {}))

    def also_watched(self, watched: Mapping[str, int]) -> "Standing":
        """With more watch lists; the higher raise of one named twice."""
        both = {name: max(watched.get(name, 0), self.watched.get(name, 0)) for name in {*self.watched, *watched}}
        return Standing(self.found_true, self.found_false, dict(sorted(both.items())))

    @classmethod
    def of_outcomes(cls, dispositions: Iterable[int]) -> "Standing":
        """From how closed cases ended; those closed without a finding count neither way."""
        ended = [Disposition(each) for each in dispositions]
        return cls(sum(each in TRUE for each in ended), sum(each in FALSE for each in ended))


@dataclass(frozen=True, slots=True)
class Priority:
    """1 (most urgent) to 4, and why, one plain phrase each."""

    number: int
    reasons: tuple[str, ...]


class PrioritySettings(Section):
    """Sub-section `cases.priority`: from where on a measure moves a case's priority by one."""

    score_min: float = Field(URGENT_SCORE, ge=0, description="a score from here on moves a case up")
    value_min: float = Field(VALUE_MIN, gt=0, description="a notional from here on moves it up, in the common currency")
    true_min: int = Field(TRUE_MIN, ge=1, description="so many earlier cases warned or reported move it up")
    false_min: int = Field(FALSE_MIN, ge=1, description="so many earlier false positives, and none true, move it down")
    history_days: float = Field(HISTORY_DAYS, gt=0, description="days for which an earlier closed case counts")

    @property
    def urgency(self) -> "Urgency":
        """What the settings say."""
        return Urgency(self.score_min, self.value_min, self.true_min, self.false_min, self.history_days)


@dataclass(frozen=True, slots=True)
class Urgency:
    """From where on a measure moves a case; earlier cases count for `history_days` after they were closed."""

    score_min: float = URGENT_SCORE
    value_min: float = VALUE_MIN
    true_min: int = TRUE_MIN
    false_min: int = FALSE_MIN
    history_days: float = HISTORY_DAYS

    def priority(self, severity: Severity, score: float, value: float, standing: Standing) -> Priority:
        """CRITICAL 1, HIGH 2, MEDIUM 3, LOW 4, moved one up or down by each measure, watch lists by what they say."""
        steps = [(0, f"severity {severity.name}")]
        if score >= self.score_min:
            steps.append((1, f"score {score:.2f}, {self.score_min:g} or more"))
        if value >= self.value_min:
            steps.append((1, f"{value:,.0f} at stake, {self.value_min:,.0f} or more"))
        steps += self._history(standing)
        steps += [(raised, f"on watch list {name}") for name, raised in standing.watched.items()]
        moved = sum(step for step, _ in steps)
        number = min(LOWEST, max(1, LOWEST + 1 - severity - moved))
        return Priority(number, tuple(_told(step, why) for step, why in steps))

    def _history(self, standing: Standing) -> list[tuple[int, str]]:
        if standing.found_true >= self.true_min:
            return [(1, f"{standing.found_true} earlier found true")]
        if standing.found_false >= self.false_min:
            return [(-1, f"{standing.found_false} earlier found false, none true")]
        return []


def _told(step: int, why: str) -> str:
    return why if step == 0 else f"{why}: {abs(step)} {'up' if step > 0 else 'down'}"


def value_of(alert: Alert) -> float:
    """The largest notional an alert measured, in the common currency; 0 where it measured none."""
    worth = (each.observed for each in alert.measurements if each.unit == NOTIONAL and each.name not in NOT_AT_STAKE)
    return max(worth, default=0.0)
