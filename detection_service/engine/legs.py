# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Two legs of a group: its own aggression in one market, and a position in a linked one that it trades out of."""

import cython

from detection_service.engine.owner_log import LOG_SIZE
from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.detection_service.engine.owner_log import Owners
    from cython.cimports.detection_service.engine.owner_records import OwnerFillPointer, OwnerPointer
    from cython.cimports.libc.math import sqrt
else:
    from math import sqrt

    from detection_service.engine.owner_log import Owners
    from detection_service.engine.owner_records import Owner as OwnerPointer
    from detection_service.engine.owner_records import OwnerFill as OwnerFillPointer

_LOG = cython.declare(cython.int, LOG_SIZE)
_BUY = cython.declare(cython.int, 1)
_AGGRESSOR = cython.declare(cython.int, 2)
_NEARLY = cython.declare(cython.double, 1.0 - 1e-9)  # of a limit: the rule's own arithmetic decides


class Legs:
    """A group's fills in one market at a time, oldest first, held to terms (detection_service.engine.owner_scene.
    LegTerms)."""

    def __init__(self, terms):
        self.count = 0
        self.time = arrays.longs(LOG_SIZE)
        self.high = arrays.words(LOG_SIZE)
        self.low = arrays.words(LOG_SIZE)
        self.price = arrays.doubles(LOG_SIZE)
        self.quantity = arrays.doubles(LOG_SIZE)
        self.notional = arrays.doubles(LOG_SIZE)
        self.before = arrays.doubles(LOG_SIZE)
        self.sign = arrays.doubles(LOG_SIZE)
        self.aggressive = arrays.octets(LOG_SIZE)
        self.push_min, self.usual_multiple, self.one_sided, self.entry_share, self.leg_ratio = terms
        self.begun = 0
        self.pushed = 0.0

    def take(self, owners: Owners, owner: OwnerPointer, market, since):
        """Takes up the fills in a market since a time, of those held."""
        number: cython.longlong
        fill: OwnerFillPointer
        self.count = 0
        for number in range(max(0, owner.count - _LOG), owner.count):
            fill = owners.fill_at(owner, number)
            if fill.market == market and fill.time >= since:
                self._put(fill)

    def _put(self, fill):
        """One more, in its place by time and event."""
        place: cython.int = self.count
        while place > 0 and self._is_before(fill, place - 1):
            self.time[place] = self.time[place - 1]
            self.high[place] = self.high[place - 1]
            self.low[place] = self.low[place - 1]
            self.price[place] = self.price[place - 1]
            self.quantity[place] = self.quantity[place - 1]
            self.notional[place] = self.notional[place - 1]
            self.before[place] = self.before[place - 1]
            self.sign[place] = self.sign[place - 1]
            self.aggressive[place] = self.aggressive[place - 1]
            place -= 1
        self.time[place] = fill.time
        self.high[place] = fill.event_high
        self.low[place] = fill.event_low
        self.price[place] = fill.price
        self.quantity[place] = fill.quantity
        self.notional[place] = fill.notional
        self.before[place] = fill.before
        self.sign[place] = 1.0 if fill.side == _BUY else -1.0
        self.aggressive[place] = fill.aggressor == _AGGRESSOR
        self.count += 1

    def _is_before(self, fill, place):
        if fill.time != self.time[place]:
            return fill.time < self.time[place]
        if fill.event_high != self.high[place]:
            return fill.event_high < self.high[place]
        return fill.event_low < self.low[place]

    def _side(self, first):
        """The side that the fills from a place on are of, but for a few: 1 or -1; 0 where they are of both."""
        place: cython.int
        net: cython.double = 0.0
        gross: cython.double = 0.0
        for place in range(first, self.count):
            net += self.sign[place] * self.quantity[place]
            gross += self.quantity[place]
        if gross <= 0.0 or abs(net) < self.one_sided * gross:
            return 0.0
        return 1.0 if net > 0.0 else -1.0

    def push(self, usual):
        """Whether the fills taken up moved their market, by far more than its usual range of a minute, in price."""
        place: cython.int
        first: cython.int = -1
        last: cython.int = -1
        side: cython.double = self._side(0)
        minutes: cython.double
        move: cython.double
        self.pushed = 0.0
        for place in range(self.count):
            if side != 0.0 and self.aggressive[place] and self.sign[place] == side:
                first = place if first < 0 else first
                last = place
                self.pushed += self.notional[place]
        if first < 0 or not self.before[first] > 0.0:
            return False
        self.begun = self.time[first]
        move = side * (self.price[last] / self.before[first] - 1.0)
        minutes = max(1.0, (self.time[last] - self.begun) / 60e9)
        return move >= self.push_min and move >= _NEARLY * self.usual_multiple * (
            usual / self.before[first] * sqrt(minutes)
        )

    def gain(self):
        """Whether the fills taken up are out of a position entered before the push, as large as that."""
        place: cython.int = 0
        bought: cython.double = 0.0
        sold: cython.double = 0.0
        out: cython.double = 0.0
        worth: cython.double = 0.0
        side: cython.double
        while place < self.count and self.time[place] < self.begun:
            place += 1
        side = self._side(place)
        if side == 0.0:
            return False
        for place in range(self.count):
            if self.time[place] < self.begun:
                if self.sign[place] == side:
                    sold += self.quantity[place]
                else:
                    bought += self.quantity[place]
            elif self.sign[place] == side:
                out += self.quantity[place]
                worth += self.notional[place]
        return bought - sold >= self.entry_share * out and worth >= self.leg_ratio * self.pushed
