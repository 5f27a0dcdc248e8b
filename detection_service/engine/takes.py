# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The takings of a market in a span of time, of all groups, in the order in which they came."""

import cython

from tapewatch.market import arrays

_ROOM = cython.declare(cython.int, 256)  # takings at first


class Takes:
    """Fills by time, event (two halves), number of the activity and place in its ring; `order` has them sorted."""

    def __init__(self):
        self.count = 0
        self.time = arrays.longs(_ROOM)
        self.high = arrays.words(_ROOM)
        self.low = arrays.words(_ROOM)
        self.actor = arrays.longs(_ROOM)
        self.place = arrays.longs(_ROOM)
        self.order = arrays.integers(_ROOM)
        self.other = arrays.integers(_ROOM)

    def add(self, time, high, low, actor, place):
        """One more."""
        if self.count == len(self.time):
            self._grow()
        self.time[self.count] = time
        self.high[self.count] = high
        self.low[self.count] = low
        self.actor[self.count] = actor
        self.place[self.count] = place
        self.order[self.count] = self.count
        self.count += 1

    def _grow(self):
        size: cython.Py_ssize_t = 2 * len(self.time)
        self.time = arrays.grown(self.time, size)
        self.high = arrays.grown(self.high, size)
        self.low = arrays.grown(self.low, size)
        self.actor = arrays.grown(self.actor, size)
        self.place = arrays.grown(self.place, size)
        self.order = arrays.grown(self.order, size)
        self.other = arrays.grown(self.other, size)

    def sort(self):
        """Sets the order: runs are merged until there is one."""
        span: cython.int = 1
        low: cython.int
        while span < self.count:
            low = 0
            while low + span < self.count:
                self._merge(low, low + span, min(low + 2 * span, self.count))
                low += 2 * span
            span *= 2

    def _merge(self, low, middle, high):
        """Merges two runs that lie side by side."""
        one: cython.int = low
        two: cython.int = middle
        place: cython.int
        if not self._is_before(self.order[middle], self.order[middle - 1]):
            return
        for place in range(low, high):
            self.other[place] = self.order[place]
        for place in range(low, high):
            if one == middle or (two < high and self._is_before(self.other[two], self.other[one])):
                self.order[place] = self.other[two]
                two += 1
            else:
                self.order[place] = self.other[one]
                one += 1

    def _is_before(self, one, other):
        """Whether a taking comes before another."""
        if self.time[one] != self.time[other]:
            return self.time[one] < self.time[other]
        if self.high[one] != self.high[other]:
            return self.high[one] < self.high[other]
        if self.low[one] != self.low[other]:
            return self.low[one] < self.low[other]
        if self.actor[one] != self.actor[other]:
            return self.actor[one] < self.actor[other]
        return self.place[one] < self.place[other]

    def is_since(self, one, time, high, low):
        """Whether a taking is not before a time and event."""
        if self.time[one] != time:
            return self.time[one] > time
        if self.high[one] != high:
            return self.high[one] > high
        return self.low[one] >= low
