# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The large orders of a market, which somebody may know of beforehand."""

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.detection_service.engine.trips import Trips
else:
    from detection_service.engine.trips import Trips

SIZE = 32
_SIZE = cython.declare(cython.int, SIZE)
_LONG_AGO = cython.declare(cython.longlong, -(1 << 62))
_HOUR_NS = cython.declare(cython.longlong, 3_600_000_000_000)
_DAY = cython.declare(cython.int, 24)  # hours
_HOURS = cython.declare(cython.int, 32)
HOURS = 32
_FIELDS = (
    "count", "latest", "time", "group", "account", "side", "quantity", "price", "before", "event_high", "event_low",
    "order_id", "hour_number", "hour_largest", "largest_before",
)  # fmt: skip


class LargeOrders:
    """The last 32 orders of a size seldom seen in the market, at their entry; order n is at n % 32.

    `latest` is the time of the last on each side, by side code; `before` the market's price as an order came in.
    `largest_before` is the largest order of the 24 hours before the last one, 0 for none: `hour_largest` by hour, and
    the number of each.
    """

    def __init__(self):
        self.count = 0
        self.latest = arrays.longs(3)
        for side in range(3):
            self.latest[side] = _LONG_AGO
        self.time = arrays.longs(SIZE)
        self.group = arrays.integers(SIZE)
        self.account = arrays.integers(SIZE)
        self.side = arrays.octets(SIZE)
        self.quantity = arrays.doubles(SIZE)
        self.price = arrays.doubles(SIZE)
        self.before = arrays.doubles(SIZE)
        self.event_high = arrays.words(SIZE)
        self.event_low = arrays.words(SIZE)
        self.order_id = [b""] * SIZE
        self.hour_number = arrays.longs(HOURS)
        self.hour_largest = arrays.doubles(HOURS)
        self.largest_before = 0.0

    def add(self, now, group, account, side, quantity, price, before, high, low, order_id):
        """A large order came in."""
        place: cython.Py_ssize_t = self.count % _SIZE
        self.time[place] = now
        self.group[place] = group
        self.account[place] = account
        self.side[place] = side
        self.quantity[place] = quantity
        self.price[place] = price
        self.before[place] = before
        self.event_high[place] = high
        self.event_low[place] = low
        self.order_id[place] = order_id
        self.count += 1
        self.latest[side] = now
        self._measure(now // _HOUR_NS, quantity)

    def _measure(self, hour, quantity):
        """Sets what was the largest before an order of an hour, which then counts."""
        place: cython.int = hour & (_HOURS - 1)
        each: cython.int
        self.largest_before = 0.0
        for each in range(_HOURS):
            if hour - self.hour_number[each] < _DAY:
                self.largest_before = max(self.largest_before, self.hour_largest[each])
        if self.hour_number[place] != hour:
            self.hour_number[place] = hour
            self.hour_largest[place] = 0.0
        self.hour_largest[place] = max(self.hour_largest[place], quantity)

    def rows_from(self, number: cython.longlong):
        """The large orders held from a number on, oldest first: (time, quantity, price, price before, account, event,
        order id, side, group)."""
        found: list = []
        index: cython.longlong
        place: cython.Py_ssize_t
        for index in range(max(number, self.count - _SIZE, 0), self.count):
            place = index % _SIZE
            found.append(
                (
                    self.time[place],
                    self.quantity[place],
                    self.price[place],
                    self.before[place],
                    self.account[place],
                    (self.event_high[place], self.event_low[place]),
                    self.order_id[place],
                    self.side[place],
                    self.group[place],
                )
            )
        return found

    def trips(self, trips: Trips, but: cython.int):
        """Trips around the large orders held that are not of a group, oldest first: (how far from the first held, as
        `Trips.around` has it)."""
        found: list = []
        index: cython.longlong
        first: cython.longlong = max(0, self.count - _SIZE)
        place: cython.Py_ssize_t
        for index in range(first, self.count):
            place = index % _SIZE
            if self.group[place] != but and trips.made(self.time[place], self.side[place], self.quantity[place]):
                found.append((index - first, (trips.begin, trips.turn, trips.end, trips.gain)))
        return found

    def state(self):
        """Plain values from which `restore` makes the same orders."""
        return arrays.dump(self, _FIELDS)

    def restore(self, state):
        """Becomes the orders whose `state` was taken."""
        arrays.load(self, _FIELDS, state)
