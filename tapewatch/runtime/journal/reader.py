"""Reading a journal: one cursor a reader, straight from the files, nothing beyond the durable end."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tapewatch.runtime.errors import OutOfRange
from tapewatch.runtime.journal.extent import Extent, Segment, damaged, list_segments
from tapewatch.runtime.journal.record import HEADER, Record, read_header, read_record
from tapewatch.runtime.journal.recovery import DurableMark

READ_BYTES: Final = 1 << 20


class Cursor:
    """A position in a journal. Holds one open file and no records; use as a context manager.

    Raises OutOfRange for a position before the oldest held or after the next one.
    """

    def __init__(self, extent: Extent, sequence: int, next_sequence: int) -> None:
        if not extent.first_sequence <= sequence <= next_sequence:
            raise _out_of_range(extent, sequence, next_sequence)
        self.sequence = sequence
        self._extent = extent
        self._segment: Segment | None = None
        self._descriptor = -1
        self._offset = 0
        self._expected = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the open file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._segment = -1, None

    @property
    def at_hand(self) -> bool:
        """Whether the next read is near the durable end, so that its bytes were written a moment ago."""
        segment = self._segment
        newest = self._extent.segments[-1]
        return segment is newest and segment.size - self._offset <= READ_BYTES

    def read(self, bytes_max: int = READ_BYTES) -> list[Record]:
        """The next durable records, about `bytes_max` bytes of them but at least one; empty at the durable end.

        The first may begin before the position asked for: records are never cut. Raises DataLoss on damage and
        OutOfRange where retention has overtaken the cursor.
        """
        segment = self._segment or self._enter(self._extent.find(self.sequence))
        while self._offset >= segment.size:
            following = self._extent.after(segment)
            if following is None or self.sequence < self._extent.first_sequence:
                self._check_retention()
                return []
            if following.first_sequence != self.sequence:
                raise damaged(segment.path, self._offset)  # its end is missing
            segment = self._enter(following)
        records = self._parse(segment, min(bytes_max, segment.size - self._offset))
        if records:
            self.sequence = records[-1].end_sequence
        return records

    def _enter(self, segment: Segment) -> Segment:
        self.close()
        self._check_retention()
        try:
            self._descriptor = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise _out_of_range(self._extent, self.sequence, self._extent.durable_sequence) from None
        self._offset = segment.seek(self.sequence, self._descriptor)
        self._expected = -1
        if self._offset == 0:
            self._expected = segment.first_sequence
        self._segment = segment
        return segment

    def _check_retention(self) -> None:
        if self.sequence < self._extent.first_sequence:
            raise _out_of_range(self._extent, self.sequence, self._extent.durable_sequence)

    def _parse(self, segment: Segment, size: int) -> list[Record]:
        data = os.pread(self._descriptor, size, self._offset)
        records: list[Record] = []
        at = 0
        while at < len(data):
            header = read_header(data, at)
            wanted = HEADER.size if header is None else header.record_bytes
            if at + wanted > len(data) and self._offset + wanted <= segment.size:
                if records or at:
                    break
                data = os.pread(self._descriptor, wanted, self._offset)
                continue
            record = read_record(data, at, header) if header else None
            if header is None or record is None or self._expected not in (-1, record.first_sequence):
                raise damaged(segment.path, self._offset)
            at += header.record_bytes
            self._offset += header.record_bytes
            self._expected = record.end_sequence
            if record.end_sequence > self.sequence:
                records.append(record)
        return records or self.read()


def read_extent(directory: Path) -> Extent:
    """The durable part of a journal that another process may be writing, as its durable mark says.

    Raises FileNotFoundError where there is no journal, DataLoss where durable bytes are missing.
    """
    mark = DurableMark.read(directory)
    segments = [each for each in list_segments(directory) if each.first_sequence <= mark.segment_first_sequence]
    if not segments:
        raise FileNotFoundError(errno.ENOENT, "expected a journal, found no segment", str(directory))
    newest = segments[-1]
    if newest.first_sequence != mark.segment_first_sequence or newest.size < mark.offset:
        raise damaged(newest.path, newest.size)
    newest.size = mark.offset
    return Extent(segments, mark.sequence)


def _out_of_range(extent: Extent, sequence: int, next_sequence: int) -> OutOfRange:
    reason = "BEFORE_RETENTION" if sequence < extent.first_sequence else "AFTER_END"
    return OutOfRange(
        reason,
        f"expected a position from {extent.first_sequence} (the oldest kept) to {next_sequence} (the next), "
        f"found {sequence}; resume from a snapshot at or after {extent.first_sequence}",
        first_sequence=extent.first_sequence,
        next_sequence=next_sequence,
    )
