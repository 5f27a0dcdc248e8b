"""Erases the content of closed cases by policy, and leaves what says that there was a case and how it ended.

What is left of a case: its number and id, place, family, severity, score, priority, times, state and disposition. What
is left of its alerts: the same. What is left of its audit records: who did what when, and the hash of what they said,
so that the chain verifies.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from case_service.audit import ERASE_ACTION, Entry, content_hash_of, detail_json
from case_service.case import CaseState, Disposition
from case_service.confidentiality.retention import NANOSECONDS_OF_DAY, RetentionSettings
from case_service.confidentiality.tables import case_erasures, case_holds
from case_service.priority import Standing
from case_service.store.bulk import execute_many
from case_service.store.tables import (
    alert_conflicts,
    alert_revisions,
    alerts,
    audit_records,
    case_attachments,
    case_links,
    cases,
    evidence,
    metadata,
    requests,
)
from case_service.store.transaction import Transaction
from surveillance.v1 import alert_pb2

ERASED = "Erased by policy"
"""What stands for a title or an explanation."""
BLANK_TEXTS: Mapping[str, Mapping[str, str]] = {
    "cases": {
        **dict.fromkeys(("group_key", "assignee", "disposition_reason", "pending_reason", "pending_proposer"), ""),
        "title": ERASED,
        "standing": Standing().to_json(),
        "priority_reasons": "[]",
        "known_behaviour_id": "",
    },
    "alerts": {"explanation": ERASED, "party_names": "", "episode_key": ""},
}
"""Table -> its texts about persons, and what they become. Alerts of a case without a group key join it no more."""
KEPT_TEXTS: Mapping[str, tuple[str, ...]] = {
    "cases": ("case_id", "venue", "instrument", "typology_family"),
    "alerts": ("alert_id", "rule_id", "rule_version", "typology", "venue", "instrument", "content_hash", "body"),
}
"""Those that name no person; of an alert's body only what ALERT_FIELDS_KEPT names is left."""
DELETED = (
    *("alert_parties", "comments", "evidence", "case_tags", "case_steps", "case_links", "case_attachments"),
    "subject_outcomes",
)
"""Tables whose rows of a case go; each has `case_number`. Of links the other end goes, too."""
KEPT = ("alerts", "case_access", "case_erasures", "case_holds", "case_restrictions")
"""Tables of a case whose rows stay: what is left of alerts, and who may see what is left."""
ALERT_FIELDS_KEPT = (
    *("alert_id", "revision", "rule_id", "rule_version", "typology", "severity", "score", "venue", "instrument"),
    *("start_time_ns", "end_time_ns", "closed"),
)
AnyRow = Row[*tuple[Any, ...]]
_ERASE_RECORD = (
    update(audit_records)
    .where(audit_records.c.sequence == bindparam("of_sequence"))
    .values(reason="", detail="", alert_id="", salt="")
)
_ERASE_ALERT = update(alerts).where(alerts.c.number == bindparam("of_number")).values(**BLANK_TEXTS["alerts"])


@dataclass(frozen=True, slots=True)
class Order:
    """Who has cases erased, why, and how the connection names them."""

    actor: str
    reason: str
    channel: str = ""


def is_due(policy: RetentionSettings, now_ns: int) -> list[ColumnElement[bool]]:
    """Conditions on closed cases that were kept as long as the policy says and are not erased yet."""

    def before(days: float) -> ColumnElement[bool]:
        return cases.c.close_time_ns <= now_ns - round(days * NANOSECONDS_OF_DAY)

    reported = cases.c.disposition == Disposition.REPORTED
    kept = or_(and_(reported, before(policy.reported_days)), and_(not_(reported), before(policy.days)))
    erased = exists().where(case_erasures.c.case_number == cases.c.number)
    return [cases.c.state == CaseState.CLOSED, kept, not_(erased)]


def is_held() -> ColumnElement[bool]:
    """The condition that a matter holds a case."""
    return exists().where(case_holds.c.case_number == cases.c.number)


def due(
    connection: Connection,
    policy: RetentionSettings,
    now_ns: int,
    numbers: Sequence[int] | None,
    behind: int,
    count: int,
) -> list[AnyRow]:
    """Number and id of at most `count` cases that may be erased, behind a number; of some of them where named."""
    query = select(cases.c.number, cases.c.case_id).where(*is_due(policy, now_ns), not_(is_held()))
    query = query if numbers is None else query.where(cases.c.number.in_(numbers))
    return list(connection.execute(query.where(cases.c.number > behind).order_by(cases.c.number).limit(count)))


def held_count(connection: Connection, policy: RetentionSettings, now_ns: int) -> int:
    """How many cases would be erased if no matter held them."""
    query = select(func.count()).select_from(cases).where(*is_due(policy, now_ns), is_held())
    return int(connection.execute(query).scalar_one())


