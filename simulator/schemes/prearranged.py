"""How two orders are made to meet: one rests inside the spread where nobody stands before it, the other takes it."""

from simulator.labels import SchemeSeat
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL, Order
from simulator.population import Account
from simulator.randomness import jittered_ns
from simulator.schemes.scheme import Step

ATTEMPTS_MAX = 300
RETRY_SECONDS = 0.35
HASTE = 0.6
"""After an attempt that a third party spoilt, the second leg follows the first in this share of the time."""


def meet(seat: SchemeSeat, resting: Account, taking: Account, side: int, quantity: int, gap_seconds: float) -> Step:
    """Let one account's order on a side be taken by another's; returns whether they traded with each other.

    Tries again while the spread leaves no room or a third party is quicker, up to `ATTEMPTS_MAX` times, each time in
    more haste.
    """
    for _ in range(ATTEMPTS_MAX):
        price = _price_inside(seat)
        if price is None:
            yield jittered_ns(seat.random, RETRY_SECONDS, 0.5)
            continue
        order = seat.submit(resting, side, price, quantity)
        yield jittered_ns(seat.random, gap_seconds, 0.4)
        if _stands_first(seat, order):
            taker = seat.submit(taking, -side, price, order.leaves, IMMEDIATE_OR_CANCEL)
            if set(taker.trade_ids) & set(order.trade_ids):
                return True
        seat.cancel(order)
        gap_seconds *= HASTE
        yield jittered_ns(seat.random, RETRY_SECONDS, 0.5)
    return False


def _price_inside(seat: SchemeSeat) -> int | None:
    bid, ask = seat.best(BUY), seat.best(SELL)
    if bid is None or ask is None or ask - bid < 2:
        return None
    return bid + 1 + int(seat.random.random() * (ask - bid - 1))


def _stands_first(seat: SchemeSeat, order: Order) -> bool:
    return order.level is not None and order.level.head is order and seat.best(order.side) == order.price
