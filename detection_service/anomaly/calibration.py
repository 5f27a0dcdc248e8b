"""Conformal calibration: what share of usual windows is at least as unusual as one.

Split conformal prediction (Vovk, Gammerman, Shafer 2005, chapter 4): of n windows that were not trained on, p is
(1 + how many score at least as high) / (n + 1). Where a fresh window is one like them, p <= rate has a probability of
at most rate, whatever the model. Windows of a group, and of a market on a day, depend on each other: that holds on
average over days, and a single day may have several times the rate. So the split is by whole days and markets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

TAIL: Final = 2_000
STEPS: Final = 1_001
Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Scores of `count` windows: the highest in `tail`, all of them in `steps` (quantiles), both ascending."""

    count: int
    tail: Array
    steps: Array

    @staticmethod
    def of(scores: Array) -> Calibration:
        """Calibrates on some scores, at least one."""
        ordered = np.sort(np.asarray(scores, dtype=np.float64))
        steps = np.quantile(ordered, np.linspace(0, 1, STEPS), method="higher")
        return Calibration(len(ordered), ordered[-TAIL:], steps)

    @property
    def p_value_min(self) -> float:
        """The least rate that can be promised."""
        return 1.0 / (self.count + 1)

    def p_values(self, scores: Array) -> Array:
        """The share of usual windows at least as unusual as each of some scores, never told too low."""
        above = len(self.tail) - np.searchsorted(self.tail, scores, side="left")
        below = np.searchsorted(self.steps, scores, side="left")
        # Between quantiles k - 1 and k, at most a share 1 - (k - 1) / steps of the windows is as high.
        bulk = np.ceil(self.count * (1.0 - np.maximum(below - 1, 0) / (STEPS - 1)))
        reached = np.where(np.asarray(scores) > self.tail[0], above, np.maximum(above, bulk))
        return np.asarray((1.0 + np.minimum(reached, self.count)) / (self.count + 1))
