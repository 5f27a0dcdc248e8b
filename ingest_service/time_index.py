"""Where in the journal events of a time lie: the lowest and highest event time of each span of positions.

Kept in memory (40 bytes for every SPAN_ROWS rows), noted as frames are journalled or replayed, and saved with the
snapshot, so that a window of time is found without reading the rest of the journal.
"""

from __future__ import annotations

from array import array
from typing import Any, Final

from numpy.typing import NDArray

SPAN_ROWS: Final = 1 << 15


class TimeIndex:
    """Spans in the order of the journal; what lies below `since_sequence` was never noted."""

    def __init__(self, since_sequence: int = 0) -> None:
        self.since_sequence = since_sequence
        self.starts, self.ends = array("q"), array("q")
        self.lowest_ns, self.highest_ns = array("q"), array("q")

    def note(self, first_sequence: int, times_ns: NDArray[Any]) -> None:
        """Takes journalled rows into account: their first position, their event times in order."""
        end, lowest, highest = first_sequence + len(times_ns), int(times_ns.min()), int(times_ns.max())
        if self.ends and self.ends[-1] - self.starts[-1] < SPAN_ROWS:
            self.ends[-1] = end
            self.lowest_ns[-1] = min(self.lowest_ns[-1], lowest)
            self.highest_ns[-1] = max(self.highest_ns[-1], highest)
            return
        self.starts.append(first_sequence)
        self.ends.append(end)
        self.lowest_ns.append(lowest)
        self.highest_ns.append(highest)

    def spans(self, from_ns: int, to_ns: int, first_sequence: int) -> list[tuple[int, int]]:
        """The parts of the journal, from `first_sequence` on, that may hold events of a time (to_ns exclusive).

        Neighbours are joined; each is (first position, position after the last).
        """
        found: list[tuple[int, int]] = []
        if first_sequence < self.since_sequence:
            found.append((first_sequence, self.since_sequence))
        for start, end, lowest_ns, highest_ns in zip(
            self.starts, self.ends, self.lowest_ns, self.highest_ns, strict=True
        ):
            if highest_ns < from_ns or lowest_ns >= to_ns or end <= first_sequence:
                continue
            if found and found[-1][1] >= start:
                found[-1] = (found[-1][0], end)
            else:
                found.append((max(start, first_sequence), end))
        return found

    def nothing_before(self, time_ns: int) -> bool:
        """Whether every event ever noted is known to be of a time or later."""
        return self.since_sequence == 0 and min(self.lowest_ns, default=time_ns) >= time_ns

    def forget(self, first_sequence: int) -> None:
        """Drops spans of which the journal holds nothing any more."""
        gone = next((place for place, end in enumerate(self.ends) if end > first_sequence), len(self.ends))
        for values in (self.starts, self.ends, self.lowest_ns, self.highest_ns):
            del values[:gone]

    def to_json(self) -> list[Any]:
        """The index as JSON values."""
        columns = (self.starts, self.ends, self.lowest_ns, self.highest_ns)
        return [self.since_sequence, *(values.tolist() for values in columns)]

    @staticmethod
    def from_json(values: list[Any]) -> TimeIndex:
        """The index `to_json` gave."""
        made = TimeIndex(values[0])
        made.starts, made.ends, made.lowest_ns, made.highest_ns = (array("q", each) for each in values[1:])
        return made
