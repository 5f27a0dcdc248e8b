"""Counts over a period, from what the audit trail says was done and when. Pure: the store gives the rows."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from case_service.case import CaseState, Disposition

NANOSECONDS_OF_DAY = 86_400_000_000_000
BANDS_DAYS: Sequence[tuple[str, int]] = (
    ("below 1 day", 0),
    ("1 to 3 days", 1),
    ("3 to 7 days", 3),
    ("7 to 30 days", 7),
    ("30 days and more", 30),
)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a case's state, by its audit record; `disposition` of a closing. Time by the service's clock."""

    case_number: int
    time_ns: int
    from_state: CaseState | None
    to_state: CaseState
    disposition: Disposition = Disposition.NONE


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What is counted by of a case: its priority and due time as they are now, when it was opened, alerts by rule."""

    number: int
    priority: int
    due_ns: int
    opened_ns: int
    alerts_by_rule: Mapping[str, int]


@dataclass(slots=True)
class RuleCounts:
    """How a rule did: alerts of the period; of cases closed in it, how many, confirmed, reported."""

    alerts: int = 0
    closed: int = 0
    confirmed: int = 0
    reported: int = 0

    @property
    def precision(self) -> float | None:
        """Confirmed of closed; None without any."""
        return self.confirmed / self.closed if self.closed else None


@dataclass(slots=True)
class Band:
    """Cases open at the end of an age from `from_ns` on, and those of them past their due time."""

    name: str
    from_ns: int
    cases: int = 0
    overdue: int = 0


@dataclass(slots=True)
class Counts:
    """What a period brought; see `surveillance.v1.Statistics`."""

    from_ns: int
    to_ns: int
    alerts: int = 0
    opened: int = 0
    closed: int = 0
    reopened: int = 0
    escalated: int = 0
    by_disposition: Counter[str] = field(default_factory=Counter)
    opened_by_priority: Counter[int] = field(default_factory=Counter)
    by_state_at_end: Counter[str] = field(default_factory=Counter)
    rules: dict[str, RuleCounts] = field(default_factory=dict)
    ageing: list[Band] = field(default_factory=list)
    closing_seconds: list[float] = field(default_factory=list)

    @property
    def open_at_end(self) -> int:
        """Cases not closed at the end."""
        return self.by_state_at_end.total() - self.by_state_at_end[CaseState.CLOSED.name]

    def share(self, part: float) -> float | None:
        """The time to close below which that part of the closings lies (nearest rank), in seconds; None without any."""
        ordered = sorted(self.closing_seconds)
        return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else None


def count(
    from_ns: int,
    to_ns: int,
    moves: Iterable[Move],
    facts: Mapping[int, CaseFacts],
    alerts_by_rule: Mapping[str, int],
) -> Counts:
    """The counts of a period (to_ns exclusive). `moves` are all up to its end, in order: the last says where."""
    counts = Counts(from_ns, to_ns, ageing=[Band(name, days * NANOSECONDS_OF_DAY) for name, days in BANDS_DAYS])
    rules: defaultdict[str, RuleCounts] = defaultdict(RuleCounts)
    for rule_id, alerts in alerts_by_rule.items():
        rules[rule_id].alerts = alerts
        counts.alerts += alerts
    states: dict[int, CaseState] = {}
    closings: dict[int, Move] = {}
    for move in moves:
        states[move.case_number] = move.to_state
        if move.time_ns >= from_ns and move.from_state is not move.to_state:
            _take(counts, move, facts)
            if move.to_state is CaseState.CLOSED:
                closings[move.case_number] = move
    for number, move in closings.items():
        _judge(rules, facts[number], move)
    for number, state in states.items():
        counts.by_state_at_end[state.name] += 1
        if state is not CaseState.CLOSED:
            _age(counts, facts[number])
    counts.rules = dict(sorted(rules.items()))
    return counts


def _take(counts: Counts, move: Move, facts: Mapping[int, CaseFacts]) -> None:
    if move.from_state is None:
        counts.opened += 1
        counts.opened_by_priority[facts[move.case_number].priority] += 1
    elif move.to_state is CaseState.CLOSED:
        counts.closed += 1
        counts.by_disposition[move.disposition.name] += 1
        counts.closing_seconds.append((move.time_ns - facts[move.case_number].opened_ns) / 1e9)
    elif move.from_state is CaseState.CLOSED:
        counts.reopened += 1
    elif move.to_state is CaseState.ESCALATED:
        counts.escalated += 1


def _judge(rules: defaultdict[str, RuleCounts], facts: CaseFacts, closing: Move) -> None:
    """A case's last closing of the period judges its alerts; one closed as a false positive confirms nothing."""
    for rule_id, alerts in facts.alerts_by_rule.items():
        rule = rules[rule_id]
        rule.closed += alerts
        rule.confirmed += alerts * (closing.disposition not in NOT_CONFIRMED)
        rule.reported += alerts * (closing.disposition is Disposition.REPORTED)


NOT_CONFIRMED = frozenset(each for each in Disposition if each.name in ("NONE", "FALSE_POSITIVE", "KNOWN_BEHAVIOUR"))


def _age(counts: Counts, facts: CaseFacts) -> None:
    age_ns = counts.to_ns - facts.opened_ns
    band = next(band for band in reversed(counts.ageing) if age_ns >= band.from_ns or band.from_ns == 0)
    band.cases += 1
    band.overdue += facts.due_ns < counts.to_ns
