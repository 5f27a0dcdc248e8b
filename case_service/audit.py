"""The audit trail: append-only records, each holding the hash of the one before.

The hash is SHA-256 over the canonical JSON array of a record's fields in the order of the contract, previous hash
included. The store keeps a head (count and last hash), so that a cut tail is found too. Someone who can rewrite the
whole trail and its head is found only with the help of a copy kept elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

GENESIS_HASH = "0" * 64
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, check_circular=False).encode


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, before it has a place in the chain. States are numbers of CaseState, 0 where there is none."""

    actor: str
    action: str
    subject: str
    reason: str = ""
    from_state: int = 0
    to_state: int = 0
    detail: str = "{}"
    alert_id: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: how many records, and the hash of the last."""

    count: int = 0
    hash: str = GENESIS_HASH


@dataclass(frozen=True, slots=True)
class Record:
    """One change in its place in the chain. The fields up to `previous_hash` are what is hashed.

    `alert_id` repeats the one in `detail`, where there is one, so that records can be found by it.
    """

    sequence: int
    time_ns: int
    actor: str
    action: str
    subject: str
    reason: str
    from_state: int
    to_state: int
    detail: str
    previous_hash: str
    hash: str
    alert_id: str

    def fields(self) -> dict[str, object]:
        """Its fields by name (`dataclasses.asdict` copies deeply, which costs more than the rest of a record)."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of the chain found; `first_bad_sequence` is 0 and `problem` empty when it is intact."""

    records: int
    first_bad_sequence: int = 0
    problem: str = ""


def detail_json(**particulars: object) -> str:
    """The particulars of a change as canonical JSON."""
    return _encode(dict(sorted(particulars.items())))


def appended(head: Head, entry: Entry, time_ns: int) -> Record:
    """The record an entry becomes behind a head."""
    fields = (
        *(head.count + 1, time_ns, entry.actor, entry.action, entry.subject, entry.reason),
        *(entry.from_state, entry.to_state, entry.detail, head.hash),
    )
    return Record(*fields, hash_of(fields), entry.alert_id)


def hash_of(fields: Iterable[object]) -> str:
    """SHA-256 of a record's fields up to its previous hash; 64 hexadecimal digits."""
    return hashlib.sha256(_encode(tuple(fields)).encode()).hexdigest()


def verify(records: Iterable[Iterable[object]], head: Head) -> Finding:
    """Walk the chain from record 1 and name the first bad one. Each record is the fields of `Record` in order."""
    count, previous_hash = 0, GENESIS_HASH
    for count, record in enumerate(records, start=1):
        *fields, found_hash, alert_id = record
        problem = _problem(fields, found_hash, alert_id, count, previous_hash)
        if problem:
            return Finding(count - 1, count, problem)
        previous_hash = str(found_hash)
    if count != head.count:
        first_bad = min(count, head.count) + 1
        return Finding(count, first_bad, f"expected {head.count} records by the stored head, found {count}")
    if previous_hash != head.hash:
        return Finding(count, count, f"expected the last hash {head.hash} by the stored head, found {previous_hash}")
    return Finding(count)


def _problem(fields: list[object], found_hash: object, alert_id: object, sequence: int, previous_hash: str) -> str:
    if fields[0] != sequence:
        return f"expected record {sequence}, found {fields[0]}: a record is missing or out of place"
    if fields[-1] != previous_hash:
        return f"expected the previous hash {previous_hash}, found {fields[-1]}: a record was exchanged or put in"
    if (computed := hash_of(fields)) != found_hash:
        return f"expected the hash {computed} of its content, found {found_hash}: the record was changed"
    detail = str(fields[-2])
    if (f'"alert_id":"{alert_id}"' not in detail) if alert_id else ('"alert_id":"' in detail):
        return f"expected the alert that {detail[:200]} names, found {alert_id!r}: the record was changed"
    return ""
