"""The statistics behind the facts, each a few lines of numpy; NaN where there is too little to say."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NOTHING = float("nan")
POINTS_MIN = 30
"""Fewer values than this say nothing."""
TAIL_SHARE = 0.05


def hill(values: Array, tail_share: float = TAIL_SHARE) -> float:
    """Return the Hill estimate of the tail exponent of P(X > x) ~ x^-a, from the largest share of the values."""
    largest = np.sort(np.abs(values[values != 0]))[::-1]
    count = int(len(largest) * tail_share)
    if count < POINTS_MIN / 2:
        return NOTHING
    logs = np.log(largest[: count + 1])
    mean = float(np.mean(logs[:count] - logs[count]))
    return 1.0 / mean if mean else NOTHING


def autocorrelation(values: Array, lags: Array) -> Array:
    """Return the autocorrelation at each lag."""
    if len(values) < POINTS_MIN or not np.var(values):
        return np.full(len(lags), NOTHING)
    centred = values - np.mean(values)
    power = float(np.dot(centred, centred))
    return np.array([float(np.dot(centred[:-lag], centred[lag:])) / power for lag in lags])


def excess_kurtosis(values: Array) -> float:
    """Return the fourth standardised moment less 3: 0 for a normal distribution."""
    if len(values) < POINTS_MIN or not np.var(values):
        return NOTHING
    centred = values - np.mean(values)
    return float(np.mean(centred**4) / np.mean(centred**2) ** 2 - 3.0)


def counts_per(times_ns: Array, window_ns: int) -> Array:
    """Return how many events fall into each whole window."""
    if len(times_ns) < 2:
        return np.zeros(0)
    places = (times_ns - times_ns[0]) // window_ns
    return np.bincount(places.astype(np.int64))[:-1].astype(np.float64)


def fano(times_ns: Array, window_ns: int) -> float:
    """Return variance / mean of counts in windows: 1 for a Poisson process, more where events come in bursts."""
    counts = counts_per(times_ns, window_ns)
    if len(counts) < POINTS_MIN or not np.mean(counts):
        return NOTHING
    return float(np.var(counts) / np.mean(counts))


def branching_ratio(times_ns: Array, window_ns: int) -> float:
    """Return the share of events provoked by others, from mean and variance of counts: 1 - 1 / sqrt(Fano).

    Hardiman and Bouchaud, "Branching-ratio approximation for the self-exciting Hawkes process", Phys. Rev. E 90 (2014).
    """
    factor = fano(times_ns, window_ns)
    return 1.0 - 1.0 / np.sqrt(factor) if factor > 1.0 else (0.0 if factor == factor else NOTHING)


def decay_exponent(lags: Array, correlations: Array) -> float:
    """Return b of a correlation that falls like lag^-b, by least squares of logarithms where it is positive."""
    usable = correlations > 0
    if np.count_nonzero(usable) < max(3, len(lags) // 2):
        return NOTHING
    return -float(np.polyfit(np.log(lags[usable]), np.log(correlations[usable]), 1)[0])
