# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who traded with whom in one market: the two sides of a match brought together, and the last matches by pair.

Both tables start small and double, up to a limit, when they would forget what is still young, so that a quiet market
costs little and no market's flood makes another forget.
"""

import cython

from tapewatch.market import arrays

_FIRST_SIZE = cython.declare(cython.int, 64)
SIDES_MAX = cython.declare(cython.int, 4096)
MATCHES_MAX = cython.declare(cython.int, 4096)
_WAITING_NS = cython.declare(cython.longlong, 10_000_000_000)
_PAIRED_NS = cython.declare(cython.longlong, 1_000_000_000)
_MATCH_YOUNG_NS = cython.declare(cython.longlong, 3_600_000_000_000)
_WALK_MAX = cython.declare(cython.int, 64)
_SIDE_WORDS = ("key", "event_high", "event_low")
_SIDE_LONGS = ("time", "entry_time", "fill_number", "match_number")
_SIDE_INTEGERS = ("account", "activity")
_SIDE_OCTETS = ("side", "paired", "counted", "filled", "printed")
_SIDE_DOUBLES = ("order_quantity",)
_SIDE_ARRAYS = (*_SIDE_WORDS, *_SIDE_LONGS, *_SIDE_INTEGERS, *_SIDE_OCTETS, *_SIDE_DOUBLES)
_MATCH_WORDS = ("key", "event_high", "event_low", "other_high", "other_low")
_MATCH_LONGS = ("time", "entry_gap", "previous")
_MATCH_INTEGERS = ("buyer", "seller")
_MATCH_OCTETS = ("aggressor",)
_MATCH_DOUBLES = ("price", "quantity", "size_ratio")
_MATCH_ARRAYS = (*_MATCH_WORDS, *_MATCH_LONGS, *_MATCH_INTEGERS, *_MATCH_OCTETS, *_MATCH_DOUBLES)


def _double(table, names):
    """Each of a table's arrays behind itself."""
    for name in names:
        values = arrays.as_array(getattr(table, name))
        setattr(table, name, values + values)


class MatchTable:
    """The first side seen of recent matches; direct mapped, a side whose other never comes is overwritten.

    `counted` says that the trade is in the market's volume, `filled` and `printed` that a FILL and a TRADE told it;
    `activity` and `fill_number` (-1: none) where the side's
    fill is kept; `match_number` (-1: none) the match's number in the log.
    """

    def __init__(self):
        self._make(_FIRST_SIZE)

    def _make(self, size):
        self.size = size
        self.key = arrays.words(size)
        self.event_high = arrays.words(size)
        self.event_low = arrays.words(size)
        self.time = arrays.longs(size)
        self.entry_time = arrays.longs(size)
        self.fill_number = arrays.longs(size)
        self.match_number = arrays.longs(size)
        self.account = arrays.integers(size)
        self.activity = arrays.integers(size)
        self.side = arrays.octets(size)
        self.paired = arrays.octets(size)
        self.counted = arrays.octets(size)
        self.filled = arrays.octets(size)
        self.printed = arrays.octets(size)
        self.order_quantity = arrays.doubles(size)
        self.order_id = [b""] * size

    def find(self, key):
        """Where the match with this key is; -1 where it is not."""
        place: cython.Py_ssize_t = key & (self.size - 1)
        return place if self.key[place] == key else -1

    def place_for(self, key, now):
        """An empty place for a match that is not there; what is young there makes the table grow first."""
        place: cython.Py_ssize_t = key & (self.size - 1)
        while self._young(place, now) and self.size < SIDES_MAX:
            self._grow()
            place = key & (self.size - 1)
        self.key[place] = key
        self.time[place] = now
        self.account[place] = -1
        self.activity[place] = -1
        self.fill_number[place] = -1
        self.match_number[place] = -1
        self.entry_time[place] = 0
        self.paired[place] = False
        self.counted[place] = False
        self.filled[place] = False
        self.printed[place] = False
        self.order_id[place] = b""
        return place

    def _young(self, place, now):
        """Whether what is at a place may yet be asked for: a side that waits, or both just met."""
        if self.key[place] == 0:
            return False
        return self.time[place] > now - (_PAIRED_NS if self.paired[place] else _WAITING_NS)

    def _grow(self):
        """Twice the places; what was at one is there or `size` further, so none is lost."""
        place: cython.Py_ssize_t
        old: cython.Py_ssize_t = self.size
        _double(self, _SIDE_ARRAYS)
        self.order_id = self.order_id + self.order_id
        self.size = 2 * old
        for place in range(old):
            self.key[place + old if not self.key[place] & old else place] = 0

    def state(self):
        """Plain values from which `restore` makes the same table."""
        return arrays.dump(self, ("size", "order_id", *_SIDE_ARRAYS))

    def restore(self, state):
        """Becomes the table whose `state` was taken."""
        arrays.load(self, ("size", "order_id", *_SIDE_ARRAYS), state)


