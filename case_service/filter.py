"""Filters: comparisons joined by AND, OR, NOT and parentheses (google.aip.dev/160), parsed here and bound by the store.

    (rule_id = "spoofing" OR rule_id = "layer*") AND severity >= HIGH AND NOT accounts:"A1"
    AND start_time_ns >= "2026-03-02T14:30:00Z"

OR binds before AND, as that standard has it. `:` asks whether a list has the value, or a text contains it, whatever the
case of its letters; `*` in a text that is asked for by = != or in a list stands for anything (`\\*` for itself).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, IntEnum

from case_service.case import CaseState, Disposition
from case_service.filter_tokens import Token, tokens_of, unquoted, wrong
from tapewatch.alert import Severity

FILTER_CHARACTERS_MAX = 2_000
COMPARISONS_MAX = 20
DEPTH_MAX = 8
"""Parentheses and NOT within each other."""
INTEGER_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a text must look like: the pieces that must follow each other, with anything between two of them."""

    pieces: tuple[str, ...]


Value = str | int | float | bool | Pattern


class Kind(Enum):
    """What a field holds, and so which operators and values it takes."""

    TEXT = "a quoted text"
    LIST = "a quoted member"
    INTEGER = "a whole number"
    NUMBER = "a number"
    TIME = 'nanoseconds, or a quoted UTC time like "2026-03-02T14:30:00Z"'
    FLAG = "true or false"
    SEVERITY = "LOW, MEDIUM, HIGH or CRITICAL"
    STATE = "OPEN, ASSIGNED, IN_REVIEW, ESCALATED or CLOSED"
    DISPOSITION = "NONE, FALSE_POSITIVE, NO_ACTION, WARNED, REPORTED or KNOWN_BEHAVIOUR"


_EQUAL, _ORDERED = ("=", "!="), ("=", "!=", "<", "<=", ">", ">=")
OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: (*_ORDERED, ":"),
    Kind.LIST: (":",),
    Kind.INTEGER: _ORDERED,
    Kind.NUMBER: _ORDERED,
    Kind.TIME: _ORDERED,
    Kind.FLAG: _EQUAL,
    Kind.SEVERITY: _ORDERED,
    Kind.STATE: _EQUAL,
    Kind.DISPOSITION: _EQUAL,
}
_NAMES: Mapping[Kind, type[IntEnum]] = {
    Kind.SEVERITY: Severity,
    Kind.STATE: CaseState,
    Kind.DISPOSITION: Disposition,
}
_PREFIXES: Mapping[Kind, str] = {
    Kind.SEVERITY: "SEVERITY_",
    Kind.STATE: "CASE_STATE_",
    Kind.DISPOSITION: "DISPOSITION_",
}

