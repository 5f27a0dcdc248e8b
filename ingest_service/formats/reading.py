"""The common way from a format's batches to frames: identity, semantic checks, event-time order, equal frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest_service.formats.columns import ValueFault
from ingest_service.formats.content import content_source, fingerprint
from ingest_service.formats.contract import FileReport, FormatError, FormatOptions, RowFault
from tapewatch.market.frame import ROWS_MAX, Frame, StringTable
from tapewatch.market.validate import validate

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events read together, before any check.

    `lines` says where each row stands, `sequences` and `parts` are its identity within the file, `evidence` gives a
    line's text, `faults` are the rows already known to be bad.
    """

    frame: Frame
    lines: Integers
    sequences: Integers
    parts: Integers | None
    evidence: Callable[[int], str]
    faults: Sequence[ValueFault] = ()


class BatchReader(Protocol):
    """Reads a format: a batch at a time, always cut at the same rows."""

    def __call__(self, report: FileReport) -> Iterator[EventBatch]:
        """Batches in file order; rejects in `report` the lines that are no rows."""
        ...


class ReadEventFile:
    """An EventFile over a format's BatchReader; `paths` are the files that make its content, the first its name."""

    __slots__ = ("_fingerprint", "_paths", "_read", "_sort_rows_max", "report")

    def __init__(self, name: str, paths: Sequence[Path], options: FormatOptions, read: BatchReader) -> None:
        self._paths = paths
        self._read = read
        self._sort_rows_max = options.sort_rows_max
        self._fingerprint = fingerprint(paths)
        self.report = FileReport(paths[0], name, source=content_source(paths), faults_kept_max=options.faults_kept_max)

    def frames(self, rows_per_frame: int = 4096) -> Iterator[Frame]:
        """The good rows in event-time order, `rows_per_frame` a frame; see EventFile."""
        if not 1 <= rows_per_frame <= ROWS_MAX:
            raise ValueError(f"rows_per_frame: expected 1 to {ROWS_MAX}, found {rows_per_frame}")
        self.report.restart()
        yield from _of_equal_size(_in_time_order(self._checked(), self.report, self._sort_rows_max), rows_per_frame)
        if fingerprint(self._paths) != self._fingerprint:
            raise FormatError(f"{self.report.path}: the file changed while it was read; read it again when it is whole")

    def _checked(self) -> Iterator[Frame]:
        for batch in self._read(self.report):
            if batch.frame.row_count == 0:
                continue
            good = _good_rows(batch, self.report)
            frame = _identified(batch, self.report.source)
            frame = frame if good.all() else frame.take(np.flatnonzero(good))
            self.report.accepted += frame.row_count
            yield frame


def _good_rows(batch: EventBatch, report: FileReport) -> NDArray[np.bool_]:
    good = np.ones(batch.frame.row_count, dtype=bool)
    faults = {fault.index: (fault.field, fault.reason, fault.message) for fault in batch.faults}
    for found in validate(batch.frame):
        faults.setdefault(found.row, (found.field, found.reason, found.message))
    for index in sorted(faults):
        good[index] = False
        line = int(batch.lines[index])
        report.reject(RowFault(line, *faults[index], batch.evidence(line)))
    return good


def _identified(batch: EventBatch, source: str) -> Frame:
    """The frame with source, sequence and part; a row that names its own source keeps its own."""
    frame = batch.frame
    columns = dict(frame.columns)
    place = np.uint32(len(frame.table))
    strings = StringTable.concat([frame.table, StringTable.of([source])])
    own = columns.get("source", np.zeros(frame.row_count, dtype=np.uint32))
    absent = own == 0
    zeros = np.zeros(frame.row_count, dtype=np.int64)
    columns["source"] = np.where(absent, place, own).astype(np.uint32)
    columns["source_sequence"] = np.where(absent, batch.sequences, columns.get("source_sequence", zeros))
    parts = zeros if batch.parts is None else batch.parts
    if "source_part" in columns or batch.parts is not None:
        columns["source_part"] = np.where(absent, parts, columns.get("source_part", zeros))
    if "source_epoch" in columns:
        columns["source_epoch"] = np.where(absent, 0, columns["source_epoch"])
    return Frame(frame.row_count, columns, strings, frame.extensions)


def _in_time_order(frames: Iterator[Frame], report: FileReport, rows_max: int) -> Iterator[Frame]:
    """Frames whose rows never go back in event time: sorted up to `rows_max` rows, beyond that only checked."""
    held: list[Frame] = []
    held_rows = 0
    last = np.iinfo(np.int64).min
    disorder = ""
    for frame in frames:
        if frame.row_count == 0:
            continue
        disorder = disorder or _disorder(frame, last)
        last = frame.columns["event_time_ns"][-1]
        held.append(frame)
        held_rows += frame.row_count
        if held_rows <= rows_max:
            continue
        if disorder:
            raise FormatError(
                f"{report.path}: {disorder}; only files of at most {rows_max} events are put in order here. "
                "Sort the file by event time first, split it, or raise sort_rows_max."
            )
        yield from held
        held.clear()
    if disorder:
        held = [_sorted(Frame.concat(held))]
        report.notes.append(f"{disorder}: the {held_rows} events were sorted by event time, ties in file order")
    yield from held


def _disorder(frame: Frame, last: int) -> str:
    times = frame.columns["event_time_ns"]
    back = np.flatnonzero(np.diff(times, prepend=max(last, 0)) < 0)
    if not len(back):
        return ""
    sequence = int(frame.columns["source_sequence"][back[0]])
    return f"row {sequence} is earlier than the row before it (event_time_ns {int(times[back[0]])})"


def _sorted(frame: Frame) -> Frame:
    return frame.take(np.argsort(frame.columns["event_time_ns"], kind="stable"))


def _of_equal_size(frames: Iterator[Frame], rows: int) -> Iterator[Frame]:
    pending: list[Frame] = []
    pending_rows = 0
    for frame in frames:
        pending.append(frame)
        pending_rows += frame.row_count
        if pending_rows < rows:
            continue
        joined = pending[0] if len(pending) == 1 else Frame.concat(pending)
        whole = pending_rows - pending_rows % rows
        for start in range(0, whole, rows):
            yield joined.slice(start, start + rows)
        pending = [joined.slice(whole, pending_rows)]
        pending_rows -= whole
    if pending_rows:
        yield Frame.concat(pending)
