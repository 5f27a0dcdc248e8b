# cython: language_level=3, annotation_typing=False
"""Takers: a crowd whose marketable orders come in bursts, because each one provokes others."""

from __future__ import annotations

from math import exp, sqrt

import cython

from simulator.market import Behaviour, Listing, Seat
from simulator.order_book import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import RETAIL, Account
from simulator.randomness import SECOND_NS, client_quantity, pareto, wait_ns
from simulator.traders.intention import Intentions

BRANCHING = 0.65
"""Share of orders provoked by others (Hawkes process); published estimates for shares lie between 0.5 and 0.9."""
DECAY_PER_SECOND = 1.5
RUN_SHARE = 0.6
"""Share of orders that belong to somebody's long run on one side; the others have a mind of their own."""
RUN_EXPONENT = 1.6
"""Tail exponent of the length of a run: order signs then have a memory that decays with an exponent less by one."""
RUN_MAX = 150
RESTLESS_SECONDS = 20.0
MOVED_MEAN = 0.6
MOVED_MAX = 8.0
RESTLESS_SHARE = 0.65
"""Share of the ordinary rate that comes and goes with how much the value moves."""
IMBALANCE_PULL = 0.18
VALUE_PULL = 0.15
MARKET_ORDER_SHARE = 0.35
SWEEP_SHARE = 0.06


class Restlessness:
    """How much the value of a listing has moved lately, as a share of what is usual for it."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._last_ns = seat.now_ns
        self._last_ticks = seat.listing.value_ticks
        self._level = 1.0

    def rate_share(self) -> float:
        """Return what the ordinary rate of trading is to be multiplied by; 1 on average."""
        elapsed_seconds = (self._seat.now_ns - self._last_ns) / SECOND_NS
        if elapsed_seconds >= 1.0:
            usual = self._seat.instrument.volatility_ticks * sqrt(elapsed_seconds)
            moved = abs(self._seat.listing.value_ticks - self._last_ticks) / usual
            weight = 1.0 - exp(-elapsed_seconds / RESTLESS_SECONDS)
            self._level += weight * (min(moved, MOVED_MAX) / MOVED_MEAN - self._level)
            self._last_ns, self._last_ticks = self._seat.now_ns, self._seat.listing.value_ticks
        return 1.0 - RESTLESS_SHARE + RESTLESS_SHARE * self._level


@cython.locals(
    seat=Seat,
    restless=Restlessness,
    rate_per_second=cython.double,
    base_rate=cython.double,
    bound=cython.double,
    excitation=cython.double,
    gap_ns=cython.longlong,
)
def take(seat: Seat, accounts: tuple[Account, ...], intentions: Intentions, rate_per_second: float) -> Behaviour:
    """Enter marketable orders at a mean rate, each by some account of the crowd."""
    random = seat.random
    base_rate = rate_per_second * (1.0 - BRANCHING)
    excitation = 0.0
    run_side, run_left = BUY, 0
    restless = Restlessness(seat)
    while True:
        bound = base_rate * restless.rate_share() + excitation
        gap_ns = wait_ns(random, 1.0 / bound)
        yield gap_ns
        excitation *= exp(-DECAY_PER_SECOND * gap_ns / SECOND_NS)
        if random.random() * bound > base_rate * restless.rate_share() + excitation:
            continue
        excitation += BRANCHING * DECAY_PER_SECOND
        side = BUY if random.random() < _buy_chance(seat.listing) else SELL
        if random.random() < RUN_SHARE:
            if not run_left:
                run_side, run_left = side, min(RUN_MAX, int(pareto(random, RUN_EXPONENT)))
            side, run_left = run_side, run_left - 1
        account = intentions.someone(seat, accounts, side)
        if account is not None:
            _take_once(seat, account, side)


def _buy_chance(listing: Listing) -> float:
    """Return the chance of a buy: takers lean with the book and towards the value."""
    gap = (listing.value_ticks - listing.mid_ticks()) / (4.0 * listing.instrument.half_spread_ticks)
    return 0.5 + IMBALANCE_PULL * listing.imbalance() + VALUE_PULL * max(-1.0, min(1.0, gap))


def _take_once(seat: Seat, account: Account, side: int) -> None:
    random = seat.random
    opposite = seat.best(-side)
    if opposite is None:
        return
    quantity = client_quantity(random, seat.instrument, account.account_type == RETAIL)
    if random.random() > SWEEP_SHARE:
        lot = seat.instrument.lot_size
        quantity = max(lot, min(quantity, seat.depth(-side, 3) // lot * lot))
    if random.random() < MARKET_ORDER_SHARE and quantity <= seat.depth(-side, 3):
        seat.submit(account, side, None, quantity, IMMEDIATE_OR_CANCEL)
        return
    reach = 0 if random.random() < 0.8 else 1 + int(random.random() * 3)
    seat.submit(account, side, max(1, opposite + side * reach), quantity, IMMEDIATE_OR_CANCEL)
