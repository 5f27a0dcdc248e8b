# cython: language_level=3
"""Dormant clients: the many who hold an account and hardly ever trade."""

from simulator.market import Behaviour, Seat
from simulator.order_book import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import Account
from simulator.randomness import choose, jittered_ns, ordinary_quantity, wait_ns

PATIENCE_SECONDS = 20.0
IMPATIENT_SHARE = 0.6


def trade_now_and_then(seat: Seat, accounts: tuple[Account, ...], mean_seconds: float) -> Behaviour:
    """Let one of the accounts enter an order now and then: at the market, or at the best price for a while."""
    random = seat.random
    while accounts:
        yield wait_ns(random, mean_seconds)
        account, side = choose(random, accounts), BUY if random.random() < 0.5 else SELL
        quantity = ordinary_quantity(random, seat.instrument)
        best = seat.best(side)
        if best is None or random.random() < IMPATIENT_SHARE:
            seat.submit(account, side, None, quantity, IMMEDIATE_OR_CANCEL)
            continue
        order = seat.submit(account, side, best, quantity)
        yield jittered_ns(random, PATIENCE_SECONDS, 0.8)
        seat.cancel(order)
