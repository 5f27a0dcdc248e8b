"""Which events are known already: by the source's own numbering, or by the event's key.

Numbered events (source, epoch, source_sequence, part) are known exactly and for ever: per source, epoch and part an
interval set, so a source that counts without gaps costs a few bytes. Keyed events are known by the 128-bit identity
of (source, event_key) within a window: the last KEYS_MAX / 2 to KEYS_MAX keys, and of those only as old as the age in
event time. A key that comes again after the window is taken for new. The identity is a cryptographic hash, not the
event id: two keys that met in it would drop an event, and some venues let clients choose part of the key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest_service.digest_set import DigestSet
from ingest_service.intervals import IntervalSet
from ingest_service.key_digests import digests_of
from ingest_service.ledger import is_constant
from tapewatch.market.frame import Frame

Mask = NDArray[np.bool_]
Array = NDArray[Any]
NumberKey = tuple[str, int, int]

KEYS_MAX: Final = 2_000_000
"""32 to 64 bytes each."""
KEY_AGE_NS: Final = 2 * 86_400 * 10**9
NUMBER_SETS_MAX: Final = 1 << 18
"""Distinct (source, epoch, part); about 500 bytes each."""
PART_MAX: Final = (1 << 16) - 1


@dataclass(slots=True)
class KeyWindow:
    """The keys of the window in two generations: when the newer is full or old enough, the older is forgotten."""

    keys_max: int = KEYS_MAX
    age_ns: int = KEY_AGE_NS
    newer: DigestSet = field(default_factory=DigestSet)
    older: DigestSet = field(default_factory=DigestSet)
    newer_since_ns: int = 0
    highest_time_ns: int = 0

    def claim(self, digests: Array, highest_time_ns: int) -> Mask:
        """Adds the digests, two uint64 each; for each whether it was known. `highest_time_ns`: their latest."""
        known = np.zeros(digests.size // 2, dtype=np.uint8)
        done = 0
        while done < known.size:
            done = self.newer.claim(digests, done, self.older, known, (self.keys_max + 1) // 2)
            if len(self.newer) * 2 >= self.keys_max:
                self._turn(highest_time_ns)
        self.highest_time_ns = max(self.highest_time_ns, highest_time_ns)
        self.newer_since_ns = self.newer_since_ns or self.highest_time_ns
        if self.highest_time_ns - self.newer_since_ns > self.age_ns:
            self._turn(self.highest_time_ns)
        return known.view(np.bool_)

    def _turn(self, time_ns: int) -> None:
        self.older, self.newer = self.newer, DigestSet()
        self.newer_since_ns = time_ns


class Deduper:
    """Knows every event taken so far. `claim` answers and remembers in one step."""

    def __init__(self, keys: KeyWindow | None = None) -> None:
        self.keys = keys or KeyWindow()
        self.numbers: dict[NumberKey, IntervalSet] = {}

    @property
    def is_full(self) -> bool:
        """Whether no new source, epoch or part may begin."""
        return len(self.numbers) >= NUMBER_SETS_MAX

    def claim(self, frame: Frame, rows: Array | None = None) -> Mask | None:
        """Remembers the frame's rows (or the given ones); mask over them of those known before, None where none is.

        A row repeated within the frame is known at its second place. Every row must have a source, and a key or a
        sequence number.
        """
        frame_columns = frame.columns
        keyed = frame_columns.get("event_key")
        if keyed is None or not keyed.any():
            return self._claim_numbered(frame, rows)
        picked = np.arange(frame.row_count) if rows is None else rows
        is_keyed = keyed[picked] != 0
        known = np.zeros(picked.size, dtype=bool)
        known[is_keyed] = self._claim_keyed(frame, picked[is_keyed])
        plain = self._claim_numbered(frame, picked[~is_keyed])
        if plain is not None:
            known[~is_keyed] = plain
        return known if known.any() else None

    def _claim_keyed(self, frame: Frame, rows: Array) -> Mask:
        digests = key_digests(frame, rows)
        highest = int(frame.columns["event_time_ns"][rows].max()) if rows.size else 0
        return self.keys.claim(digests, highest)

    def _claim_numbered(self, frame: Frame, rows: Array | None) -> Mask | None:
        count = frame.row_count if rows is None else rows.size
        if count == 0:
            return None
        found = [frame.columns.get(name) for name in ("source", "source_epoch", "source_part", "source_sequence")]
        source, epoch, part, sequence = (
            np.zeros(count, dtype=np.int64) if each is None else each if rows is None else each[rows] for each in found
        )
        if is_constant(source) and is_constant(epoch) and is_constant(part):
            return self._set_for(frame.string(int(source[0])), int(epoch[0]), int(part[0])).claim(sequence)
        groups = np.stack((source.astype(np.int64), epoch, part), axis=1)
        distinct, group_of_row = np.unique(groups, axis=0, return_inverse=True)
        known = np.zeros(count, dtype=bool)
        for group, (source_index, epoch_number, part_number) in enumerate(distinct.tolist()):
            members = np.flatnonzero(group_of_row.reshape(-1) == group)
            numbers = self._set_for(frame.string(source_index), epoch_number, part_number)
            repeated = numbers.claim(sequence[members])
            if repeated is not None:
                known[members] = repeated
        return known if known.any() else None

    def _set_for(self, source: str, epoch: int, part: int) -> IntervalSet:
        key = (source, epoch, part)
        found = self.numbers.get(key)
        if found is None:
            found = self.numbers[key] = IntervalSet()
        return found


def key_digests(frame: Frame, rows: Array) -> Array:
    """The 128-bit identities of keyed rows, two uint64 each."""
    indices = frame.columns["source"][rows]
    distinct, source_of_row = indices[:1], np.zeros(indices.size, dtype=np.intp)
    if indices.size and not is_constant(indices):
        distinct, source_of_row = np.unique(indices, return_inverse=True)
    sources = [frame.string(index).encode() for index in distinct.tolist()]
    keys = frame.columns["event_key"][rows]
    found: Array = digests_of(sources, source_of_row.astype(np.uint32), keys, frame.table.ends, frame.table.blob)
    return found
