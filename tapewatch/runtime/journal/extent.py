"""What of a journal is on disk: its segments, how far each is durable, and how to find a position in one."""

from __future__ import annotations

import bisect
import os
import re
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

from tapewatch.runtime.errors import DataLoss
from tapewatch.runtime.journal.record import HEADER, read_header

SUFFIX: Final = ".segment"
INDEX_STEP_BYTES: Final = 1 << 20
_NAME: Final = re.compile(r"\d{20}" + re.escape(SUFFIX))


@dataclass(frozen=True, slots=True)
class Recovery:
    """What opening a journal cut off: an incomplete last write.

    `lost_sequence` is the position from which rows reported durable before are gone (the file was cut from outside),
    None for an ordinary torn write, which nobody was told is durable.
    """

    segment: Path
    offset: int
    removed_bytes: int
    lost_sequence: int | None

    def __str__(self) -> str:
        loss = "" if self.lost_sequence is None else f"; rows from {self.lost_sequence} on were durable before"
        return f"{self.segment}: cut {self.removed_bytes} bytes of an incomplete write at offset {self.offset}{loss}"


@dataclass(slots=True)
class Segment:
    """One file. `size` counts durable bytes; the index holds a (sequence, offset) about every INDEX_STEP_BYTES."""

    first_sequence: int
    path: Path
    size: int = 0
    sequences: array[int] = field(default_factory=lambda: array("q"))
    offsets: array[int] = field(default_factory=lambda: array("q"))
    indexed_bytes: int = 0
    _walking: Lock = field(default_factory=Lock)

    def note(self, sequence: int, offset: int, record_bytes: int) -> None:
        """Takes a record that lies at `indexed_bytes` into the sparse index."""
        if not self.offsets or offset - self.offsets[-1] >= INDEX_STEP_BYTES:
            self.sequences.append(sequence)
            self.offsets.append(offset)
        self.indexed_bytes = offset + record_bytes

    def seek(self, sequence: int, descriptor: int) -> int:
        """Offset of a record at or before the one that holds `sequence`; completes the index by walking headers."""
        self._complete_index(descriptor)
        place = bisect.bisect_right(self.sequences, sequence) - 1
        return self.offsets[place] if place >= 0 else 0

    def _complete_index(self, descriptor: int) -> None:
        with self._walking:
            self._walk_headers(descriptor)

    def _walk_headers(self, descriptor: int) -> None:
        while self.indexed_bytes < self.size:
            offset = self.indexed_bytes
            header = read_header(os.pread(descriptor, HEADER.size, offset))
            if header is None or offset + header.record_bytes > self.size:
                raise damaged(self.path, offset)
            self.note(header.first_sequence, offset, header.record_bytes)


@dataclass(slots=True)
class Extent:
    """The durable part of a journal: segments by first sequence, and the position after the last durable row."""

    segments: list[Segment]
    durable_sequence: int

    @property
    def first_sequence(self) -> int:
        """Oldest position still held."""
        return self.segments[0].first_sequence

    @property
    def size_bytes(self) -> int:
        """Durable bytes of all segments."""
        return sum(segment.size for segment in self.segments)

    def find(self, sequence: int) -> Segment:
        """The segment that holds a position (or will)."""
        place = bisect.bisect_right(self.segments, sequence, key=lambda segment: segment.first_sequence) - 1
        return self.segments[max(place, 0)]

    def after(self, segment: Segment) -> Segment | None:
        """The next segment, None where there is none or the given one is no longer held."""
        place = bisect.bisect_right(self.segments, segment.first_sequence, key=lambda each: each.first_sequence)
        return self.segments[place] if place < len(self.segments) else None


def segment_path(directory: Path, first_sequence: int) -> Path:
    """Path of the segment that begins at a position."""
    return directory / f"{first_sequence:020d}{SUFFIX}"


def list_segments(directory: Path) -> list[Segment]:
    """The segments of a directory, oldest first."""
    paths = sorted(path for path in directory.iterdir() if _NAME.fullmatch(path.name))
    return [Segment(int(path.name.removesuffix(SUFFIX)), path, path.stat().st_size) for path in paths]


def damaged(path: Path, offset: int) -> DataLoss:
    """The error for bytes that are not what was written there."""
    return DataLoss(
        "JOURNAL_DAMAGED",
        f"journal segment {path.name} at offset {offset}: expected a record with a matching checksum, found damaged "
        "bytes; restore the segment from a copy, nothing from there on is served",
        segment=path.name,
        offset=offset,
    )
