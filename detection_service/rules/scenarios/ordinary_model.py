"""The anomaly model of scenarios: trained on made-up portraits of ordinary groups, the same every time."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from detection_service.anomaly.model import ForestModel
from detection_service.anomaly.windows import Block, Windows
from detection_service.anomaly.words import POWER, SHARE, WORDS
from detection_service.engine.portrait import FEATURES

COUNT: Final = 4_500
SEED: Final = 1
BLOCKS: Final = tuple(Block(day, "MADE", "UP") for day in range(3))


@cache
def ordinary_model() -> ForestModel:
    """A calibrated model of groups that do a little of everything, not much of anything."""
    from detection_service.anomaly.training import train  # scikit-learn: seconds to import, and only needed here

    return train(made_up(COUNT, SEED), seed=SEED)


def made_up(count: int, seed: int) -> Windows:
    """So many portraits of nobody, spread over three days: any shares, and the rest around nothing much."""
    random = np.random.default_rng(seed)
    columns = [_column(random, WORDS[name].kind, count) for name in FEATURES]
    places = np.arange(count)
    rows = np.ascontiguousarray(np.column_stack(columns))
    return Windows(rows, places // len(BLOCKS), places % 7, places % len(BLOCKS), tuple("abcdefg"), BLOCKS)


def _column(random: np.random.Generator, kind: str, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    if kind == SHARE:
        return random.beta(1.0, 1.5, count)
    return random.normal(0.0, 1.5, count) if kind == POWER else random.exponential(0.7, count)
