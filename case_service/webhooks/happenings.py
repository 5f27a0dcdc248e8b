"""What webhooks are told: read from the audit trail, which has every happening once and in order."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from case_service.confidentiality.sight import in_sight
from case_service.store.tables import audit_records, cases, heads
from case_service.store.transaction import Transaction
from case_service.webhooks.tables import webhook_positions
from tapewatch.alert import Severity
from tapewatch.runtime.access import Caller, Role, calling

EVENT_OF: Final[Mapping[str, str]] = {"OpenCase": "case.opened", "EscalateCase": "case.escalated"}
"""Action in the audit trail -> what it is called outside."""
STRANGER: Final = Caller("system:webhooks", frozenset({Role.VIEWER}), None)
"""Restricted cases are not there for it: a message about one would tip somebody off."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One message: its place in the audit trail and its body. It names no subject: what is told leaves the house."""

    sequence: int
    event: str
    body: bytes

    @property
    def message_id(self) -> str:
        """The same however often it is sent."""
        return f"tw_{self.sequence}"


def position_of(connection: Connection, name: str) -> int | None:
    """How far a webhook was told; None for a new one."""
    found: int | None = connection.execute(
        select(webhook_positions.c.audit_sequence).where(webhook_positions.c.name == name)
    ).scalar_one_or_none()
    return found


def audit_end(connection: Connection) -> int:
    """The number of the last audit record."""
    return int(connection.execute(select(heads.c.audit_count)).scalar_one())


def move(shared: Transaction, name: str, sequence: int) -> None:
    """Keep how far a webhook was told."""
    changed = shared.connection.execute(
        update(webhook_positions).where(webhook_positions.c.name == name).values(audit_sequence=sequence)
    )
    if changed.rowcount == 0:
        shared.connection.execute(insert(webhook_positions).values(name=name, audit_sequence=sequence))


def happenings(connection: Connection, after: int, events: Sequence[str], count: int) -> tuple[list[Happening], int]:
    """At most `count` happenings behind a record, oldest first, and the record up to which there are no others."""
    actions = [action for action, event in EVENT_OF.items() if event in events]
    with calling(STRANGER):
        rows = connection.execute(
            select(
                audit_records.c.sequence, audit_records.c.action, audit_records.c.time_ns, cases.c.case_id,
                cases.c.number, cases.c.priority, cases.c.severity, cases.c.typology_family, cases.c.due_time_ns,
            )
            .join(cases, cases.c.case_id == audit_records.c.subject)
            .where(audit_records.c.sequence > after, audit_records.c.action.in_(actions), *in_sight(cases.c.number))
            .order_by(audit_records.c.sequence)
            .limit(count)
        ).all()  # fmt: skip
    end = int(connection.execute(select(func.max(audit_records.c.sequence))).scalar_one() or after)
    found = [_happening(row) for row in rows]
    return found, found[-1].sequence if len(found) == count else max(after, end)


def _happening(row: Sequence[object]) -> Happening:
    sequence, action, time_ns, case_id, number, priority, severity, family, due_time_ns = row
    event = EVENT_OF[str(action)]
    told = {
        "type": event,
        "timestamp": _time_text(time_ns),
        "data": {
            "case_id": case_id,
            "number": number,
            "priority": priority,
            "severity": Severity(int(str(severity))).name,
            "typology_family": family,
            "due_time": _time_text(due_time_ns),
        },
    }
    return Happening(int(str(sequence)), event, json.dumps(told, separators=(",", ":")).encode())


def _time_text(time_ns: object) -> str:
    return datetime.fromtimestamp(int(str(time_ns)) / 1e9, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
