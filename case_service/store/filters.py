"""Filters as conditions of a query: columns by name, values bound as parameters."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, select

from case_service.filter import Comparison
from case_service.store.tables import PARTY_ACCOUNT, PARTY_OWNER, alert_parties, alerts, cases

Members = Callable[[str], Select[Any]]
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
    def members(name: str) -> Select[Any]:
        return select(key).where(alert_parties.c.role == role, alert_parties.c.name == name)

    return members


def _alerts_by(column: Column[str]) -> Members:
    return lambda value: select(alerts.c.case_number).where(column == value)


_ALERT_MEMBERS: Mapping[str, Members] = {
    "accounts": _parties(alert_parties.c.alert_number, PARTY_ACCOUNT),
    "owners": _parties(alert_parties.c.alert_number, PARTY_OWNER),
}
_CASE_MEMBERS: Mapping[str, Members] = {
    "accounts": _parties(alert_parties.c.case_number, PARTY_ACCOUNT),
    "owners": _parties(alert_parties.c.case_number, PARTY_OWNER),
    "alert_ids": _alerts_by(alerts.c.alert_id),
    "rule_ids": _alerts_by(alerts.c.rule_id),
}


def alert_conditions(comparisons: Iterable[Comparison]) -> list[ColumnElement[bool]]:
    """Conditions on `alerts`; the case is asked for by its id."""
    return [_alert_condition(each) for each in comparisons]


def case_conditions(comparisons: Iterable[Comparison]) -> list[ColumnElement[bool]]:
    """Conditions on `cases`."""
    return [_condition(cases, _CASE_MEMBERS, each) for each in comparisons]


def _alert_condition(comparison: Comparison) -> ColumnElement[bool]:
    if comparison.field != "case_id":
        return _condition(alerts, _ALERT_MEMBERS, comparison)
    compare = _COMPARE[comparison.operator]
    return alerts.c.case_number.in_(select(cases.c.number).where(compare(cases.c.case_id, comparison.value)))


def _condition(table: Table, members: Mapping[str, Members], comparison: Comparison) -> ColumnElement[bool]:
    if comparison.field in members:
        return table.c.number.in_(members[comparison.field](str(comparison.value)))
    return _COMPARE[comparison.operator](table.c[comparison.field], comparison.value)
