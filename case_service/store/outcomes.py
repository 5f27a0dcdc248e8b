"""How closed cases of accounts and owners ended: entered at the close, taken out when a case is opened again."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from case_service.case import Disposition
from case_service.priority import Standing
from case_service.store.bulk import execute_many
from case_service.store.tables import PARTY_ACCOUNT, PARTY_OWNER, alert_parties, subject_outcomes
from tapewatch.alert import Alert

NAMES_MAX = 5_000
"""No more names are looked up at once; an alert of more owners has the history of the first."""
_INSERT = insert(subject_outcomes)


def enter_outcome(connection: Connection, case_number: int, disposition: Disposition, time_ns: int) -> None:
    """Keep how a case ended for each owner it names, or each account where it names no owner."""
    query = select(alert_parties.c.role, alert_parties.c.name).where(alert_parties.c.case_number == case_number)
    parties = connection.execute(query.distinct().order_by(alert_parties.c.role, alert_parties.c.name)).all()
    owners = [row for row in parties if row.role == PARTY_OWNER]
    rows = [
        {"role": row.role, "name": row.name, "case_number": case_number, "disposition": int(disposition)}
        for row in owners or parties
    ]
    remove_outcome(connection, case_number)
    execute_many(connection, _INSERT, [{**row, "time_ns": time_ns} for row in rows])


def remove_outcome(connection: Connection, case_number: int) -> None:
    """Forget how a case ended."""
    connection.execute(delete(subject_outcomes).where(subject_outcomes.c.case_number == case_number))


def standings(connection: Connection, opened: Mapping[int, Alert], oldest_ns: int) -> dict[int, Standing]:
    """What earlier closed cases of the subjects of new cases say, by case; those closed before a time do not count."""
    named = {number: _parties(alert) for number, alert in opened.items()}
    names = sorted({name for parties in named.values() for _, name in parties})[:NAMES_MAX]
    if not names:
        return {}
    table = subject_outcomes.c
    query = select(table.role, table.name, table.case_number, table.disposition).where(
        table.role.in_([PARTY_OWNER, PARTY_ACCOUNT]), table.name.in_(names), table.time_ns >= oldest_ns
    )
    ended: defaultdict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for row in connection.execute(query):
        ended[row.role, row.name][row.case_number] = row.disposition
    found: dict[int, Standing] = {}
    for number, parties in named.items():
        cases = {case: how for party in parties for case, how in ended.get(party, {}).items()}
        found[number] = Standing.of_outcomes(cases.values())
    return found


def _parties(alert: Alert) -> list[tuple[str, str]]:
    """Whom an alert is about, by role: its owners, or its accounts where it names no owner."""
    owners = [(PARTY_OWNER, name) for name in alert.owners]
    return owners or [(PARTY_ACCOUNT, name) for name in alert.accounts]
