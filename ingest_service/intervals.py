"""Sets of whole numbers kept as intervals: a source that counts without gaps costs one interval, however long."""

from __future__ import annotations

import bisect
from array import array
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]

INTERVALS_MAX: Final = 1 << 18
"""Intervals of one set (4 MiB). Beyond it the lowest gap is closed: numbers in it count as known from then on."""


class IntervalSet:
    """Numbers as sorted, disjoint, non-touching closed intervals `starts[i]..ends[i]`."""

    __slots__ = ("ends", "starts")

    def __init__(self, starts: array[int] | None = None, ends: array[int] | None = None) -> None:
        self.starts = array("q") if starts is None else starts
        self.ends = array("q") if ends is None else ends

    def __contains__(self, number: int) -> bool:
        place = bisect.bisect_right(self.starts, number) - 1
        return place >= 0 and self.ends[place] >= number

    def __len__(self) -> int:
        return sum(self.ends) - sum(self.starts) + len(self.starts)

    @property
    def highest(self) -> int:
        """The largest number, 0 of an empty set."""
        return self.ends[-1] if self.ends else 0

    @property
    def missing(self) -> int:
        """How many numbers between the lowest and the highest are not in the set."""
        return self.ends[-1] - self.starts[0] + 1 - len(self) if self.ends else 0

    def claim(self, numbers: Numbers) -> Mask | None:
        """Adds the numbers; a mask, shape of `numbers`, of those known before or earlier in it; None where none is."""
        if numbers.size == 0:
            return None
        first, last = int(numbers[0]), int(numbers[-1])
        if first > self.highest or not self.ends:
            steps = np.diff(numbers)
            if steps.size == 0 or int(steps.max()) == int(steps.min()) == 1:
                self.add(first, last)
                return None
            if int(steps.min()) > 0:
                self._add_runs(numbers)
                return None
        return self._claim_any(numbers)

    def add(self, first: int, last: int) -> None:
        """Adds the interval first..last."""
        if not self.ends or first > self.ends[-1] + 1:
            self.starts.append(first)
            self.ends.append(last)
        else:
            left = bisect.bisect_left(self.ends, first - 1)
            right = bisect.bisect_right(self.starts, last + 1)
            if left < right:
                first, last = min(first, self.starts[left]), max(last, self.ends[right - 1])
            self.starts[left:right] = array("q", (first,))
            self.ends[left:right] = array("q", (last,))
        if len(self.starts) > INTERVALS_MAX:
            del self.starts[1], self.ends[0]

    def _claim_any(self, numbers: Numbers) -> Mask | None:
        known = np.fromiter((number in self for number in numbers.tolist()), dtype=bool, count=numbers.size)
        _, places = np.unique(numbers, return_index=True)
        repeated = np.ones(numbers.size, dtype=bool)
        repeated[places] = False
        known |= repeated
        fresh = np.sort(numbers[~known])
        if fresh.size:
            self._add_runs(fresh)
        return known if known.any() else None

    def _add_runs(self, ascending: Numbers) -> None:
        edges: Any = np.flatnonzero(np.diff(ascending) != 1) + 1
        bounds = [0, *edges.tolist(), ascending.size]
        for start, stop in pairwise(bounds):
            self.add(int(ascending[start]), int(ascending[stop - 1]))
