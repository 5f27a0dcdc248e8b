# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Event-time windows: rings of buckets that are summed when read, so that no sum ever drifts.

One that holds nothing yet has no memory of its own: most markets of a venue have little of most of this.
"""

import cython

from tapewatch.market import arrays
from tapewatch.market.rows import Rows, zeros
from tapewatch.market.window_records import Bin, Bucket, Move, Period, Sample

if cython.compiled:
    from cython.cimports.libc.math import floor, log2
    from cython.cimports.tapewatch.market.window_records import (
        BinPointer,
        BucketPointer,
        MovePointer,
        PeriodPointer,
        SamplePointer,
    )
else:
    from math import floor, log2

    from tapewatch.market.window_records import Bucket as BucketPointer

NAN = cython.declare(cython.double, float("nan"))
SELL = cython.declare(cython.int, 2)
BUY = cython.declare(cython.int, 1)


class TradeWindow:
    """A ring of trade buckets of `bucket_ns` each; bucket numbers are time // bucket_ns.

    Ranges of bucket numbers are inclusive; buckets without trades, before 1970 or too old to be held count as empty.
    """

    def __init__(self, bucket_ns, size):
        self.bucket_ns = bucket_ns
        self.size = size
        self.newest = -1
        self.rows = zeros(Bucket, size)
        self._point()

    def _point(self):
        if cython.compiled:
            self.buckets = cython.cast(BucketPointer, self.rows.first)
        else:
            self.buckets = self.rows.items

    def _at(self, number):
        """Where the bucket of a number is, or one whose place it would take."""
        place: cython.Py_ssize_t = number % self.size
        if cython.compiled:
            return self.buckets + place
        else:  # noqa: RET505 - compiled, only one of the two remains
            return self.buckets[place]

    def add(self, time_ns, price, quantity, aggressor_side):
        """A trade; quantity 0 moves the price only."""
        number: cython.longlong = time_ns // self.bucket_ns
        bucket: BucketPointer
        if self.newest < 0:
            self.rows = Rows(Bucket, self.size)
            self._point()
        bucket = self._at(number)
        if bucket.number != number + 1:
            bucket.number = number + 1
            bucket.open = price
            bucket.high = price
            bucket.low = price
            bucket.volume = 0.0
            bucket.buy_volume = 0.0
            bucket.trades = 0
            self.newest = number
        elif price > bucket.high:
            bucket.high = price
        elif price < bucket.low:
            bucket.low = price
        bucket.close = price
        bucket.volume += quantity
        bucket.trades += 1
        if aggressor_side == BUY:
            bucket.buy_volume += quantity
        elif aggressor_side != SELL:
            bucket.buy_volume += 0.5 * quantity

    def lowest(self, first, last):
        """Lowest price; NaN without trades."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        bucket: BucketPointer
        found: cython.double = NAN
        while number <= last:
            bucket = self._at(number)
            if bucket.number == number + 1 and not bucket.low >= found:
                found = bucket.low
            number += 1
        return found

    def highest(self, first, last):
        """Highest price; NaN without trades."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        bucket: BucketPointer
        found: cython.double = NAN
        while number <= last:
            bucket = self._at(number)
            if bucket.number == number + 1 and not bucket.high <= found:
                found = bucket.high
            number += 1
        return found

    def traded(self, first, last):
        """Quantity traded."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        bucket: BucketPointer
        total: cython.double = 0.0
        while number <= last:
            bucket = self._at(number)
            if bucket.number == number + 1:
                total += bucket.volume
            number += 1
        return total

    def bought(self, first, last):
        """Quantity traded on the buyers' initiative; half of what has no known aggressor."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        bucket: BucketPointer
        total: cython.double = 0.0
        while number <= last:
            bucket = self._at(number)
            if bucket.number == number + 1:
                total += bucket.buy_volume
            number += 1
        return total

    def count(self, first, last):
        """Number of trades."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        bucket: BucketPointer
        total: cython.longlong = 0
        while number <= last:
            bucket = self._at(number)
            if bucket.number == number + 1:
                total += bucket.trades
            number += 1
        return total

    def first_open(self, first, last):
        """Price of the first trade; NaN without trades."""
        number: cython.longlong = max(first, last - self.size + 1, 0)
        bucket: BucketPointer
        while number <= last:
            bucket = self._at(number)
            if bucket.number == number + 1:
                return bucket.open
            number += 1
        return NAN

    def last_close(self, first, last):
        """Price of the last trade; NaN without trades."""
        number: cython.longlong = last
        oldest: cython.longlong = max(first, last - self.size + 1, 0)
        bucket: BucketPointer
        while number >= oldest:
            bucket = self._at(number)
            if bucket.number == number + 1:
                return bucket.close
            number -= 1
        return NAN

    def bars(self, first: int, last: int) -> list[tuple[int, float, float, float, float, float]]:
        """The buckets with trades as (number, open, high, low, close, volume), oldest first."""
        found = []
        number: cython.longlong
        bucket: BucketPointer
        for number in range(max(first, last - self.size + 1, 0), last + 1):
            bucket = self._at(number)
            if bucket.number == number + 1 and bucket.trades:
                found.append((number, bucket.open, bucket.high, bucket.low, bucket.close, bucket.volume))
        return found

    def state(self):
        """Plain values from which `restore` makes the same window."""
        return {"newest": self.newest, "buckets": self.rows.state() if self.newest >= 0 else b""}

    def restore(self, state):
        """Becomes the window whose `state` was taken, of as many buckets."""
        self.newest = state["newest"]
        if state["buckets"]:
            self.rows = Rows(Bucket, self.size)
            self.rows.restore(state["buckets"])
            self._point()


