"""The way of a batch: check its numbering, validate, dedupe, journal, quarantine, count; then wait for the disk.

Everything up to the wait happens in one step of the event loop, so batches of different streams never interleave, and
a batch is either wholly taken or, where it is refused as a whole, leaves no trace.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest_service.controls import control_payload
from ingest_service.dedupe import NUMBER_SETS_MAX, PART_MAX
from ingest_service.ledger import SOURCES_MAX, Groups, rows_by_source
from ingest_service.quarantine import refusals_of
from ingest_service.state import IngestState
from tapewatch.market.frame import Frame
from tapewatch.market.validate import Rejection, validate
from tapewatch.runtime.errors import InvalidArgument, ResourceExhausted, Unavailable
from tapewatch.runtime.journal import Journal, RecordKind

Array = NDArray[Any]

BATCH_ROWS_MAX: Final = 1 << 17
RECORD_BYTES_MAX: Final = 8 << 20
"""A journal record; half of what a message may hold, so that every subscriber can be sent it."""
SOURCE_CHARACTERS_MAX: Final = 512
EPOCH_MAX: Final = (1 << 62) - 1


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch's rows. Durable only after `Intake.durable`."""

    journalled: int
    duplicates: int
    rejections: list[Rejection]
    quarantine_ids: list[int]


class IntakeError(RuntimeError):
    """What is in memory no longer agrees with the journal: a defect of ours, the process must not go on."""


class Intake:
    """Takes batches, marks and control records into the journal. One a process; used from one event loop."""

    def __init__(self, journal: Journal, state: IngestState, clock: Callable[[], int]) -> None:
        self.journal = journal
        self.state = state
        self.broken = asyncio.Event()
        self._clock = clock

    def now_ns(self) -> int:
        """Ingest's clock; nanoseconds since the Unix epoch, UTC."""
        return self._clock()

    async def watch(self) -> None:
        """Returns never; raises IntakeError once a batch was left half taken, so that the owner's task group ends."""
        await self.broken.wait()
        raise IntakeError("a batch was left half taken; the next start recovers from the journal")

    async def durable(self) -> int:
        """Waits until all that was taken is on disk; the durable sequence. Raises JournalError."""
        sequence = await self.journal.commit()
        await self.state.quarantine.log.commit()  # its sync began with the append, so it runs beside the journal's
        return sequence

    def take(self, batch_id: str, frame: Frame) -> Taken:
        """Takes a batch. Raises InvalidArgument, naming batch, row and field, where rows can not be told apart."""
        if frame.row_count == 0:
            return Taken(0, 0, [], [])
        groups = check_identity(batch_id, frame)
        self._check_room()
        if self.broken.is_set():
            raise Unavailable("BROKEN", "ingest is about to stop; send again what was not answered")
        taken = None
        try:
            taken = self._take(frame, groups)
        finally:
            if taken is None:  # some rows may be known and not journalled: only a restart puts that right
                self.broken.set()
        return taken

    def _take(self, frame: Frame, groups: Groups) -> Taken:
        now_ns = self._clock()
        self.state.ledger.receive(groups)
        rejections = sorted_by_row(validate(frame), _number_faults(frame))
        good = _without(frame.row_count, rejections)
        known = self.state.deduper.claim(frame, good)
        duplicates = 0 if known is None else int(known.sum())
        fresh = _fresh_rows(frame.row_count, good, known)
        if fresh is None:
            self._append(frame, groups, now_ns)
        elif fresh.size:
            kept = frame.take(fresh)
            self._append(kept, rows_by_source(kept), now_ns)
        journalled = frame.row_count if fresh is None else int(fresh.size)
        quarantine_ids = self._refuse(frame, rejections, now_ns)
        if known is not None:
            rows = np.arange(frame.row_count) if good is None else good
            repeated = rows_by_source(frame.take(rows[known]))
            self._repeat({source: count for source, _, count in repeated}, now_ns)
        self.state.ledger.check(groups)
        return Taken(journalled, duplicates, rejections, quarantine_ids)

    def end_source(self, source: str) -> None:
        """Journals that a source sends no more in this run; once, however often it says so."""
        books = self.state.ledger.open(source)
        if not books.ended:
            self.mark(
                {"mark": "end_of_source", "source": source, "venues": sorted(books.venues), "time_ns": self._clock()}
            )

    def start_source(self, source: str) -> None:
        """Journals that a source that ended is there again; nothing of one that did not end."""
        books = self.state.ledger.sources.get(source)
        if books is not None and books.ended:
            self.mark(
                {"mark": "start_of_source", "source": source, "venues": sorted(books.venues), "time_ns": self._clock()}
            )

    def mark(self, content: dict[str, Any]) -> None:
        """Journals a mark."""
        sequence = self.journal.append(RecordKind.MARK, json.dumps(content, ensure_ascii=False).encode())
        self.state.take_mark(content)
        self.state.journal_sequence = sequence + 1

    def control(self, kind_name: str, content: bytes, request_id: str) -> int:
        """Journals a control record, or finds the one the same request made before; its position.

        Raises InvalidArgument, AlreadyExists.
        """
        payload = control_payload(kind_name, content, request_id)
        known = self.state.controls.find(request_id, payload)
        if known is not None:
            return known
        sequence = self.journal.append(RecordKind.CONTROL, payload)
        self.state.controls.remember(payload, sequence)
        self.state.journal_sequence = sequence + 1
        return sequence

    def _check_room(self) -> None:
        if self.state.ledger.is_full or self.state.deduper.is_full:
            raise ResourceExhausted(
                "TOO_MANY_SOURCES",
                f"expected at most {SOURCES_MAX} sources and {NUMBER_SETS_MAX} numberings (source, epoch, part), found "
                "that many; give a feed one source name, and move the data directory away to begin a new journal",
            )

    def _append(self, frame: Frame, groups: Groups, now_ns: int) -> None:
        self.state.ledger.journal(frame, groups, now_ns)
        self.state.times.note(self.journal.next_sequence, frame.columns["event_time_ns"])
        for payload, rows in _records(frame):
            self.journal.append(RecordKind.EVENTS, payload, rows)
        self.state.journal_sequence = self.journal.next_sequence

    def _refuse(self, frame: Frame, rejections: list[Rejection], now_ns: int) -> list[int]:
        if not rejections:
            return []
        ids, new = self.state.quarantine.add(refusals := refusals_of(frame, rejections))
        counted = set()
        repeated: dict[str, int] = {}
        news = {refusal.digest for refusal in new}
        for refusal in refusals:
            if refusal.digest in news and refusal.digest not in counted:
                counted.add(refusal.digest)
                self.state.ledger.reject(refusal.source, refusal.reason, refusal.epoch, refusal.sequence, now_ns)
            else:
                repeated[refusal.source] = repeated.get(refusal.source, 0) + 1
        if repeated:
            self._repeat(repeated, now_ns)
        self.state.quarantine_sequence = self.state.quarantine.log.next_sequence
        return ids

    def _repeat(self, rows_by_name: dict[str, int], now_ns: int) -> None:
        self.state.quarantine.count_duplicates(rows_by_name)
        for source, count in rows_by_name.items():
            self.state.ledger.repeat(source, count, now_ns)
        self.state.quarantine_sequence = self.state.quarantine.log.next_sequence


