# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""In on one side before a moment and out on the other after it: what a group traded around times of others."""

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
_PASSIVE = cython.declare(cython.int, 1)


class Trips:
    """The fills of one group, oldest first, at most 64, and whether around a moment they are a trip: in on a side
    shortly before it and out soon after it, at a gain, as its terms (detection_service.engine.facts.TripTerms) have it.
    """

    def __init__(self, terms):
        self.count = 0
        self.time = arrays.longs(RING)
        self.price = arrays.doubles(RING)
        self.quantity = arrays.doubles(RING)
        self.side = arrays.octets(RING)
        self.aggressor = arrays.octets(RING)
        self.in_order = arrays.doubles(RING)
        self.usual = -1.0
        (
            self.lead,
            self.exit,
            self.exit_share,
            self.one_sided,
            self.size_ratio,
            self.own_size,
            self.gain_min,
            self.gain_usual,
            self.usual_range,
        ) = terms

    def read(self, fills: list):
        """Takes fills as rules see them (detection_service.engine.facts), the last 64."""
        self.count = 0
        self.usual = -1.0
        for fill in fills[-RING:]:
            self.time[self.count] = fill.time_ns
            self.price[self.count] = fill.price
            self.quantity[self.count] = fill.quantity
            self.side[self.count] = fill.side
            self.aggressor[self.count] = _PASSIVE if fill.aggressor is False else 0
            self.count += 1

    def take(self, fills: Fills, activity, since):
        """Takes the fills of an activity since a time."""
        number: cython.longlong
        fill: FillPointer
        self.count = 0
        self.usual = -1.0
        for number in range(fills.first_since(activity, since), activity.fill_count):
            fill = fill_at(fills, activity, number)
            self.time[self.count] = fill.time
            self.price[self.count] = fill.price
            self.quantity[self.count] = fill.quantity
            self.side[self.count] = fill.side
            self.aggressor[self.count] = fill.aggressor
            self.count += 1

    def around(self, time: cython.longlong, side: cython.int, quantity: cython.double):
        """The trip around a moment, one way on a side, of which an order of so much came then: (place of its first
        fill, of the first after the moment, of the one behind its last, gain as a share of the price). None where
        there is none."""
        return (self.begin, self.turn, self.end, self.gain) if self.made(time, side, quantity) else None

    def often(self, moments: list, quantity: cython.double):
        """Around how many of some moments, (time, side), it would have made a trip for an order of so much."""
        moment: tuple
        found: cython.int = 0
        for moment in moments:
            found += self.made(moment[0], moment[1], quantity)
        return found

    def first_at(self, time, place):
        """Place of the first fill at or after a time, from a place on."""
        above: cython.int = self.count
        middle: cython.int
        while place < above:
            middle = (place + above) // 2
            if self.time[middle] < time:
                place = middle + 1
            else:
                above = middle
        return place

    def made(self, time, side, quantity):
        """Whether there is a trip around a moment (`around`); sets where, and its gain."""
        place: cython.int = self.first_at(time - self.lead, 0)
        taken: cython.double = 0.0
        passive: cython.double = 0.0
        given: cython.double = 0.0
        later: cython.double = 0.0
        self.turn = self.first_at(time, place)
        self.begin = self.turn
        while self.begin > place and self.side[self.begin - 1] == side:
            self.begin -= 1  # what came before the last fill on the other side is another matter
        if self.begin == self.turn:
            return False
        self.end = self.first_at(time + self.exit + 1, self.turn)
        for place in range(self.turn, self.end):
            later += self.quantity[place]
            if self.side[place] == 3 - side:
                given += self.quantity[place]
        for place in range(self.begin, self.turn):
            taken += self.quantity[place]
            if self.aggressor[place] == _PASSIVE:
                passive += self.quantity[place]
        return (
            given > 0.0
            and given >= self.exit_share * taken
            and given >= self.one_sided * later
            and passive <= taken / 2.0
            and quantity >= self.size_ratio * taken
            and taken >= self.own_size * self.median()
            and self.gained(side, taken, given)
        )

    def gained(self, side, taken, given):
        """Whether the trip between its places, one way and the other of such quantities, gained enough; sets it."""
        entry: cython.double = 0.0
        out: cython.double = 0.0
        place: cython.int
        for place in range(self.begin, self.turn):
            entry += self.price[place] * self.quantity[place]
        for place in range(self.turn, self.end):
            if self.side[place] == 3 - side:
                out += self.price[place] * self.quantity[place]
        entry /= taken
        if entry == 0.0:
            return False
        self.gain = (out / given / entry - 1.0) * (1.0 if side == _BUY else -1.0)
        return self.gain >= max(self.gain_min, self.gain_usual * (self.usual_range / entry))

    def median(self):
        """The quantity that half of the fills reach."""
        place: cython.int
        lower: cython.int
        each: cython.double
        if self.usual < 0.0 and self.count > 0:
            for place in range(self.count):
                each = self.quantity[place]
                lower = place
                while lower > 0 and self.in_order[lower - 1] > each:
                    self.in_order[lower] = self.in_order[lower - 1]
                    lower -= 1
                self.in_order[lower] = each
            place = self.count // 2
            self.usual = (
                self.in_order[place] if self.count % 2 else (self.in_order[place - 1] + self.in_order[place]) / 2.0
            )
        return self.usual
