"""Two-sided market makers: they quote several levels, reprice at every change of mind and cancel nearly everything."""

from math import ceil, exp, floor, tanh

from simulator.market import Behaviour, Seat
from simulator.matching import BUY, SELL, Order
from simulator.population import Account
from simulator.randomness import SECOND_NS, jittered_ns, ordinary_quantity

LEVEL_COUNT = 3
BELIEF_HALF_LIFE_SECONDS = 75.0
"""How fast an opinion learnt from the flow gives way to the value again."""
FLOW_IMPACT_TICKS = 0.9
IMBALANCE_IMPACT_TICKS = 2.2
"""How far a one-sided book moves a quote: what a spoofer lives on."""
INVENTORY_IMPACT_TICKS = 1.5
INVENTORY_TYPICAL_MULTIPLE = 40
REPLACE_SHARE = 0.08
SIZE_MULTIPLE = 1.5
FULL_REQUOTE_SHARE = 0.03


class _Belief:
    """A market maker's opinion of the price, in ticks."""

    __slots__ = ("_last_ns", "_net_taken", "_seat", "learnt_ticks")

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._net_taken = 0
        self._last_ns = seat.now_ns
        self.learnt_ticks = 0.0

    def fair_ticks(self, inventory: int) -> float:
        """Return value + what the flow taught + where the book leans - what it holds too much of."""
        seat = self._seat
        typical = seat.instrument.typical_quantity
        elapsed_seconds = (seat.now_ns - self._last_ns) / SECOND_NS
        net_taken = seat.net_taken()
        self.learnt_ticks *= exp(-0.693 * elapsed_seconds / BELIEF_HALF_LIFE_SECONDS)
        self.learnt_ticks += FLOW_IMPACT_TICKS * 4.0 * tanh((net_taken - self._net_taken) / (16.0 * typical))
        self._net_taken = net_taken
        self._last_ns = seat.now_ns
        lean = IMBALANCE_IMPACT_TICKS * seat.listing.imbalance()
        burden = INVENTORY_IMPACT_TICKS * tanh(inventory / (INVENTORY_TYPICAL_MULTIPLE * typical))
        return seat.listing.value_ticks + self.learnt_ticks + lean - burden


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
        quantity = ordinary_quantity(self._seat.random, self._seat.instrument)
        lot = self._seat.instrument.lot_size
        quantity = ceil(quantity * SIZE_MULTIPLE * (1.0 + 0.5 * level) / lot) * lot
        self._orders[place] = self._seat.submit(self._account, side, price, quantity)
        self._counted[place] = 0


def make_market(seat: Seat, account: Account, reaction_seconds: float) -> Behaviour:
    """Quote both sides around a belief until the end; wakes about every `reaction_seconds`."""
    quotes, belief = _Quotes(seat, account), _Belief(seat)
    width = seat.instrument.half_spread_ticks * (0.8 + 0.5 * seat.random.random())
    step = 1 + int(seat.random.random() * 2)
    while True:
        quotes.count_fills()
        fair = belief.fair_ticks(quotes.inventory)
        if seat.random.random() < FULL_REQUOTE_SHARE:
            quotes.clear()
        for level in range(LEVEL_COUNT):
            bid = floor(fair - width) - level * step
            ask = ceil(fair + width) + level * step
            quotes.quote(BUY, level, _clip(bid, BUY, seat.best(SELL)))
            quotes.quote(SELL, level, _clip(ask, SELL, seat.best(BUY)))
        yield jittered_ns(seat.random, reaction_seconds, 0.6)


def _clip(price: int, side: int, opposite: int | None) -> int:
    """Keep a quote from crossing the book."""
    if opposite is None:
        return max(1, price)
    return max(1, min(price, opposite - 1) if side == BUY else max(price, opposite + 1))
