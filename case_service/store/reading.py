"""Reads alerts, cases and audit records, as far as the caller may see them; each function runs in one snapshot."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, or_, select

from case_service.audit import Finding, Head, Record, verify
from case_service.case import Case
from case_service.confidentiality.sight import in_sight, page_in_sight, records_in_sight
from case_service.ordering import NEWEST_FIRST, Key
from case_service.paging import PAGE_BYTES_MAX
from case_service.store.keyset import Position, page_of, position_of
from case_service.store.tables import alerts, audit_records, cases, heads
from case_service.store.whole import whole_cases
from tapewatch.alert import ID_CHARACTERS
from tapewatch.runtime.errors import DataLoss, NotFound

AUDIT_ROWS_FETCHED = 10_000
NUMBER_DIGITS_MAX = 18
ROWS_FETCHED = 100
ALERTS_OF_PAGE_MAX = 5_000
"""A page of cases ends early where its cases would have more alerts than this together."""
Item = TypeVar("Item")
Listed = TypeVar("Listed", covariant=True)


@dataclass(frozen=True, slots=True)
class Page(Generic[Listed]):
    """Some items, whether there are more behind them, and where the last one stands in the order asked for."""

    items: Sequence[Listed]
    more: bool
    last: Position = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list asks for: at most `count` items that fulfil all conditions, in an order, behind a position."""

    conditions: Sequence[ColumnElement[bool]]
    count: int
    order: Sequence[Key] = NEWEST_FIRST
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert as its message's bytes, its number, and the number of its last change."""

    number: int
    change_sequence: int
    body: bytes


@dataclass(frozen=True, slots=True)
class ChangedCase:
    """A case, and the number of its last change."""

    change_sequence: int
    case: Case


_ALERT = (alerts.c.number, alerts.c.alert_id, alerts.c.change_sequence, alerts.c.content_hash, alerts.c.body)


def page_token_key(connection: Connection) -> bytes:
    """The secret that page tokens of this store are signed with."""
    key: bytes = connection.execute(select(heads.c.page_token_key)).scalar_one()
    return key


def change_head(connection: Connection) -> int:
    """The number of the last change."""
    return int(connection.execute(select(heads.c.change_sequence)).scalar_one())


def alert_named(connection: Connection, alert_id: str) -> StoredAlert:
    """One alert by its id; NotFound."""
    row = connection.execute(
        select(*_ALERT).where(alerts.c.alert_id == alert_id, *in_sight(alerts.c.case_number))
    ).one_or_none()
    if row is None:
        raise NotFound("ALERT_NOT_FOUND", f"alert_id: expected an alert held here, found {alert_id[:80]!r}")
    return _stored(row)


def alerts_page(connection: Connection, asked: Asked) -> Page[StoredAlert]:
    """The alerts asked for, at most PAGE_BYTES_MAX of them."""
    keys = (alerts.c[each.field] for each in asked.order)
    query = page_of(
        select(*_ALERT, *keys).where(*asked.conditions, *page_in_sight(connection, alerts.c.case_number)),
        alerts,
        asked.order,
        asked.after,
    )
    return _alerts(connection, query, asked.count, asked.order)


def alerts_changed(connection: Connection, after: int, count: int) -> Page[StoredAlert]:
    """At most `count` alerts, and PAGE_BYTES_MAX, changed after a change, in the order of their last changes."""
    changes = alerts.c.change_sequence
    return _alerts(
        connection, select(*_ALERT).where(changes > after, *in_sight(alerts.c.case_number)).order_by(changes), count
    )


def _alerts(
    connection: Connection, query: Select[*tuple[Any, ...]], count: int, order: Sequence[Key] = ()
) -> Page[StoredAlert]:
    with connection.execute(query.limit(count + 1), execution_options={"yield_per": ROWS_FETCHED}) as rows:
        page = _page(rows, count, lambda row: len(row.body), PAGE_BYTES_MAX)
    return Page([_stored(row) for row in page.items], page.more, _last(page.items, order))


def _last(rows: Sequence[object], order: Sequence[Key]) -> Position:
    return position_of(rows[-1], order) if rows else ()


def _page(rows: Iterable[Item], count: int, size_of: Callable[[Item], int], size_max: int) -> Page[Item]:
    """The first rows, at most `count` and `size_max` together, but at least one if there is one."""
    items: list[Item] = []
    size = 0
    for row in rows:
        size += size_of(row)
        if items and (len(items) == count or size > size_max):
            return Page(items, more=True)
        items.append(row)
    return Page(items, more=False)


def _stored(row: Row[*tuple[Any, ...]]) -> StoredAlert:
    if hashlib.sha256(row.body).hexdigest() != row.content_hash:
        raise DataLoss(
            "ALERT_DAMAGED",
            f"alert {row.alert_id}: expected content with hash {row.content_hash}, found other bytes; the case "
            "database is damaged: restore a copy",
            alert_id=row.alert_id,
        )
    return StoredAlert(row.number, row.change_sequence, row.body)


