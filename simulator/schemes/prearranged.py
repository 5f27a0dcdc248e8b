"""How two orders are made to meet: one rests inside the spread where nobody stands before it, the other takes it."""

from simulator.labels import SchemeSeat
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import Account
from simulator.schemes.play import WASH, Play
from simulator.schemes.pressure import is_next
from simulator.schemes.scheme import Step

ATTEMPTS_MAX = 300
RETRY_SECONDS = 0.35
HASTE = 0.6
"""After an attempt that a third party spoilt, the second leg follows the first in this share of the time."""


def meet(
    play: Play,
    resting: Account,
    taking: Account,
    side: int,
    quantity: int,
    gap_seconds: float,
    price_wanted: int | None = None,
    attempts: int = ATTEMPTS_MAX,
) -> Step:
    """Let one account's order on a side be taken by another's; returns whether they traded with each other.

    Tries again while the spread leaves no room or a third party is quicker, each time in more haste. A price wanted is
    kept to as far as the spread allows.
    """
    seat = play.seat
    for _ in range(attempts):
        price = _price_inside(seat, price_wanted)
        if price is None:
            yield play.wait(RETRY_SECONDS, 0.5)
            continue
        order = seat.submit(resting, side, price, quantity, role=WASH)
        yield play.apart(gap_seconds)
        if is_next(play, order):
            taker = seat.submit(taking, -side, price, order.leaves, IMMEDIATE_OR_CANCEL, role=WASH)
            if set(taker.trade_ids) & set(order.trade_ids):
                seat.cancel(order)
                return True
        seat.cancel(order)
        gap_seconds *= HASTE
        yield play.wait(RETRY_SECONDS, 0.5)
    return False


def _price_inside(seat: SchemeSeat, wanted: int | None) -> int | None:
    bid, ask = seat.best(BUY), seat.best(SELL)
    if bid is None or ask is None or ask - bid < 2:
        return None
    if wanted is not None:
        return min(ask - 1, max(bid + 1, wanted))
    return bid + 1 + int(seat.random.random() * (ask - bid - 1))
