# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The large orders of a market, which somebody may know of beforehand."""

import cython

from tapewatch.market import arrays

SIZE = 32
_SIZE = cython.declare(cython.int, SIZE)
_LONG_AGO = cython.declare(cython.longlong, -(1 << 62))
_FIELDS = (
    "count", "latest", "time", "group", "account", "side", "quantity", "price", "before", "event_high", "event_low",
    "order_id",
)  # fmt: skip


class LargeOrders:
    """The last 32 orders of a size seldom seen in the market, at their entry; order n is at n % 32.

    `latest` is the time of the last on each side, by side code; `before` the market's price as an order came in.
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

    def rows(self, side: cython.int, group: cython.int):
        """The large orders held on a side that are not of a group, oldest first: (time, quantity, price, price before,
        account, event, order id)."""
        found = []
        for index in range(max(0, self.count - SIZE), self.count):
            place = index % SIZE
            if self.side[place] == side and self.group[place] != group:
                found.append(
                    (
                        self.time[place],
                        self.quantity[place],
                        self.price[place],
                        self.before[place],
                        self.account[place],
                        (self.event_high[place], self.event_low[place]),
                        self.order_id[place],
                    )
                )
        return found

    def state(self):
        """Plain values from which `restore` makes the same orders."""
        return arrays.dump(self, _FIELDS)

    def restore(self, state):
        """Becomes the orders whose `state` was taken."""
        arrays.load(self, _FIELDS, state)