def erase(shared: Transaction, numbers: Iterable[int], policy: RetentionSettings, order: Order) -> list[int]:
    """Erase cases that are due now, and say so in the audit trail; their numbers. Others of them are left alone."""
    wanted = list(numbers)
    rows = shared.connection.execute(
        select(cases).where(cases.c.number.in_(wanted), *is_due(policy, shared.now_ns), not_(is_held()))
    ).all()
    for row in rows:
        _erase(shared, row, order)
    week_ago_ns = shared.now_ns - 7 * NANOSECONDS_OF_DAY
    shared.connection.execute(delete(requests).where(requests.c.time_ns < week_ago_ns))
    return [row.number for row in rows]


def _erase(shared: Transaction, row: AnyRow, order: Order) -> None:
    connection, number = shared.connection, row.number
    files = _files(connection, number)
    count = _erase_alerts(shared, number)
    for name in DELETED:
        table: Table = metadata.tables[name]
        connection.execute(delete(table).where(table.c.case_number == number))
    connection.execute(delete(case_links).where(case_links.c.other_number == number))
    records = _erase_records(connection, row.case_id)
    values = {"version": row.version + 1, "update_time_ns": shared.now_ns, "change_sequence": shared.next_change()}
    connection.execute(update(cases).where(cases.c.number == number).values(**BLANK_TEXTS["cases"], **values))
    erased = {"case_number": number, "actor": order.actor, "time_ns": shared.now_ns, "files": json.dumps(files)}
    connection.execute(insert(case_erasures), erased)
    told = {"alerts": count, "records": records, "files": len(files), "case_revision": row.version + 1}
    detail = detail_json(**told, **({"channel": order.channel} if order.channel else {}))
    shared.audit([Entry(order.actor, ERASE_ACTION, row.case_id, order.reason, row.state, row.state, detail)])


def _files(connection: Connection, number: int) -> list[str]:
    attached = select(case_attachments.c.sha256).where(case_attachments.c.case_number == number)
    return sorted(_pinned(connection, evidence.c.case_number == number) | set(connection.execute(attached).scalars()))


def _pinned(connection: Connection, *conditions: ColumnElement[bool]) -> set[str]:
    """Files of evidence and the manifests that name them."""
    found = connection.execute(select(evidence.c.parts, evidence.c.manifest_sha256).where(*conditions)).all()
    parts = {str(sha256) for row in found for sha256, _ in json.loads(row.parts).values()}
    return parts | {row.manifest_sha256 for row in found if row.manifest_sha256}


def _erase_alerts(shared: Transaction, number: int) -> int:
    query = select(alerts.c.number, alerts.c.alert_id, alerts.c.body).where(alerts.c.case_number == number)
    rows = shared.connection.execute(query).all()
    left = []
    for row in rows:
        body = _left_of(row.body)
        digest = hashlib.sha256(body).hexdigest()
        change = {"body": body, "content_hash": digest, "change_sequence": shared.next_change()}
        left.append({**change, **BLANK_TEXTS["alerts"], "of_number": row.number})
    execute_many(shared.connection, _ERASE_ALERT, left)
    replaced = select(alerts.c.number).where(alerts.c.case_number == number)
    shared.connection.execute(delete(alert_revisions).where(alert_revisions.c.alert_number.in_(replaced)))
    names = [row.alert_id for row in rows]
    shared.connection.execute(delete(alert_conflicts).where(alert_conflicts.c.alert_id.in_(names)))
    return len(rows)


def _left_of(body: bytes) -> bytes:
    whole = alert_pb2.Alert.FromString(body)
    left = alert_pb2.Alert(explanation=ERASED, **{name: getattr(whole, name) for name in ALERT_FIELDS_KEPT})
    return left.SerializeToString(deterministic=True)


def _erase_records(connection: Connection, case_id: str) -> int:
    table = audit_records.c
    query = select(table.sequence, table.salt, table.reason, table.detail, table.alert_id)
    rows = connection.execute(query.where(table.subject == case_id, table.content_hash == "")).all()
    gone = [
        {
            "content_hash": content_hash_of(row.salt, row.reason, row.detail, row.alert_id),
            **dict.fromkeys(("reason", "detail", "alert_id", "salt"), ""),
            "of_sequence": row.sequence,
        }
        for row in rows
    ]
    execute_many(connection, _ERASE_RECORD, gone)
    return len(rows)


def files_left(connection: Connection) -> dict[int, list[str]]:
    """Files of erased cases that are still to be removed, by case; those another case still has are left out."""
    rows = connection.execute(select(case_erasures).where(case_erasures.c.files != "[]")).all()
    if not rows:
        return {}
    used = _pinned(connection)
    used.update(connection.execute(select(case_attachments.c.sha256)).scalars())
    return {row.case_number: [sha256 for sha256 in json.loads(row.files) if sha256 not in used] for row in rows}


def files_removed(shared: Transaction, numbers: Iterable[int]) -> None:
    """Enter that no file of some erased cases is left."""
    there = case_erasures.c.case_number.in_(list(numbers))
    shared.connection.execute(update(case_erasures).where(there).values(files="[]"))
