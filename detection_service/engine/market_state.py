# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What is known of one instrument on one venue: book, order sizes, trade windows, phase."""

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.tapewatch.market.book import Book
    from cython.cimports.tapewatch.market.window import SizeHistogram, TradeWindow
else:
    from tapewatch.market.book import Book
    from tapewatch.market.window import SizeHistogram, TradeWindow

SECOND_NS = 1_000_000_000
FAST_BUCKET_NS = 5 * SECOND_NS
MINUTE_NS = 60 * SECOND_NS
SLOW_BUCKET_NS = 300 * SECOND_NS
# 20 minutes of 5 s, 4 hours of minutes, 24 hours (and a bucket) of 5 minutes.
FAST_BUCKETS, MINUTE_BUCKETS, SLOW_BUCKETS = 240, 240, 300
_FIVE_MINUTES = cython.declare(cython.int, 60)  # fast buckets
_PLAIN_FIELDS = (
    "number", "venue", "venue_name", "instrument_name", "seed", "pending", "pending_time", "has_trade_feed",
    "watched", "last_price", "last_trade_time", "evaluated_bucket", "phase", "bid_price", "ask_price",
)  # fmt: skip


class MarketState:
    """One instrument on one venue.

    `pending` is the slot of a crossing order whose same-time fills are still coming; it rests after them. `watched`
    asks for the price rules' attention at every bucket, as an open episode does.
    """

    def __init__(self, number, venue, venue_name, instrument_name, seed):
        self.number = number
        self.venue = venue
        self.venue_name = venue_name
        self.instrument_name = instrument_name
        self.seed = seed
        self.book = Book()
        self.sizes = SizeHistogram()
        self.fast = TradeWindow(FAST_BUCKET_NS, FAST_BUCKETS)
        self.minute = TradeWindow(MINUTE_NS, MINUTE_BUCKETS)
        self.slow = TradeWindow(SLOW_BUCKET_NS, SLOW_BUCKETS)
        self.pending = -1
        self.pending_time = 0
        self.has_trade_feed = False
        self.watched = False
        self.last_price = float("nan")
        self.last_trade_time = 0
        self.evaluated_bucket = -1
        self.phase = ""
        self.bid_price = float("nan")
        self.ask_price = float("nan")

    def trade(self, now, price, quantity, side, move):
        """A trade moves the windows; whether a move of note makes the price rules worth asking, once a bucket of 5 s.

        `side` is the aggressor's, `move` the range within five minutes that is of note, a share of the price.
        """
        bucket: cython.longlong
        low: cython.double
        self.fast.add(now, price, quantity, side)
        self.minute.add(now, price, quantity, side)
        self.slow.add(now, price, quantity, side)
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
        parts = {name: getattr(self, name).state() for name in ("book", "sizes", "fast", "minute", "slow")}
        return own | parts

    def restore(self, state):
        """Becomes the market whose `state` was taken."""
        arrays.load(self, _PLAIN_FIELDS, state)
        for name in ("book", "sizes", "fast", "minute", "slow"):
            getattr(self, name).restore(state[name])
