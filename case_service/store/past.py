"""Reads a case as it was at a revision or a time."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_

from case_service.audit import Record
from case_service.case import Case, Link
from case_service.confidentiality.sight import in_sight
from case_service.history.fold import Past, folded
from case_service.priority import value_of
from case_service.store.checklist import FOR_EVER_NS, listed, steps_of_rules, with_said
from case_service.store.reading import case_number_of
from case_service.store.tables import alert_revisions, alerts, audit_records, cases
from surveillance.v1 import alert_pb2
from tapewatch import alert as alert_module
from tapewatch.alert import Alert, Severity
from tapewatch.runtime.errors import DataLoss

RECORDS_FETCHED = 1_000


def case_as_it_was(connection: Connection, name: str, revision: int, until_ns: int) -> tuple[Case, int]:
    """A case at a revision (0: any) or a time (0: any), and the time it was so, nanoseconds since the Unix epoch.

    Raises what `history.fold.folded` raises, NotFound for an unknown case and DataLoss where an alert's revision is
    not kept.
    """
    number = case_number_of(connection, name)
    row = connection.execute(select(cases).where(cases.c.number == number)).one()
    query = select(audit_records).where(audit_records.c.subject == row.case_id).order_by(audit_records.c.sequence)
    with connection.execution_options(yield_per=RECORDS_FETCHED).execute(query) as rows:
        past = folded((Record(*each) for each in rows), revision, until_ns or FOR_EVER_NS)
    at_ns = until_ns or past.update_time_ns
    return _whole(connection, row, past, _alerts(connection, past.alerts), at_ns), at_ns


def _alerts(connection: Connection, revisions: Mapping[str, int]) -> list[Alert]:
    """Alerts at their revisions, by start."""
    query = select(alerts.c.alert_id, alerts.c.number, alerts.c.revision, alerts.c.body)
    rows = connection.execute(query.where(alerts.c.alert_id.in_(list(revisions)))).all()
    bodies = {row.alert_id: row.body for row in rows if row.revision == revisions[row.alert_id]}
    replaced = {(row.number, revisions[row.alert_id]): row.alert_id for row in rows if row.alert_id not in bodies}
    if replaced:
        table = alert_revisions.c
        key = tuple_(table.alert_number, table.revision)
        kept = select(table.alert_number, table.revision, table.body).where(key.in_(list(replaced)))
        for row in connection.execute(kept):
            bodies[replaced[row.alert_number, row.revision]] = row.body
    if missing := sorted(revisions.keys() - bodies.keys()):
        raise DataLoss(
            "REVISION_LOST",
            f"alert {missing[0]}: expected its revision {revisions[missing[0]]} kept, found none; restore a copy of "
            "the case database",
            alert_id=missing[0],
        )
    found = [alert_module.from_message(alert_pb2.Alert.FromString(body)) for body in bodies.values()]
    return sorted(found, key=lambda each: (each.start_time_ns, each.alert_id))


def _whole(connection: Connection, row: Row[*tuple[Any, ...]], past: Past, found: list[Alert], at_ns: int) -> Case:
    standing = [each for each in found if not each.withdrawn_reason]  # a withdrawn alert weighs nothing
    rules = {(each.rule_id, each.rule_version) for each in found}
    return Case(
        case_id=row.case_id,
        number=row.number,
        title=row.title,
        work=past.work,
        priority=past.priority,
        severity=max((each.severity for each in standing), default=Severity.LOW),
        score=max((each.score for each in standing), default=0.0),
        venue=row.venue,
        instrument=row.instrument,
        typology_family=row.typology_family,
        accounts=_names(each.accounts for each in found),
        owners=_names(each.owners for each in found),
        alert_ids=tuple(each.alert_id for each in found),
        rule_ids=tuple(sorted({each.rule_id for each in found})),
        explanations=tuple(each.explanation for each in found),
        start_time_ns=min(each.start_time_ns for each in found),
        end_time_ns=max(each.end_time_ns for each in found),
        comments=tuple(past.comments),
        create_time_ns=past.create_time_ns,
        update_time_ns=past.update_time_ns,
        due_time_ns=past.due_time_ns,
        version=past.version,
        clock_start_time_ns=past.clock_start_time_ns,
        state_time_ns=past.state_time_ns,
        close_time_ns=past.close_time_ns,
        value_at_stake=max((value_of(each) for each in standing), default=0.0),
        priority_reasons=past.priority_reasons,
        known_behaviour_id=past.known_behaviour_id,
        tags=tuple(sorted(past.tags)),
        steps=with_said(listed(steps_of_rules(connection, rules, at_ns), rules), past.said),
        links=_links(connection, past),
        attachments=tuple(past.attachments),
    )


def _names(of_alerts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for names in of_alerts for name in names}))


def _links(connection: Connection, past: Past) -> tuple[Link, ...]:
    query = select(cases.c.case_id, cases.c.number).where(
        cases.c.case_id.in_(list(past.links)), *in_sight(cases.c.number)
    )
    numbers = {row.case_id: row.number for row in connection.execute(query)} if past.links else {}
    found = [
        Link(case_id, numbers[case_id], link.kind, link.reason, link.author, link.time_ns)
        for case_id, link in past.links.items()
        if case_id in numbers
    ]
    return tuple(sorted(found, key=lambda each: each.number))
