"""From the raw measures of a window to the features of the model: ratios and logs, free of an instrument's scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detection_service.engine.records import MEASURES

FEATURES: Final = (
    "orders_log",  # log(1 + orders entered)
    "cancels_log",
    "fills_log",
    "order_imbalance",  # |bought - sold| / both, of quantities entered
    "cancel_imbalance",
    "fill_imbalance",
    "opposed",  # cancelled on one side while filled on the other, -1 to 1
    "cancelled_share",  # of quantity entered; above 1 where older orders went too
    "filled_share",
    "cancel_life_log_s",  # log(1 + mean life of cancelled orders)
    "fast_cancel_share",  # of cancels, within 1 s
    "aggressive_share",  # of fills
    "depth_share_max",  # largest order's share of its side's best ten levels
    "replace_share",  # replaces an order
    "at_best_share",  # of orders, entered at or inside the best price
)
_COLUMN: Final = {name: index for index, name in enumerate(MEASURES)}

Array = NDArray[Any]


def features(windows: Sequence[Sequence[float]]) -> Array:
    """Feature rows, shape (windows, features), float64, from rows of raw measures in the order of MEASURES."""
    raw = np.asarray(windows, dtype=np.float64).reshape(-1, len(MEASURES))

    def of(name: str) -> Array:
        return raw[:, _COLUMN[name]]

    orders = of("orders_buy") + of("orders_sell")
    entered = of("quantity_buy") + of("quantity_sell")
    cancelled = of("cancelled_buy") + of("cancelled_sell")
    filled = of("bought") + of("sold")
    cancel_lean = _ratio(of("cancelled_buy") - of("cancelled_sell"), cancelled)
    fill_lean = _ratio(of("bought") - of("sold"), filled)
    return np.column_stack(
        [
            np.log1p(orders),
            np.log1p(of("cancels")),
            np.log1p(of("fills")),
            np.abs(_ratio(of("quantity_buy") - of("quantity_sell"), entered)),
            np.abs(cancel_lean),
            np.abs(fill_lean),
            -cancel_lean * fill_lean,
            np.minimum(_ratio(cancelled, entered), 10.0),
            np.minimum(_ratio(filled, entered), 10.0),
            np.log1p(_ratio(of("cancelled_life_s"), of("cancels"))),
            _ratio(of("fleeting"), of("cancels")),
            _ratio(of("aggressive_fills"), of("fills")),
            of("depth_share_max"),
            _ratio(of("replaces"), orders),
            _ratio(of("orders_at_best"), orders),
        ]
    )


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
