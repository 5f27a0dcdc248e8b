# cython: language_level=3, cdivision=True, annotation_typing=False
"""Seeded randomness: one stream for each actor, so that adding an actor does not change another's draws."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, pi
from math import log as math_log
from random import Random
from typing import Any, TypeVar

import cython

from simulator.instrument import Instrument

if cython.compiled:
    from cython.cimports.libc.math import cos, exp, log, sin, sqrt
else:
    from math import cos, exp, log, sin, sqrt

_Item = TypeVar("_Item")

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000

ORDINARY_SIGMA = 0.8
"""Standard deviation of the logarithm of ordinary order sizes."""
TAIL_SHARE = 0.18
TAIL_EXPONENT = 1.25
"""Sizes above the body follow a power law with this exponent; published estimates lie between 1 and 2."""
TAIL_MULTIPLE = 2.5
ROUND_SIZE_SHARE = 0.15
ROUND_LOTS = (1, 5, 10, 20)
QUANTITY_MULTIPLE_MAX = 60
"""No ordinary order is greater than this many typical ones."""


SMALL_MULTIPLE_MAX = 5
"""No small investor's order is greater than this many typical ones."""


def stream(seed: int, name: str) -> Random:
    """Return the stream of random numbers that belongs to a seed and a name; the same in every process."""
    return Random(f"{seed}/{name}")


_BODY_SIGMA = cython.declare(cython.double, ORDINARY_SIGMA)
_TAIL_POWER = cython.declare(cython.double, -1.0 / TAIL_EXPONENT)
_SECOND_NS = cython.declare(cython.double, 1e9)
_LOG_4 = cython.declare(cython.double, math_log(4.0))
_MAGIC = cython.declare(cython.double, 1.0 + math_log(4.5))
_TURN = cython.declare(cython.double, 2.0 * pi)


def gauss(random: Random) -> float:
    """Draw from the standard normal distribution: the draws of `Random.gauss(0, 1)`, without its cost.

    Source: Box and Muller 1958, two draws at a time; the second is kept where `Random.gauss` keeps its own.
    """
    keeper: Any = random
    kept = keeper.gauss_next
    if kept is not None:
        keeper.gauss_next = None
        return float(kept)
    angle: cython.double = random.random() * _TURN
    radius: cython.double = sqrt(-2.0 * log(1.0 - random.random()))
    keeper.gauss_next = sin(angle) * radius
    return float(cos(angle) * radius)


def choose(random: Random, people: Sequence[_Item]) -> _Item:
    """Draw one of them: the draws of `Random.choice`, without its cost."""
    count: cython.Py_ssize_t = len(people)
    bits = _bit_length(count)
    place: cython.Py_ssize_t = random.getrandbits(bits)
    while place >= count:
        place = random.getrandbits(bits)
    return people[place]


def _bit_length(count: int) -> int:
    bits = 0
    while count:
        count >>= 1
        bits += 1
    return bits


def pareto(random: Random, exponent: float) -> float:
    """Draw from a power law of at least 1: the draws of `Random.paretovariate`, without its cost."""
    draw: float = 1.0 - random.random()
    return float(draw ** (-1.0 / exponent))


def gamma(random: Random, shape: float, scale: float) -> float:
    """Draw from a gamma distribution whose shape is above 1: the draws of `Random.gammavariate`, without its cost.

    Source: Cheng 1977, The generation of gamma variables with non-integral shape parameter.
    """
    steepness = sqrt(2.0 * shape - 1.0)
    offset = shape - _LOG_4
    slope = shape + steepness
    while True:
        first: float = random.random()
        if not 1e-7 < first < 0.9999999:
            continue
        second: float = 1.0 - random.random()
        value = log(first / (1.0 - first)) / steepness
        drawn: float = shape * exp(value)
        product = first * first * second
        test = offset + slope * value - drawn
        if test + _MAGIC - 4.5 * product >= 0.0 or test >= log(product):
            return drawn * scale


def wait_ns(random: Random, mean_seconds: float) -> int:
    """Draw the time to the next event of a Poisson process, at least one microsecond; nanoseconds."""
    return 1_000 + int(-log(1.0 - random.random()) * mean_seconds * _SECOND_NS)


def jittered_ns(random: Random, median_seconds: float, sigma: float) -> int:
    """Draw a log-normal duration around a median; nanoseconds."""
    return 1_000 + int(median_seconds * exp(sigma * gauss(random)) * _SECOND_NS)


def ordinary_quantity(random: Random, instrument: Instrument) -> int:
    """Draw the size of an ordinary order: log-normal body, power-law tail, some round sizes; whole lots."""
    lot = instrument.lot_size
    draw: float = random.random()
    if draw < ROUND_SIZE_SHARE:
        return lot * ROUND_LOTS[int(len(ROUND_LOTS) * (draw / ROUND_SIZE_SHARE) ** 2)]
    multiple: float = exp(_BODY_SIGMA * gauss(random))
    if draw > 1.0 - TAIL_SHARE:
        multiple = TAIL_MULTIPLE * (1.0 - random.random()) ** _TAIL_POWER
    return lot * ceil(instrument.typical_quantity * min(multiple, QUANTITY_MULTIPLE_MAX) / lot)


def client_quantity(random: Random, instrument: Instrument, is_small: bool) -> int:
    """Draw the size of an ordinary client's order; a small investor's has no tail."""
    quantity = ordinary_quantity(random, instrument)
    largest = SMALL_MULTIPLE_MAX * instrument.typical_quantity // instrument.lot_size * instrument.lot_size
    return min(quantity, largest) if is_small else quantity


def geometric(low: float, high: float, severity: float) -> float:
    """Return the value a severity of 0 to 1 stands for between two bounds, in equal ratios."""
    return low * float(exp(severity * log(high / low)))
