"""Puts cases together: the rows of `cases` with everything that belongs to them."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from case_service.case import Attachment, Case, CaseState, Comment, Disposition, Link, LinkKind, Pending, Step, Work
from case_service.confidentiality.sight import in_sight
from case_service.store.checklist import checklists
from case_service.store.tables import (
    PARTY_ACCOUNT,
    PARTY_OWNER,
    alert_parties,
    alerts,
    case_attachments,
    case_links,
    case_tags,
    cases,
    comments,
)
from tapewatch.alert import Severity

AnyRow = Row[*tuple[Any, ...]]
Parts = Mapping[str, Mapping[int, Sequence[AnyRow]]]
"""Part of a case -> number of the case -> rows."""


def _of_cases(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    column = query.selected_columns["case_number"]
    return query.where(column.in_(bindparam("numbers", expanding=True)))


_PARTS: Mapping[str, Select[*tuple[Any, ...]]] = {
    "alerts": _of_cases(
        select(alerts.c.case_number, alerts.c.alert_id, alerts.c.rule_id, alerts.c.rule_version, alerts.c.explanation)
    ).order_by(alerts.c.case_number, alerts.c.start_time_ns, alerts.c.alert_id),
    "parties": _of_cases(select(alert_parties.c.case_number, alert_parties.c.role, alert_parties.c.name)).distinct(),
    "comments": _of_cases(
        select(comments.c.case_number, comments.c.author, comments.c.time_ns, comments.c.text)
    ).order_by(comments.c.case_number, comments.c.position),
    "tags": _of_cases(select(case_tags.c.case_number, case_tags.c.tag)),
    "links": _of_cases(
        select(*case_links.c, cases.c.case_id).join(cases, cases.c.number == case_links.c.other_number)
    ).order_by(case_links.c.case_number, case_links.c.other_number),
    "attachments": _of_cases(select(*case_attachments.c)).order_by(
        case_attachments.c.case_number, case_attachments.c.position
    ),
}


def whole_cases(connection: Connection, rows: Sequence[AnyRow]) -> list[Case]:
    """The cases of some rows, in their order."""
    numbers = {"numbers": [row.number for row in rows]}
    queries = {**_PARTS, "links": _PARTS["links"].where(*in_sight(case_links.c.other_number))}
    parts = {
        name: _by_case(connection.execute(query, numbers).all() if rows else ()) for name, query in queries.items()
    }
    rules = {row.number: {(each.rule_id, each.rule_version) for each in parts["alerts"][row.number]} for row in rows}
    steps = checklists(connection, rules)
    return [
        _case(row, {name: of_case[row.number] for name, of_case in parts.items()}, steps[row.number]) for row in rows
    ]


def _by_case(rows: Sequence[AnyRow]) -> defaultdict[int, list[AnyRow]]:
    found: defaultdict[int, list[AnyRow]] = defaultdict(list)
    for row in rows:
        found[row.case_number].append(row)
    return found


def _case(row: AnyRow, parts: Mapping[str, Sequence[AnyRow]], steps: tuple[Step, ...]) -> Case:
    alerts_of = parts["alerts"]
    return Case(
        case_id=row.case_id,
        number=row.number,
        title=row.title,
        work=work_of(row),
        priority=row.priority,
        severity=Severity(row.severity),
        score=row.score,
        venue=row.venue,
        instrument=row.instrument,
        typology_family=row.typology_family,
        accounts=tuple(sorted(each.name for each in parts["parties"] if each.role == PARTY_ACCOUNT)),
        owners=tuple(sorted(each.name for each in parts["parties"] if each.role == PARTY_OWNER)),
        alert_ids=tuple(each.alert_id for each in alerts_of),
        rule_ids=tuple(sorted({each.rule_id for each in alerts_of})),
        explanations=tuple(each.explanation for each in alerts_of),
        start_time_ns=row.start_time_ns,
        end_time_ns=row.end_time_ns,
        comments=tuple(Comment(each.author, each.time_ns, each.text) for each in parts["comments"]),
        create_time_ns=row.create_time_ns,
        update_time_ns=row.update_time_ns,
        due_time_ns=row.due_time_ns,
        version=row.version,
        clock_start_time_ns=row.clock_start_time_ns,
        state_time_ns=row.state_time_ns,
        close_time_ns=row.close_time_ns,
        value_at_stake=row.value_at_stake,
        priority_reasons=tuple(json.loads(row.priority_reasons)),
        known_behaviour_id=row.known_behaviour_id,
        tags=tuple(sorted(each.tag for each in parts["tags"])),
        steps=steps,
        links=tuple(_link(each) for each in parts["links"]),
        attachments=tuple(_attachment(each) for each in parts["attachments"]),
    )


def work_of(row: AnyRow) -> Work:
    """What analysts move, of a case's row."""
    pending = None
    if row.pending_disposition:
        disposition = Disposition(row.pending_disposition)
        pending = Pending(disposition, row.pending_reason, row.pending_proposer, row.pending_time_ns)
    return Work(CaseState(row.state), row.assignee, Disposition(row.disposition), row.disposition_reason, pending)


def _link(row: AnyRow) -> Link:
    return Link(row.case_id, row.other_number, LinkKind(row.kind), row.reason, row.author, row.time_ns)


def _attachment(row: AnyRow) -> Attachment:
    return Attachment(row.sha256, row.name, row.media_type, row.size_bytes, row.author, row.time_ns)
