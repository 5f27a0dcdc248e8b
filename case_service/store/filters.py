"""Filters as conditions of a query: columns by name, values bound as parameters."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, Text, and_, not_, or_, select

from case_service.filter import AllOf, AnyOf, Comparison, Expression, Not, Pattern
from case_service.store.databases.text import Bytewise
from case_service.store.tables import PARTY_ACCOUNT, PARTY_OWNER, alert_parties, alerts, case_tags, cases

Members = Callable[[str | Pattern], Select[Any]]
Condition = Callable[[Comparison], ColumnElement[bool]]
_ORDERED = ("<", "<=", ">", ">=")
_COMPARE: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    ":": lambda column, value: column.icontains(value, autoescape=True),
}


def _parties(key: Column[int], role: str) -> Members:
    def members(name: str | Pattern) -> Select[Any]:
        return select(key).where(alert_parties.c.role == role, _like(alert_parties.c.name, name))

    return members


def _alerts_by(column: Column[str]) -> Members:
    return lambda value: select(alerts.c.case_number).where(_like(column, value))


_ALERT_MEMBERS: Mapping[str, Members] = {
    "accounts": _parties(alert_parties.c.alert_number, PARTY_ACCOUNT),
    "owners": _parties(alert_parties.c.alert_number, PARTY_OWNER),
}
_CASE_MEMBERS: Mapping[str, Members] = {
    "accounts": _parties(alert_parties.c.case_number, PARTY_ACCOUNT),
    "owners": _parties(alert_parties.c.case_number, PARTY_OWNER),
    "alert_ids": _alerts_by(alerts.c.alert_id),
    "rule_ids": _alerts_by(alerts.c.rule_id),
    "tags": lambda value: select(case_tags.c.case_number).where(_like(case_tags.c.tag, value)),
}


def alert_conditions(expressions: Iterable[Expression]) -> list[ColumnElement[bool]]:
    """Conditions on `alerts`; the case is asked for by its id."""
    return [_compiled(each, _alert_condition) for each in expressions]


def case_conditions(expressions: Iterable[Expression]) -> list[ColumnElement[bool]]:
    """Conditions on `cases`."""
    return [_compiled(each, _case_condition) for each in expressions]


def _compiled(expression: Expression, condition: Condition) -> ColumnElement[bool]:
    match expression:
        case Comparison():
            return condition(expression)
        case Not(part):
            return not_(_compiled(part, condition))
        case AllOf(parts):
            return and_(*(_compiled(each, condition) for each in parts))
        case AnyOf(parts):
            return or_(*(_compiled(each, condition) for each in parts))


def _alert_condition(comparison: Comparison) -> ColumnElement[bool]:
    if comparison.field != "case_id":
        return _condition(alerts, _ALERT_MEMBERS, comparison)
    return alerts.c.case_number.in_(select(cases.c.number).where(_compared(cases.c.case_id, comparison)))


def _case_condition(comparison: Comparison) -> ColumnElement[bool]:
    return _condition(cases, _CASE_MEMBERS, comparison)


def _condition(table: Table, members: Mapping[str, Members], comparison: Comparison) -> ColumnElement[bool]:
    if comparison.field in members:
        assert isinstance(comparison.value, str | Pattern)
        return table.c.number.in_(members[comparison.field](comparison.value))
    return _compared(table.c[comparison.field], comparison)


def _compared(column: Column[Any], comparison: Comparison) -> ColumnElement[bool]:
    if isinstance(comparison.value, Pattern):
        found = _like(column, comparison.value)
        return found if comparison.operator == "=" else not_(found)
    by_bytes = comparison.operator in _ORDERED and isinstance(column.type, Text)
    return _COMPARE[comparison.operator](Bytewise(column) if by_bytes else column, comparison.value)


def _like(column: Column[str], value: str | Pattern) -> ColumnElement[bool]:
    """Whether a text equals a value or looks like a pattern; its letters' case counts (SQLite: a pragma of readers)."""
    if isinstance(value, str):
        return column == value
    pieces = (piece.replace("/", "//").replace("%", "/%").replace("_", "/_") for piece in value.pieces)
    return column.like("%".join(pieces), escape="/")
