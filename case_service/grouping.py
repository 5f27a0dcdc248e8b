"""Which case an alert joins: same subject, venue and instrument, same family of typologies, near in event time."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from case_service.case import ALERTS_OF_CASE_MAX, CaseState
from case_service.priority import Standing, Urgency, value_of
from tapewatch.alert import Alert, Severity, subject_of

GroupPart = Literal["owner", "instrument", "family"]
GROUP_BY: tuple[GroupPart, ...] = ("owner", "instrument", "family")
WINDOW_MINUTES = 30
NANOSECONDS_OF_MINUTE = 60_000_000_000
NANOSECONDS_OF_HOUR = 60 * NANOSECONDS_OF_MINUTE
TITLE_CHARACTERS_MAX = 200
DUE_HOURS: Mapping[int, float] = {1: 4.0, 2: 24.0, 3: 72.0, 4: 168.0}
"""Hours until a case of each priority is due: same shift, next day, three days, a week."""

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "ORDER_BOOK": (
        *("SPOOFING", "LAYERING", "FLIPPING", "NO_INTENT_ORDERS", "CANCEL_TO_FILL", "QUOTE_STUFFING"),
        *("SMOKING", "PINGING", "PHISHING", "WIDE_SPREAD"),
    ),
    "WASH": (
        *("WASH_TRADE", "WASH_SELF", "WASH_OWNER", "WASH_NETTING", "WASH_RING", "WASH_VOLUME"),
        *("PING_PONG", "MATCHED_ORDERS", "PAINTING_THE_TAPE"),
    ),
    "PRICE": (
        *("PUMP_AND_DUMP", "PRICE_SPIKE", "VOLUME_SURGE", "VOLATILITY_BURST", "MOMENTUM_IGNITION", "RAMPING"),
        *("MARKING_THE_CLOSE", "DOMINATING_VOLUME", "FLOOR_CEILING"),
    ),
    "INFORMATION": ("FRONT_RUNNING", "INSIDER_DEALING"),
    "POSITION": ("POSITION_CONCENTRATION", "ACCOUNT_VOLUME_SPIKE", "PROFILE_DEVIATION"),
    "CROSS_MARKET": ("CROSS_VENUE", "CROSS_PRODUCT"),
    "SYSTEM": ("DATA_GAP", "CLOCK_SKEW", "RULE_SILENT"),
}


def family_table(families: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Typology to family; ValueError if a typology is in two families."""
    table: dict[str, str] = {}
    for family, typologies in families.items():
        for typology in typologies:
            held = table.setdefault(typology.upper(), family)
            if held != family:
                raise ValueError(f"typology {typology}: expected one family, found {held} and {family}")
    return table


@dataclass(frozen=True, slots=True)
class Policy:
    """How alerts become cases: window in event time, families of typologies, hours until due by priority, what alerts
    of one case have in common, and what makes a case urgent."""

    window_ns: int = WINDOW_MINUTES * NANOSECONDS_OF_MINUTE
    families: Mapping[str, str] = field(default_factory=lambda: family_table(FAMILIES))
    due_hours: Mapping[int, float] = field(default_factory=lambda: DUE_HOURS)
    group_by: tuple[GroupPart, ...] = GROUP_BY
    urgency: Urgency = field(default_factory=Urgency)

    def family_of(self, typology: str) -> str:
        """The family of a typology; one that no family names is its own."""
        return self.families.get(typology.upper(), typology)

    def group_key(self, alert: Alert) -> str:
        """Alerts with equal keys may share a case; SHA-256, 64 hexadecimal digits."""
        parts: Mapping[GroupPart, list[object]] = {
            "owner": [subject_of(alert)],
            "instrument": [alert.venue, alert.instrument],
            "family": [self.family_of(alert.typology)],
        }
        return _digest([value for name in GROUP_BY if name in self.group_by for value in parts[name]])

    def due_time_ns(self, clock_start_ns: int, priority: int) -> int:
        """When a case is due whose clock began then."""
        return clock_start_ns + round(self.due_hours[priority] * NANOSECONDS_OF_HOUR)


def episode_key(alert: Alert) -> str:
    """Alerts with equal keys tell of the same episode, whatever version of the rule made them; 64 hex digits."""
    return _digest([alert.rule_id, subject_of(alert), alert.venue, alert.instrument, alert.start_time_ns])


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


@dataclass(slots=True)
class Extent:
    """What grouping needs of a case: where it stands, how many alerts it has, and what they reach.

    `known_behaviour_id` names the entry of known behaviour that keeps it closed.
    """

    number: int
    state: CaseState
    alert_count: int
    severity: Severity
    score: float
    start_time_ns: int
    end_time_ns: int
    value: float
    known_behaviour_id: str
    standing: Standing

    def takes(self, alert: Alert, window_ns: int, known_behaviour_id: str = "") -> bool:
        """Whether an alert of its group may join: at most the window apart, not full, and open.

        An alert that is known behaviour joins a case that the same entry keeps closed, and no other.
        """
        if self.known_behaviour_id != known_behaviour_id or (self.state == CaseState.CLOSED) != bool(
            known_behaviour_id
        ):
            return False
        near = (
            alert.start_time_ns <= self.end_time_ns + window_ns and self.start_time_ns <= alert.end_time_ns + window_ns
        )
        return near and self.alert_count < ALERTS_OF_CASE_MAX

    def add(self, alert: Alert) -> None:
        """Count one more alert in, and reach at least what it reaches."""
        self.alert_count += 1
        self.severity = max(self.severity, alert.severity)
        self.score = max(self.score, alert.score)
        self.value = max(self.value, value_of(alert))
        self.start_time_ns = min(self.start_time_ns, alert.start_time_ns)
        self.end_time_ns = max(self.end_time_ns, alert.end_time_ns)


ExtentType = TypeVar("ExtentType", bound=Extent)


def choose(
    candidates: Iterable[ExtentType], alert: Alert, window_ns: int, known_behaviour_id: str = ""
) -> ExtentType | None:
    """The case an alert joins among those of its group: the oldest that takes it; None opens a new one."""
    taking = (each for each in candidates if each.takes(alert, window_ns, known_behaviour_id))
    return min(taking, key=lambda each: each.number, default=None)


def title_of(alert: Alert, family: str) -> str:
    """One line that names what, where and who."""
    place = " at ".join(part for part in (alert.instrument, alert.venue) if part) or "no instrument"
    others = f" and {len(alert.owners) - 1} more" if len(alert.owners) > 1 else ""
    who = f" by {alert.owners[0]}{others}" if alert.owners else ""
    title = f"{family.replace('_', ' ').capitalize()} in {place}{who}"
    return title if len(title) <= TITLE_CHARACTERS_MAX else title[: TITLE_CHARACTERS_MAX - 3] + "..."