_BINS = cython.declare(cython.int, 1024)
_BINS_PER_OCTAVE = cython.declare(cython.int, 8)
_DECAY_AT = cython.declare(cython.int, 8192)
_UPDATE_EVERY = cython.declare(cython.int, 32)
_HISTOGRAM_FIELDS = ("total", "until_update", "median", "high", "lowest", "highest")


class SizeHistogram:
    """Recent distribution of order sizes: eight bins an octave (9 % wide), halved every 8192 orders.

    `median` and `high` are the middles of the bins that hold the median and the 99th percentile, refreshed every 32
    orders; NaN before the first.
    """

    def __init__(self):
        self.rows = zeros(Bin, _BINS)
        self._point()
        self.total = 0
        self.until_update = 0
        self.median = NAN
        self.lowest = _BINS
        self.highest = -1
        self.high = NAN
        self.last_quantity, self.last_place = 0.0, 0

    def _point(self):
        if cython.compiled:
            self.bins = cython.cast(BinPointer, self.rows.first)
        else:
            self.bins = self.rows.items

    def add(self, quantity):
        """An order of `quantity` was entered."""
        place: cython.int
        if not quantity > 0.0:
            return
        if self.highest < 0:
            self.rows = Rows(Bin, _BINS)
            self._point()
        if quantity == self.last_quantity:
            place = self.last_place
        else:
            place = cython.cast(cython.int, floor(log2(quantity) * _BINS_PER_OCTAVE)) + _BINS // 2
            place = max(0, min(_BINS - 1, place))
            self.last_quantity, self.last_place = quantity, place
        self.lowest = min(self.lowest, place)
        self.highest = max(self.highest, place)
        self.bins[place].count += 1
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
            if seen < half <= seen + self.bins[place].count:
                self.median = 2.0 ** ((place - _BINS // 2 + 0.5) / _BINS_PER_OCTAVE)
            seen += self.bins[place].count
            if seen >= most:
                self.high = 2.0 ** ((place - _BINS // 2 + 0.5) / _BINS_PER_OCTAVE)
                break
        self.until_update = _UPDATE_EVERY
        if self.total >= _DECAY_AT:
            self.total = 0
            for place in range(self.lowest, self.highest + 1):
                self.bins[place].count //= 2
                self.total += self.bins[place].count

    def quantile(self, share: float) -> float:
        """The middle of the bin below which no more than `share` of the recent sizes are; NaN before the first."""
        seen = 0
        for place in range(_BINS):
            seen += self.bins[place].count
            if seen and seen >= share * self.total:
                return 2.0 ** ((place - _BINS // 2 + 0.5) / _BINS_PER_OCTAVE)
        return NAN

    def state(self):
        """Plain values from which `restore` makes the same histogram."""
        bins = self.rows.state() if self.highest >= 0 else b""
        return arrays.dump(self, _HISTOGRAM_FIELDS) | {"bins": bins}

    def restore(self, state):
        """Becomes the histogram whose `state` was taken."""
        arrays.load(self, _HISTOGRAM_FIELDS, state)
        if state["bins"]:
            self.rows = Rows(Bin, _BINS)
            self.rows.restore(state["bins"])
            self._point()


_RUSH_BUCKET_NS = cython.declare(cython.longlong, 5_000_000_000)
_RUSH_BUCKETS = cython.declare(cython.int, 5)
_RUSH_PERIOD_NS = cython.declare(cython.longlong, 300_000_000_000)
_RUSH_PERIODS = cython.declare(cython.int, 300)
RUSH_SPAN_S = 25


class Rush:
    """How many orders took liquidity within 25 seconds, and the most that did in each five minutes of the last day.

    Trades of one time are one order: a large order that meets many small ones is no crowd. "Rush orders" of La Morgia
    et al., Pump and Dumps in the Bitcoin Era (2020), there in chunks of 5 to 25 seconds.
    """

    def __init__(self):
        self.last_time = -1
        self.recent_rows = zeros(Period, _RUSH_BUCKETS)
        self.period_rows = zeros(Period, _RUSH_PERIODS)
        self._point()

    def _point(self):
        if cython.compiled:
            self.recent = cython.cast(PeriodPointer, self.recent_rows.first)
            self.periods = cython.cast(PeriodPointer, self.period_rows.first)
        else:
            self.recent = self.recent_rows.items
            self.periods = self.period_rows.items

    def add(self, time_ns):
        """A trade at a time not before the last."""
        bucket: cython.longlong = time_ns // _RUSH_BUCKET_NS
        period: cython.longlong = time_ns // _RUSH_PERIOD_NS
        place: cython.Py_ssize_t = bucket % _RUSH_BUCKETS
        total: cython.int = 0
        if time_ns == self.last_time or time_ns < 0:
            return
        if self.last_time < 0:
            self.recent_rows = Rows(Period, _RUSH_BUCKETS)
            self.period_rows = Rows(Period, _RUSH_PERIODS)
            self._point()
        self.last_time = time_ns
        if self.recent[place].number != bucket + 1:
            self.recent[place].number = bucket + 1
            self.recent[place].orders = 0
        self.recent[place].orders += 1
        for place in range(_RUSH_BUCKETS):
            if self.recent[place].number > bucket + 1 - _RUSH_BUCKETS:
                total += self.recent[place].orders
        place = period % _RUSH_PERIODS
        if self.periods[place].number != period + 1:
            self.periods[place].number = period + 1
            self.periods[place].orders = 0
        if total > self.periods[place].orders:
            self.periods[place].orders = total

    def peaks(self, first: int, last: int) -> list[int]:
        """The most orders within 25 seconds of each period of five minutes (time // 300 s) that had any, in order."""
        found = []
        for number in range(max(first, last - _RUSH_PERIODS + 1, 0), last + 1):
            place: cython.Py_ssize_t = number % _RUSH_PERIODS
            if self.periods[place].number == number + 1:
                found.append(self.periods[place].orders)
        return found

    def state(self):
        """Plain values from which `restore` makes the same rush."""
        if self.last_time < 0:
            return {"last_time": -1}
        return {"last_time": self.last_time, "recent": self.recent_rows.state(), "periods": self.period_rows.state()}

    def restore(self, state):
        """Becomes the rush whose `state` was taken."""
        self.last_time = state["last_time"]
        if self.last_time >= 0:
            self.recent_rows = Rows(Period, _RUSH_BUCKETS)
            self.period_rows = Rows(Period, _RUSH_PERIODS)
            self.recent_rows.restore(state["recent"])
            self.period_rows.restore(state["periods"])
            self._point()


_MOVES = cython.declare(cython.int, 128)


class Moves:
    """The last 128 trades that moved the price: what a move was made of. Entry n is at n % 128."""

    def __init__(self):
        self.count = 0
        self.rows = zeros(Move, _MOVES)
        self._point()

    def _point(self):
        if cython.compiled:
            self.moves = cython.cast(MovePointer, self.rows.first)
        else:
            self.moves = self.rows.items

    def add(self, time_ns, price, quantity, event_high, event_low):
        """A trade at another price than the one before, and its event's two words."""
        place: cython.Py_ssize_t = self.count % _MOVES
        if self.count == 0:
            self.rows = Rows(Move, _MOVES)
            self._point()
        self.moves[place].time = time_ns
        self.moves[place].price = price
        self.moves[place].quantity = quantity
        self.moves[place].event_high = event_high
        self.moves[place].event_low = event_low
        self.count += 1

    def since(self, time_ns: int) -> list[tuple[int, float, float, tuple[int, int]]]:
        """Those at or after a time, oldest first: (time, price, quantity, event)."""
        found = []
        for number in range(max(0, self.count - _MOVES), self.count):
            place: cython.Py_ssize_t = number % _MOVES
            if self.moves[place].time >= time_ns:
                event = (self.moves[place].event_high, self.moves[place].event_low)
                found.append((self.moves[place].time, self.moves[place].price, self.moves[place].quantity, event))
        return found

    def state(self):
        """Plain values from which `restore` makes the same moves."""
        return {"count": self.count, "moves": self.rows.state() if self.count else b""}

    def restore(self, state):
        """Becomes the moves whose `state` was taken."""
        self.count = state["count"]
        if self.count:
            self.rows = Rows(Move, _MOVES)
            self.rows.restore(state["moves"])
            self._point()


_SPREADS = cython.declare(cython.int, 64)


class SpreadSamples:
    """The last 64 samples of a spread, as a share of the middle; NaN where a side was empty or both crossed."""

    def __init__(self):
        self.count = 0
        self.rows = zeros(Sample, _SPREADS)
        self._point()

    def _point(self):
        if cython.compiled:
            self.samples = cython.cast(SamplePointer, self.rows.first)
        else:
            self.samples = self.rows.items

    def add(self, time_ns, spread):
        """A sample taken at a time."""
        place: cython.Py_ssize_t = self.count % _SPREADS
        if self.count == 0:
            self.rows = Rows(Sample, _SPREADS)
            self._point()
        self.samples[place].time = time_ns
        self.samples[place].spread = spread
        self.count += 1

    def since(self, time_ns: int) -> list[tuple[int, float]]:
        """Those at or after a time, oldest first: (time, spread)."""
        found = []
        for number in range(max(0, self.count - _SPREADS), self.count):
            place: cython.Py_ssize_t = number % _SPREADS
            if self.samples[place].time >= time_ns:
                found.append((self.samples[place].time, self.samples[place].spread))
        return found

    def state(self):
        """Plain values from which `restore` makes the same samples."""
        return {"count": self.count, "samples": self.rows.state() if self.count else b""}

    def restore(self, state):
        """Becomes the samples whose `state` was taken."""
        self.count = state["count"]
        if self.count:
            self.rows = Rows(Sample, _SPREADS)
            self.rows.restore(state["samples"])
            self._point()
