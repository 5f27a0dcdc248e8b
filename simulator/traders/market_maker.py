# cython: language_level=3, annotation_typing=False
"""Two-sided market makers: they quote several levels, reprice at every change of mind and cancel nearly everything."""

from __future__ import annotations

from math import ceil, exp, floor

import cython

from simulator.market import Behaviour, Listing, Seat
from simulator.matching_engine import MatchingEngine
from simulator.order_book import BUY, IMMEDIATE_OR_CANCEL, SELL, Order
from simulator.population import Account
from simulator.randomness import SECOND_NS, gauss, jittered_ns
from simulator.traders.belief import Belief

LEVEL_COUNT = 4
REPLACE_SHARE = 0.08
SIZE_MULTIPLE = 0.5
LEVEL_SIZE_STEP = 1.0
"""Each level behind the best shows so much more of the first one's size."""
SIZE_SIGMA = 0.7
FULL_REQUOTE_SHARE = 0.03
REACTION_SIGMA = 1.0
STALE_WIDTHS = 3.0
"""Who offers so many of the maker's half spreads below the maker's own bid forgot to move: it takes that."""
STALE_SECONDS = 5.0
"""A younger order so far off is taken to know something."""
STALE_MULTIPLE = 4.0
"""As many typical orders at once."""


class Quotes:
    """The resting orders of a market maker, bids then asks from the best level, and the position they have brought."""

    def __init__(self, seat: Seat, account: Account) -> None:
        self._seat = seat
        self._account = account
        self._orders: list[Order | None] = [None] * (2 * LEVEL_COUNT)
        self._counted = [0] * (2 * LEVEL_COUNT)
        self.inventory = 0

    def count_fills(self) -> None:
        """Bring the inventory up to date."""
        for place in range(2 * LEVEL_COUNT):
            order: Order | None = self._orders[place]
            if order is not None and order.filled != self._counted[place]:
                filled = order.filled - self._counted[place]
                self.inventory += filled if place < LEVEL_COUNT else -filled
                self._counted[place] = order.filled

    def clear(self) -> None:
        """Cancel everything."""
        for order in self._orders:
            if order is not None:
                self._seat.cancel(order)

    def quote(self, side: int, level: int, price: int) -> None:
        """Have an order rest at a price: keep, replace, or cancel and enter anew."""
        place = level if side == BUY else LEVEL_COUNT + level
        order: Order | None = self._orders[place]
        if order is not None and order.level is not None:
            if order.limit == price:
                return
            if self._seat.random.random() < REPLACE_SHARE:
                self._seat.replace(order, price, order.filled + order.leaves)
                return
            self._seat.cancel(order)
        self._orders[place] = self._seat.submit(self._account, side, price, _quote_quantity(self._seat, level))
        self._counted[place] = 0


@cython.locals(
    seat=Seat, belief=Belief, quotes=Quotes, listing=Listing, engine=MatchingEngine, reaction_seconds=cython.double,
    activity=cython.double, width=cython.double, away=cython.double, fair=cython.double, step=cython.int,
    level=cython.int, bid=cython.longlong, first_bid=cython.longlong, first_ask=cython.longlong,
    best_bid=cython.longlong, best_ask=cython.longlong,
)  # fmt: skip
def make_market(seat: Seat, account: Account, reaction_seconds: float, activity: float = 1.0) -> Behaviour:
    """Quote both sides around a belief until the end; wakes about every `reaction_seconds`."""
    quotes, belief = Quotes(seat, account), Belief(seat, activity)
    listing: Listing = seat.listing
    engine: MatchingEngine = listing.engine
    width: float = seat.instrument.half_spread_ticks * (0.9 + 0.6 * seat.random.random())
    step = 1 + int(seat.random.random() * 2)
    while True:
        quotes.count_fills()
        fair = belief.fair_ticks(quotes.inventory)
        away = width * listing.caution
        if seat.random.random() < FULL_REQUOTE_SHARE:
            quotes.clear()
        first_bid, first_ask = floor(fair - away), ceil(fair + away)
        _take_stale(seat, engine.asks.first(), account, first_bid, STALE_WIDTHS * away)
        _take_stale(seat, engine.bids.first(), account, first_ask, STALE_WIDTHS * away)
        for level in range(LEVEL_COUNT):
            best_ask = engine.asks.best_ticks()
            bid = first_bid - level * step
            quotes.quote(BUY, level, max(1, min(bid, best_ask - 1) if best_ask else bid))
            best_bid = engine.bids.best_ticks()
            quotes.quote(SELL, level, max(1, best_bid + 1, first_ask + level * step))
        yield jittered_ns(seat.random, reaction_seconds, REACTION_SIGMA)


def _take_stale(seat: Seat, order: Order | None, account: Account, price: int, edge: float) -> None:
    """Take what was left standing on the wrong side of the maker's own price, so that it is at the best again."""
    if order is None or -order.side * (price - order.limit) < edge:
        return
    if seat.now_ns - order.time_ns >= STALE_SECONDS * SECOND_NS:
        most = ceil(STALE_MULTIPLE * seat.instrument.typical_quantity)
        seat.submit(account, -order.side, order.limit, min(order.leaves, most), IMMEDIATE_OR_CANCEL)


def _quote_quantity(seat: Seat, level: int) -> int:
    """Draw the size of a quote: market makers show much the same everywhere, more behind the best price."""
    instrument = seat.instrument
    multiple = SIZE_MULTIPLE * (1.0 + LEVEL_SIZE_STEP * level) * exp(SIZE_SIGMA * gauss(seat.random))
    return ceil(instrument.typical_quantity * multiple / instrument.lot_size) * instrument.lot_size
