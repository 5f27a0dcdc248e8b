"""Everything the service knows of a case, in one place, for reports and exports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from case_service.audit import Record
from case_service.auditing.checkpoint import Checkpoint
from case_service.case import Case
from case_service.confidentiality.sight import in_sight
from case_service.evidence.kept import Kept
from case_service.evidence.links import Link, links
from case_service.evidence.pin import Pin
from case_service.evidence.pinner import alerts_of
from case_service.reports.orders import OrderLine, order_lines
from case_service.store import pins
from case_service.store.checkpoints import all_checkpoints
from case_service.store.reading import audit_page, case_named
from case_service.store.related import Related, related_alerts
from case_service.store.tables import PARTY_ACCOUNT, PARTY_OWNER, alert_parties, cases
from surveillance.v1 import alert_pb2

AUDIT_RECORDS_MAX = 20_000
EARLIER_CASES_MAX = 50
NOTHING = Kept((), {"orders": [], "seeded": [], "pending_ns": 0}, {})


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another case about one of the same subjects."""

    number: int
    title: str
    state: int
    disposition: int
    create_time_ns: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds of a case."""

    case: Case
    alerts: Sequence[alert_pb2.Alert]
    pin: Pin | None
    related: Sequence[Related]
    earlier: Sequence[Earlier]
    records: Sequence[Record]
    checkpoints: Sequence[Checkpoint]
    """The signed checkpoints of the whole trail: they vouch for the records, too."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """A case with its evidence; `made_ns` is the service's clock when it was put together."""

    stored: Stored
    kept: Kept
    orders: Sequence[OrderLine]
    links: Sequence[Link]
    made_ns: int

    @property
    def case(self) -> Case:
        """The case."""
        return self.stored.case

    @property
    def context(self) -> Mapping[str, Any]:
        """Rules and reference data as pinned."""
        return self.kept.context

    @property
    def persons(self) -> list[tuple[str, list[str]]]:
        """Whom the case is about, with their accounts: owners, else the accounts themselves."""
        case = self.case
        if not case.owners:
            return [(name, [name]) for name in case.accounts]
        known = {row["account"]: row.get("owner") or row["account"] for row in self.context.get("accounts", ())}
        by_owner = {owner: [name for name in case.accounts if known.get(name) == owner] for owner in case.owners}
        if len(case.owners) == 1:
            by_owner[case.owners[0]] = list(case.accounts)
        return list(by_owner.items())


def stored_of(connection: Connection, name: str) -> Stored:
    """All the store holds of a case; NotFound."""
    case = case_named(connection, name)
    return Stored(
        case=case,
        alerts=alerts_of(connection, case.number),
        pin=pins.newest_kept(connection, case.number),
        related=related_alerts(connection, case),
        earlier=_earlier(connection, case),
        records=_records(connection, case),
        checkpoints=all_checkpoints(connection),
    )


def dossier(stored: Stored, kept: Kept | None, made_ns: int) -> Dossier:
    """The store's and the vault's parts together; without pinned evidence there are no orders and links."""
    kept = kept or NOTHING
    named = {order for alert in stored.alerts for order in alert.order_ids}
    orders = order_lines(kept.rows, set(stored.case.accounts), named)
    return Dossier(stored, kept, orders, links(stored.case.accounts, kept.context, kept.rows), made_ns)


def _earlier(connection: Connection, case: Case) -> list[Earlier]:
    about = select(alert_parties.c.case_number).where(
        ((alert_parties.c.role == PARTY_OWNER) & alert_parties.c.name.in_(case.owners))
        | ((alert_parties.c.role == PARTY_ACCOUNT) & alert_parties.c.name.in_(case.accounts))
    )
    query = (
        select(cases.c.number, cases.c.title, cases.c.state, cases.c.disposition, cases.c.create_time_ns)
        .where(cases.c.number != case.number, cases.c.number.in_(about), *in_sight(cases.c.number))
        .order_by(cases.c.number.desc())
        .limit(EARLIER_CASES_MAX)
    )
    return [Earlier(*row) for row in connection.execute(query)]


def _records(connection: Connection, case: Case) -> list[Record]:
    records: list[Record] = []
    while len(records) < AUDIT_RECORDS_MAX:
        page = audit_page(connection, case.case_id, records[-1].sequence if records else None, 1_000)
        records.extend(page.items)
        if not page.more:
            break
    return records
