"""An honest algorithm that cancels 97 % of its orders: it keeps one order at the best price as that moves."""

from simulator.market import Behaviour, Seat
from simulator.matching import BUY, SELL, Order
from simulator.population import Account
from simulator.randomness import jittered_ns, ordinary_quantity

LOOK_SECONDS = 0.6


def peg(seat: Seat, account: Account) -> Behaviour:
    """Follow the best price of one side with a single order; change sides after a fill."""
    random = seat.random
    order: Order | None = None
    side = BUY if random.random() < 0.5 else SELL
    while True:
        yield jittered_ns(random, LOOK_SECONDS, 0.6)
        if order is not None and order.filled:
            seat.cancel(order)
            order, side = None, -side
        best = seat.best(side)
        if best is None or (order is not None and order.is_resting and order.price == best):
            continue
        if order is not None:
            seat.cancel(order)
            best = seat.best(side) or best
        order = seat.submit(account, side, best, ordinary_quantity(random, seat.instrument))
