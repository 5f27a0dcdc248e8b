"""What became of every row, per source: received = journalled + rejected + duplicate, always.

Journalled rows are counted from the journal; rejected rows and duplicates from the quarantine's log, whose record is
synced before the answer is sent. So after any crash the counts are those of the rows answered, plus whole batches that
were durable and whose answer was lost on the way.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest_service.intervals import IntervalSet
from tapewatch.market.frame import Frame

Array = NDArray[Any]

SOURCES_MAX: Final = 100_000
VENUES_PER_SOURCE_MAX: Final = 256
REASONS_PER_SOURCE_MAX: Final = 64


class LedgerError(AssertionError):
    """The books of a source do not balance: a defect of ours, the process must not go on."""


@dataclass(slots=True)
class SourceLedger:
    """One source's counts of rows, its numbering in the newest epoch, and when it was last heard."""

    source: str
    received: int = 0
    journalled: int = 0
    rejected: int = 0
    duplicate: int = 0
    epoch: int = 0
    numbers: IntervalSet = field(default_factory=IntervalSet)
    last_event_time_ns: int = 0
    last_received_time_ns: int = 0
    ended: bool = False
    idle_mark_time_ns: int = 0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    venues: set[str] = field(default_factory=set)

    @property
    def idle(self) -> bool:
        """Whether an idle mark was journalled and nothing has been heard since."""
        return self.idle_mark_time_ns > 0 and self.last_received_time_ns <= self.idle_mark_time_ns

    def check(self) -> None:
        """Raises LedgerError unless received = journalled + rejected + duplicate."""
        if self.received != self.journalled + self.rejected + self.duplicate:
            raise LedgerError(
                f"source {self.source!r}: received {self.received} is not journalled {self.journalled} "
                f"+ rejected {self.rejected} + duplicate {self.duplicate}"
            )

    def number(self, epoch: int, sequences: Array) -> None:
        """Notes numbers of an epoch as seen; an older epoch's are not counted, a newer one begins afresh."""
        if epoch < self.epoch:
            return
        if epoch > self.epoch:
            self.epoch, self.numbers = epoch, IntervalSet()
        self.numbers.claim(sequences)

    def to_json(self) -> dict[str, Any]:
        """The ledger as JSON values."""
        values = {name: getattr(self, name) for name in _PLAIN}
        return values | {
            "venues": sorted(self.venues),
            "numbers": [self.numbers.starts.tolist(), self.numbers.ends.tolist()],
        }

    @staticmethod
    def from_json(values: dict[str, Any]) -> SourceLedger:
        """The ledger `to_json` gave."""
        ledger = SourceLedger(**{name: values[name] for name in _PLAIN})
        ledger.venues = set(values["venues"])
        ledger.numbers = IntervalSet(*(array("q", edge) for edge in values["numbers"]))
        return ledger


_PLAIN: Final = (
    "source",
    "received",
    "journalled",
    "rejected",
    "duplicate",
    "epoch",
    "last_event_time_ns",
    "last_received_time_ns",
    "ended",
    "idle_mark_time_ns",
    "rejected_by_reason",
)


class Ledger:
    """The books of all sources. Counts only grow."""

    def __init__(self) -> None:
        self.sources: dict[str, SourceLedger] = {}

    def open(self, source: str) -> SourceLedger:
        """The source's books, begun where there are none."""
        found = self.sources.get(source)
        if found is None:
            found = self.sources[source] = SourceLedger(source)
        return found

    @property
    def is_full(self) -> bool:
        """Whether no new source may begin."""
        return len(self.sources) >= SOURCES_MAX

    def receive(self, frame: Frame) -> None:
        """Counts the frame's rows as received."""
        for source, rows in rows_by_source(frame):
            self.open(source).received += rows.size

    def journal(self, frame: Frame, time_ns: int) -> None:
        """Counts a journalled frame."""
        for source, rows in rows_by_source(frame):
            books = self.open(source)
            books.journalled += rows.size
            books.last_event_time_ns = max(books.last_event_time_ns, int(frame.columns["event_time_ns"][rows].max()))
            books.last_received_time_ns = max(books.last_received_time_ns, time_ns)
            books.ended = False
            _note_numbers(books, frame, rows)
            _note_venues(books, frame, rows)

    def reject(self, source: str, reason: str, epoch: int, sequence: int, time_ns: int) -> None:
        """Counts one quarantined row."""
        books = self.open(source)
        books.rejected += 1
        known = reason in books.rejected_by_reason or len(books.rejected_by_reason) < REASONS_PER_SOURCE_MAX
        name = reason if known else "OTHER"
        books.rejected_by_reason[name] = books.rejected_by_reason.get(name, 0) + 1
        if sequence > 0:
            books.number(epoch, np.array([sequence], dtype=np.int64))
        books.last_received_time_ns = max(books.last_received_time_ns, time_ns)

    def repeat(self, source: str, count: int, time_ns: int) -> None:
        """Counts rows known already."""
        books = self.open(source)
        books.duplicate += count
        books.last_received_time_ns = max(books.last_received_time_ns, time_ns)

    def check(self, frame: Frame) -> None:
        """Raises LedgerError unless the books of the frame's sources balance."""
        for source, _ in rows_by_source(frame):
            self.open(source).check()


def rows_by_source(frame: Frame) -> Iterator[tuple[str, Array]]:
    """Each source of the frame and its rows, in order of first use in the string table."""
    indices = frame.columns["source"]
    if indices.size == 0:
        return
    if (indices == indices[0]).all():
        yield frame.strings[int(indices[0])], np.arange(frame.row_count)
        return
    for index in np.unique(indices).tolist():
        yield frame.strings[index], np.flatnonzero(indices == index)


def _note_numbers(books: SourceLedger, frame: Frame, rows: Array) -> None:
    sequences = frame.columns.get("source_sequence")
    if sequences is None:
        return
    numbers = sequences[rows]
    epochs = frame.columns.get("source_epoch")
    of_rows = np.zeros(rows.size, dtype=np.int64) if epochs is None else epochs[rows]
    newest = int(of_rows.max())
    picked = numbers[(of_rows == newest) & (numbers > 0)]
    if picked.size:
        books.number(newest, picked)


def _note_venues(books: SourceLedger, frame: Frame, rows: Array) -> None:
    venues = frame.columns["venue"][rows]
    distinct = venues[:1] if (venues == venues[0]).all() else np.unique(venues)
    for index in distinct.tolist():
        if len(books.venues) < VENUES_PER_SOURCE_MAX:
            books.venues.add(frame.strings[index])
