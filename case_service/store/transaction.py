"""What a unit of work sees: the connection, the clock's reading, and the heads it counts on from."""

import dataclasses
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select, update

from case_service.audit import Entry, Head, Record, appended
from case_service.store.bulk import execute_many
from case_service.store.tables import audit_records, heads
from tapewatch.runtime.errors import ServiceError

_HEADS = select(
    heads.c.change_sequence, heads.c.alert_number, heads.c.case_number, heads.c.audit_count, heads.c.audit_hash
).with_for_update()

SALT_BYTES = 16
_INSERT_RECORD = insert(audit_records)


@dataclass(slots=True)
class Heads:
    """The last number given in each row of numbers, and the end of the audit chain."""

    change_sequence: int
    alert_number: int
    case_number: int
    audit_count: int
    audit_hash: str


@dataclass(slots=True)
class Transaction:
    """A database transaction that several units of work share; each unit takes effect whole or not at all."""

    connection: Connection
    now_ns: int
    heads: Heads
    _records: list[Record] = field(default_factory=list)

    def next_change(self) -> int:
        """The number of one more change of an alert or a case."""
        self.heads.change_sequence += 1
        return self.heads.change_sequence

    def next_alert_number(self) -> int:
        """The number of one more alert."""
        self.heads.alert_number += 1
        return self.heads.alert_number

    def next_case_number(self) -> int:
        """The number of one more case."""
        self.heads.case_number += 1
        return self.heads.case_number

    def audit(self, entries: Iterable[Entry]) -> None:
        """Append entries to the audit trail."""
        head = Head(self.heads.audit_count, self.heads.audit_hash)
        for entry in entries:
            record = appended(head, entry, self.now_ns, secrets.token_hex(SALT_BYTES))
            head = Head(record.sequence, record.hash)
            self._records.append(record)
        self.heads.audit_count, self.heads.audit_hash = head.count, head.hash

    @contextmanager
    def unit(self) -> Iterator[None]:
        """A unit of work: when it raises a ServiceError, the rows and the heads are as before it.

        After any other error the whole transaction is lost: a database may have ended it already (SQLite does on a full
        disk), and with it the savepoint.
        """
        before = dataclasses.replace(self.heads)
        savepoint = self.connection.begin_nested()
        try:
            yield
        except ServiceError:
            savepoint.rollback()
            self.heads = before
            self._records.clear()
            raise
        self.write_records()
        savepoint.commit()

    def write_records(self) -> None:
        """Write what was appended; a unit does so at its end, and earlier where its rows refer to records."""
        execute_many(self.connection, _INSERT_RECORD, [each.fields() for each in self._records])
        self._records.clear()


@contextmanager
def transaction(connection: Connection, now_ns: int) -> Iterator[Transaction]:
    """Read the heads, let units of work run, write the heads back; the caller commits."""
    held = Heads(*connection.execute(_HEADS).one())
    shared = Transaction(connection, now_ns, held)
    before = dataclasses.replace(held)
    yield shared
    if shared.heads != before:
        connection.execute(update(heads), dataclasses.asdict(shared.heads))
