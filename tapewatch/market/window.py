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
_HISTOGRAM_FIELDS = ("counts", "total", "until_update", "median", "high")


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
        self.high = NAN

    def add(self, quantity):
        """An order of `quantity` was entered."""
        place: cython.int
        if not quantity > 0.0:
            return
        place = cython.cast(cython.int, floor(log2(quantity) * _BINS_PER_OCTAVE)) + _BINS // 2
        self.counts[max(0, min(_BINS - 1, place))] += 1
        self.total += 1
        if self.until_update <= 0 or self.total < _UPDATE_EVERY:
            self._update()
        self.until_update -= 1

    def _update(self):
        place: cython.int
        seen: cython.longlong = 0
        half: cython.longlong = (self.total + 1) // 2
        most: cython.longlong = self.total - self.total // 100
        for place in range(_BINS):
            if seen < half <= seen + self.counts[place]:
                self.median = 2.0 ** ((place - _BINS // 2 + 0.5) / _BINS_PER_OCTAVE)
            seen += self.counts[place]
            if seen >= most:
                self.high = 2.0 ** ((place - _BINS // 2 + 0.5) / _BINS_PER_OCTAVE)
                break
        self.until_update = _UPDATE_EVERY
        if self.total >= _DECAY_AT:
            self.total = 0
            for place in range(_BINS):
                self.counts[place] //= 2
                self.total += self.counts[place]

    def state(self):
        """Plain values from which `restore` makes the same histogram."""
        return arrays.dump(self, _HISTOGRAM_FIELDS)

    def restore(self, state):
        """Becomes the histogram whose `state` was taken."""
        arrays.load(self, _HISTOGRAM_FIELDS, state)
