"""Enters changes of what detection works with in the audit trail, each once."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select

from case_service.change import Change
from case_service.store.bulk import execute_many
from case_service.store.tables import recorded_changes
from case_service.store.transaction import Transaction

_INSERT = insert(recorded_changes)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The audit record that says a change, and whether it was made now."""

    change_id: str
    audit_sequence: int
    changed: bool


def record_changes(shared: Transaction, changes: Sequence[Change], channel: str) -> list[Recorded]:
    """Record changes in the order given; one that the trail has already keeps its record."""
    table = recorded_changes.c
    query = select(table.change_id, table.audit_sequence).where(
        table.change_id.in_([each.change_id for each in changes])
    )
    held = {row.change_id: row.audit_sequence for row in shared.connection.execute(query)}
    fresh = {each.change_id: each for each in changes if each.change_id not in held}
    first = shared.heads.audit_count + 1
    shared.audit([each.entry(channel) for each in fresh.values()])
    shared.write_records()
    made = {change_id: first + place for place, change_id in enumerate(fresh)}
    rows = [{"change_id": change_id, "audit_sequence": sequence} for change_id, sequence in made.items()]
    execute_many(shared.connection, _INSERT, rows)
    return [Recorded(each.change_id, (held | made)[each.change_id], each.change_id in made) for each in changes]
