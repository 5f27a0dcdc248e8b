"""Alerts outside a case that may matter to it."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from case_service.case import Case
from case_service.confidentiality.sight import in_sight
from case_service.store.tables import PARTY_ACCOUNT, PARTY_OWNER, alert_parties, alerts, cases
from surveillance.v1 import alert_pb2

RELATED_MAX = 100
NEAR_NS = 3_600_000_000_000
"""How far from the case's events an alert of its market still counts as near."""


@dataclass(frozen=True, slots=True)
class Related:
    """An alert of another case, and why it is related."""

    alert: alert_pb2.Alert
    case_id: str
    why: str


def related_alerts(connection: Connection, case: Case) -> list[Related]:
    """Alerts of the same accounts or owners, or near in the same market; newest first, at most RELATED_MAX."""
    parties = or_(
        and_(alert_parties.c.role == PARTY_ACCOUNT, alert_parties.c.name.in_(case.accounts)),
        and_(alert_parties.c.role == PARTY_OWNER, alert_parties.c.name.in_(case.owners)),
    )
    near = and_(
        alerts.c.venue == case.venue,
        alerts.c.instrument == case.instrument,
        alerts.c.end_time_ns >= case.start_time_ns - NEAR_NS,
        alerts.c.start_time_ns <= case.end_time_ns + NEAR_NS,
    )
    query = (
        select(alerts.c.body, cases.c.case_id)
        .join(cases, cases.c.number == alerts.c.case_number)
        .where(alerts.c.case_number != case.number, *in_sight(alerts.c.case_number))
        .where(or_(alerts.c.number.in_(select(alert_parties.c.alert_number).where(parties)), near))
        .order_by(alerts.c.number.desc())
        .limit(RELATED_MAX)
    )
    found = []
    for body, case_id in connection.execute(query):
        alert = alert_pb2.Alert.FromString(body)
        found.append(Related(alert, case_id, _why(alert, case)))
    return found


def _why(alert: alert_pb2.Alert, case: Case) -> str:
    shared = sorted(set(alert.accounts) & set(case.accounts))
    owners = sorted(set(alert.owners) & set(case.owners))
    if shared:
        return f"same account {', '.join(shared[:3])}"
    if owners:
        return f"same owner {', '.join(owners[:3])}"
    return f"in the same market within {NEAR_NS // 60_000_000_000} minutes"
