# cython: language_level=3
"""What an instrument is worth: a random walk with fat-tailed steps and volatility that comes in clusters."""

from math import exp, sqrt
from random import Random

from simulator.market import Behaviour, Listing
from simulator.randomness import SECOND_NS, gauss

STEP_SECONDS = 0.5
TAIL_DEGREES = 4.0
"""Student-t degrees of freedom of a step; returns of shares have a tail exponent of 3 to 4."""
VOLATILITY_PERSISTENCE = 0.995
VOLATILITY_SHOCK = 0.06
VALUE_FLOOR_SHARE = 0.2


def wander(listing: Listing, random: Random) -> Behaviour:
    """Move the value of a listing; never trades."""
    scale = listing.instrument.volatility_ticks * sqrt(STEP_SECONDS) * sqrt((TAIL_DEGREES - 2) / TAIL_DEGREES)
    floor = listing.instrument.start_price_ticks * VALUE_FLOOR_SHARE
    log_volatility = 0.0
    while True:
        yield int(STEP_SECONDS * SECOND_NS)
        log_volatility = VOLATILITY_PERSISTENCE * log_volatility + VOLATILITY_SHOCK * gauss(random)
        chi_square_share = random.gammavariate(TAIL_DEGREES / 2, 2 / TAIL_DEGREES)
        step = gauss(random) / sqrt(chi_square_share)
        listing.value_ticks = max(floor, listing.value_ticks + scale * exp(log_volatility) * step)
