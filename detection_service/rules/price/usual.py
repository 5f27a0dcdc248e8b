"""What is usual of an instrument: robust figures of its own recent buckets.

Prices and volumes have fat tails, so nothing here is a mean and a standard deviation. Bars are those of
`TradeWindow.bars`: (number, open, high, low, close, volume).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any, Final

from detection_service.engine.scene import Move

Bar = tuple[int, float, float, float, float, float]
MOVE_FLOOR: Final = 1e-4
"""No price is usually stiller than this share of itself."""
TO_SIGMA: Final = 1.4826
"""A median absolute deviation of normal numbers times this is their standard deviation."""
_WIDEST_SHARE: Final = 0.01
_HALF_HOUR: Final = 30  # minutes


def high_share(values: Iterable[float], count: int, share: float) -> float:
    """The value that no more than `share` of `count` buckets exceed, those without a value counting as 0."""
    ordered = sorted(values, reverse=True)
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(count * share))]


def widest(bars: Sequence[Bar]) -> float:
    """The widest range of a bar, as a share of its low, but for one bar in a hundred."""
    ranges = (high / low - 1 for _, _, high, low, _, _ in bars if low > 0)
    return high_share(ranges, len(bars), _WIDEST_SHARE)


def last_minute(market: Any) -> int:
    """Number of the last whole minute with trades within half an hour; -1 without one."""
    bars = market.minute.bars(market.minute_now - _HALF_HOUR, market.minute_now - 1)
    return int(bars[-1][0]) if bars else -1


def median(values: Iterable[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def deviations(observed: float, past: Sequence[float], sigma_floor: float) -> float:
    """How many robust standard deviations the logarithm of `observed` is above the median of those of `past`.

    Only positive numbers of `past` count. The standard deviation is the median absolute deviation's, and no less than
    `sigma_floor`: a run of equal values is no proof that nothing else is usual. 0 without a positive past.
    """
    logs = [math.log(each) for each in past if each > 0]
    if not logs or observed <= 0:
        return 0.0
    middle = statistics.median(logs)
    sigma = TO_SIGMA * statistics.median(abs(each - middle) for each in logs)
    return (math.log(observed) - middle) / max(sigma, sigma_floor)


def driving(moves: Sequence[Move], direction: float) -> list[Move]:
    """Of trades in order, those that took the price further in a direction (positive: up) than all before them."""
    found: list[Move] = []
    for move in moves:
        if not found or (move.price - found[-1].price) * direction > 0:
            found.append(move)
    return found
