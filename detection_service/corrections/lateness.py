"""Which events come behind what their venue has been released up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tapewatch.market.frame import Frame

Flags = NDArray[np.bool_]


class Lateness:
    """The newest event time each venue has been released up to; an event behind it is late.

    A pure function of the journal: struck executions count as they came, so that what is late never depends on when
    a correction was made.
    """

    def __init__(self, newest: Mapping[str, int] | None = None) -> None:
        self.newest: dict[str, int] = dict(newest or {})

    def late(self, frame: Frame) -> Flags | None:
        """Flags of a frame's late rows (shape (row_count,)); None where none is."""
        venues, times = frame.columns["venue"], frame.columns["event_time_ns"]
        if (venues == venues[0]).all():
            return self._late(frame.text("venue", 0), times)
        flags = np.zeros(frame.row_count, dtype=bool)
        for index in np.unique(venues).tolist():
            rows = np.flatnonzero(venues == index)
            late = self._late(frame.string(index), times[rows])
            if late is not None:
                flags[rows] = late
        return flags if flags.any() else None

    def _late(self, venue: str, times: NDArray[np.int64]) -> Flags | None:
        held = self.newest.get(venue, 0)
        if times[0] >= held and not (times[1:] < times[:-1]).any():
            self.newest[venue] = int(times[-1])
            return None
        highest = np.maximum.accumulate(np.maximum(times, held))
        self.newest[venue] = int(highest[-1])
        return np.asarray(times < highest)


def by_source(frame: Frame, rows: Flags | NDArray[np.intp] | None = None) -> Counter[str]:
    """How many of the rows (flags or indices; all for None) each source sent."""
    indices = frame.columns.get("source")
    if indices is None:
        return Counter({"": frame.row_count if rows is None else len(frame.columns["event_time_ns"][rows])})
    chosen = indices if rows is None else indices[rows]
    pairs = zip(*np.unique(chosen, return_counts=True), strict=True)
    counts: Counter[str] = Counter()
    for index, count in pairs:
        counts[frame.string(int(index))] += int(count)
    return counts
