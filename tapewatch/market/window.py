# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Event-time windows: rings of buckets that are summed when read, so that no sum ever drifts."""

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.libc.math import floor, log2
else:
    from math import floor, log2

NAN = cython.declare(cython.double, float("nan"))
SELL = cython.declare(cython.int, 2)
BUY = cython.declare(cython.int, 1)
_BUCKET_FIELDS = ("number", "open", "high", "low", "close", "volume", "buy_volume", "trades")


class TradeWindow:
    """A ring of trade buckets of `bucket_ns` each; bucket numbers are time // bucket_ns.

    Ranges of bucket numbers are inclusive; buckets without trades, before 1970 or too old to be held count as empty.
    """

    def __init__(self, bucket_ns, size):
        self.bucket_ns = bucket_ns
        self.size = size
        self.newest = -1
        self.number = arrays.longs(size)
        for place in range(size):
            self.number[place] = -1
        self.open = arrays.doubles(size)
        self.high = arrays.doubles(size)
        self.low = arrays.doubles(size)
        self.close = arrays.doubles(size)
        self.volume = arrays.doubles(size)
        self.buy_volume = arrays.doubles(size)
        self.trades = arrays.integers(size)

    def add(self, time_ns, price, quantity, aggressor_side):
        """A trade; quantity 0 moves the price only."""
        number: cython.longlong = time_ns // self.bucket_ns
        place: cython.Py_ssize_t = number % self.size
        if self.number[place] != number:
            self.number[place] = number
            self.open[place] = price
            self.high[place] = price
            self.low[place] = price
            self.volume[place] = 0.0
            self.buy_volume[place] = 0.0
            self.trades[place] = 0
            self.newest = number
        elif price > self.high[place]:
            self.high[place] = price
        elif price < self.low[place]:
            self.low[place] = price
        self.close[place] = price
        self.volume[place] += quantity
        self.trades[place] += 1
        if aggressor_side == BUY:
            self.buy_volume[place] += quantity
        elif aggressor_side != SELL:
            self.buy_volume[place] += 0.5 * quantity

    def lowest(self, first, last):
        """Lowest price; NaN without trades."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        place: cython.Py_ssize_t
        found: cython.double = NAN
        while number <= last:
            place = number % self.size
            if self.number[place] == number and not self.low[place] >= found:
                found = self.low[place]
            number += 1
        return found

    def highest(self, first, last):
        """Highest price; NaN without trades."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        place: cython.Py_ssize_t
        found: cython.double = NAN
        while number <= last:
            place = number % self.size
            if self.number[place] == number and not self.high[place] <= found:
                found = self.high[place]
            number += 1
        return found

    def traded(self, first, last):
        """Quantity traded."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        place: cython.Py_ssize_t
        total: cython.double = 0.0
        while number <= last:
            place = number % self.size
            if self.number[place] == number:
                total += self.volume[place]
            number += 1
        return total

    def bought(self, first, last):
        """Quantity traded on the buyers' initiative; half of what has no known aggressor."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        place: cython.Py_ssize_t
        total: cython.double = 0.0
        while number <= last:
            place = number % self.size
            if self.number[place] == number:
                total += self.buy_volume[place]
            number += 1
        return total

    def count(self, first, last):
        """Number of trades."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        place: cython.Py_ssize_t
        total: cython.longlong = 0
        while number <= last:
            place = number % self.size
            if self.number[place] == number:
                total += self.trades[place]
            number += 1
        return total

    def first_open(self, first, last):
        """Price of the first trade; NaN without trades."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        place: cython.Py_ssize_t
        while number <= last:
            place = number % self.size
            if self.number[place] == number:
                return self.open[place]
            number += 1
        return NAN

    def last_close(self, first, last):
        """Price of the last trade; NaN without trades."""
        number: cython.longlong = last
        oldest: cython.longlong = max(first, last - self.size + 1)
        place: cython.Py_ssize_t
        while number >= oldest:
            place = number % self.size
            if self.number[place] == number:
                return self.close[place]
            number -= 1
        return NAN

    def bars(self, first: int, last: int) -> list[tuple[int, float, float, float, float, float]]:
        """The buckets with trades as (number, open, high, low, close, volume), oldest first."""
        found = []
        for number in range(max(first, last - self.size + 1, 0), last + 1):
            place = number % self.size
            if self.number[place] == number and self.trades[place]:
                found.append(
                    (number, self.open[place], self.high[place], self.low[place], self.close[place], self.volume[place])
                )
        return found

    def state(self):
        """Plain values from which `restore` makes the same window."""
        return arrays.dump(self, ("bucket_ns", "size", "newest", *_BUCKET_FIELDS))

    def restore(self, state):
        """Becomes the window whose `state` was taken."""
        arrays.load(self, ("bucket_ns", "size", "newest", *_BUCKET_FIELDS), state)


