# cython: language_level=3
"""Traders between markets: they close gaps between two listings of one thing, and hedge one product with another."""

from math import tanh
from random import Random

from simulator.market import Behaviour, Listing, Seat
from simulator.order_book import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import Account
from simulator.randomness import SECOND_NS, gauss, jittered_ns, ordinary_quantity, wait_ns

LOOK_SECONDS = 0.25
EDGE_HALF_SPREADS = 0.5
"""A gap must pay so many half spreads before it is worth trading."""
POSITION_MULTIPLE_MAX = 40
REST_SECONDS = 1.0
FOLLOW_SECONDS = 0.2
SEEN_SHARE = 0.15
"""Of a change of the leader's price that is taken over at each look: a bid or offer that flickers is no news."""
BASIS_HALF_LIFE_SECONDS = 30.0
BASIS_HALF_SPREADS = 0.4
HEDGE_SECONDS = 25.0
HEDGE_DELAY_SECONDS = 0.3


def follow(listing: Listing, leader: Listing, random: Random) -> Behaviour:
    """Keep the value of a listing near another one's price: their ratio at the start, and a basis that comes and goes.

    Who trades here sees the price there, not what it should be: whoever moves the one moves the other. What else moves
    the follower's value, news at its own venue, fades into the basis.
    """
    ratio = listing.value_ticks / leader.value_ticks
    keep = 0.5 ** (FOLLOW_SECONDS / BASIS_HALF_LIFE_SECONDS)
    shock = BASIS_HALF_SPREADS * listing.instrument.half_spread_ticks * (1.0 - keep * keep) ** 0.5
    led = leader.value_ticks
    while True:
        yield int(FOLLOW_SECONDS * SECOND_NS)
        basis = listing.value_ticks - ratio * led
        led += SEEN_SHARE * (leader.mid_ticks() - led)
        listing.value_ticks = max(1.0, ratio * led + keep * basis + shock * gauss(random))


def arbitrage(seat: Seat, other: Seat, account: Account) -> Behaviour:
    """Buy where it is cheap and sell where it is dear when the gap between two listings pays for both spreads."""
    random = seat.random
    held = 0
    ratio = other.instrument.start_price_ticks / seat.instrument.start_price_ticks
    share = other.instrument.typical_quantity / seat.instrument.typical_quantity
    limit = POSITION_MULTIPLE_MAX * seat.instrument.typical_quantity
    edge = EDGE_HALF_SPREADS * other.instrument.half_spread_ticks
    while True:
        yield jittered_ns(random, LOOK_SECONDS, 0.6)
        lean = edge * tanh(2.0 * held / limit)
        side = 0
        for one in (BUY, SELL):
            near, far = seat.best(-one), other.best(one)
            if near is not None and far is not None and one * (far - ratio * near - lean) > edge and one * held < limit:
                side = one
        if side:
            quantity = min(ordinary_quantity(random, seat.instrument), seat.depth(-side, 1))
            bought = seat.submit(account, side, seat.best(-side), quantity, IMMEDIATE_OR_CANCEL).filled
            held += side * bought
            lot = other.instrument.lot_size
            hedge = round(bought * share / lot) * lot
            if hedge:
                other.submit(account, -side, None, hedge, IMMEDIATE_OR_CANCEL)
            yield jittered_ns(random, REST_SECONDS, 0.5)


def hedge_across(seat: Seat, other: Seat, account: Account) -> Behaviour:
    """Trade for a client in one product and lay the risk off in the other, one after another."""
    random = seat.random
    share = other.instrument.typical_quantity / seat.instrument.typical_quantity
    while True:
        yield wait_ns(random, HEDGE_SECONDS)
        side = BUY if random.random() < 0.5 else SELL
        taken = seat.submit(account, side, None, ordinary_quantity(random, seat.instrument), IMMEDIATE_OR_CANCEL)
        yield jittered_ns(random, HEDGE_DELAY_SECONDS, 0.6)
        lot = other.instrument.lot_size
        quantity = round(taken.filled * share / lot) * lot
        if quantity:
            other.submit(account, -side, None, quantity, IMMEDIATE_OR_CANCEL)
