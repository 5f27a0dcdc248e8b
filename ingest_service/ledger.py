"""What became of every row, per source: received = journalled + rejected + duplicate, always.

Journalled rows are counted from the journal; rejected rows and duplicates from the quarantine's log, whose record is
synced before the answer is sent. So after any crash the counts are those of the rows answered, plus whole batches that
were durable and whose answer was lost on the way.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest_service.intervals import IntervalSet
from ingest_service.vital_signs import VitalSigns
from tapewatch.market.frame import Frame

Array = NDArray[Any]
Groups = list[tuple[str, Array | None, int]]
"""A source, its rows in the frame (None: all), their number."""

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
    signs: VitalSigns = field(default_factory=VitalSigns)

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
            "signs": self.signs.to_json(),
            "numbers": [self.numbers.starts.tolist(), self.numbers.ends.tolist()],
        }

    @staticmethod
    def from_json(values: dict[str, Any]) -> SourceLedger:
        """The ledger `to_json` gave."""
        ledger = SourceLedger(**{name: values[name] for name in _PLAIN})
        ledger.venues = set(values["venues"])
        ledger.signs = VitalSigns.from_json(values.get("signs", {}))
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

    def receive(self, groups: Groups) -> None:
        """Counts rows as received."""
        for source, _, count in groups:
            self.open(source).received += count

    def journal(self, frame: Frame, groups: Groups, time_ns: int) -> None:
        """Counts a journalled frame; `groups` are its own."""
        for source, rows, count in groups:
            books = self.open(source)
            books.journalled += count
            times = _of_rows(frame.columns["event_time_ns"], rows)
            books.last_event_time_ns = max(books.last_event_time_ns, int(times.max()))
            books.signs.heard(frame, rows, books.last_received_time_ns, time_ns)
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

    def check(self, groups: Groups) -> None:
        """Raises LedgerError unless the books of the sources balance."""
        for source, _, _ in groups:
            self.open(source).check()


def rows_by_source(frame: Frame) -> Groups:
    """The sources of the frame, each with its rows and their number."""
    indices = frame.columns["source"]
    if indices.size == 0:
        return []
    if is_constant(indices):
        return [(frame.string(int(indices[0])), None, frame.row_count)]
    groups = ((index, np.flatnonzero(indices == index)) for index in np.unique(indices).tolist())
    return [(frame.string(index), rows, rows.size) for index, rows in groups]


def is_constant(values: Array) -> bool:
    """Whether all values, of which there is one at least, are the same."""
    first = values[0]
    return bool(first == values[-1]) and bool((values == first).all())


def _of_rows(values: Array, rows: Array | None) -> Array:
    return values if rows is None else values[rows]


def _note_numbers(books: SourceLedger, frame: Frame, rows: Array | None) -> None:
    sequences = frame.columns.get("source_sequence")
    if sequences is None:
        return
    numbers = _of_rows(sequences, rows)
    # without a key every row has a number, or it would not have come so far
    numbered = numbers > 0 if "event_key" in frame.columns else None
    newest = 0
    epochs = frame.columns.get("source_epoch")
    if epochs is not None:
        of_rows = _of_rows(epochs, rows)
        newest = int(of_rows.max())
        if not is_constant(of_rows):
            numbered = (of_rows == newest) if numbered is None else numbered & (of_rows == newest)
    picked = numbers if numbered is None else numbers[numbered]
    if picked.size:
        books.number(newest, picked)


def _note_venues(books: SourceLedger, frame: Frame, rows: Array | None) -> None:
    venues = _of_rows(frame.columns["venue"], rows)
    for index in venues[:1].tolist() if is_constant(venues) else np.unique(venues).tolist():
        if len(books.venues) < VENUES_PER_SOURCE_MAX:
            books.venues.add(frame.string(index))
