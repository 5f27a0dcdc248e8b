"""How rules turn what they measured into a score and a severity."""

from __future__ import annotations

import math

from tapewatch.alert import Severity


def excess(observed: float, threshold: float, doublings: float = 3.0) -> float:
    """How far a measure exceeds its threshold on a log scale: 0 at the threshold, 1 at `doublings` doublings of it."""
    return min(1.0, math.log2(max(1.0, observed / threshold)) / doublings)


def graded(score: float, *steps: tuple[float, Severity]) -> Severity:
    """The severity of the last of the rising (score, severity) steps that `score` reaches; LOW below the first."""
    return max((severity for limit, severity in steps if score >= limit), default=Severity.LOW)
