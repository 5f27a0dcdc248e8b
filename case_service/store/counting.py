"""Reads what statistics count: moves of cases and recorded alerts, by the audit trail."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, func, select

from case_service.case import CaseState, Disposition
from case_service.confidentiality.sight import in_sight
from case_service.reports.statistics import CaseFacts, Counts, Move, count
from case_service.store.tables import alerts, audit_records, cases

ROWS_FETCHED = 10_000
RECORDED = ("OpenCase", "AddAlert")
"""Actions with which an alert is recorded."""


def statistics(connection: Connection, from_ns: int, to_ns: int) -> Counts:
    """The counts of a period by the service's clock (to_ns exclusive), over the cases that the caller may see."""
    return count(
        from_ns, to_ns, _moves(connection, to_ns), _facts(connection, to_ns), _alerts(connection, from_ns, to_ns)
    )


def _moves(connection: Connection, to_ns: int) -> Iterator[Move]:
    query = (
        select(
            cases.c.number,
            audit_records.c.time_ns,
            audit_records.c.from_state,
            audit_records.c.to_state,
            audit_records.c.detail,
            cases.c.disposition,
        )
        .join(cases, cases.c.case_id == audit_records.c.subject)
        .where(
            audit_records.c.time_ns < to_ns,
            audit_records.c.to_state != 0,
            audit_records.c.from_state != audit_records.c.to_state,
            *in_sight(cases.c.number),
        )
        .order_by(audit_records.c.sequence)
    )
    with connection.execution_options(yield_per=ROWS_FETCHED).execute(query) as rows:
        for row in rows:
            closes = row.to_state == CaseState.CLOSED
            yield Move(
                case_number=row.number,
                time_ns=row.time_ns,
                from_state=CaseState(row.from_state) if row.from_state else None,
                to_state=CaseState(row.to_state),
                disposition=_disposition(row.detail, row.disposition) if closes else Disposition.NONE,
            )


def _disposition(detail: str, now: int) -> Disposition:
    """A closing's disposition as its record says it; where that was erased, the case's own."""
    name = json.loads(detail or "{}").get("disposition", "")
    return Disposition[name] if name in Disposition.__members__ else Disposition(now)


def _facts(connection: Connection, to_ns: int) -> Mapping[int, CaseFacts]:
    by_rule: defaultdict[int, dict[str, int]] = defaultdict(dict)
    closed = select(cases.c.number).join(audit_records, audit_records.c.subject == cases.c.case_id)
    closed = closed.where(audit_records.c.to_state == CaseState.CLOSED, audit_records.c.time_ns < to_ns)
    query = select(alerts.c.case_number, alerts.c.rule_id, func.count())
    query = query.where(alerts.c.case_number.in_(closed)).group_by(alerts.c.case_number, alerts.c.rule_id)
    for number, rule_id, alert_count in connection.execute(query):
        by_rule[number][rule_id] = alert_count
    columns = (cases.c.number, cases.c.priority, cases.c.due_time_ns, cases.c.create_time_ns)
    found = connection.execute(select(*columns).where(cases.c.create_time_ns < to_ns))
    return {row.number: CaseFacts(*row, by_rule[row.number]) for row in found}


def _alerts(connection: Connection, from_ns: int, to_ns: int) -> Mapping[str, int]:
    query = (
        select(alerts.c.rule_id, func.count().label("alert_count"))
        .join(audit_records, audit_records.c.alert_id == alerts.c.alert_id)
        .where(
            audit_records.c.action.in_(RECORDED),
            audit_records.c.time_ns >= from_ns,
            audit_records.c.time_ns < to_ns,
            *in_sight(alerts.c.case_number),
        )
        .group_by(alerts.c.rule_id)
    )
    return {row.rule_id: row.alert_count for row in connection.execute(query)}
