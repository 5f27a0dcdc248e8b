# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Whom a group met in a market, and how often it bought from them and sold to them."""

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.detection_service.engine.fills import Fills, fill_at
    from cython.cimports.detection_service.engine.records import RING, FillPointer
else:
    from detection_service.engine.fills import Fills, fill_at
    from detection_service.engine.records import RING
    from detection_service.engine.records import Fill as FillPointer

_BUY = cython.declare(cython.int, 1)
_AGGRESSOR = cython.declare(cython.int, 2)


class Meetings:
    """The fills of one activity by the group (-1: not known) on their other side, the last met first: `count` groups,
    from each of which it `bought` and to each of which it `sold` so often."""

    def __init__(self):
        self.count = 0
        self.group = arrays.integers(RING)
        self.bought = arrays.integers(RING)
        self.sold = arrays.integers(RING)
        self.seen = arrays.octets(RING)

    def take(self, fills: Fills, activity, group_of_account, since):
        """Counts the fills since a time, of those held."""
        number: cython.longlong = activity.fill_count
        oldest: cython.longlong = max(0, activity.fill_count - RING)
        fill: FillPointer
        self.count = 0
        while number > oldest:
            number -= 1
            fill = fill_at(fills, activity, number)
            if fill.time < since:
                break
            self._count(-1 if fill.contra < 0 else group_of_account[fill.contra], fill.side)

    def take_taken(self, fills: Fills, activity, group_of_account, side, since):
        """Counts those of the fills since a time in which the activity took liquidity on a side from a known group, but
        its own."""
        number: cython.longlong
        fill: FillPointer
        group: cython.int
        self.count = 0
        for number in range(fills.first_since(activity, since), activity.fill_count):
            fill = fill_at(fills, activity, number)
            if fill.side != side or fill.aggressor != _AGGRESSOR or fill.contra < 0:
                continue
            group = group_of_account[fill.contra]
            if group != activity.group:
                self._count(group, fill.side)

    def _count(self, group, side):
        """Counts one fill met with a group."""
        place: cython.int = 0
        while place < self.count and self.group[place] != group:
            place += 1
        if place == self.count:
            self.group[place] = group
            self.bought[place] = 0
            self.sold[place] = 0
            self.count += 1
        if side == _BUY:
            self.bought[place] += 1
        else:
            self.sold[place] += 1

    def most_bought(self):
        """How often it bought from the known group it bought from most often."""
        place: cython.int
        most: cython.int = 0
        for place in range(self.count):
            if self.group[place] >= 0 and self.bought[place] > most:
                most = self.bought[place]
        return most

    def most_sold(self):
        """How often it sold to the known group it sold to most often."""
        place: cython.int
        most: cython.int = 0
        for place in range(self.count):
            if self.group[place] >= 0 and self.sold[place] > most:
                most = self.sold[place]
        return most

    def total(self, known):
        """Number of fills; of those with a known group, where so wanted."""
        place: cython.int
        total: cython.int = 0
        for place in range(self.count):
            if not known or self.group[place] >= 0:
                total += self.bought[place] + self.sold[place]
        return total

    def with_most(self, groups):
        """Number of fills with the so many known groups it met most."""
        place: cython.int
        largest: cython.int
        most: cython.int = 0
        for place in range(self.count):
            self.seen[place] = self.group[place] < 0
        for _ in range(groups):
            largest = -1
            for place in range(self.count):
                if not self.seen[place] and (
                    largest < 0 or self.bought[place] + self.sold[place] > self.bought[largest] + self.sold[largest]
                ):
                    largest = place
            if largest < 0:
                break
            self.seen[largest] = True
            most += self.bought[largest] + self.sold[largest]
        return most

    def by_group(self):
        """Group to (bought, sold)."""
        return {self.group[place]: (self.bought[place], self.sold[place]) for place in range(self.count)}
