"""What was received and did not enter the journal: refused rows with the reason, and counts of repeated rows.

It is a journal of its own (same segments, checksums and syncs). A refused row's id is its position in it. Records, all
JSON: EVENTS = a list of refused rows; MARK = {"duplicates": {source: rows}}; CONTROL = {"replayed": id}.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tapewatch.market.frame import Frame
from tapewatch.market.identity import event_id
from tapewatch.market.validate import Rejection
from tapewatch.runtime.errors import NotFound, OutOfRange
from tapewatch.runtime.journal import Journal, Record, RecordKind

REFUSALS_KNOWN_MAX: Final = 65_536
"""Refusals remembered, so that a batch sent again after a lost answer adds none."""
ROWS_PER_RECORD_MAX: Final = 1_000
_NOT_FINITE: Final = {float("inf"): "Infinity", float("-inf"): "-Infinity"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused row: its dedupe identity, where it came from, why it was refused, and the row as JSON text."""

    event_id: str
    source: str
    epoch: int
    sequence: int
    field: str
    reason: str
    message: str
    row_json: str

    @property
    def digest(self) -> str:
        """Identity of the refusal: the same row refused for the same reason."""
        return hashlib.blake2b(f"{self.event_id}\x1f{self.field}\x1f{self.reason}".encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A refused row as kept: its id, the refusal, ingest's clock, whether a corrected row took its place."""

    quarantine_id: int
    refusal: Refusal
    time_ns: int
    replayed: bool


class Quarantine:
    """Appends to and reads from the quarantine's log. What is appended is durable after `log.commit`."""

    def __init__(self, log: Journal) -> None:
        self.log = log
        self.known: OrderedDict[str, int] = OrderedDict()
        self.replayed: set[int] = set()

    def add(self, refusals: list[Refusal]) -> tuple[list[int], list[Refusal]]:
        """Keeps the refusals not known yet; the id of each given one, and those that are new."""
        fresh: dict[str, Refusal] = {}
        for refusal in refusals:
            if refusal.digest not in self.known:
                fresh.setdefault(refusal.digest, refusal)
        new = list(fresh.values())
        for start in range(0, len(new), ROWS_PER_RECORD_MAX):
            part = new[start : start + ROWS_PER_RECORD_MAX]
            payload = json.dumps([asdict(refusal) for refusal in part]).encode()
            self._learn(part, self.log.append(RecordKind.EVENTS, payload, len(part)))
        return [self.known[refusal.digest] for refusal in refusals], new

    def count_duplicates(self, rows_by_source: Mapping[str, int]) -> None:
        """Keeps how many rows of each source were repeated ones."""
        payload = json.dumps({"duplicates": rows_by_source}).encode()
        self.log.append(RecordKind.MARK, payload)

    def mark_replayed(self, quarantine_id: int) -> None:
        """Keeps that a corrected row has taken a refused row's place."""
        self.log.append(RecordKind.CONTROL, json.dumps({"replayed": quarantine_id}).encode())
        self.replayed.add(quarantine_id)

    def restore(self, record: Record) -> tuple[list[Refusal], dict[str, int]]:
        """Takes a record of the log after a start; the refusals and the duplicates by source it counts."""
        content = json.loads(record.payload)
        if record.kind is RecordKind.EVENTS:
            refusals = [Refusal(**each) for each in content]
            self._learn(refusals, record.first_sequence)
            return refusals, {}
        if record.kind is RecordKind.CONTROL:
            self.replayed.add(content["replayed"])
            return [], {}
        return [], content["duplicates"]

    def retain(self, floor_id: int) -> None:
        """Removes the oldest rows beyond the log's retention, none at or after `floor_id`."""
        if self.log.retain(floor_id):
            self.replayed = {row_id for row_id in self.replayed if row_id >= self.log.first_sequence}

    def rows(self, start: int, source: str = "") -> Iterator[QuarantinedRow]:
        """The refused rows from an id on, oldest first; of one source where it is given."""
        for record in self.log.read_from(max(start, self.log.first_sequence)):
            if record.kind is not RecordKind.EVENTS:
                continue
            for offset, each in enumerate(json.loads(record.payload)):
                row_id = record.first_sequence + offset
                if row_id >= start and source in ("", each["source"]):
                    yield QuarantinedRow(row_id, Refusal(**each), record.ingest_time_ns, row_id in self.replayed)

    def get(self, quarantine_id: int) -> QuarantinedRow:
        """One refused row. Raises NotFound."""
        try:
            row = next(self.rows(quarantine_id), None)
        except OutOfRange:
            row = None
        if row is None or row.quarantine_id != quarantine_id:
            raise NotFound(
                "NO_SUCH_ROW",
                f"no row in quarantine has the id {quarantine_id}; ListQuarantine gives the ids",
                quarantine_id=quarantine_id,
            )
        return row

    def _learn(self, refusals: list[Refusal], first_id: int) -> None:
        for offset, refusal in enumerate(refusals):
            self.known[refusal.digest] = first_id + offset
        while len(self.known) > REFUSALS_KNOWN_MAX:
            self.known.popitem(last=False)


def refusals_of(frame: Frame, rejections: Iterable[Rejection]) -> list[Refusal]:
    """The frame's bad rows as they are kept in quarantine."""
    found = list(rejections)
    rows = frame.take(_indices(found)).rows()
    return [_refusal(row, rejection) for row, rejection in zip(rows, found, strict=True)]


def _indices(rejections: list[Rejection]) -> NDArray[np.int64]:
    return np.array([rejection.row for rejection in rejections], dtype=np.int64)


def _refusal(row: dict[str, Any], rejection: Rejection) -> Refusal:
    epoch, sequence, part = (int(row.get(name, 0)) for name in ("source_epoch", "source_sequence", "source_part"))
    source, key = str(row["source"]), str(row.get("event_key", ""))
    plain = {name: _NOT_FINITE.get(value, value) for name, value in row.items()}
    return Refusal(
        event_id=event_id(source, epoch, sequence, part, key),
        source=source,
        epoch=epoch,
        sequence=sequence,
        field=rejection.field,
        reason=rejection.reason,
        message=rejection.message,
        row_json=json.dumps(plain, ensure_ascii=False),
    )
