# cython: language_level=3
"""Hedgers: they flip sides because what they hedge flips, not to mislead anybody."""

from simulator.market import Behaviour, Seat
from simulator.order_book import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import Account
from simulator.randomness import jittered_ns, ordinary_quantity, wait_ns
from simulator.traders.collar import collared

IDLE_SECONDS = 20.0
FLIP_SHARE = 0.5
FLIP_SECONDS = 0.8


def hedge(seat: Seat, account: Account) -> Behaviour:
    """Join the best price with a hedge; now and then the need turns round: cancel it and take the other side."""
    random = seat.random
    while True:
        yield wait_ns(random, IDLE_SECONDS)
        side = BUY if random.random() < 0.5 else SELL
        best = seat.best(side)
        if best is None:
            continue
        order = seat.submit(account, side, best, ordinary_quantity(random, seat.instrument) * random.randint(1, 3))
        if random.random() < FLIP_SHARE:
            yield jittered_ns(random, FLIP_SECONDS, 0.7)
            seat.cancel(order)
            quantity = order.filled + ordinary_quantity(random, seat.instrument)
            seat.submit(account, -side, collared(seat, -side), quantity, IMMEDIATE_OR_CANCEL)
        else:
            yield jittered_ns(random, 6.0, 0.6)
            unfilled = order.leaves
            seat.cancel(order)
            if unfilled:
                seat.submit(account, side, collared(seat, side), unfilled, IMMEDIATE_OR_CANCEL)
