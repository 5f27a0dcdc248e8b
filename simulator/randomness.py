"""Seeded randomness: one stream for each actor, so that adding an actor does not change another's draws."""

from math import ceil, exp, log
from random import Random

from simulator.instrument import Instrument

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000

ORDINARY_SIGMA = 0.8
"""Standard deviation of the logarithm of ordinary order sizes."""
TAIL_SHARE = 0.04
TAIL_EXPONENT = 1.6
"""Sizes above the body follow a power law with this exponent; published estimates lie between 1.5 and 2."""
ROUND_SIZE_SHARE = 0.15
ROUND_LOTS = (1, 5, 10, 20)
QUANTITY_MULTIPLE_MAX = 120
"""No ordinary order is greater than this many typical ones."""


def stream(seed: int, name: str) -> Random:
    """Return the stream of random numbers that belongs to a seed and a name; the same in every process."""
    return Random(f"{seed}/{name}")


def wait_ns(random: Random, mean_seconds: float) -> int:
    """Draw the time to the next event of a Poisson process, at least one microsecond; nanoseconds."""
    return 1_000 + int(-log(1.0 - random.random()) * mean_seconds * SECOND_NS)


def jittered_ns(random: Random, median_seconds: float, sigma: float) -> int:
    """Draw a log-normal duration around a median; nanoseconds."""
    return 1_000 + int(median_seconds * exp(sigma * random.gauss(0.0, 1.0)) * SECOND_NS)


def ordinary_quantity(random: Random, instrument: Instrument) -> int:
    """Draw the size of an ordinary order: log-normal body, power-law tail, some round sizes; whole lots."""
    lot = instrument.lot_size
    draw = random.random()
    if draw < ROUND_SIZE_SHARE:
        return lot * ROUND_LOTS[int(len(ROUND_LOTS) * (draw / ROUND_SIZE_SHARE) ** 2)]
    multiple = exp(ORDINARY_SIGMA * random.gauss(0.0, 1.0))
    if draw > 1.0 - TAIL_SHARE:
        multiple = 4.0 * (1.0 - random.random()) ** (-1.0 / TAIL_EXPONENT)
    return lot * ceil(instrument.typical_quantity * min(multiple, QUANTITY_MULTIPLE_MAX) / lot)


def geometric(low: float, high: float, severity: float) -> float:
    """Return the value a severity of 0 to 1 stands for between two bounds, in equal ratios."""
    return low * exp(severity * log(high / low))
