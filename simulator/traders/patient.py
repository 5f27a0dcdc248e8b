# cython: language_level=3, annotation_typing=False
"""Patient traders: a crowd whose limit orders rest at all distances for lifetimes without a typical length."""

from __future__ import annotations

from heapq import heappop, heappush

import cython

from simulator.market import Behaviour, Seat
from simulator.order_book import BUY, SELL, Order
from simulator.population import RETAIL, Account
from simulator.randomness import SECOND_NS, client_quantity, jittered_ns, pareto, wait_ns
from simulator.traders.intention import Intentions

DISTANCE_EXPONENT = 0.65
"""Tail exponent of the distance from the best price; published estimates lie between 0.6 and 1.5."""
DISTANCE_SCALE_TICKS = 1.6
"""Fewer join the best price than wait a little behind it: the book is deepest there."""
DISTANCE_TICKS_MAX = 60
IMPROVE_SHARE = 0.12
LIFETIME_SECONDS = 9.0
LIFETIME_DISTANCE_EXPONENT = 0.6
"""Who waits further away waits longer."""
LARGE_MULTIPLE = 4.0
"""Who shows more than so many typical orders waits longer too."""
LIFETIME_SIGMA = 1.6
CHASE_SHARE = 0.2
"""Share of orders that are moved to the best price instead of cancelled at the end of their patience."""
PATIENCE_SECONDS_MAX = 3_600
OPEN_MAX = 400


@cython.locals(
    seat=Seat,
    rate_per_second=cython.double,
    order=Order,
    due_ns=cython.longlong,
    next_ns=cython.longlong,
    life_ns=cython.longlong,
)
def rest(seat: Seat, accounts: tuple[Account, ...], intentions: Intentions, rate_per_second: float) -> Behaviour:
    """Enter resting orders at a mean rate and give up on each after its lifetime."""
    random = seat.random
    open_orders: list[tuple[int, int, Order]] = []
    number = 0
    next_ns = seat.now_ns + wait_ns(random, 1.0 / rate_per_second)
    while True:
        due_ns = min(next_ns, open_orders[0][0]) if open_orders else next_ns
        yield max(0, due_ns - seat.now_ns)
        if due_ns == next_ns:
            next_ns += wait_ns(random, 1.0 / rate_per_second)
            order = _enter(seat, accounts, intentions)
            if order is None or order.level is None or len(open_orders) >= OPEN_MAX:
                continue
        else:
            order = heappop(open_orders)[2]
            if order.level is None or not _move_closer(seat, order):
                continue
        number += 1
        life_seconds = LIFETIME_SECONDS * (1 + _distance(seat, order)) ** LIFETIME_DISTANCE_EXPONENT
        life_seconds *= max(1.0, order.quantity / (LARGE_MULTIPLE * seat.instrument.typical_quantity)) ** 0.5
        life_ns = min(jittered_ns(random, life_seconds, LIFETIME_SIGMA), PATIENCE_SECONDS_MAX * SECOND_NS)
        heappush(open_orders, (seat.now_ns + life_ns, number, order))


def _distance(seat: Seat, order: Order) -> int:
    """Return how many ticks behind the best price an order rests."""
    best = seat.best(order.side) or 0
    return max(0, order.side * (best - order.limit)) if best and order.limit else 0


def _enter(seat: Seat, accounts: tuple[Account, ...], intentions: Intentions) -> Order | None:
    random = seat.random
    side = BUY if random.random() < 0.5 + 0.1 * seat.listing.imbalance() else SELL
    best, opposite = seat.best(side), seat.best(-side)
    account = intentions.someone(seat, accounts, side)
    if best is None or opposite is None or account is None:
        return None
    if random.random() < IMPROVE_SHARE / seat.listing.caution**2 and abs(opposite - best) > 1:
        price = best + side
    else:
        distance = min(DISTANCE_TICKS_MAX, int(DISTANCE_SCALE_TICKS * pareto(random, DISTANCE_EXPONENT)) - 1)
        price = max(1, best - side * distance)
    quantity = client_quantity(random, seat.instrument, account.account_type == RETAIL)
    return seat.submit(account, side, price, quantity)


def _move_closer(seat: Seat, order: Order) -> bool:
    """Move an order to the best price (True: it still rests) or cancel it."""
    best = seat.best(order.side)
    if best is None or best == order.limit or seat.random.random() > CHASE_SHARE:
        seat.cancel(order)
        return False
    seat.replace(order, best, order.quantity)
    return order.level is not None
