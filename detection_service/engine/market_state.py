# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What is known of one instrument on one venue: book, order sizes, trade windows, phase."""

import cython

from detection_service.engine.session import ASK_NOW
from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.detection_service.engine.matches import MatchLog, MatchTable
    from cython.cimports.detection_service.engine.norms import Norms
    from cython.cimports.tapewatch.market.book import Book, Ladder  # noqa: F401 - names what a ladder is
    from cython.cimports.tapewatch.market.memory import prefetch as fetch
    from cython.cimports.tapewatch.market.window import Moves, Rush, SizeHistogram, SpreadSamples, TradeWindow
else:
    from detection_service.engine.matches import MatchLog, MatchTable
    from detection_service.engine.norms import Norms
    from tapewatch.market.book import Book
    from tapewatch.market.window import Moves, Rush, SizeHistogram, SpreadSamples, TradeWindow

SECOND_NS = 1_000_000_000
FAST_BUCKET_NS = 5 * SECOND_NS
MINUTE_NS = 60 * SECOND_NS
SLOW_BUCKET_NS = 300 * SECOND_NS
# 20 minutes of 5 s, 4 hours of minutes, 24 hours (and a bucket) of 5 minutes.
FAST_BUCKETS, MINUTE_BUCKETS, SLOW_BUCKETS = 240, 240, 300
_FIVE_MINUTES = cython.declare(cython.int, 60)  # fast buckets
_MINUTE_NS = cython.declare(cython.longlong, MINUTE_NS)
_TICK_NS = cython.declare(cython.longlong, FAST_BUCKET_NS)
_NO_MINUTE = cython.declare(cython.longlong, -(1 << 62))
_WINDOWS = cython.declare(cython.int, 4)
_CLOSED_FIELDS = cython.declare(cython.int, 6)
_MESSAGE_MINUTES = cython.declare(cython.int, 64)
_RANGES = cython.declare(cython.double, 30.0)
_RANGES_KNOWN = cython.declare(cython.longlong, 10)
_PARTS = (
    "book",
    "sizes",
    "spreads",
    "fast",
    "minute",
    "slow",
    "rush",
    "moves",
    "spread_samples",
    "matches",
    "match_log",
    "norms",
)
_SELL = cython.declare(cython.int, 2)
_PLAIN_FIELDS = (
    "number", "venue", "venue_name", "instrument_name", "seed", "pending", "pending_time", "has_trade_feed",
    "shares_trade_ids", "watched", "last_price", "last_trade_time", "evaluated_bucket", "phase", "bid_price",
    "ask_price", "last_activity", "previous_price", "next_tick", "minute_now", "spread", "usual_range", "ranges_seen",
    "message_now", "messages_now", "message_minute",
    "message_count", "session_due", "session_time", "session_kind", "phase_before", "restricted",
    "closed_minute", "closed",
)  # fmt: skip


