"""Which cases, and so which alerts and audit records, the caller of the moment may see.

Every query for cases asks here, so that a method written later cannot forget to. Work of the service's own (grouping,
pinning, escalating) and local mode without tokens see everything.

A known caller sees a case when all of this holds:
- it is not named among the case's accounts and owners;
- the case is not restricted, and one of its accounts trades for a desk of the caller's (or the caller has all desks);
- or the case is restricted, the caller is on its list, and no account of it trades for a desk the caller is limited to
  (the subject's own desk must not be tipped off).
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, not_, or_, select, true

from case_service.confidentiality.tables import account_desks, case_access, case_restrictions
from case_service.store.tables import PARTY_ACCOUNT, PARTY_OWNER, alert_parties, audit_records, cases
from tapewatch.runtime.access import Caller, current_caller

FEW = 5_000
"""Alerts of a caller's desks up to which a list begins from them, measured at 100,000 cases."""
Condition = ColumnElement[bool]


def in_sight(case_number: ColumnElement[Any]) -> list[Condition]:
    """Conditions on the column that holds a case's number; none where everything may be seen."""
    caller = current_caller()
    return [] if caller is None or not caller.known else [_seen_by(caller, case_number)]


def page_in_sight(connection: Connection, case_number: ColumnElement[Any]) -> list[Condition]:
    """The same for a list. Where few cases are of the caller's desks, the list begins from those.

    Asking each row, as else, reads the whole table for a desk that has next to none.
    """
    conditions, caller = in_sight(case_number), current_caller()
    if caller is None or not caller.known or not caller.desks:
        return conditions
    accounts = select(account_desks.c.account).where(account_desks.c.desk.in_(sorted(caller.desks)))
    of_desks = select(alert_parties.c.case_number).where(
        alert_parties.c.role == PARTY_ACCOUNT, alert_parties.c.name.in_(accounts)
    )
    counted = select(func.count()).select_from(of_desks.limit(FEW + 1).subquery())
    if connection.execute(counted).scalar_one() > FEW:
        return conditions
    listed = select(case_access.c.case_number).where(case_access.c.name == caller.name)
    return [case_number.in_(of_desks.union(listed)), *conditions]


def records_in_sight() -> list[Condition]:
    """Conditions on audit records: those of cases that may be seen; other subjects' only to who has all desks."""
    caller = current_caller()
    if caller is None or not caller.known:
        return []
    its_case = cases.c.case_id == audit_records.c.subject
    seen = exists().where(its_case, _seen_by(caller, cases.c.number))
    return [seen] if caller.desks is not None else [or_(seen, not_(exists().where(its_case)))]


def _seen_by(caller: Caller, case_number: ColumnElement[Any]) -> Condition:
    restricted = case_number.in_(select(case_restrictions.c.case_number))
    listed = case_number.in_(select(case_access.c.case_number).where(case_access.c.name == caller.name))
    named = case_number.in_(
        select(alert_parties.c.case_number).where(
            alert_parties.c.role.in_((PARTY_ACCOUNT, PARTY_OWNER)), alert_parties.c.name == caller.name
        )
    )
    if caller.desks is None:
        return and_(not_(named), or_(not_(restricted), listed))
    of_desk = _of_desks(caller.desks, case_number)
    return and_(not_(named), or_(and_(of_desk, not_(restricted)), and_(listed, restricted, not_(of_desk))))


def _of_desks(desks: frozenset[str], case_number: ColumnElement[Any]) -> Condition:
    """Whether an account of the case trades for one of the desks."""
    if not desks:
        return not_(true())
    trades = and_(account_desks.c.account == alert_parties.c.name, account_desks.c.desk.in_(sorted(desks)))
    return exists().where(alert_parties.c.case_number == case_number, alert_parties.c.role == PARTY_ACCOUNT, trades)
