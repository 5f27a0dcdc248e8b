"""The audit trail: append-only records, each holding the hash of the one before.

A record's hash is SHA-256 over the canonical JSON array of its fields in the order of the contract, previous hash
included, where what may have to be erased one day (reason, detail, alert) is represented by its content hash: SHA-256
over the canonical JSON array of a random salt and that content. Erasing takes content and salt away and leaves the
content hash, so the chain verifies as before, and without the salt nobody can try what the content may have been.

The store keeps a head (count and last hash), so that a cut tail is found too. Someone who can rewrite the whole trail
and its head is found only with the help of a copy kept elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

GENESIS_HASH = "0" * 64
MARK_DIGITS = 8
ERASE_ACTION = "EraseCase"
"""The action whose record says that the content of the earlier records of its subject was erased."""
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


@dataclass(slots=True)
class Record:
    """One change in its place in the chain (not frozen: that would cost each record as much as its hash).

    `alert_id` repeats the one in `detail`, where there is one, so that records can be found by it. `content_hash` is
    empty while the content is there to compute it from; once that is erased, `reason`, `detail`, `alert_id` and `salt`
    are empty instead.
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
    salt: str
    content_hash: str

    def fields(self) -> dict[str, object]:
        """Its fields by name (`dataclasses.asdict` copies deeply, which costs more than the rest of a record)."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of the chain found; `first_bad_sequence` is 0 and `problem` empty when it is intact."""

    records: int
    first_bad_sequence: int = 0
    problem: str = ""
    checkpoints: int = 0
    """Signed checkpoints that were checked."""
    signed_sequence: int = 0
    """The last record that one of them covers."""


def detail_json(**particulars: object) -> str:
    """The particulars of a change as canonical JSON."""
    return _encode(dict(sorted(particulars.items())))


def appended(head: Head, entry: Entry, time_ns: int, salt: str) -> Record:
    """The record an entry becomes behind a head; `salt` is random, 32 hexadecimal digits."""
    sequence = head.count + 1
    content_hash = content_hash_of(salt, entry.reason, entry.detail, entry.alert_id)
    return Record(
        *(sequence, time_ns, entry.actor, entry.action, entry.subject, entry.reason),
        *(entry.from_state, entry.to_state, entry.detail, head.hash),
        _hash(
            *(sequence, time_ns, entry.actor, entry.action, entry.subject, content_hash),
            *(entry.from_state, entry.to_state, head.hash),
        ),
        *(entry.alert_id, salt, ""),
    )


def content_hash_of(salt: str, reason: str, detail: str, alert_id: str) -> str:
    """What stands for the erasable content of a record in its hash; 64 hexadecimal digits."""
    return _sha256(f"[{_quoted(salt)},{_quoted(reason)},{_quoted(detail)},{_quoted(alert_id)}]")


def hash_of(record: Record) -> str:
    """The hash of a record as its fields are; 64 hexadecimal digits."""
    content_hash = record.content_hash or content_hash_of(record.salt, record.reason, record.detail, record.alert_id)
    return _hash(
        *(record.sequence, record.time_ns, record.actor, record.action, record.subject, content_hash),
        *(record.from_state, record.to_state, record.previous_hash),
    )


def _hash(
    sequence: int,
    time_ns: int,
    actor: str,
    action: str,
    subject: str,
    content_hash: str,
    from_state: int,
    to_state: int,
    previous_hash: str,
) -> str:
    return _sha256(
        f"[{sequence},{time_ns},{_quoted(actor)},{_quoted(action)},{_quoted(subject)},{_quoted(content_hash)},"
        f"{from_state},{to_state},{_quoted(previous_hash)}]"
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def verify(records: Iterable[Sequence[Any]], head: Head, marks: str = "") -> Finding:
    """Walk the chain from record 1 and name the first bad one. Each record is the fields of `Record` in order.

    `marks` are the first MARK_DIGITS of the hash of each record from 1 on, as far as somebody else vouches for them.
    """
    walk = _Walk(Head())
    vouched = len(marks) // MARK_DIGITS
    for fields in records:
        found = walk.step(fields)
        if found:
            return found
        count = walk.count
        if count <= vouched and not walk.hash.startswith(marks[MARK_DIGITS * (count - 1) : MARK_DIGITS * count]):
            return Finding(count - 1, count, "its hash is not the one that was signed: it was written anew")
    if walk.count < vouched:
        problem = f"expected {vouched} records by a signed checkpoint, found {walk.count}: the tail was cut"
        return Finding(walk.count, walk.count + 1, problem)
    if walk.unexplained:
        problem = "its content is gone and no later record says it was erased"
        return Finding(walk.count, min(walk.unexplained.values()), problem)
    return _against_head(walk.count, walk.hash, head)


def verify_part(records: Iterable[Sequence[Any]], begin: Head, end: Head) -> Finding:
    """Walk a part of the chain, from behind one head up to another; erasures are not asked for their reasons."""
    walk = _Walk(begin)
    for fields in records:
        found = walk.step(fields)
        if found:
            return found
    return _against_head(walk.count, walk.hash, end)


class _Walk:
    """Steps along the chain."""

    __slots__ = ("count", "hash", "unexplained")

    def __init__(self, begin: Head) -> None:
        self.count = begin.count
        self.hash = begin.hash
        self.unexplained: dict[str, int] = {}
        """Subject -> its first record without content that no erasure has explained."""

    def step(self, fields: Sequence[Any]) -> Finding | None:
        """Take the next record; what is wrong with it, if anything is."""
        self.count += 1
        sequence, time_ns, actor, action, subject, reason, from_state, to_state = fields[:8]
        detail, previous_hash, found, alert_id, salt, erased = fields[8:]
        try:
            content = erased or _sha256(f"[{_quoted(salt)},{_quoted(reason)},{_quoted(detail)},{_quoted(alert_id)}]")
            computed = _sha256(
                f"[{sequence},{time_ns},{_quoted(actor)},{_quoted(action)},{_quoted(subject)},{_quoted(content)},"
                f'{from_state},{to_state},"{self.hash}"]'
            )
        except TypeError:
            computed = ""
        if computed != found or previous_hash != self.hash or sequence != self.count or erased:
            problem = _problem(Record(*fields), self.count, self.hash)
            if problem:
                return Finding(self.count - 1, self.count, problem)
            self.unexplained.setdefault(subject, self.count)
        elif action == ERASE_ACTION:
            self.unexplained.pop(subject, None)
        self.hash = found
        return None


def _against_head(count: int, last_hash: str, head: Head) -> Finding:
    if count != head.count:
        first_bad = min(count, head.count) + 1
        return Finding(count, first_bad, f"expected {head.count} records by the stored head, found {count}")
    if last_hash != head.hash:
        return Finding(count, count, f"expected the last hash {head.hash} by the stored head, found {last_hash}")
    return Finding(count)


def _problem(record: Record, sequence: int, previous_hash: str) -> str:
    if record.sequence != sequence:
        return f"expected record {sequence}, found {record.sequence}: a record is missing or out of place"
    if record.previous_hash != previous_hash:
        found = record.previous_hash
        return f"expected the previous hash {previous_hash}, found {found}: a record was exchanged or put in"
    if record.content_hash and (record.salt or record.reason or record.detail or record.alert_id):
        return "expected content or the hash of erased content, found both: the record was changed"
    try:
        computed = hash_of(record)
    except TypeError:
        return "expected texts and whole numbers, found a value of another type: the record was changed"
    if computed != record.hash:
        return f"expected the hash {computed} of its content, found {record.hash}: the record was changed"
    return ""
