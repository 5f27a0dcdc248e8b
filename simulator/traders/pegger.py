# cython: language_level=3
"""An honest algorithm that cancels 97 % of its orders: one order that follows the best price."""

from simulator.market import Behaviour, Seat
from simulator.order_book import BUY, SELL, Order
from simulator.population import Account
from simulator.randomness import jittered_ns, ordinary_quantity

LOOK_SECONDS = 0.6
DISTANCE_TICKS = 3


def peg(seat: Seat, account: Account) -> Behaviour:
    """Follow the best price of one side with a single order a few ticks away; change sides after a fill."""
    random = seat.random
    order: Order | None = None
    side = BUY if random.random() < 0.5 else SELL
    while True:
        yield jittered_ns(random, LOOK_SECONDS, 0.6)
        if order is not None and order.filled:
            seat.cancel(order)
            order, side = None, -side
        best = seat.best(side)
        if best is None:
            continue
        price = max(1, best - side * DISTANCE_TICKS)
        if order is not None and order.is_resting:
            if order.price == price:
                continue
            seat.cancel(order)
        order = seat.submit(account, side, price, ordinary_quantity(random, seat.instrument))
