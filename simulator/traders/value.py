# cython: language_level=3, annotation_typing=False
"""What an instrument is worth: a random walk with fat-tailed steps and volatility that comes in clusters."""

from __future__ import annotations

from math import exp, log, sqrt, tanh
from random import Random

import cython

from simulator.market import Behaviour, Listing
from simulator.randomness import SECOND_NS, gamma, gauss

STEP_SECONDS = 0.5
TAIL_DEGREES = 4.0
"""Student-t degrees of freedom of a step; returns of shares have a tail exponent of 3 to 4."""
VOLATILITY_HALF_LIVES_SECONDS = (40.0, 400.0, 4_000.0)
"""Restlessness comes and goes on several scales of time: together they make correlations that decay like a power."""
VOLATILITY_SIGMA = 0.4
"""Standard deviation of the logarithm of volatility on each scale."""
MEAN_CORRECTION = len(VOLATILITY_HALF_LIVES_SECONDS) * VOLATILITY_SIGMA**2
"""Keeps the mean variance of the steps what the instrument says."""
IMPACT_HALF_SPREADS = 0.07
"""What the market learns at once from a typical order that takes, in half spreads: some takers know something."""
IMPACT_HALF_LIVES_SECONDS = (4.0, 30.0, 200.0, 1_500.0)
IMPACT_WEIGHTS = (0.55, 0.25, 0.13, 0.07)
"""It is forgotten on several scales of time, so about like a power of time: the propagator of Bouchaud et al."""
IMPACT_TYPICAL_MAX = 100.0
"""More than so many typical orders within a step teach hardly more."""
RUSH_HALF_LIFE_SECONDS = 15.0
RUSH_USUAL = 60.0
ALARM_MAX = 5.0
"""Who took one side with more than `RUSH_USUAL` typical orders lately is taken to know something: the same flow then
moves the price up to so many times more."""
VALUE_FLOOR_SHARE = 0.2


class Scales:
    """Levels that are forgotten, each on its own scale of time."""

    def __init__(self, half_lives_seconds: tuple[float, ...]) -> None:
        self.kept = [exp(-log(2.0) * STEP_SECONDS / half_life) for half_life in half_lives_seconds]
        self.levels = [0.0] * len(self.kept)

    def step(self, shocks: list[float]) -> None:
        """Let a step pass and add a shock to each level."""
        for place in range(len(self.levels)):
            kept = self.kept[place]
            level = self.levels[place]
            shock = shocks[place]
            self.levels[place] = kept * level + shock


@cython.locals(
    listing=Listing, restless=Scales, learnt=Scales, rush=Scales, scale=cython.double, floor=cython.double,
    impact_ticks=cython.double, learnt_ticks=cython.double, net_taken=cython.longlong, step_ticks=cython.double,
    news_ticks=cython.double, taken=cython.double, shock=cython.double, alarm=cython.double,
    one_sided=cython.double, chi_square_share=cython.double, activity=cython.double, slowness=cython.double,
)  # fmt: skip
def wander(listing: Listing, random: Random, activity: float = 1.0, slowness: float = 1.0) -> Behaviour:
    """Move the value of a listing; never trades. The busier the market, the less the same flow teaches.

    `slowness` is by how much the steps lie further apart than usual.
    """
    scale = (
        listing.instrument.volatility_ticks * sqrt(STEP_SECONDS * slowness) * sqrt((TAIL_DEGREES - 2) / TAIL_DEGREES)
    )
    floor = listing.instrument.start_price_ticks * VALUE_FLOOR_SHARE
    restless = Scales(VOLATILITY_HALF_LIVES_SECONDS)
    restless.levels = [random.gauss(0.0, VOLATILITY_SIGMA) for _ in restless.levels]
    learnt = Scales(IMPACT_HALF_LIVES_SECONDS)
    rush = Scales((RUSH_HALF_LIFE_SECONDS,))
    impact_ticks = IMPACT_HALF_SPREADS * listing.instrument.half_spread_ticks
    learnt_ticks, net_taken = 0.0, _net_taken(listing)
    while True:
        yield int(STEP_SECONDS * SECOND_NS)
        restless.step([VOLATILITY_SIGMA * sqrt(1.0 - kept * kept) * gauss(random) for kept in restless.kept])
        chi_square_share = gamma(random, TAIL_DEGREES / 2, 2 / TAIL_DEGREES)
        step_ticks = scale * exp(sum(restless.levels) - MEAN_CORRECTION)
        news_ticks = step_ticks * gauss(random) / sqrt(chi_square_share)
        taken = (_net_taken(listing) - net_taken) / (listing.instrument.typical_quantity * activity)
        net_taken = _net_taken(listing)
        rush.step([taken])
        one_sided = abs(rush.levels[0]) / RUSH_USUAL - 1.0
        alarm = 1.0 + min(ALARM_MAX, max(0.0, one_sided))
        shock = alarm * impact_ticks * IMPACT_TYPICAL_MAX * tanh(taken / IMPACT_TYPICAL_MAX)
        learnt.step([weight * shock for weight in IMPACT_WEIGHTS])
        news_ticks += sum(learnt.levels) - learnt_ticks
        learnt_ticks = sum(learnt.levels)
        listing.value_ticks = max(floor, listing.value_ticks + news_ticks)


def _net_taken(listing: Listing) -> int:
    return listing.engine.bought_quantity - listing.engine.sold_quantity
