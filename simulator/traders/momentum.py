# cython: language_level=3
"""Trend followers: proprietary ones who ride a move and get out, and retail traders who chase a big one."""

from collections import deque
from math import sqrt

from simulator.market import Behaviour, Seat
from simulator.order_book import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import Account
from simulator.randomness import jittered_ns, ordinary_quantity, wait_ns
from simulator.traders.collar import collared
from simulator.traders.intention import Intentions

LOOK_SECONDS = 3.0
LOOKBACK_LOOKS = 6
ENTRY_SIGMAS = 1.8
HOLD_SECONDS = 40.0

CHASE_LOOKBACK_LOOKS = 20
CHASE_RETURN = 0.012
CHASE_ORDERS_MAX = 6


def follow_trend(seat: Seat, account: Account, slowness: float = 1.0) -> Behaviour:
    """Join a move that is large for the instrument's volatility, leave after a while; all in so much more time."""
    random = seat.random
    mids: deque[float] = deque(maxlen=LOOKBACK_LOOKS)
    threshold = ENTRY_SIGMAS * seat.instrument.volatility_ticks * sqrt(LOOKBACK_LOOKS * LOOK_SECONDS * slowness)
    while True:
        yield jittered_ns(random, LOOK_SECONDS * slowness, 0.2)
        mids.append(seat.listing.mid_ticks())
        move = mids[-1] - mids[0]
        if len(mids) < LOOKBACK_LOOKS or abs(move) < threshold:
            continue
        side = BUY if move > 0 else SELL
        quantity = 2 * ordinary_quantity(random, seat.instrument)
        entry = seat.submit(account, side, collared(seat, side), quantity, IMMEDIATE_OR_CANCEL)
        yield jittered_ns(random, HOLD_SECONDS * slowness, 0.5)
        if entry.filled:
            seat.submit(account, -side, collared(seat, -side), entry.filled, IMMEDIATE_OR_CANCEL)
        mids.clear()


def chase(seat: Seat, accounts: tuple[Account, ...], intentions: Intentions) -> Behaviour:
    """Buy in a herd when the price has risen much within a minute."""
    random = seat.random
    mids: deque[float] = deque(maxlen=CHASE_LOOKBACK_LOOKS)
    while True:
        yield jittered_ns(random, LOOK_SECONDS, 0.2)
        mids.append(seat.listing.mid_ticks())
        if mids[-1] < mids[0] * (1.0 + CHASE_RETURN):
            continue
        for _ in range(1 + int(random.random() * CHASE_ORDERS_MAX)):
            yield wait_ns(random, 0.4)
            ask, account = seat.best(SELL), intentions.someone(seat, accounts, BUY)
            if ask is not None and account is not None:
                quantity = max(seat.instrument.lot_size, ordinary_quantity(random, seat.instrument) // 2)
                seat.submit(account, BUY, ask + 1, quantity, IMMEDIATE_OR_CANCEL)
        yield jittered_ns(random, 8.0, 0.4)
        mids.clear()
