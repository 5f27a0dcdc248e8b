"""Reads and writes entries of known behaviour and of watch lists."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Insert,
    Row,
    Table,
    Update,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from case_service.store.bulk import execute_many
from case_service.store.reading import Page
from case_service.store.tables import known_behaviours, watch_entries
from case_service.store.transaction import Transaction
from case_service.subjects.entries import Ended, KnownBehaviour, SubjectKind, SubjectLists, WatchEntry, subjects_of
from tapewatch.alert import Alert
from tapewatch.runtime.errors import NotFound

NAMES_AT_ONCE = 5_000
Entry = TypeVar("Entry", KnownBehaviour, WatchEntry)
_COUNT = (
    update(known_behaviours)
    .where(known_behaviours.c.entry_id == bindparam("of_entry"))
    .values(alert_count=known_behaviours.c.alert_count + bindparam("of_count"))
)


@dataclass(frozen=True, slots=True)
class Entries(Generic[Entry]):
    """One kind of entries: its table, and how a row becomes an entry and back."""

    table: Table
    what: str
    numbered: type[Entry]
    inserted: Insert
    ended: Update

    def named(self, connection: Connection, entry_id: str) -> Entry:
        """One entry; NotFound."""
        row = connection.execute(select(self.table).where(self.table.c.entry_id == entry_id)).one_or_none()
        if row is None:
            raise NotFound("ENTRY_NOT_FOUND", f"expected the id of {self.what} held here, found {entry_id[:80]!r}")
        return self.entry(row)

    def page(
        self, connection: Connection, conditions: Iterable[ColumnElement[bool]], before: int | None, count: int
    ) -> tuple[Page[Entry], int]:
        """At most `count` entries below a number, newest first, and the number of the last."""
        query = select(self.table).where(*conditions).order_by(self.table.c.number.desc()).limit(count + 1)
        rows = connection.execute(query if before is None else query.where(self.table.c.number < before)).all()
        shown = rows[:count]
        return Page([self.entry(row) for row in shown], len(rows) > count), shown[-1].number if shown else 0

    def active(self, now_ns: int) -> ColumnElement[bool]:
        """The condition that an entry counts."""
        expires: Column[int] = self.table.c.expire_time_ns
        return and_(self.table.c.end_time_ns == 0, or_(expires == 0, expires > now_ns))

    def add(self, shared: Transaction, entry: Entry) -> None:
        """Keep a new entry."""
        number = shared.connection.execute(select(func.coalesce(func.max(self.table.c.number), 0))).scalar_one() + 1
        shared.connection.execute(self.inserted, {"number": number, **_row(entry)})

    def end(self, shared: Transaction, entry: Entry) -> None:
        """Keep that an entry was ended."""
        values = {"ended_by": entry.ended.by, "end_reason": entry.ended.reason, "end_time_ns": entry.ended.time_ns}
        changed = {**values, "version": entry.version, "of_entry": entry.entry_id}
        execute_many(shared.connection, self.ended, [changed])

    def naming(self, connection: Connection, names: Sequence[str], now_ns: int) -> list[Entry]:
        """Active entries of some names, oldest first."""
        found: list[Entry] = []
        for start in range(0, len(names), NAMES_AT_ONCE):
            part = names[start : start + NAMES_AT_ONCE]
            query = select(self.table).where(self.table.c.subject.in_(part), self.active(now_ns))
            found += [self.entry(row) for row in connection.execute(query.order_by(self.table.c.number))]
        return found

    def entry(self, row: Row[*tuple[Any, ...]]) -> Entry:
        """The entry a row holds."""
        values = dict(row._mapping)
        values.pop("number")
        ended = Ended(values.pop("ended_by"), values.pop("end_reason"), values.pop("end_time_ns"))
        for name in _LISTS & values.keys():
            values[name] = tuple(json.loads(values[name]))
        if "list" in values:
            values["list_name"] = values.pop("list")
        kind = SubjectKind(values.pop("subject_kind"))
        return self.numbered(subject_kind=kind, ended=ended, **values)


_LISTS = frozenset({"typologies", "instruments", "venues"})


def _entries(table: Table, what: str, numbered: type[Entry]) -> Entries[Entry]:
    ended = update(table).where(table.c.entry_id == bindparam("of_entry"))
    return Entries(table, what, numbered, insert(table), ended)


KNOWN = _entries(known_behaviours, "known behaviour", KnownBehaviour)
WATCHED = _entries(watch_entries, "a watch list entry", WatchEntry)


def lists_for(connection: Connection, alerts: Iterable[Alert], now_ns: int) -> SubjectLists:
    """The active entries that name subjects of some alerts."""
    names = sorted({name for alert in alerts for _, name in subjects_of(alert)})
    if not names:
        return SubjectLists({}, {})
    known = _by_subject(KNOWN.naming(connection, names, now_ns))
    return SubjectLists(known, _by_subject(WATCHED.naming(connection, names, now_ns)))


def count_covered(shared: Transaction, counts: Mapping[str, int]) -> None:
    """Count alerts that entries of known behaviour have covered."""
    rows = [{"of_entry": entry_id, "of_count": count} for entry_id, count in counts.items()]
    for row in rows:
        shared.connection.execute(_COUNT, row)


def _by_subject(entries: Collection[Entry]) -> Mapping[tuple[SubjectKind, str], Sequence[Entry]]:
    found: defaultdict[tuple[SubjectKind, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.subject_kind, entry.subject].append(entry)
    return found


def _row(entry: KnownBehaviour | WatchEntry) -> dict[str, object]:
    row: dict[str, object] = {
        "entry_id": entry.entry_id,
        "subject_kind": entry.subject_kind.value,
        "subject": entry.subject,
        "reason": entry.reason,
        "author": entry.author,
        "create_time_ns": entry.create_time_ns,
        "expire_time_ns": entry.expire_time_ns,
        "ended_by": entry.ended.by,
        "end_reason": entry.ended.reason,
        "end_time_ns": entry.ended.time_ns,
        "version": entry.version,
    }
    if isinstance(entry, WatchEntry):
        return {**row, "list": entry.list_name, "priority_raise": entry.priority_raise}
    lists = {name: json.dumps(getattr(entry, name)) for name in sorted(_LISTS)}
    return {**row, **lists, "alert_count": entry.alert_count}
