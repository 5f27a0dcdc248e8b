"""What a record of the log holds: the hash of the block before, then entries of whole read and write buffers.

An entry is its kind (u8), time (i64, ns since the epoch, UTC) and length (u32), little-endian, then its bytes. The hash
of a block is SHA-256 over all of it, so that each block vouches for all before it.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

HASH_BYTES: Final = 32
GENESIS: Final = bytes(HASH_BYTES)
_HEAD: Final = struct.Struct("<BqI")


class EntryKind(IntEnum):
    """What an entry's bytes are."""

    RECEIVED = 1
    SENT = 2
    NOTE = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """Bytes with their time; a NOTE is a JSON object whose ``what`` says what happened."""

    kind: EntryKind
    time_ns: int
    data: bytes


def entry_head(kind: EntryKind, time_ns: int, size: int) -> bytes:
    """What stands before an entry's bytes."""
    return _HEAD.pack(kind, time_ns, size)


def seal(previous_hash: bytes, parts: Sequence[bytes | memoryview]) -> tuple[bytes, bytes]:
    """The block of entries behind a block, and its hash."""
    block = b"".join((previous_hash, *parts))
    return block, hashlib.sha256(block).digest()


def entries_of(block: bytes) -> Iterator[Entry]:
    """The entries of a block. Raises ValueError where the bytes are none."""
    at = HASH_BYTES
    while at < len(block):
        if at + _HEAD.size > len(block):
            raise ValueError(f"expected an entry at byte {at} of a block, found its end")
        kind, time_ns, size = _HEAD.unpack_from(block, at)
        at += _HEAD.size
        if at + size > len(block):
            raise ValueError(f"expected {size} bytes at byte {at} of a block, found its end")
        yield Entry(EntryKind(kind), time_ns, block[at : at + size])
        at += size
