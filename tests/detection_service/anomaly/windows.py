"""Windows of raw measures, made up."""

from __future__ import annotations

import random

from detection_service.engine.records import MEASURES


def windows(count: int, seed: int = 11) -> list[list[float]]:
    """So many minutes of ordinary groups, by the order of MEASURES."""
    picked = random.Random(seed)
    made = []
    for _ in range(count):
        values = {name: picked.lognormvariate(2, 1) for name in MEASURES}
        values["depth_share_max"] = picked.random()
        values["cancels"] = 1 + picked.randrange(20)
        values["fleeting"] = picked.randrange(int(values["cancels"]))
        made.append([float(values[name]) for name in MEASURES])
    return made