class MatchLog:
    """A market's last matches with both groups known; match n is at n % `size`, `count` have ever been written.

    None before `first` is held. `head` holds, for the low bits of a pair's key, the number plus one of its last match,
    and `previous` that of the one before with the same bits: a chain that ends with 0 or a match overwritten since.
    `buyer` and `seller` are groups, `aggressor` the side that took liquidity (0 where that is not known), `entry_gap`
    the time between the entries of both orders (-1 where not known), `size_ratio` the smaller order's share of the
    larger.
    """

    def __init__(self):
        self.count = 0
        self.first = 0
        self._make(_FIRST_SIZE)

    def _make(self, size):
        self.size = size
        self.head = arrays.longs(size)
        self.key = arrays.words(size)
        self.previous = arrays.longs(size)
        self.event_high = arrays.words(size)
        self.event_low = arrays.words(size)
        self.other_high = arrays.words(size)
        self.other_low = arrays.words(size)
        self.time = arrays.longs(size)
        self.entry_gap = arrays.longs(size)
        self.buyer = arrays.integers(size)
        self.seller = arrays.integers(size)
        self.aggressor = arrays.octets(size)
        self.price = arrays.doubles(size)
        self.quantity = arrays.doubles(size)
        self.size_ratio = arrays.doubles(size)
        self.trade_id = [b""] * size

    def add(self, key, buyer, seller, time, price, quantity, high, low, trade_id, aggressor):
        """Adds a match; its number."""
        place: cython.Py_ssize_t = self.count % self.size
        chain: cython.Py_ssize_t
        if self.count >= self.size and self.size < MATCHES_MAX and self.time[place] > time - _MATCH_YOUNG_NS:
            self._grow()
            place = self.count % self.size
        chain = key & (self.size - 1)
        self.key[place] = key
        self.previous[place] = self.head[chain]
        self.head[chain] = self.count + 1
        self.buyer[place] = buyer
        self.seller[place] = seller
        self.time[place] = time
        self.price[place] = price
        self.quantity[place] = quantity
        self.event_high[place] = high
        self.event_low[place] = low
        self.other_high[place] = 0
        self.other_low[place] = 0
        self.trade_id[place] = trade_id
        self.aggressor[place] = aggressor
        self.entry_gap[place] = -1
        self.size_ratio[place] = 0.0
        self.count += 1
        return self.count - 1

    def complete(self, number, high, low, entry_gap, size_ratio):
        """Adds to a match what its other side told; one overwritten since is left."""
        place: cython.Py_ssize_t = number % self.size
        if number >= self._oldest():
            self.other_high[place] = high
            self.other_low[place] = low
            self.entry_gap[place] = entry_gap
            self.size_ratio[place] = size_ratio

    def recent(self, key, since, turns):
        """Number of the pair's matches since a time, of the last few; 0 where the buyer can not have changed in a
        share `turns` of them."""
        number: cython.longlong = self.head[key & (self.size - 1)] - 1
        oldest: cython.longlong = self._oldest()
        place: cython.Py_ssize_t
        steps: cython.int = 0
        found: cython.longlong = 0
        bought: cython.longlong = 0
        buyer: cython.int = -1
        while number >= oldest and steps < _WALK_MAX:
            place = number % self.size
            if self.time[place] < since:
                break
            if self.key[place] == key:
                if buyer < 0:
                    buyer = self.buyer[place]
                found += 1
                bought += self.buyer[place] == buyer
            number = self.previous[place] - 1
            steps += 1
        return found if 2 * min(bought, found - bought) >= turns * (found - 1) else 0

    def arranged_of(self, key, since, gap, ratio):
        """How many of the pair's last few matches since a time were entered within `gap` at sizes alike to `ratio`."""
        number: cython.longlong = self.head[key & (self.size - 1)] - 1
        oldest: cython.longlong = self._oldest()
        place: cython.Py_ssize_t
        steps: cython.int = 0
        found: cython.longlong = 0
        while number >= oldest and steps < _WALK_MAX:
            place = number % self.size
            if self.time[place] < since:
                break
            if self.key[place] == key and 0 <= self.entry_gap[place] <= gap and self.size_ratio[place] >= ratio:
                found += 1
            number = self.previous[place] - 1
            steps += 1
        return found

    def arranged(self, since, gap, ratio):
        """Matches of two groups since a time whose orders' entries are known, and those of them entered within `gap` of
        each other with sizes alike to a share `ratio`: (known, arranged)."""
        number: cython.longlong = self.count - 1
        oldest: cython.longlong = self._oldest()
        place: cython.Py_ssize_t
        known: cython.longlong = 0
        found: cython.longlong = 0
        while number >= oldest:
            place = number % self.size
            if self.time[place] < since:
                break
            if self.entry_gap[place] >= 0 and self.buyer[place] != self.seller[place]:
                known += 1
                found += self.entry_gap[place] <= gap and self.size_ratio[place] >= ratio
            number -= 1
        return known, found

    def pair_rows(self, key, since, limit):
        """The pair's matches since a time, of the last `limit`, oldest first, as rows."""
        number: cython.longlong = self.head[key & (self.size - 1)] - 1
        oldest: cython.longlong = self._oldest()
        place: cython.Py_ssize_t
        found: list = []
        while number >= oldest and len(found) < limit:
            place = number % self.size
            if self.time[place] < since:
                break
            if self.key[place] == key:
                found.append(self._row(place))
            number = self.previous[place] - 1
        found.reverse()
        return found

    def rows(self, since, limit):
        """The market's matches since a time, of the last `limit`, oldest first, as rows: (time, buyer, seller, price,
        quantity, event's two words, other event's two words, trade id, aggressor, entry gap, size ratio)."""
        number: cython.longlong = self.count - 1
        oldest: cython.longlong = self._oldest()
        found: list = []
        while number >= oldest and len(found) < limit and self.time[number % self.size] >= since:
            found.append(self._row(number % self.size))
            number -= 1
        found.reverse()
        return found

    def _row(self, place: cython.Py_ssize_t):
        return (
            self.time[place],
            self.buyer[place],
            self.seller[place],
            self.price[place],
            self.quantity[place],
            (self.event_high[place], self.event_low[place]),
            (self.other_high[place], self.other_low[place]),
            self.trade_id[place],
            self.aggressor[place],
            self.entry_gap[place],
            self.size_ratio[place],
        )

    def _grow(self):
        """Twice the places; matches keep their numbers, chains are made anew."""
        number: cython.longlong
        place: cython.Py_ssize_t
        self.first = self.count - self.size
        _double(self, _MATCH_ARRAYS)
        self.trade_id = self.trade_id + self.trade_id
        self.size *= 2
        self.head = arrays.longs(self.size)
        for number in range(self.first, self.count):
            place = number % self.size
            self.previous[place] = self.head[self.key[place] & (self.size - 1)]
            self.head[self.key[place] & (self.size - 1)] = number + 1

    def _oldest(self):
        """Number of the oldest match held."""
        return max(self.first, self.count - self.size)

    def state(self):
        """Plain values from which `restore` makes the same log."""
        return arrays.dump(self, ("count", "first", "size", "head", "trade_id", *_MATCH_ARRAYS))

    def restore(self, state):
        """Becomes the log whose `state` was taken."""
        arrays.load(self, ("count", "first", "size", "head", "trade_id", *_MATCH_ARRAYS), state)
