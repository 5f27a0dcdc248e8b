# cython: language_level=3
"""Takers: a crowd whose marketable orders come in bursts, because each one provokes others."""

from math import exp

from simulator.market import Behaviour, Listing, Seat
from simulator.order_book import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import Account
from simulator.randomness import SECOND_NS, ordinary_quantity, wait_ns

BRANCHING = 0.65
"""Share of orders provoked by others (Hawkes process); published estimates for shares lie between 0.5 and 0.9."""
DECAY_PER_SECOND = 1.5
SIDE_PERSISTENCE = 0.55
"""Chance that an order takes the side of the one before: order signs have a long memory."""
IMBALANCE_PULL = 0.18
VALUE_PULL = 0.25
MARKET_ORDER_SHARE = 0.35
SWEEP_SHARE = 0.06


def take(seat: Seat, accounts: tuple[Account, ...], rate_per_second: float) -> Behaviour:
    """Enter marketable orders at a mean rate, each by some account of the crowd."""
    random = seat.random
    base_rate = rate_per_second * (1.0 - BRANCHING)
    excitation = 0.0
    side = BUY
    while True:
        bound = base_rate + excitation
        gap_ns = wait_ns(random, 1.0 / bound)
        yield gap_ns
        excitation *= exp(-DECAY_PER_SECOND * gap_ns / SECOND_NS)
        if random.random() * bound > base_rate + excitation:
            continue
        excitation += BRANCHING * DECAY_PER_SECOND
        if random.random() > SIDE_PERSISTENCE:
            side = BUY if random.random() < _buy_chance(seat.listing) else SELL
        _take_once(seat, random.choice(accounts), side)


def _buy_chance(listing: Listing) -> float:
    """Return the chance of a buy: takers lean with the book and towards the value."""
    gap = (listing.value_ticks - listing.mid_ticks()) / (4.0 * listing.instrument.half_spread_ticks)
    return 0.5 + IMBALANCE_PULL * listing.imbalance() + VALUE_PULL * max(-1.0, min(1.0, gap))


def _take_once(seat: Seat, account: Account, side: int) -> None:
    random = seat.random
    opposite = seat.best(-side)
    if opposite is None:
        return
    quantity = ordinary_quantity(random, seat.instrument)
    if random.random() > SWEEP_SHARE:
        lot = seat.instrument.lot_size
        quantity = max(lot, min(quantity, seat.depth(-side, 2) // (2 * lot) * lot))
    if random.random() < MARKET_ORDER_SHARE:
        seat.submit(account, side, None, quantity, IMMEDIATE_OR_CANCEL)
        return
    reach = 0 if random.random() < 0.8 else 1 + int(random.random() * 3)
    seat.submit(account, side, max(1, opposite + side * reach), quantity, IMMEDIATE_OR_CANCEL)
