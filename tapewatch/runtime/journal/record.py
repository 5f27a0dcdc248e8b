"""The bytes of a journal record.

A record is a 48-byte little-endian header, the payload, and zeros up to a multiple of 8 bytes. Header: magic "TWJ1",
payload bytes u32, CRC-32 u32 (of everything else in the header, then the payload), kind u8, 3 zeros, first sequence
u64, rows u32, 4 zeros, ingest time i64 (nanoseconds UTC), durable sequence u64. The last is what was known durable
when the record was written: a valid record proves that all before that position had reached the disk, so damage
there is loss, not a torn write.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

MAGIC: Final = b"TWJ1"
HEADER: Final = struct.Struct("<4sIIB3xQI4xqQ")
ALIGNMENT: Final = 8
PAYLOAD_BYTES_MAX: Final = 1 << 28
_CRC_AT: Final = 8
_CRC_END: Final = 12


class RecordKind(IntEnum):
    """What a record holds; the codes are those of the contract."""

    EVENTS = 1
    MARK = 2
    CONTROL = 3


@dataclass(frozen=True, slots=True)
class Record:
    """One record: it takes the positions first_sequence (inclusive) to end_sequence (exclusive)."""

    kind: RecordKind
    first_sequence: int
    row_count: int
    ingest_time_ns: int
    payload: bytes

    @property
    def end_sequence(self) -> int:
        """Position after the record's last row."""
        return self.first_sequence + self.row_count


@dataclass(frozen=True, slots=True)
class Header:
    """What a record's header says; unverified until `matches` has seen the payload."""

    length: int
    crc: int
    kind: int
    first_sequence: int
    row_count: int
    ingest_time_ns: int
    durable_sequence: int

    @property
    def record_bytes(self) -> int:
        """Bytes of the record in its segment: header, payload and padding."""
        return HEADER.size + padded(self.length)

    @property
    def plausible(self) -> bool:
        """Whether the fields are ones a writer can have written."""
        return 1 <= self.kind <= len(RecordKind) and self.row_count >= 1 and self.length <= PAYLOAD_BYTES_MAX


def padded(length: int) -> int:
    """Length rounded up to the alignment."""
    return (length + ALIGNMENT - 1) & -ALIGNMENT


def encode_header(record: Record, durable_sequence: int) -> bytes:
    """The record's header with its checksum."""
    fields = (record.kind, record.first_sequence, record.row_count, record.ingest_time_ns, durable_sequence)
    draft = HEADER.pack(MAGIC, len(record.payload), 0, *fields)
    return HEADER.pack(MAGIC, len(record.payload), _checksum(draft, 0, record.payload), *fields)


def padding(record: Record) -> bytes:
    """The zeros after the payload."""
    return bytes(-len(record.payload) % ALIGNMENT)


def read_header(data: bytes, at: int = 0) -> Header | None:
    """The header at an offset; None where the bytes are too few or are no header."""
    if len(data) - at < HEADER.size:
        return None
    magic, *fields = HEADER.unpack_from(data, at)
    header = Header(*fields)
    return header if magic == MAGIC and header.plausible else None


def read_record(data: bytes, at: int, header: Header) -> Record | None:
    """The record at an offset, whose bytes must all be there; None where the checksum does not match."""
    start = at + HEADER.size
    payload = data[start : start + header.length]
    if len(payload) != header.length or _checksum(data, at, payload) != header.crc:
        return None
    return Record(RecordKind(header.kind), header.first_sequence, header.row_count, header.ingest_time_ns, payload)


def _checksum(data: bytes, at: int, payload: bytes) -> int:
    crc = zlib.crc32(data[at : at + _CRC_AT])
    crc = zlib.crc32(data[at + _CRC_END : at + HEADER.size], crc)
    return zlib.crc32(payload, crc)
