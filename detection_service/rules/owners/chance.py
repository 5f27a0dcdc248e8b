"""How likely it is that something happens so often by chance."""

from __future__ import annotations

import math

_TERMS_MAX = 1000


def poisson_tail(count: int, expected: float) -> float:
    """Probability of `count` or more where `expected` are usual, of independent events (Poisson)."""
    if count <= 0:
        return 1.0
    if expected <= 0.0:
        return 0.0
    # From the tail's own first term on, so that a small probability keeps its digits.
    term = math.exp(count * math.log(expected) - expected - math.lgamma(count + 1))
    total = 0.0
    for number in range(count + 1, count + _TERMS_MAX):
        total += term
        term *= expected / number
        if term < total * 1e-12:
            break
    return min(1.0, total)


def at_least_once(rate_per_s: float, seconds: float) -> float:
    """Probability that something of a rate happens within a time."""
    return -math.expm1(-rate_per_s * seconds)
