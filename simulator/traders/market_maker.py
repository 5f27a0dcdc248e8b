"""Two-sided market makers: they quote several levels, reprice at every change of mind and cancel nearly everything."""

from math import ceil, exp, floor

from simulator.market import Behaviour, Seat
from simulator.matching import BUY, SELL, Order
from simulator.population import Account
from simulator.randomness import jittered_ns
from simulator.traders.belief import Belief

LEVEL_COUNT = 3
REPLACE_SHARE = 0.08
SIZE_MULTIPLE = 1.5
SIZE_SIGMA = 0.45
FULL_REQUOTE_SHARE = 0.03


class _Quotes:
    """The resting orders of a market maker, by side and level, and the position they have brought."""

    __slots__ = ("_account", "_counted", "_orders", "_seat", "inventory")

    def __init__(self, seat: Seat, account: Account) -> None:
        self._seat = seat
        self._account = account
        self._orders: dict[tuple[int, int], Order] = {}
        self._counted: dict[tuple[int, int], int] = {}
        self.inventory = 0

    def count_fills(self) -> None:
        """Bring the inventory up to date."""
        for place, order in self._orders.items():
            filled = order.filled
            if filled != self._counted[place]:
                self.inventory += place[0] * (filled - self._counted[place])
                self._counted[place] = filled

    def clear(self) -> None:
        """Cancel everything."""
        for order in self._orders.values():
            self._seat.cancel(order)

    def quote(self, side: int, level: int, price: int) -> None:
        """Have an order rest at a price: keep, replace, or cancel and enter anew."""
        place = (side, level)
        order = self._orders.get(place)
        if order is not None and order.is_resting:
            if order.price == price:
                return
            if self._seat.random.random() < REPLACE_SHARE:
                self._seat.replace(order, price, order.quantity)
                return
            self._seat.cancel(order)
        self._orders[place] = self._seat.submit(self._account, side, price, _quote_quantity(self._seat, level))
        self._counted[place] = 0


def make_market(seat: Seat, account: Account, reaction_seconds: float, activity: float = 1.0) -> Behaviour:
    """Quote both sides around a belief until the end; wakes about every `reaction_seconds`."""
    quotes, belief = _Quotes(seat, account), Belief(seat, activity)
    width = seat.instrument.half_spread_ticks * (0.8 + 0.5 * seat.random.random())
    step = 1 + int(seat.random.random() * 2)
    while True:
        quotes.count_fills()
        fair = belief.fair_ticks(quotes.inventory)
        if seat.random.random() < FULL_REQUOTE_SHARE:
            quotes.clear()
        for level in range(LEVEL_COUNT):
            bid = floor(fair - width * seat.listing.caution) - level * step
            ask = ceil(fair + width * seat.listing.caution) + level * step
            quotes.quote(BUY, level, _clip(bid, BUY, seat.best(SELL)))
            quotes.quote(SELL, level, _clip(ask, SELL, seat.best(BUY)))
        yield jittered_ns(seat.random, reaction_seconds, 0.6)


def _quote_quantity(seat: Seat, level: int) -> int:
    """Draw the size of a quote: market makers show much the same everywhere, more behind the best price."""
    instrument = seat.instrument
    multiple = SIZE_MULTIPLE * (1.0 + 0.5 * level) * exp(SIZE_SIGMA * seat.random.gauss(0.0, 1.0))
    return ceil(instrument.typical_quantity * multiple / instrument.lot_size) * instrument.lot_size


def _clip(price: int, side: int, opposite: int | None) -> int:
    """Keep a quote from crossing the book."""
    if opposite is None:
        return max(1, price)
    return max(1, min(price, opposite - 1) if side == BUY else max(price, opposite + 1))
