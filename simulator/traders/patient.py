# cython: language_level=3
"""Patient traders: a crowd whose limit orders rest at all distances for lifetimes without a typical length."""

from heapq import heappop, heappush

from simulator.market import Behaviour, Seat
from simulator.order_book import BUY, SELL, Order
from simulator.population import RETAIL, Account
from simulator.randomness import SECOND_NS, client_quantity, jittered_ns, wait_ns

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


def rest(seat: Seat, accounts: tuple[Account, ...], rate_per_second: float) -> Behaviour:
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
            order = _enter(seat, random.choice(accounts))
            if order is None or not order.is_resting or len(open_orders) >= OPEN_MAX:
                continue
        else:
            order = heappop(open_orders)[2]
            if not order.is_resting or not _move_closer(seat, order):
                continue
        number += 1
        life_seconds = LIFETIME_SECONDS * (1 + _distance(seat, order)) ** LIFETIME_DISTANCE_EXPONENT
        life_seconds *= max(1.0, order.quantity / (LARGE_MULTIPLE * seat.instrument.typical_quantity)) ** 0.5
        life_ns = min(jittered_ns(random, life_seconds, LIFETIME_SIGMA), PATIENCE_SECONDS_MAX * SECOND_NS)
        heappush(open_orders, (seat.now_ns + life_ns, number, order))


def _distance(seat: Seat, order: Order) -> int:
    """Return how many ticks behind the best price an order rests."""
    best = seat.best(order.side)
    return 0 if best is None or order.price is None else max(0, order.side * (best - order.price))


def _enter(seat: Seat, account: Account) -> Order | None:
    random = seat.random
    side = BUY if random.random() < 0.5 + 0.1 * seat.listing.imbalance() else SELL
    best, opposite = seat.best(side), seat.best(-side)
    if best is None or opposite is None:
        return None
    if random.random() < IMPROVE_SHARE / seat.listing.caution**2 and abs(opposite - best) > 1:
        price = best + side
    else:
        distance = min(DISTANCE_TICKS_MAX, int(DISTANCE_SCALE_TICKS * random.paretovariate(DISTANCE_EXPONENT)) - 1)
        price = max(1, best - side * distance)
    quantity = client_quantity(random, seat.instrument, account.account_type == RETAIL)
    return seat.submit(account, side, price, quantity)


def _move_closer(seat: Seat, order: Order) -> bool:
    """Move an order to the best price (True: it still rests) or cancel it."""
    best = seat.best(order.side)
    if best is None or best == order.price or seat.random.random() > CHASE_SHARE:
        seat.cancel(order)
        return False
    seat.replace(order, best, order.quantity)
    return order.is_resting
