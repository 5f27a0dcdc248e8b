"""Appends records to the newest segment and begins the next; runs on the journal's one thread."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tapewatch.runtime.journal.extent import Recovery, Segment, segment_path
from tapewatch.runtime.journal.files import FileLayer
from tapewatch.runtime.journal.record import HEADER, Record, encode_header, padded, padding
from tapewatch.runtime.journal.recovery import DurableMark, recover_tail


class SegmentWriter:
    """Owns the descriptors of a journal: the newest segment, the durable mark and the lock."""

    def __init__(
        self, directory: Path, files: FileLayer, segment_bytes: int, lock_descriptor: int, mark_descriptor: int
    ) -> None:
        self.directory = directory
        self.files = files
        self._segment_bytes = segment_bytes
        self._lock_descriptor = lock_descriptor
        self._mark_descriptor = mark_descriptor
        self._descriptor = -1
        self._segment = Segment(0, directory)
        self._offset = 0
        self._durable_sequence = 0
        self._grown: list[tuple[Segment, int, list[tuple[int, int, int]]]] = []

    def begin(self, first_sequence: int) -> Segment:
        """Creates the segment that begins at a position; what was in the one before is durable already."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        path = segment_path(self.directory, first_sequence)
        self._descriptor = self.files.create(path)
        self._segment, self._offset = Segment(first_sequence, path), 0
        return self._segment

    def resume(self, segment: Segment, mark: DurableMark) -> tuple[int, Recovery | None]:
        """Goes on in an existing segment after cutting an incomplete end; the next sequence and what was cut."""
        self._descriptor = self.files.open(segment.path)
        sequence, recovery = recover_tail(segment, self._descriptor, mark, self.files)
        self.files.sync(self._descriptor)  # a whole record may have been written and not yet synced
        self._segment, self._offset = segment, segment.size
        return sequence, recovery

    def write(self, records: Sequence[Record]) -> list[Segment]:
        """Returns once all records are on disk; the segments begun on the way. Raises OSError."""
        begun: list[Segment] = []
        start = 0
        while start < len(records):
            if self._offset >= self._segment_bytes:
                begun.append(self.begin(records[start].first_sequence))
            start = self._write_run(records, start)
            self.files.sync(self._descriptor)
            self.mark(records[start - 1].end_sequence)
        return begun

    def mark(self, sequence: int) -> None:
        """Notes how far the journal is durable, for the next start."""
        self._durable_sequence = sequence
        mark = DurableMark(sequence, self._segment.first_sequence, self._offset)
        self.files.write(self._mark_descriptor, [mark.encode()], 0)

    def publish_sizes(self) -> None:
        """Makes what was written since the last call visible to readers; called on the loop, after `write`."""
        for segment, size, notes in self._grown:
            for note in notes:
                if segment.indexed_bytes == note[1]:  # else a reader is behind in the index and will walk to it
                    segment.note(*note)
            segment.size = size
        self._grown.clear()

    def sync_mark(self) -> None:
        """Makes the durable mark exact on disk; done at an orderly end."""
        self.files.sync(self._mark_descriptor)

    def close(self) -> None:
        """Gives up the descriptors and the lock."""
        for descriptor in (self._descriptor, self._mark_descriptor, self._lock_descriptor):
            os.close(descriptor)

    def _write_run(self, records: Sequence[Record], start: int) -> int:
        """Writes records up to the end of the segment, at least one; the index after the last one written."""
        buffers: list[bytes] = []
        notes: list[tuple[int, int, int]] = []
        offset, index = self._offset, start
        while index < len(records) and (index == start or offset < self._segment_bytes):
            record = records[index]
            buffers += (encode_header(record, self._durable_sequence), record.payload, padding(record))
            record_bytes = HEADER.size + padded(len(record.payload))
            notes.append((record.first_sequence, offset, record_bytes))
            offset += record_bytes
            index += 1
        self.files.write(self._descriptor, buffers, self._offset)
        self._offset = offset
        self._grown.append((self._segment, offset, notes))
        return index
