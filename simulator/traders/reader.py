# cython: language_level=3
"""Book readers: fast traders who go with a one-sided book, and correct prices that are a little off the value."""

from simulator.market import Behaviour, Seat
from simulator.order_book import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import Account
from simulator.randomness import jittered_ns, ordinary_quantity
from simulator.traders.collar import collared

SMOOTHING = 0.5
IMBALANCE_ENTRY = 0.4
HOLD_SECONDS = 8.0
REST_SECONDS = 3.0
VALUE_EDGE_TICKS = 2.5
VALUE_EDGE_TICKS_MAX = 15.0
"""A price further off than this is taken to know something."""


def read_book(seat: Seat, account: Account, look_seconds: float) -> Behaviour:
    """Take in the direction the book leans to and get out a little later; in between, take what is mispriced."""
    random = seat.random
    imbalance = 0.0
    while True:
        yield jittered_ns(random, look_seconds, 0.5)
        imbalance += SMOOTHING * (seat.listing.imbalance() - imbalance)
        if abs(imbalance) > IMBALANCE_ENTRY:
            side = BUY if imbalance > 0 else SELL
            filled = _take(seat, account, side)
            yield jittered_ns(random, HOLD_SECONDS, 0.5)
            if filled:
                seat.submit(account, -side, collared(seat, -side), filled, IMMEDIATE_OR_CANCEL)
            yield jittered_ns(random, REST_SECONDS, 0.5)
            continue
        for side in (BUY, SELL):
            opposite = seat.best(-side)
            if opposite is not None:
                edge = side * (seat.listing.value_ticks - opposite)
                if VALUE_EDGE_TICKS <= edge <= VALUE_EDGE_TICKS_MAX:
                    _take(seat, account, side)
                    yield jittered_ns(random, REST_SECONDS, 0.5)
                    break


def _take(seat: Seat, account: Account, side: int) -> int:
    """Take at most what is shown at the best price; return what was filled."""
    opposite = seat.best(-side)
    if opposite is None:
        return 0
    quantity = min(seat.depth(-side, 1), ordinary_quantity(seat.random, seat.instrument))
    return seat.submit(account, side, opposite, quantity, IMMEDIATE_OR_CANCEL).filled
