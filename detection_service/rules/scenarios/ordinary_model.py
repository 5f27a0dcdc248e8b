"""The anomaly model of scenarios: trained on made-up minutes of ordinary groups, the same every time."""

from __future__ import annotations

import random
from functools import cache
from typing import Final

from detection_service.anomaly.model import ForestModel
from detection_service.engine.records import MEASURES

MINUTES: Final = 1_000
SEED: Final = 1


@cache
def ordinary_model() -> ForestModel:
    """A calibrated model of groups that enter some orders of both sides and let many of them trade."""
    from detection_service.anomaly.training import train  # scikit-learn: seconds to import, and only needed here

    picked = random.Random(SEED)
    return train([_minute(picked) for _ in range(MINUTES)], seed=SEED)


def _minute(picked: random.Random) -> list[float]:
    values = dict.fromkeys(MEASURES, 0.0)
    for side, filled in (("buy", "bought"), ("sell", "sold")):
        orders = picked.randrange(0, 6)
        quantity = orders * picked.uniform(50, 150)
        values[f"orders_{side}"], values[f"quantity_{side}"] = float(orders), quantity
        values[f"cancelled_{side}"] = quantity * picked.uniform(0.1, 0.6)
        values[filled] = quantity * picked.uniform(0.2, 0.4)
    entered = values["orders_buy"] + values["orders_sell"]
    values["cancels"] = float(int(entered * picked.uniform(0.2, 0.6)))
    values["cancelled_life_s"] = values["cancels"] * picked.uniform(5, 50)
    values["fleeting"] = float(int(values["cancels"] * picked.uniform(0, 0.3)))
    values["fills"] = float(int(entered * picked.uniform(0.2, 0.5)))
    values["aggressive_fills"] = float(int(values["fills"] * picked.uniform(0, 1)))
    values["depth_share_max"] = picked.uniform(0.01, 0.15)
    values["orders_at_best"] = float(int(entered * picked.uniform(0, 1)))
    values["messages"] = entered + values["cancels"]
    return [values[name] for name in MEASURES]