ALERT_FIELDS: Mapping[str, Kind] = {
    **dict.fromkeys(("alert_id", "case_id", "rule_id", "typology", "venue", "instrument", "explanation"), Kind.TEXT),
    **dict.fromkeys(("accounts", "owners"), Kind.LIST),
    **dict.fromkeys(("start_time_ns", "end_time_ns"), Kind.TIME),
    "revision": Kind.INTEGER,
    "score": Kind.NUMBER,
    "closed": Kind.FLAG,
    "severity": Kind.SEVERITY,
}
CASE_FIELDS: Mapping[str, Kind] = {
    **dict.fromkeys(("case_id", "title", "venue", "instrument", "typology_family", "assignee"), Kind.TEXT),
    **dict.fromkeys(("accounts", "owners", "alert_ids", "rule_ids", "tags"), Kind.LIST),
    **dict.fromkeys(("start_time_ns", "end_time_ns"), Kind.TIME),
    **dict.fromkeys(("create_time_ns", "update_time_ns", "due_time_ns"), Kind.TIME),
    **dict.fromkeys(("state_time_ns", "close_time_ns"), Kind.TIME),
    **dict.fromkeys(("number", "priority"), Kind.INTEGER),
    **dict.fromkeys(("score", "value_at_stake"), Kind.NUMBER),
    "known_behaviour_id": Kind.TEXT,
    "severity": Kind.SEVERITY,
    "state": Kind.STATE,
    "disposition": Kind.DISPOSITION,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition: a known field, an operator its kind allows, and a value of its kind."""

    field: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where its part does not."""

    part: "Expression"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Holds where all its parts do."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds where one of its parts does."""

    parts: tuple["Expression", ...]


Expression = Comparison | Not | AllOf | AnyOf


def parse(text: str, fields: Mapping[str, Kind]) -> tuple[Expression, ...]:
    """The conditions of a filter, all of which must hold; none for a blank text.

    Raises InvalidArgument (reason INVALID_FILTER) with the position, what was expected and what was found.
    """
    if len(text) > FILTER_CHARACTERS_MAX:
        raise wrong(0, f"at most {FILTER_CHARACTERS_MAX} characters", f"{len(text)}")
    parser = _Parser(tokens_of(text), fields)
    if parser.next.kind == "end":
        return ()
    parts = parser.sequence(0)
    if parser.next.kind != "end":
        raise wrong(parser.next.position, "AND, OR or the end", repr(parser.next.text))
    return parts


class _Parser:
    """Takes tokens from the left; each method parses what its name says and leaves the place behind it."""

    def __init__(self, tokens: list[Token], fields: Mapping[str, Kind]) -> None:
        self._tokens = tokens
        self._fields = fields
        self._place = 0
        self._comparisons = 0

    @property
    def next(self) -> Token:
        """The token to come."""
        return self._tokens[self._place]

    def sequence(self, depth: int) -> tuple[Expression, ...]:
        """Parts joined by AND."""
        if depth > DEPTH_MAX:
            raise wrong(self.next.position, f"at most {DEPTH_MAX} parentheses and NOT within each other", "more")
        parts = [self._alternatives(depth)]
        while self._took("AND"):
            parts.append(self._alternatives(depth))
        return tuple(parts)

    def _alternatives(self, depth: int) -> Expression:
        parts = [self._term(depth)]
        while self._took("OR"):
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _term(self, depth: int) -> Expression:
        if self._took("NOT"):
            if depth >= DEPTH_MAX:
                raise wrong(self.next.position, f"at most {DEPTH_MAX} parentheses and NOT within each other", "more")
            return Not(self._term(depth + 1))
        if not self._took("("):
            return self._comparison()
        opened = self._tokens[self._place - 1].position
        parts = self.sequence(depth + 1)
        if not self._took(")"):
            raise wrong(self.next.position, f"AND, OR or ) for the ( at character {opened}", repr(self.next.text))
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def _took(self, text: str) -> bool:
        found = self.next.text == text and self.next.kind in ("word", "parenthesis")
        self._place += found
        return found

    def _comparison(self) -> Comparison:
        name, operator, value = (*self._tokens, self._tokens[-1], self._tokens[-1])[self._place : self._place + 3]
        comparison = _comparison(name, operator, value, self._fields)
        self._comparisons += 1
        if self._comparisons > COMPARISONS_MAX:
            raise wrong(name.position, f"at most {COMPARISONS_MAX} comparisons", "more")
        self._place += 3
        return comparison


def _comparison(name: Token, operator: Token, value: Token, fields: Mapping[str, Kind]) -> Comparison:
    if name.kind != "word" or name.text not in fields:
        raise wrong(name.position, f"one of {', '.join(sorted(fields))}", repr(name.text))
    kind = fields[name.text]
    if operator.text not in OPERATORS[kind] or operator.kind != "operator":
        raise wrong(operator.position, f"{' '.join(OPERATORS[kind])} after {name.text}", repr(operator.text))
    found = _value(kind, value, operator.text)
    if found is None:
        raise wrong(value.position, f"{kind.value} for {name.text}", repr(value.text))
    return Comparison(name.text, operator.text, found)


def _value(kind: Kind, token: Token, operator: str) -> Value | None:
    """The value a token stands for; None if it is not of the kind."""
    if kind in (Kind.TEXT, Kind.LIST):
        return _text(kind, token, operator)
    if kind is Kind.FLAG:
        return {"true": True, "false": False}.get(token.text)
    if kind in _NAMES:
        return _named(kind, token)
    if kind is Kind.TIME and token.kind == "string":
        return _time_ns("".join(unquoted(token) or ()))
    if token.kind != "number":
        return None
    return float(token.text) if kind is Kind.NUMBER else _integer(token.text)


def _named(kind: Kind, token: Token) -> int | None:
    name = token.text.removeprefix(_PREFIXES[kind])
    members = _NAMES[kind].__members__
    return members[name].value if token.kind == "word" and name in members else None


def _integer(text: str) -> int | None:
    digits = text.lstrip("+-")
    return int(text) if digits.isdigit() and len(digits) <= 19 and abs(int(text)) <= INTEGER_MAX else None


def _time_ns(text: str) -> int | None:
    """Nanoseconds of an RFC 3339 time; None if it is not one, says no zone or lies beyond 64 bits."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.tzinfo is None:
        return None
    since = found - datetime(1970, 1, 1, tzinfo=UTC)
    time_ns = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    return time_ns if abs(time_ns) <= INTEGER_MAX else None


def _text(kind: Kind, token: Token, operator: str) -> str | Pattern | None:
    pieces = unquoted(token)
    if pieces is None or len(pieces) == 1:
        return pieces[0] if pieces else None
    wild = operator in _EQUAL if kind is Kind.TEXT else True
    return Pattern(pieces) if wild else "*".join(pieces)
