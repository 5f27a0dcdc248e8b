"""Checkpoints in the database, and the records they are made from and checked against."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from case_service.audit import Finding, Head, verify_part
from case_service.auditing.checkpoint import Checkpoint, Keys, Purpose, Signer
from case_service.auditing.proof import prove
from case_service.store.reading import Page, audit_head, audit_rows
from case_service.store.tables import audit_checkpoints
from case_service.store.transaction import Transaction
from tapewatch.runtime.errors import DataLoss

RECORDS_A_CHECKPOINT_MAX = 10_000
"""A checkpoint of more would be a large row; several are made."""


def last_checkpoint(connection: Connection) -> Checkpoint | None:
    """The newest; None where there is none."""
    query = select(audit_checkpoints).order_by(audit_checkpoints.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else _checkpoint(row)


def checkpoints_after(connection: Connection, number: int, count: int) -> Page[Checkpoint]:
    """At most `count` behind a number, oldest first."""
    query = select(audit_checkpoints).where(audit_checkpoints.c.number > number).order_by(audit_checkpoints.c.number)
    found = [_checkpoint(row) for row in connection.execute(query.limit(count + 1))]
    return Page(found[:count], len(found) > count)


def all_checkpoints(connection: Connection) -> list[Checkpoint]:
    """Oldest first."""
    return [_checkpoint(row) for row in connection.execute(select(audit_checkpoints).order_by("number"))]


def make_checkpoints(shared: Transaction, signer: Signer, purpose: Purpose) -> list[Checkpoint]:
    """Sign every record up to the end of the trail; several, the last of them for the purpose, where there are many.

    What is signed is verified first: DataLoss names the record that is not as it was written, and nothing is signed.
    """
    previous = last_checkpoint(shared.connection)
    made: list[Checkpoint] = []
    while True:
        begun = previous.sequence if previous else 0
        end = min(begun + RECORDS_A_CHECKPOINT_MAX, shared.heads.audit_count)
        last = end == shared.heads.audit_count
        hashes = _verified_hashes(shared, previous, end)
        previous = signer.signed(previous, end, hashes, shared.now_ns, purpose if last else Purpose.PERIODIC)
        made.append(previous)
        if last:
            break
    shared.connection.execute(insert(audit_checkpoints), [asdict(each) for each in made])
    return made


def prove_audit(connection: Connection, keys: Keys, elsewhere: Sequence[Checkpoint]) -> Finding:
    """Walk the whole trail as it stood when the call began, and hold it against the checkpoints of both places."""
    held = all_checkpoints(connection)
    return prove(audit_rows(connection), audit_head(connection), keys, held, elsewhere)


def _verified_hashes(shared: Transaction, previous: Checkpoint | None, end: int) -> list[str]:
    begin = Head(previous.sequence, previous.hash) if previous else Head()
    rows = list(audit_rows(shared.connection, begin.count, end))
    whole = end == shared.heads.audit_count
    last = rows[-1].hash if rows else begin.hash
    head = Head(shared.heads.audit_count, shared.heads.audit_hash) if whole else Head(end, last)
    finding = verify_part(rows, begin, head)
    if finding.problem:
        raise DataLoss(
            "AUDIT_DAMAGED",
            f"audit record {finding.first_bad_sequence} is not as it was written, so nothing is signed: "
            f"{finding.problem}; `tapewatch audit verify` says more",
            sequence=finding.first_bad_sequence,
        )
    return [each.hash for each in rows]


def _checkpoint(row: Row[*tuple[Any, ...]]) -> Checkpoint:
    fields = {name: getattr(row, name) for name in Checkpoint.__slots__}
    return Checkpoint(**{**fields, "purpose": Purpose(row.purpose)})
