"""What honest traders do with an order: size it, rest it, take, work a parent in slices, keep a ladder of quotes."""

from collections.abc import Generator
from math import ceil

from simulator.instrument import Instrument
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL, Order
from simulator.population import Account
from simulator.randomness import SECOND_NS, jittered_ns


def typical(instrument: Instrument, multiple: float) -> int:
    """Return that many typical orders in whole lots, one at least."""
    lot = instrument.lot_size
    return max(lot, ceil(instrument.typical_quantity * multiple / lot) * lot)


def some_side(seat: SchemeSeat) -> int:
    """Draw a side."""
    return BUY if seat.random.random() < 0.5 else SELL


def until_ns(seat: SchemeSeat, seconds: float) -> int:
    """Return the time so many seconds from now."""
    return seat.now_ns + int(seconds * SECOND_NS)


def take(seat: SchemeSeat, account: Account, side: int, quantity: int, reach_ticks: int = 0) -> int:
    """Take up to so many ticks beyond the best price; return what was filled, 0 where nobody offers."""
    opposite = seat.best(-side)
    if opposite is None or quantity <= 0:
        return 0
    return seat.submit(account, side, max(1, opposite + side * reach_ticks), quantity, IMMEDIATE_OR_CANCEL).filled


def rest(seat: SchemeSeat, account: Account, side: int, quantity: int, behind_ticks: int = 0) -> Order | None:
    """Rest an order so many ticks behind the best price of its side, never crossing; None without a price."""
    best, opposite = seat.best(side), seat.best(-side)
    if best is None or quantity <= 0:
        return None
    price = best - side * behind_ticks
    if opposite is not None and side * (price - opposite) >= 0:
        price = opposite - side
    return seat.submit(account, side, max(1, price), quantity)


def work(
    seat: SchemeSeat, account: Account, side: int, quantity: int, pause_seconds: float, slice_multiple: float
) -> Generator[int, None, int]:
    """Work a parent order: join the best price, cross what did not fill in time; return what was filled."""
    done = 0
    for _ in range(4 * ceil(quantity / typical(seat.instrument, slice_multiple))):
        if done >= quantity:
            break
        size = typical(seat.instrument, slice_multiple * (0.6 + 0.8 * seat.random.random()))
        child = rest(seat, account, side, min(quantity - done, size))
        yield jittered_ns(seat.random, pause_seconds, 0.4)
        if child is not None:
            unfilled = child.leaves
            seat.cancel(child)
            done += child.filled + take(seat, account, side, unfilled)
    return done


class Ladder:
    """Resting orders of one account by side and level, moved by cancelling and entering anew, as most systems do."""

    def __init__(self, seat: SchemeSeat, account: Account) -> None:
        self._seat = seat
        self._account = account
        self._orders: dict[tuple[int, int], Order] = {}
        self._closed = 0

    @property
    def inventory(self) -> int:
        """What was bought less what was sold by the orders of this ladder."""
        return self._closed + sum(order.side * order.filled for order in self._orders.values())

    def show(self, side: int, level: int, price: int, quantity: int) -> None:
        """Have an order rest at a price that does not cross; one that is there already keeps its place in the queue."""
        order = self._orders.get((side, level))
        opposite = self._seat.best(-side)
        if opposite is not None and side * (price - opposite) >= 0:
            price = opposite - side
        if order is not None and order.is_resting and order.price == price:
            return
        self.withdraw(side, level)
        self._orders[side, level] = self._seat.submit(self._account, side, max(1, price), quantity)

    def withdraw(self, side: int, level: int) -> None:
        """Take one order off."""
        order = self._orders.pop((side, level), None)
        if order is not None:
            self._seat.cancel(order)
            self._closed += order.side * order.filled

    def clear(self, side: int) -> None:
        """Take all orders of a side off."""
        for place in [place for place in self._orders if place[0] == side]:
            self.withdraw(*place)


def pause(seat: SchemeSeat, seconds: float, sigma: float = 0.4) -> Behaviour:
    """Wait about so long."""
    yield jittered_ns(seat.random, seconds, sigma)
