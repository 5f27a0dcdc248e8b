"""Whether the windows of now are still those a model was made of, and whether another should be made.

A feature's population stability index (PSI) compares the shares of both in ten bins of equal share in training; below
0.1 is usual, above 0.25 another population (the credit industry's rule of thumb; Siddiqi 2006). The Kolmogorov-Smirnov
distance is the largest difference of the distributions. The same of how unusual windows are, against the calibration:
and how many are told at a rate, against what was promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detection_service.anomaly.model import QUANTILES, ForestModel, ModelError
from detection_service.engine.portrait import FEATURES

BINS: Final = 10
PSI_SHIFTED: Final = 0.25
KS_SHIFTED: Final = 0.1
RATE: Final = 0.01
RATE_TIMES_MAX: Final = 2.0
SHIFTED_FEATURES_MAX: Final = 3
WINDOWS_MIN: Final = 300
SHARE_MIN: Final = 1e-4
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a feature, or how unusual windows are (`name` "strangeness"), has moved."""

    name: str
    psi: float
    distance: float
    median: float
    median_before: float


@dataclass(frozen=True, slots=True)
class Drift:
    """What `windows` windows show of a model: `shifts` of features, the largest first, that of the strangeness, and
    `observed`, the share of windows told at a rate of 1 %."""

    windows: int
    shifts: tuple[Shift, ...]
    strangeness: Shift
    observed: float

    def reasons(self) -> list[str]:
        """Why a model should be made anew; nothing where it need not."""
        found = []
        moved = [shift.name for shift in self.shifts if shift.psi > PSI_SHIFTED]
        if len(moved) > SHIFTED_FEATURES_MAX:
            found.append(f"{len(moved)} features have another distribution (PSI above {PSI_SHIFTED}): "
                         f"{', '.join(moved[:5])}")  # fmt: skip
        if self.strangeness.distance > KS_SHIFTED:
            found.append(
                f"windows are {'more' if self.strangeness.median > self.strangeness.median_before else 'less'} unusual "
                f"than when it was calibrated (Kolmogorov-Smirnov distance {self.strangeness.distance:.2f}, "
                f"above {KS_SHIFTED})"
            )
        if self.observed > RATE_TIMES_MAX * RATE:
            found.append(f"{self.observed:.2%} of windows are told at a promised {RATE:.0%}")
        return found


def drift(model: ForestModel, rows: Array) -> Drift:
    """Compares portraits, shape (windows, features), with those a model was made of. Raises ModelError for too few."""
    if len(rows) < WINDOWS_MIN:
        raise ModelError(f"expected at least {WINDOWS_MIN} windows to compare, found {len(rows)}: give more data")
    shifts = [_shift(name, rows[:, place], model.arrays["quantiles"][place]) for place, name in enumerate(FEATURES)]
    strangeness = model.strangeness(rows)
    steps = model.calibration.steps
    before = steps[np.linspace(0, len(steps) - 1, QUANTILES).astype(int)]
    return Drift(
        len(rows),
        tuple(sorted(shifts, key=lambda shift: (-shift.psi, shift.name))),
        _shift("strangeness", strangeness, before),
        float((model.calibration.p_values(strangeness) <= RATE).mean()),
    )


def _shift(name: str, values: Array, quantiles: Array) -> Shift:
    return Shift(
        name, _psi(values, quantiles), _distance(values, quantiles), float(np.median(values)),
        float(quantiles[len(quantiles) // 2]),
    )  # fmt: skip


def _psi(values: Array, quantiles: Array) -> float:
    """Population stability index in bins of equal share; where many values are equal, fewer bins of more."""
    edges = np.unique(quantiles[:: (len(quantiles) - 1) // BINS][1:-1])
    before = np.diff(_below(quantiles, edges), prepend=0.0, append=1.0)
    now = np.diff(_share_below(values, edges), prepend=0.0, append=1.0)
    before, now = np.maximum(before, SHARE_MIN), np.maximum(now, SHARE_MIN)
    return float(((now - before) * np.log(now / before)).sum())


def _distance(values: Array, quantiles: Array) -> float:
    """Kolmogorov-Smirnov distance, to the hundredth the quantiles tell."""
    points = np.unique(quantiles)
    return float(np.abs(_share_below(values, points) - _below(quantiles, points)).max())


def _below(quantiles: Array, points: Array) -> Array:
    """The share of training values at or below some points, as the quantiles tell it."""
    reached = np.searchsorted(quantiles, points, side="right") - 1
    return np.asarray(np.maximum(reached, 0) / (len(quantiles) - 1))


def _share_below(values: Array, points: Array) -> Array:
    return np.asarray(np.searchsorted(np.sort(values), points, side="right") / len(values))


def summary(found: Sequence[Shift]) -> list[dict[str, float | str]]:
    """Shifts as JSON."""
    return [
        {"name": each.name, "psi": each.psi, "ks": each.distance, "median": each.median, "before": each.median_before}
        for each in found
    ]
