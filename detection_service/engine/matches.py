# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who traded with whom: the two sides of a match brought together, and the last trades of each pair of accounts."""

import cython

from tapewatch.market import arrays

MATCHES = cython.declare(cython.int, 16384)
_MATCH_FIELDS = (
    "key", "account", "side", "paired", "event_high", "event_low", "order_id", "entry_time", "order_quantity",
)  # fmt: skip
PAIRS = cython.declare(cython.int, 4096)
WAYS = cython.declare(cython.int, 4)
TRADES = cython.declare(cython.int, 16)
TRADES_HELD = 16
_PAIR_FIELDS = (
    "key", "count", "last_time", "buyer", "time", "price", "quantity", "event_high", "event_low", "trade_id",
)  # fmt: skip


class MatchTable:
    """The first side seen of recent matches; direct mapped, a side whose other never comes is overwritten."""

    def __init__(self):
        self.key = arrays.words(MATCHES)
        self.account = arrays.integers(MATCHES)
        self.side = arrays.octets(MATCHES)
        self.paired = arrays.octets(MATCHES)
        self.event_high = arrays.words(MATCHES)
        self.event_low = arrays.words(MATCHES)
        self.order_id = [b""] * MATCHES
        self.entry_time = arrays.longs(MATCHES)
        self.order_quantity = arrays.doubles(MATCHES)

    def place_of(self, key):
        """Where a match with this key is or would be."""
        return key & (MATCHES - 1)

    def put(self, place, key, account, side, paired, high, low, order_id):
        """Keeps the first side of a match."""
        self.key[place] = key
        self.account[place] = account
        self.side[place] = side
        self.paired[place] = paired
        self.event_high[place] = high
        self.event_low[place] = low
        self.order_id[place] = order_id

    def state(self):
        """Plain values from which `restore` makes the same table."""
        return arrays.dump(self, _MATCH_FIELDS)

    def restore(self, state):
        """Becomes the table whose `state` was taken."""
        arrays.load(self, _MATCH_FIELDS, state)


class PairTable:
    """Rings of the last 16 trades of 4,096 pairs of groups a market; a new pair takes the place of the longest idle
    of four."""

    def __init__(self):
        self.key = arrays.words(PAIRS)
        self.count = arrays.longs(PAIRS)
        self.last_time = arrays.longs(PAIRS)
        self.buyer = arrays.integers(PAIRS * TRADES)
        self.time = arrays.longs(PAIRS * TRADES)
        self.price = arrays.doubles(PAIRS * TRADES)
        self.quantity = arrays.doubles(PAIRS * TRADES)
        self.event_high = arrays.words(PAIRS * TRADES)
        self.event_low = arrays.words(PAIRS * TRADES)
        self.trade_id = [b""] * (PAIRS * TRADES)

    def row_of(self, key):
        """Row of the pair with this key; made if it is new."""
        first: cython.Py_ssize_t = (key & (PAIRS // WAYS - 1)) * WAYS
        row: cython.Py_ssize_t
        idle: cython.Py_ssize_t = first
        for row in range(first, first + WAYS):
            if self.key[row] == key:
                return row
            if self.last_time[row] < self.last_time[idle]:
                idle = row
        self.key[idle] = key
        self.count[idle] = 0
        return idle

    def add(self, row, buyer, time, price, quantity, high, low, trade_id, span, turns):
        """Adds a trade; the number of the pair's trades not older than `span`; 0 where
        the buyer can not have changed in a share `turns` of them."""
        place: cython.Py_ssize_t = row * TRADES + self.count[row] % TRADES
        index: cython.longlong
        recent: cython.longlong = 0
        bought: cython.longlong = 0
        self.buyer[place] = buyer
        self.time[place] = time
        self.price[place] = price
        self.quantity[place] = quantity
        self.event_high[place] = high
        self.event_low[place] = low
        self.trade_id[place] = trade_id
        self.count[row] += 1
        self.last_time[row] = time
        for index in range(min(self.count[row], TRADES)):
            if self.time[row * TRADES + index] >= time - span:
                recent += 1
                bought += self.buyer[row * TRADES + index] == buyer
        return recent if 2 * min(bought, recent - bought) >= turns * (recent - 1) else 0

    def trades(self, row: int, since: int) -> list[tuple[int, int, float, float, int, int, bytes]]:
        """The pair's trades since a time, oldest first: (time, buyer, price, quantity, event high, low, trade id)."""
        found = []
        for number in range(max(0, self.count[row] - TRADES_HELD), self.count[row]):
            place = row * TRADES_HELD + number % TRADES_HELD
            if self.time[place] >= since:
                found.append(
                    (
                        self.time[place],
                        self.buyer[place],
                        self.price[place],
                        self.quantity[place],
                        self.event_high[place],
                        self.event_low[place],
                        self.trade_id[place],
                    )
                )
        return found

    def state(self):
        """Plain values from which `restore` makes the same table."""
        return arrays.dump(self, _PAIR_FIELDS)

    def restore(self, state):
        """Becomes the table whose `state` was taken."""
        arrays.load(self, _PAIR_FIELDS, state)
