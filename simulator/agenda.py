# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, annotation_typing=False
"""Who wakes next: a binary heap of (time, number), earliest first, ties in the order of entering.

Types are in the .pxd beside.
"""

from __future__ import annotations

from array import array

_FIRST_PLACES = 256


class Agenda:
    """Times in nanoseconds at which numbered traders wake; `first_time` and `first` belong to the next one."""

    def __init__(self) -> None:
        self.count = 0
        self._capacity = _FIRST_PLACES
        self._times = array("q", bytes(8 * _FIRST_PLACES))
        self._numbers = array("q", bytes(8 * _FIRST_PLACES))

    def first_time(self) -> int:
        """Return when the next one wakes; there must be one."""
        return self._times[0]

    def first(self) -> int:
        """Return who wakes next; there must be one."""
        return self._numbers[0]

    def add(self, time_ns: int, number: int) -> None:
        """Have somebody wake at a time."""
        if self.count == self._capacity:
            self._grow()
        place = self.count
        self.count += 1
        while place > 0:
            parent = (place - 1) >> 1
            if not _before(time_ns, number, self._times[parent], self._numbers[parent]):
                break
            self._times[place] = self._times[parent]
            self._numbers[place] = self._numbers[parent]
            place = parent
        self._times[place] = time_ns
        self._numbers[place] = number

    def put_off(self, time_ns: int) -> None:
        """Have the next one wake later, at a time."""
        self._settle(time_ns, self._numbers[0])

    def drop(self) -> None:
        """Forget the next one."""
        self.count -= 1
        if self.count:
            self._settle(self._times[self.count], self._numbers[self.count])

    def clear(self) -> None:
        """Forget everybody."""
        self.count = 0

    def _settle(self, time_ns: int, number: int) -> None:
        """Put an entry where it belongs, from the top down."""
        place = 0
        child = 1
        while child < self.count:
            right = child + 1
            if right < self.count and _before(
                self._times[right], self._numbers[right], self._times[child], self._numbers[child]
            ):
                child = right
            if not _before(self._times[child], self._numbers[child], time_ns, number):
                break
            self._times[place] = self._times[child]
            self._numbers[place] = self._numbers[child]
            place = child
            child = 2 * place + 1
        self._times[place] = time_ns
        self._numbers[place] = number

    def _grow(self) -> None:
        room = array("q", bytes(8 * self._capacity))
        self._times = array("q", self._times) + room
        self._numbers = array("q", self._numbers) + room
        self._capacity *= 2


def _before(time_ns: int, number: int, other_time_ns: int, other_number: int) -> bool:
    return time_ns < other_time_ns or (time_ns == other_time_ns and number < other_number)
