"""Filters: comparisons joined by AND, a subset of google.aip.dev/160, parsed here and bound as parameters by the store.

    rule_id = "spoofing" AND severity >= HIGH AND accounts:"A1" AND start_time_ns >= "2026-03-02T14:30:00Z"

`:` asks whether a list has the value, or a text contains it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, IntEnum

from case_service.case import CaseState, Disposition
from tapewatch.alert import Severity
from tapewatch.runtime.errors import InvalidArgument

FILTER_CHARACTERS_MAX = 2_000
COMPARISONS_MAX = 20
INTEGER_MAX = 2**63 - 1
Value = str | int | float | bool


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
    DISPOSITION = "NONE, FALSE_POSITIVE, NO_ACTION, WARNED or REPORTED"


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
    **dict.fromkeys(("accounts", "owners", "alert_ids", "rule_ids"), Kind.LIST),
    **dict.fromkeys(("start_time_ns", "end_time_ns"), Kind.TIME),
    **dict.fromkeys(("create_time_ns", "update_time_ns", "due_time_ns"), Kind.TIME),
    **dict.fromkeys(("number", "priority"), Kind.INTEGER),
    "score": Kind.NUMBER,
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
class _Token:
    """A piece of the text, and where it begins (1 is the first character)."""

    kind: str
    text: str
    position: int


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<operator><=|>=|!=|=|<|>|:)
        |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
        |(?P<number>[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?![A-Za-z0-9_.]))
        |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse(text: str, fields: Mapping[str, Kind]) -> tuple[Comparison, ...]:
    """The conditions of a filter, all of which must hold; none for a blank text.

    Raises InvalidArgument (reason INVALID_FILTER) with the position, what was expected and what was found.
    """
    if len(text) > FILTER_CHARACTERS_MAX:
        raise _wrong(0, f"at most {FILTER_CHARACTERS_MAX} characters", f"{len(text)}")
    tokens = _tokens(text)
    comparisons: list[Comparison] = []
    place = 0
    while tokens[place].kind != "end":
        if comparisons:
            place = _skip_and(tokens, place)
        comparisons.append(_comparison(tokens[place : place + 3], fields))
        place += 3
        if len(comparisons) > COMPARISONS_MAX:
            raise _wrong(tokens[place].position, f"at most {COMPARISONS_MAX} comparisons", "more")
    return tuple(comparisons)


def _tokens(text: str) -> list[_Token]:
    """The tokens of a text and one that marks its end."""
    tokens: list[_Token] = []
    start, end = 0, len(text.rstrip())
    while start < end:
        match = _TOKEN.match(text, start, end)
        if match is None or match.lastgroup is None:
            found = text[start:end].lstrip()
            position = end - len(found) + 1
            expected = "a closing quote" if found[0] in "\"'" else "a field, an operator or a value"
            raise _wrong(position, expected, repr(found[:20]))
        tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1))
        start = match.end()
    return [*tokens, _Token("end", "the end", len(text) + 1)]


def _skip_and(tokens: list[_Token], place: int) -> int:
    token = tokens[place]
    if token.text != "AND":
        raise _wrong(token.position, "AND or the end (OR, NOT and parentheses are not supported)", repr(token.text))
    return place + 1


def _comparison(tokens: list[_Token], fields: Mapping[str, Kind]) -> Comparison:
    name = tokens[0]
    if name.kind != "word" or name.text not in fields:
        raise _wrong(name.position, f"one of {', '.join(sorted(fields))}", repr(name.text))
    kind = fields[name.text]
    operator = tokens[1]
    if operator.text not in OPERATORS[kind] or operator.kind != "operator":
        raise _wrong(operator.position, f"{' '.join(OPERATORS[kind])} after {name.text}", repr(operator.text))
    value = _value(kind, tokens[2])
    if value is None:
        raise _wrong(tokens[2].position, f"{kind.value} for {name.text}", repr(tokens[2].text))
    return Comparison(name.text, operator.text, value)


def _value(kind: Kind, token: _Token) -> Value | None:
    """The value a token stands for; None if it is not of the kind."""
    if kind in (Kind.TEXT, Kind.LIST):
        return _unquoted(token)
    if kind is Kind.FLAG:
        return {"true": True, "false": False}.get(token.text)
    if kind in _NAMES:
        return _named(kind, token)
    if kind is Kind.TIME and token.kind == "string":
        return _time_ns(_unquoted(token) or "")
    if token.kind != "number":
        return None
    return float(token.text) if kind is Kind.NUMBER else _integer(token.text)


def _unquoted(token: _Token) -> str | None:
    if token.kind != "string" or "\0" in token.text:
        return None
    return _ESCAPE.sub(r"\1", token.text[1:-1])


def _named(kind: Kind, token: _Token) -> int | None:
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


def _wrong(position: int, expected: str, found: str) -> InvalidArgument:
    place = f"at character {position}: " if position else ""
    return InvalidArgument(
        "INVALID_FILTER", f"filter: {place}expected {expected}, found {found}", field="filter", position=position
    )
