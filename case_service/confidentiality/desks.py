"""The desks accounts trade for: on them depends which cases people of a desk see."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from case_service.audit import Entry, detail_json
from case_service.confidentiality.tables import account_desks
from case_service.store.bulk import execute_many
from case_service.store.transaction import Transaction

SUBJECT = "desks"
ACCOUNTS_A_QUERY = 500
Desks = Mapping[str, Sequence[str]]
_INSERT = insert(account_desks)


def record_desks(shared: Transaction, desks: Desks, actor: str, channel: str) -> int:
    """Replace the desks of the accounts named, and say so in the audit trail; how many have others than before."""
    held = _held(shared.connection, list(desks))
    changed = {name: sorted(set(of)) for name, of in desks.items() if sorted(set(of)) != held.get(name, [])}
    if not changed:
        return 0
    for names in _parts(list(changed)):
        shared.connection.execute(delete(account_desks).where(account_desks.c.account.in_(names)))
    rows = [{"account": name, "desk": desk} for name, of in sorted(changed.items()) for desk in of]
    execute_many(shared.connection, _INSERT, rows)
    digest = hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()
    given = {"accounts": len(changed), "content_sha256": digest, "channel": channel}
    detail = detail_json(**{name: value for name, value in given.items() if value != ""})
    shared.audit([Entry(actor, "RecordDesks", SUBJECT, detail=detail)])
    return len(changed)


def desks_page(connection: Connection, desk: str, behind: int, count: int) -> tuple[list[tuple[str, list[str]]], bool]:
    """At most `count` accounts and their desks, by account, behind so many; whether there are more."""
    names = select(account_desks.c.account).distinct().order_by(account_desks.c.account)
    names = names.where(account_desks.c.desk == desk) if desk else names
    found = list(connection.execute(names.offset(behind).limit(count + 1)).scalars())
    held = _held(connection, found[:count])
    return [(name, held[name]) for name in found[:count]], len(found) > count


def _held(connection: Connection, names: Sequence[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for part in _parts(names):
        query = select(account_desks).where(account_desks.c.account.in_(part)).order_by(account_desks.c.desk)
        for row in connection.execute(query):
            found[row.account].append(row.desk)
    return dict(found)


def _parts(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[start : start + ACCOUNTS_A_QUERY] for start in range(0, len(names), ACCOUNTS_A_QUERY)]
