"""What is usual for an instrument of late: the move of a minute, and what a move of several minutes is to it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from detection_service.engine.scene import Scene

MINUTE_NS: Final = 60_000_000_000
MINUTES_READ: Final = 60
MILLIONTHS: Final = 1e-6


def usual_move(scene: Scene, until_ns: int, minutes_min: float) -> float:
    """Usual move of a minute before a time, in price; NaN with fewer minutes of trades than `minutes_min`.

    The largest of the mean range of a minute, the mean step between the last prices of minutes that follow each other,
    the usual spread, and the least difference of prices, over the sixty minutes before: in thin markets ranges are 0
    and the step or the spread counts, and where ticks are coarse one tick is an ordinary move.
    """
    last = until_ns // MINUTE_NS - 1
    minutes, moved = scene.settled("usual_move", last, lambda market: _moved(market, last))
    return max(moved, usual_spread(scene.market)) if minutes >= max(2.0, minutes_min) else math.nan


def _moved(market: Any, last: int) -> tuple[int, float]:
    """Number of the last sixty minutes with trades, and what a minute of them moves."""
    bars = market.minute.bars(last - MINUTES_READ + 1, last)
    if len(bars) < 2:
        return len(bars), math.nan
    ranges = statistics.fmean(bar[2] - bar[3] for bar in bars)
    steps = statistics.fmean(abs(other[4] - one[4]) for one, other in pairwise(bars))
    return len(bars), max(ranges, steps, _tick(bars))


def _tick(bars: Sequence[Sequence[float]]) -> float:
    """The least difference of prices that trades showed; 0 where all were alike."""
    prices = sorted({price for bar in bars for price in bar[1:5]})
    return min((other - one for one, other in pairwise(prices)), default=0.0)


def usual_spread(market: Any) -> float:
    """Usual distance between the best bid and ask, in price; 0 where none was ever seen."""
    if not market.spreads.total or not market.last_price > 0:
        return 0.0
    return float(market.spreads.median) * MILLIONTHS * float(market.last_price)


def moves(distance: float, usual: float, minutes: float = 1.0) -> float:
    """How many usual moves a distance is: that of a minute grows with the square root of the minutes it took."""
    return abs(distance) / (usual * math.sqrt(max(1.0, minutes))) if usual > 0 else 0.0