class MarketState:
    """One instrument on one venue.

    `pending` is the slot of a crossing order whose same-time fills are still coming; it rests after them. `watched`
    asks for the price rules' attention at every bucket, as an open episode does. `last_activity` is the activity made
    last in it, plus one. `spread` is the last sampled, as a share of the middle (NaN without both sides), `spreads` the
    distribution of the samples (one every five seconds of events) in millionths; `usual_range` is the mean range of
    the last thirty or so minutes with trades, in price. `previous_price` is the last before the time of the last trade.
    `session_...` are detection_service.engine.session's. `restricted` says that nobody may deal in it.
    """

    def __init__(self, number, venue, venue_name, instrument_name, seed):
        self.number = number
        self.venue = venue
        self.venue_name = venue_name
        self.instrument_name = instrument_name
        self.seed = seed
        self.book = Book()
        self.bids, self.asks = self.book.bids, self.book.asks
        self.sizes = SizeHistogram()
        self.fast = TradeWindow(FAST_BUCKET_NS, FAST_BUCKETS)
        self.minute = TradeWindow(MINUTE_NS, MINUTE_BUCKETS)
        self.slow = TradeWindow(SLOW_BUCKET_NS, SLOW_BUCKETS)
        self.rush = Rush()
        self.moves = Moves()
        self.spread_samples = SpreadSamples()
        self.pending = -1
        self.pending_time = 0
        self.has_trade_feed = False
        self.shares_trade_ids = False
        self.matches = MatchTable()
        self.match_log = MatchLog()
        self.watched = False
        self.last_price = float("nan")
        self.previous_price = float("nan")
        self.last_trade_time = 0
        self.evaluated_bucket = -1
        self.phase = ""
        self.phase_before = ""
        self.session_due = ASK_NOW
        self.session_time = -1
        self.session_kind = ""
        self.bid_price = float("nan")
        self.ask_price = float("nan")
        self.last_activity = 0
        self.next_tick = 0
        self.minute_now = -1
        self.spread = float("nan")
        self.spreads = SizeHistogram()
        self.norms = Norms()
        self.restricted = False
        self.usual_range = 0.0
        self.ranges_seen = 0
        self.message_now = -1
        self.messages_now = 0
        self.message_minute = arrays.longs(_MESSAGE_MINUTES)
        self.message_count = arrays.integers(_MESSAGE_MINUTES)
        self.closed_minute = arrays.longs(2)
        self.closed_minute[0] = self.closed_minute[1] = _NO_MINUTE
        self.closed = arrays.doubles(2 * _CLOSED_FIELDS * _WINDOWS)

    def prefetch(self):
        """Has the processor fetch what every event reads: the fields declared first."""
        if cython.compiled:
            fetch(cython.address(self.number))
            fetch(cython.address(self.last_price))

    def prefetch_side(self, side):
        """Has the processor fetch what leads to a side's levels, and to the distribution of sizes."""
        if cython.compiled:
            self.ladder(side).prefetch()
            fetch(cython.cast(cython.p_void, self.sizes))

    def ladder(self, side):
        """The ladder of a side code (1 buy, 2 sell)."""
        return self.asks if side == _SELL else self.bids

    def message(self, minute):
        """An order was entered, moved or cancelled in a minute."""
        place: cython.int
        if minute != self.message_now:
            place = self.message_now & 63
            self.message_minute[place] = self.message_now
            self.message_count[place] = self.messages_now
            self.message_now = minute
            self.messages_now = 0
        self.messages_now += 1

    def closed_before(self, minute):
        """Where `closed` tells what windows of 1, 5, 30 and 60 minutes hold before their last minute, `minute`: of each
        trades, quantity, first price, lowest, highest (NaN without trades), messages.

        Made once a minute: groups are measured in the minute in hand and as of the one before. What was made is part of
        the state: later, some of what it was made of is no longer held.
        """
        start: cython.int = (minute & 1) * _CLOSED_FIELDS * _WINDOWS
        if self.closed_minute[minute & 1] != minute:
            self.closed_minute[minute & 1] = minute
            self._close_windows(start, minute)
        return start

    def _close_windows(self, start, minute):
        closed: cython.double[::1] = self.closed
        window: cython.int
        place: cython.int
        first: cython.longlong
        for window in range(_WINDOWS):
            place = start + _CLOSED_FIELDS * window
            first = minute - (0 if window == 0 else 4 if window == 1 else 29 if window == 2 else 59)
            closed[place] = self.minute.count(first, minute - 1)
            closed[place + 1] = self.minute.traded(first, minute - 1)
            closed[place + 2] = self.minute.first_open(first, minute - 1)
            closed[place + 3] = self.minute.lowest(first, minute - 1)
            closed[place + 4] = self.minute.highest(first, minute - 1)
            closed[place + 5] = self.messages_since(first, minute - 1)

    def price_before(self, now):
        """Price of the last trade at an earlier time than an event's; NaN without one."""
        return self.previous_price if self.last_trade_time == now else self.last_price

    def messages_since(self, first, last):
        """Number of messages in a range of minutes, both inclusive."""
        minute: cython.longlong = max(first, last - _MESSAGE_MINUTES + 1, 0)
        place: cython.int
        total: cython.double = 0.0
        while minute <= last:
            place = minute & 63
            if minute == self.message_now:
                total += self.messages_now
            elif self.message_minute[place] == minute:
                total += self.message_count[place]
            minute += 1
        return total

    def tick(self, now):
        """The first event at or after `next_tick` (every five seconds): samples; the minute that has gone by, or -1."""
        minute: cython.longlong = now // _MINUTE_NS
        before: cython.longlong = self.minute_now
        extent: cython.double
        self.next_tick = (now // _TICK_NS + 1) * _TICK_NS
        self._sample_spread()
        self.spread_samples.add(now, self.spread)
        if minute == before:
            return -1
        self.minute_now = minute
        if before >= 0 and self.minute.count(before, before) > 0:
            # A running mean that forgets, not a sum that drifts: each step is a weighted mean.
            extent = self.minute.highest(before, before) - self.minute.lowest(before, before)
            self.ranges_seen += 1
            self.usual_range += (extent - self.usual_range) / min(_RANGES, cython.cast(cython.double, self.ranges_seen))
        return before

    def is_far(self, price, distance, multiple):
        """Whether a distance from a price is beyond so many usual minutes' ranges and usual spreads, once any is."""
        usual: cython.double = self.usual_range
        if self.ranges_seen < _RANGES_KNOWN or not usual > 0.0:
            return False
        if self.spreads.total:
            usual = max(usual, 1e-6 * self.spreads.median * price)
        return distance >= multiple * usual

    def stray(self, now, price, multiple):
        """Before a trade counts: 1 where it is far through the best prices and from the last trade, 2 where the one
        held before it stands alone, 3 where it is to be held itself."""
        bid: cython.double = self._best_bid()
        ask: cython.double = self._best_ask()
        if self.norms.came_back(now, price):
            return 2
        if not self.last_price > 0.0 or not self.is_far(self.last_price, abs(price - self.last_price), multiple):
            return 0
        if not (bid > 0.0 and ask > bid):
            return 3
        return 1 if self.is_far(self.last_price, max(bid - price, price - ask), multiple) else 0

    def _best_bid(self):
        return self.book.bids.best() if self.book.bids.length and self.book.asks.length else self.bid_price

    def _best_ask(self):
        return self.book.asks.best() if self.book.bids.length and self.book.asks.length else self.ask_price

    def _sample_spread(self):
        bid: cython.double = self.bid_price
        ask: cython.double = self.ask_price
        if bid != bid and self.book.bids.length and self.book.asks.length:
            bid = self.book.bids.best()
            ask = self.book.asks.best()
        if bid > 0.0 and ask > bid:
            self.spread = 2.0 * (ask - bid) / (ask + bid)
            self.spreads.add(1e6 * self.spread)
        else:
            self.spread = float("nan")

    def trade(self, now, price, quantity, side, move):
        """A trade moves the windows; whether a move of note makes the price rules worth asking, once a bucket of 5 s.

        `side` is the aggressor's, `move` the range within five minutes that is of note, a share of the price.
        """
        bucket: cython.longlong
        low: cython.double
        self.fast.add(now, price, quantity, side)
        self.minute.add(now, price, quantity, side)
        self.slow.add(now, price, quantity, side)
        if side != _SELL:
            self.rush.add(now)
        if now > self.last_trade_time:
            self.previous_price = self.last_price
        self.last_price = price
        self.last_trade_time = now
        bucket = self.fast.newest
        if bucket == self.evaluated_bucket:
            return False
        self.evaluated_bucket = bucket
        low = self.fast.lowest(bucket - _FIVE_MINUTES, bucket)
        return self.watched or self.fast.highest(bucket - _FIVE_MINUTES, bucket) - low >= move * abs(low)

    def state(self):
        """Plain values from which `restore` makes the same market."""
        own = arrays.dump(self, _PLAIN_FIELDS)
        parts = {name: getattr(self, name).state() for name in _PARTS}
        return own | parts

    def restore(self, state):
        """Becomes the market whose `state` was taken."""
        arrays.load(self, _PLAIN_FIELDS, state)
        for name in _PARTS:
            getattr(self, name).restore(state[name])
