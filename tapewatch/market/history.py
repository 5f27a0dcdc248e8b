"""Rows of reference data by the time they hold: which is valid at a time, and until when that stays so."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from tapewatch.market.reference import Row, is_valid, validity_ns

ALWAYS_NS: Final = (1 << 63) - 1


class History:
    """Rows about one thing, the later of two that hold at once being right.

    Between two of their bounds the answer is the same, so it is worked out once for each such stretch.
    """

    __slots__ = ("_bounds", "_found", "_rows")

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = tuple(rows)
        self._bounds = tuple(sorted({time_ns for row in self._rows for time_ns in validity_ns(row)}))
        self._found: dict[int, Row] | None = {} if self._bounds else None

    def at(self, time_ns: int | None) -> Row:
        """The row that holds at a time, the last of all where none is given; empty where there is none."""
        if time_ns is None or self._found is None:
            return self._rows[-1] if self._rows else {}
        place = bisect_right(self._bounds, time_ns)
        if place not in self._found:
            holding = [row for row in self._rows if is_valid(row, time_ns)]
            self._found[place] = holding[-1] if holding else {}
        return self._found[place]

    def until_ns(self, time_ns: int | None) -> int:
        """Until when (exclusive) the answer for a time holds.

        Where no time is given: for ever if the answer never changes, else not even from the beginning.
        """
        if time_ns is None:
            return -ALWAYS_NS if self._bounds else ALWAYS_NS
        place = bisect_right(self._bounds, time_ns)
        return self._bounds[place] if place < len(self._bounds) else ALWAYS_NS


NOTHING: Final = History(())
