"""What a file format offers and what reading a file reports; nothing here reads anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from tapewatch.market.frame import Frame

SORT_ROWS_MAX: Final = 1_000_000
FAULTS_KEPT_MAX: Final = 1_000
FAULT_TEXT_CHARACTERS_MAX: Final = 240
FAULT_MESSAGE_CHARACTERS_MAX: Final = 1_000


class FormatError(ValueError):
    """A whole file can not be read: names the file, what was expected, what was found and what to do."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row refused: its line (its row where a format has no lines), the column, a code, a sentence, the text."""

    row: int
    field: str
    reason: str
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What a file may not say of itself.

    `venue` and `instrument` replace a format's default; `date` (YYYY-MM-DD) is the trading day of a LOBSTER file whose
    name has none; `profile` says how the messages of a FIX log map (a shipped profile or a file); `assumed_price`
    stands in the `simple` format for prices it never states. Files of at most `sort_rows_max` events may be out of time
    order; `faults_kept_max` bounds the faults kept with their text (all are counted).
    """

    venue: str | None = None
    instrument: str | None = None
    date: str | None = None
    profile: str | None = None
    assumed_price: float = 1.0
    sort_rows_max: int = SORT_ROWS_MAX
    faults_kept_max: int = FAULTS_KEPT_MAX


DEFAULT_OPTIONS: Final = FormatOptions()


@dataclass(slots=True)
class FileReport:
    """What became of a file, filled while it is read; `received` = `accepted` + rejected, counted in events.

    `cut` says where a compressed file ends too early: what came after it was never seen, and is in no count.
    """

    path: Path
    format: str
    decided: str = "named by the caller"
    source: str = ""
    accepted: int = 0
    rejected: list[RowFault] = field(default_factory=list)
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    cut: str = ""
    faults_kept_max: int = FAULTS_KEPT_MAX

    @property
    def received(self) -> int:
        """Events the file offered: accepted and rejected."""
        return self.accepted + self.rejected_by_reason.total()

    def reject(self, fault: RowFault) -> None:
        """Counts a refused row, and keeps it while there is room."""
        self.rejected_by_reason[fault.reason] += 1
        if len(self.rejected) < self.faults_kept_max:
            self.rejected.append(replace(fault, message=fault.message[:FAULT_MESSAGE_CHARACTERS_MAX]))

    def restart(self) -> None:
        """Forgets an earlier reading of the same file."""
        self.accepted = 0
        self.rejected.clear()
        self.rejected_by_reason.clear()
        self.notes.clear()
        self.cut = ""


class EventFile(Protocol):
    """A file opened for reading as events."""

    report: FileReport

    def frames(self, rows_per_frame: int = 4096) -> Iterator[Frame]:
        """The file's good rows in event-time order; the rows do not depend on `rows_per_frame`.

        Raises FormatError when the file is damaged, changed while being read, or too large to be put in order.
        """
        ...


class Format(Protocol):
    """A kind of file: how to recognise it and how to open it."""

    @property
    def name(self) -> str:
        """The name people choose it by."""
        ...

    def sniff(self, path: Path, head: bytes) -> str | None:
        """Why this is such a file, as a phrase, or None; `head` is its beginning, decompressed."""
        ...

    def open(self, path: Path, options: FormatOptions) -> EventFile:
        """Opens it; raises FormatError when its header or name shows that it can not be read."""
        ...