_BINS = cython.declare(cython.int, 1024)
_BINS_PER_OCTAVE = cython.declare(cython.int, 8)
_DECAY_AT = cython.declare(cython.int, 8192)
_UPDATE_EVERY = cython.declare(cython.int, 32)
_HISTOGRAM_FIELDS = ("counts", "total", "until_update", "median", "high", "lowest", "highest")


class SizeHistogram:
    """Recent distribution of order sizes: eight bins an octave (9 % wide), halved every 8192 orders.

    `median` and `high` are the middles of the bins that hold the median and the 99th percentile, refreshed every 32
    orders; NaN before the first.
    """

    def __init__(self):
        self.counts = arrays.integers(_BINS)
        self.total = 0
        self.until_update = 0
        self.median = NAN
        self.lowest = _BINS
        self.highest = -1
        self.high = NAN

    def add(self, quantity):
        """An order of `quantity` was entered."""
        place: cython.int
        if not quantity > 0.0:
            return
        place = cython.cast(cython.int, floor(log2(quantity) * _BINS_PER_OCTAVE)) + _BINS // 2
        place = max(0, min(_BINS - 1, place))
        self.lowest = min(self.lowest, place)
        self.highest = max(self.highest, place)
        self.counts[place] += 1
        self.total += 1
        if self.until_update <= 0 or self.total < _UPDATE_EVERY:
            self._update()
        self.until_update -= 1

    def _update(self):
        place: cython.int
        seen: cython.longlong = 0
        half: cython.longlong = (self.total + 1) // 2
        most: cython.longlong = self.total - self.total // 100
        for place in range(self.lowest, self.highest + 1):
            if seen < half <= seen + self.counts[place]:
                self.median = 2.0 ** ((place - _BINS // 2 + 0.5) / _BINS_PER_OCTAVE)
            seen += self.counts[place]
            if seen >= most:
                self.high = 2.0 ** ((place - _BINS // 2 + 0.5) / _BINS_PER_OCTAVE)
                break
        self.until_update = _UPDATE_EVERY
        if self.total >= _DECAY_AT:
            self.total = 0
            for place in range(self.lowest, self.highest + 1):
                self.counts[place] //= 2
                self.total += self.counts[place]

    def quantile(self, share: float) -> float:
        """The middle of the bin below which no more than `share` of the recent sizes are; NaN before the first."""
        seen = 0
        for place in range(_BINS):
            seen += self.counts[place]
            if seen and seen >= share * self.total:
                return 2.0 ** ((place - _BINS // 2 + 0.5) / _BINS_PER_OCTAVE)
        return NAN

    def state(self):
        """Plain values from which `restore` makes the same histogram."""
        return arrays.dump(self, _HISTOGRAM_FIELDS)

    def restore(self, state):
        """Becomes the histogram whose `state` was taken."""
        arrays.load(self, _HISTOGRAM_FIELDS, state)


_RUSH_BUCKET_NS = cython.declare(cython.longlong, 5_000_000_000)
_RUSH_BUCKETS = cython.declare(cython.int, 5)
_RUSH_PERIOD_NS = cython.declare(cython.longlong, 300_000_000_000)
_RUSH_PERIODS = cython.declare(cython.int, 300)
RUSH_SPAN_S = 25
_RUSH_FIELDS = ("last_time", "recent_number", "recent", "number", "peak")


class Rush:
    """How many orders took liquidity within 25 seconds, and the most that did in each five minutes of the last day.

    Trades of one time are one order: a large order that meets many small ones is no crowd. "Rush orders" of La Morgia
    et al., Pump and Dumps in the Bitcoin Era (2020), there in chunks of 5 to 25 seconds.
    """

    def __init__(self):
        self.last_time = -1
        self.recent_number = arrays.longs(_RUSH_BUCKETS)
        self.recent = arrays.integers(_RUSH_BUCKETS)
        self.number = arrays.longs(_RUSH_PERIODS)
        self.peak = arrays.integers(_RUSH_PERIODS)
        for place in range(_RUSH_BUCKETS):
            self.recent_number[place] = -1
        for place in range(_RUSH_PERIODS):
            self.number[place] = -1

    def add(self, time_ns):
        """A trade at a time not before the last."""
        bucket: cython.longlong = time_ns // _RUSH_BUCKET_NS
        period: cython.longlong = time_ns // _RUSH_PERIOD_NS
        place: cython.Py_ssize_t = bucket % _RUSH_BUCKETS
        total: cython.int = 0
        if time_ns == self.last_time or time_ns < 0:
            return
        self.last_time = time_ns
        if self.recent_number[place] != bucket:
            self.recent_number[place] = bucket
            self.recent[place] = 0
        self.recent[place] += 1
        for place in range(_RUSH_BUCKETS):
            if self.recent_number[place] > bucket - _RUSH_BUCKETS:
                total += self.recent[place]
        place = period % _RUSH_PERIODS
        if self.number[place] != period:
            self.number[place] = period
            self.peak[place] = 0
        if total > self.peak[place]:
            self.peak[place] = total

    def peaks(self, first: int, last: int) -> list[int]:
        """The most orders within 25 seconds of each period of five minutes (time // 300 s) that had any, in order."""
        found = []
        for number in range(max(first, last - _RUSH_PERIODS + 1, 0), last + 1):
            place = number % _RUSH_PERIODS
            if self.number[place] == number:
                found.append(self.peak[place])
        return found

    def state(self):
        """Plain values from which `restore` makes the same rush."""
        return arrays.dump(self, _RUSH_FIELDS)

    def restore(self, state):
        """Becomes the rush whose `state` was taken."""
        arrays.load(self, _RUSH_FIELDS, state)


_MOVES = cython.declare(cython.int, 128)
_MOVE_FIELDS = ("count", "time", "price", "quantity", "event_high", "event_low")


class Moves:
    """The last 128 trades that moved the price: what a move was made of. Entry n is at n % 128."""

    def __init__(self):
        self.count = 0
        self.time = arrays.longs(_MOVES)
        self.price = arrays.doubles(_MOVES)
        self.quantity = arrays.doubles(_MOVES)
        self.event_high = arrays.words(_MOVES)
        self.event_low = arrays.words(_MOVES)

    def add(self, time_ns, price, quantity, event_high, event_low):
        """A trade at another price than the one before, and its event's two words."""
        place: cython.Py_ssize_t = self.count % _MOVES
        self.time[place] = time_ns
        self.price[place] = price
        self.quantity[place] = quantity
        self.event_high[place] = event_high
        self.event_low[place] = event_low
        self.count += 1

    def since(self, time_ns: int) -> list[tuple[int, float, float, tuple[int, int]]]:
        """Those at or after a time, oldest first: (time, price, quantity, event)."""
        found = []
        for number in range(max(0, self.count - _MOVES), self.count):
            place = number % _MOVES
            if self.time[place] >= time_ns:
                event = (self.event_high[place], self.event_low[place])
                found.append((self.time[place], self.price[place], self.quantity[place], event))
        return found

    def state(self):
        """Plain values from which `restore` makes the same moves."""
        return arrays.dump(self, _MOVE_FIELDS)

    def restore(self, state):
        """Becomes the moves whose `state` was taken."""
        arrays.load(self, _MOVE_FIELDS, state)


_SPREADS = cython.declare(cython.int, 64)
_SPREAD_FIELDS = ("count", "time", "spread")


class SpreadSamples:
    """The last 64 samples of a spread, as a share of the middle; NaN where a side was empty or both crossed."""

    def __init__(self):
        self.count = 0
        self.time = arrays.longs(_SPREADS)
        self.spread = arrays.doubles(_SPREADS)

    def add(self, time_ns, spread):
        """A sample taken at a time."""
        self.time[self.count % _SPREADS] = time_ns
        self.spread[self.count % _SPREADS] = spread
        self.count += 1

    def since(self, time_ns: int) -> list[tuple[int, float]]:
        """Those at or after a time, oldest first: (time, spread)."""
        held = [number % _SPREADS for number in range(max(0, self.count - _SPREADS), self.count)]
        return [(self.time[place], self.spread[place]) for place in held if self.time[place] >= time_ns]

    def state(self):
        """Plain values from which `restore` makes the same samples."""
        return arrays.dump(self, _SPREAD_FIELDS)

    def restore(self, state):
        """Becomes the samples whose `state` was taken."""
        arrays.load(self, _SPREAD_FIELDS, state)
