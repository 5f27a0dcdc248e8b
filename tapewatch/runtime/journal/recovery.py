"""Opening a journal after any kind of stop: which bytes at its end are whole, and what the rest means.

A writer that dies leaves a prefix of its last write; a power loss may leave any part of what was not synced. Both are
cut off. Bytes that had been synced and do not match their checksum are damage, and are never cut or served. Which is
which: the durable mark (a few bytes rewritten after each sync; exact after a crash of the process, possibly behind
after a power loss, never ahead) and the durable sequence in every later record.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tapewatch.runtime.journal.extent import Recovery, Segment, damaged
from tapewatch.runtime.journal.files import FileLayer
from tapewatch.runtime.journal.record import ALIGNMENT, HEADER, MAGIC, Header, read_header, read_record

DURABLE_MARK: Final = "durable"
_MARK: Final = struct.Struct("<QQQI")


@dataclass(frozen=True, slots=True)
class DurableMark:
    """A point up to which the journal is known to have been synced: sequence, and offset within a segment."""

    sequence: int = 0
    segment_first_sequence: int = 0
    offset: int = 0

    def encode(self) -> bytes:
        """The mark's bytes with a checksum."""
        fields = (self.sequence, self.segment_first_sequence, self.offset)
        return _MARK.pack(*fields, zlib.crc32(repr(fields).encode()))

    @staticmethod
    def read(directory: Path) -> DurableMark:
        """The mark of a directory; zeros where there is none or it does not match its checksum."""
        path = directory / DURABLE_MARK
        data = path.read_bytes() if path.exists() else b""
        if len(data) != _MARK.size:
            return DurableMark()
        *fields, _ = _MARK.unpack(data)
        mark = DurableMark(*fields)
        return mark if mark.encode() == data else DurableMark()


def recover_tail(segment: Segment, descriptor: int, mark: DurableMark, files: FileLayer) -> tuple[int, Recovery | None]:
    """Checks every record of the last segment, cuts an incomplete end; the next sequence, and what was cut.

    Raises DataLoss where bytes that were durable are damaged.
    """
    data = _read_all(descriptor)
    offset, sequence = _walk(segment, data)
    segment.size = offset
    floor = mark.offset if mark.segment_first_sequence == segment.first_sequence else 0
    cut_from_outside = len(data) < floor
    if offset == len(data) and not cut_from_outside:
        return sequence, None
    if not cut_from_outside and (offset < floor or _proven_durable(data, offset, sequence)):
        raise damaged(segment.path, offset)
    if cut_from_outside and _is_whole(data, offset):
        raise damaged(segment.path, offset)
    files.truncate(descriptor, offset)
    lost = sequence if cut_from_outside else None
    return sequence, Recovery(segment.path, offset, len(data) - offset, lost)


def _walk(segment: Segment, data: bytes) -> tuple[int, int]:
    offset, sequence = 0, segment.first_sequence
    while True:
        header = _whole_header(data, offset)
        if header is None or header.first_sequence != sequence or read_record(data, offset, header) is None:
            return offset, sequence
        segment.note(sequence, offset, header.record_bytes)
        offset += header.record_bytes
        sequence += header.row_count


def _whole_header(data: bytes, offset: int) -> Header | None:
    header = read_header(data, offset)
    return header if header is not None and offset + header.record_bytes <= len(data) else None


def _is_whole(data: bytes, offset: int) -> bool:
    """Whether all bytes of the record at an offset seem to be there, so that it is damaged rather than cut."""
    return len(data) - offset >= HEADER.size and (
        (header := read_header(data, offset)) is None or offset + header.record_bytes <= len(data)
    )


def _proven_durable(data: bytes, offset: int, sequence: int) -> bool:
    """Whether a valid record after `offset` says that `sequence` was durable when it was written."""
    place = data.find(MAGIC, offset + ALIGNMENT)
    while place >= 0:
        header = _whole_header(data, place) if place % ALIGNMENT == 0 else None
        if header is not None and header.durable_sequence > sequence and read_record(data, place, header):
            return True
        place = data.find(MAGIC, place + 1)
    return False


def _read_all(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    parts: list[bytes] = []
    while size and (part := os.pread(descriptor, size, sum(map(len, parts)))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