def case_number_of(connection: Connection, name: str) -> int:
    """The number of a case by its id or its number in decimal digits; NotFound."""
    by_number = name.isascii() and name.isdigit() and len(name) <= NUMBER_DIGITS_MAX < ID_CHARACTERS
    condition = cases.c.number == int(name) if by_number else cases.c.case_id == name
    query = select(cases.c.number).where(condition, *in_sight(cases.c.number))
    number = connection.execute(query).scalar_one_or_none()
    if number is None:
        raise NotFound("CASE_NOT_FOUND", f"case_id: expected the id or number of a case held here, found {name[:80]!r}")
    return int(number)


def case_ids_in_sight(connection: Connection, numbers: Sequence[int]) -> list[str]:
    """Ids of cases by their numbers, in their order; those the caller may not see are left out."""
    query = select(cases.c.case_id).where(cases.c.number.in_(numbers), *in_sight(cases.c.number))
    return list(connection.execute(query.order_by(cases.c.number)).scalars())


def case_named(connection: Connection, name: str) -> Case:
    """One case by its id or its number in decimal digits; NotFound."""
    number = case_number_of(connection, name)
    return _cases(connection, select(cases).where(cases.c.number == number), 1).items[0].case


def cases_page(connection: Connection, asked: Asked) -> Page[ChangedCase]:
    """The cases asked for, at most ALERTS_OF_PAGE_MAX of their alerts together."""
    query = page_of(
        select(cases).where(*asked.conditions, *page_in_sight(connection, cases.c.number)),
        cases,
        asked.order,
        asked.after,
    )
    return _cases(connection, query, asked.count, asked.order)


def cases_changed(connection: Connection, after: int, count: int) -> Page[ChangedCase]:
    """At most `count` cases, and ALERTS_OF_PAGE_MAX, changed after a change, in the order of their last changes."""
    changes = cases.c.change_sequence
    return _cases(connection, select(cases).where(changes > after, *in_sight(cases.c.number)).order_by(changes), count)


def _cases(
    connection: Connection, query: Select[*tuple[Any, ...]], count: int, order: Sequence[Key] = ()
) -> Page[ChangedCase]:
    """The cases of a query with everything that belongs to them, in its order."""
    found = connection.execute(query.limit(count + 1)).all()
    page = _page(found, count, lambda row: int(row.alert_count), ALERTS_OF_PAGE_MAX)
    whole = zip(page.items, whole_cases(connection, page.items), strict=True)
    changed = [ChangedCase(row.change_sequence, case) for row, case in whole]
    return Page(changed, page.more, _last(page.items, order))


def audit_page(connection: Connection, subject: str, after: int | None, count: int) -> Page[Record]:
    """At most `count` audit records, and PAGE_BYTES_MAX, behind a sequence, oldest first.

    Only those of one case or alert where `subject` names it.
    """
    query = select(audit_records).where(audit_records.c.sequence > (after or 0), *records_in_sight())
    if subject:
        query = query.where(_about(subject))
    rows = connection.execute(query.order_by(audit_records.c.sequence).limit(count + 1))
    return _page((Record(*row) for row in rows), count, lambda each: len(each.detail + each.reason), PAGE_BYTES_MAX)


def _about(subject: str) -> ColumnElement[bool]:
    """Records of a case, or of an alert: those are records of its case that name it."""
    its_case = select(cases.c.case_id).join(alerts, alerts.c.case_number == cases.c.number)
    of_alert = audit_records.c.subject == its_case.where(alerts.c.alert_id == subject).scalar_subquery()
    return or_(audit_records.c.subject == subject, of_alert & (audit_records.c.alert_id == subject))


def audit_rows(
    connection: Connection, after: int | None = None, up_to: int | None = None
) -> Iterator[Row[*tuple[Any, ...]]]:
    """Audit records, oldest first; all, or those behind a sequence and up to another. Memory stays bounded."""
    query = select(audit_records).order_by(audit_records.c.sequence)
    query = query if after is None else query.where(audit_records.c.sequence > after)
    query = query if up_to is None else query.where(audit_records.c.sequence <= up_to)
    with connection.execute(query, execution_options={"yield_per": AUDIT_ROWS_FETCHED}) as rows:
        for part in rows.partitions():
            yield from part


def audit_head(connection: Connection) -> Head:
    """Where the chain ends by the store's own account."""
    return Head(*connection.execute(select(heads.c.audit_count, heads.c.audit_hash)).one())


def verify_audit(connection: Connection) -> Finding:
    """Walk the whole audit trail as it stood when the call began, without anybody's signature."""
    return verify(audit_rows(connection), audit_head(connection))
