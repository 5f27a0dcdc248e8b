"""Signed checkpoints of the audit trail: where it ended at a time, under a key that who can write the database lacks.

Each signs the hash of its last record, a mark of every record since the checkpoint before (the first four bytes of its
hash, so that whoever rewrites the chain from some record on is found at that record), and the signature of the one
before, so that none can be taken out of their midst.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from operator import attrgetter

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from case_service.audit import GENESIS_HASH, MARK_DIGITS

MARK_BYTES = MARK_DIGITS // 2
KEY_ID_DIGITS = 16
_FORMAT = "tapewatch audit checkpoint 1"
Keys = Mapping[str, Ed25519PublicKey]
"""Public keys by their ids."""


class Purpose(IntEnum):
    """Why a checkpoint was made; the numbers are those of the contract."""

    PERIODIC = 1
    DEMAND = 2
    EXPORT = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the trail ended; `number` counts from 1, `previous_sequence` is the last record of the one before."""

    number: int
    sequence: int
    hash: str
    time_ns: int
    purpose: Purpose
    previous_sequence: int
    marks: bytes
    key_id: str
    signature: bytes


class Signer:
    """Signs checkpoints."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.key_id = key_id_of(key.public_key())

    @property
    def public_key(self) -> Ed25519PublicKey:
        """What its signatures are verified by."""
        return self._key.public_key()

    def signed(
        self, previous: Checkpoint | None, sequence: int, hashes: Iterable[str], time_ns: int, purpose: Purpose
    ) -> Checkpoint:
        """The checkpoint at a record, given the hashes of all records behind the checkpoint before."""
        listed = list(hashes)
        begun = previous.sequence if previous else 0
        last = listed[-1] if listed else (previous.hash if previous else GENESIS_HASH)
        marks = bytes.fromhex("".join(each[:MARK_DIGITS] for each in listed))
        number = previous.number + 1 if previous else 1
        unsigned = Checkpoint(number, sequence, last, time_ns, purpose, begun, marks, self.key_id, b"")
        return replace(unsigned, signature=self._key.sign(_payload(unsigned, previous)))


def key_id_of(key: Ed25519PublicKey) -> str:
    """How a key is named: digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:KEY_ID_DIGITS]


def keys_of(keys: Iterable[Ed25519PublicKey]) -> dict[str, Ed25519PublicKey]:
    """Keys by their ids."""
    return {key_id_of(each): each for each in keys}


def problem_of(checkpoint: Checkpoint, previous: Checkpoint | None, keys: Keys) -> str:
    """What is wrong with a checkpoint that follows another (None: the first); "" if nothing is."""
    number, begun = (previous.number + 1, previous.sequence) if previous else (1, 0)
    if (checkpoint.number, checkpoint.previous_sequence) != (number, begun):
        found = f"{checkpoint.number} behind record {checkpoint.previous_sequence}"
        return f"expected number {number} behind record {begun}, found {found}: one was taken out or put in"
    if len(checkpoint.marks) != MARK_BYTES * (checkpoint.sequence - begun):
        return f"expected {checkpoint.sequence - begun} marks of records, found {len(checkpoint.marks)} bytes of them"
    key = keys.get(checkpoint.key_id)
    if key is None:
        return f"expected a signature by {', '.join(sorted(keys)) or 'a key given'}, found one by {checkpoint.key_id}"
    try:
        key.verify(checkpoint.signature, _payload(checkpoint, previous))
    except InvalidSignature:
        return f"expected the signature of key {checkpoint.key_id}, found none of it: changed, or someone else's"
    return ""


def chosen(candidates: Iterable[Checkpoint], keys: Keys) -> tuple[Sequence[Checkpoint], str]:
    """The chain of good checkpoints among those of several places, and what is wrong with the first that is not.

    A checkpoint that was changed in one place counts as long as another place holds it as it was signed.
    """
    chain: list[Checkpoint] = []
    problem = ""
    for each in sorted(set(candidates), key=attrgetter("number", "time_ns", "signature")):
        found = problem_of(each, chain[-1] if chain else None, keys)
        if not found:
            chain.append(each)
        elif not problem:
            problem = f"checkpoint {each.number} at record {each.sequence}: {found}"
    return chain, problem


def _payload(checkpoint: Checkpoint, previous: Checkpoint | None) -> bytes:
    marks = hashlib.sha256(checkpoint.marks).hexdigest()
    before = previous.signature.hex() if previous else ""
    signed = (
        *(
            _FORMAT,
            checkpoint.number,
            checkpoint.sequence,
            checkpoint.hash,
            checkpoint.time_ns,
            int(checkpoint.purpose),
        ),
        *(checkpoint.previous_sequence, marks, checkpoint.key_id, before),
    )
    return json.dumps(signed, separators=(",", ":")).encode()
