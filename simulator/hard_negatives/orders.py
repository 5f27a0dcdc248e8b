"""What honest traders do with orders: rest one, work a parent in slices, keep a ladder of quotes."""

from collections.abc import Generator
from math import ceil

from simulator.labels import SchemeSeat
from simulator.matching import BUY, SELL, Order
from simulator.population import Account
from simulator.randomness import jittered_ns


def some_side(seat: SchemeSeat) -> int:
    """Draw a side."""
    return BUY if seat.random.random() < 0.5 else SELL


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
    for _ in range(4 * ceil(quantity / seat.instrument.typical(slice_multiple))):
        if done >= quantity:
            break
        size = seat.instrument.typical(slice_multiple * (0.6 + 0.8 * seat.random.random()))
        child = rest(seat, account, side, min(quantity - done, size))
        yield jittered_ns(seat.random, pause_seconds, 0.4)
        if child is not None:
            unfilled = child.leaves
            seat.cancel(child)
            done += child.filled + seat.take(account, side, unfilled)
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
