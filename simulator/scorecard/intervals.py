"""How sure a figure is: Wilson's interval for shares, the exact Poisson interval for rates, the bootstrap for the rest.

Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22; Garwood (1936),
"Fiducial limits for the Poisson distribution", Biometrika 28; Efron (1979), "Bootstrap methods: another look at the
jackknife", Annals of Statistics 7.
"""

from collections.abc import Callable
from math import erf, exp, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Z: Final = 1.959963984540054
"""Two-sided 95 %."""
TAIL: Final = 0.025
RESAMPLES: Final = 1_000
BISECTIONS: Final = 80
NORMAL_FROM: Final = 700.0
"""Means from which on the first term of the Poisson sum would vanish and the normal law serves."""
Sums = NDArray[np.float64]


class Interval(NamedTuple):
    """A 95 % confidence interval."""

    low: float
    high: float


def wilson(hits: int, trials: int) -> Interval:
    """The interval of a share of hits; (0, 1) without trials."""
    if trials == 0:
        return Interval(0.0, 1.0)
    share, square = hits / trials, Z * Z
    middle = share + square / (2 * trials)
    reach = Z * sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    whole = 1 + square / trials
    low = 0.0 if hits == 0 else (middle - reach) / whole
    high = 1.0 if hits == trials else (middle + reach) / whole
    return Interval(low, high)


def poisson(count: int, exposure: float) -> Interval:
    """The interval of a rate, count / exposure; nothing in N still leaves up to 3.69 / N. (0, inf) without exposure."""
    if exposure <= 0:
        return Interval(0.0, float("inf"))
    low = 0.0 if count == 0 else _mean_at(lambda mean: 1 - _at_most(count - 1, mean) > TAIL, count)
    high = _mean_at(lambda mean: _at_most(count, mean) <= TAIL, count)
    return Interval(low / exposure, high / exposure)


def _mean_at(reached: Callable[[float], bool], count: int) -> float:
    """The smallest mean at which something holds that holds for every greater one."""
    low, high = 0.0, count + 10 * sqrt(count + 1) + 10
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _at_most(count: int, mean: float) -> float:
    """Probability of at most so many where so many are expected."""
    if mean > NORMAL_FROM:
        return 0.5 * (1 + erf((count + 0.5 - mean) / sqrt(2 * mean)))
    term = whole = exp(-mean)
    for number in range(1, count + 1):
        term *= mean / number
        whole += term
    return min(whole, 1.0)


def bootstrap(counts: NDArray[np.float64], figure: Callable[[Sums], Sums], seed: int = 1) -> Interval:
    """The interval of a figure of summed counts, of shape (units, counts): percentiles over `RESAMPLES` draws.

    A unit is what was drawn together and is drawn again whole: a seed, where there are several, for all its scenarios
    share one market. `figure` takes sums of shape (draws, counts) and gives figures of shape (draws,), NaN where a draw
    has none. (nan, nan) without units.
    """
    unit_count = len(counts)
    if unit_count == 0:
        return Interval(float("nan"), float("nan"))
    random = np.random.default_rng(seed)
    weights = random.multinomial(unit_count, np.full(unit_count, 1 / unit_count), RESAMPLES)
    return percentiles(figure(weights @ counts))


def percentiles(drawn: Sums) -> Interval:
    """The middle 95 % of drawn figures, those that are no numbers left out; (nan, nan) of none."""
    known = drawn[~np.isnan(drawn)]
    if not known.size:
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(known, (TAIL, 1 - TAIL))
    return Interval(float(low), float(high))