def check_identity(batch_id: str, frame: Frame) -> Groups:
    """The frame's sources and rows.

    Raises InvalidArgument where the batch is too long, or a row has no source, or neither key nor number.
    """
    if frame.row_count > BATCH_ROWS_MAX:
        raise InvalidArgument(
            "BATCH_TOO_LARGE",
            f"batch {batch_id!r}: expected at most {BATCH_ROWS_MAX} rows, found {frame.row_count}; send smaller ones",
            batch_id=batch_id,
        )
    source = frame.columns.get("source")
    if source is None or not source.all():
        row = 0 if source is None else int(np.flatnonzero(source == 0)[0])
        raise _no_identity(batch_id, row, "source", "a source")
    groups = rows_by_source(frame)
    for name, rows, _ in groups:
        if len(name) > SOURCE_CHARACTERS_MAX:
            row = 0 if rows is None else int(rows[0])
            raise _no_identity(batch_id, row, "source", f"a source of at most {SOURCE_CHARACTERS_MAX} characters")
    sequence = frame.columns.get("source_sequence", np.zeros(frame.row_count, dtype=np.int64))
    key = frame.columns.get("event_key")
    numbered = sequence > 0 if key is None else (sequence > 0) | (key != 0)
    if not numbered.all():
        row = int(np.flatnonzero(~numbered)[0])
        raise _no_identity(batch_id, row, "source_sequence", "an event_key, or a source_sequence of 1 or more")
    return groups


def sorted_by_row(first: list[Rejection], second: list[Rejection]) -> list[Rejection]:
    """One rejection a row, the first list's before the second's."""
    if not second:
        return first
    found = {rejection.row: rejection for rejection in (*second, *first)}
    return [found[row] for row in sorted(found)]


def _no_identity(batch_id: str, row: int, field: str, expected: str) -> InvalidArgument:
    return InvalidArgument(
        "NO_IDENTITY",
        f"batch {batch_id!r}, row {row}, {field}: expected {expected}, found none; without it a repeated event can "
        "not be told from a new one. No row of the batch was taken",
        batch_id=batch_id,
        row=row,
        field=field,
    )


def _number_faults(frame: Frame) -> list[Rejection]:
    faults: list[Rejection] = []
    for name, highest in (("source_epoch", EPOCH_MAX), ("source_part", PART_MAX)):
        values = frame.columns.get(name)
        if values is None or (values.min() >= 0 and values.max() <= highest):
            continue
        for row in np.flatnonzero((values < 0) | (values > highest)).tolist():
            message = f"{name}: expected 0 to {highest}, found {int(values[row])}"
            faults.append(Rejection(row, name, "OUT_OF_RANGE", message))
    return faults


def _without(row_count: int, rejections: list[Rejection]) -> Array | None:
    """Rows that were not rejected; None for all of them."""
    if not rejections:
        return None
    good = np.ones(row_count, dtype=bool)
    good[[rejection.row for rejection in rejections]] = False
    return np.flatnonzero(good)


def _fresh_rows(row_count: int, good: Array | None, known: NDArray[np.bool_] | None) -> Array | None:
    """Rows to journal; None for all of them."""
    if known is None:
        return good
    return (np.arange(row_count) if good is None else good)[~known]


def _records(frame: Frame) -> list[tuple[bytes, int]]:
    """The frame's bytes and rows, in halves where one record would be too large."""
    payload = frame.encode()
    if len(payload) <= RECORD_BYTES_MAX or frame.row_count == 1:
        return [(payload, frame.row_count)]
    middle = frame.row_count // 2
    return _records(frame.slice(0, middle)) + _records(frame.slice(middle, frame.row_count))
