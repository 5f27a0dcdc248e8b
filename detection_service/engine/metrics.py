"""The window metrics that conditions are written over: their names, what they mean, where they stand.

A group metric is NAME_WINDOW with a window of 1m (the minute in hand, or the one that has just ended), 5m, 30m or 60m
(that minute and the whole minutes or periods of ten minutes before it). A market metric begins with `market_`.
"""

from __future__ import annotations

from typing import Final

from detection_service.engine.records import MEASURES

WINDOWS: Final = ("1m", "5m", "30m", "60m")
DERIVED: Final = ("orders", "cancel_to_fill", "net_share", "volume_share", "message_share", "fleeting_share")
MARKET_MEASURES: Final = ("trades", "volume", "price_change", "range", "messages")
MARKET_PLAIN: Final = ("spread", "spread_multiple", "volume_multiple_1m", "volume_multiple_5m")

GROUP_METRICS: Final = tuple(f"{name}_{window}" for name in (*MEASURES, *DERIVED) for window in WINDOWS)
MARKET_METRICS: Final = (
    *(f"market_{name}_{window}" for name in MARKET_MEASURES for window in WINDOWS),
    *(f"market_{name}" for name in MARKET_PLAIN),
)
METRICS: Final = {name: index for index, name in enumerate((*GROUP_METRICS, *MARKET_METRICS))}
"""Metric name to its place among the values the core computes."""
