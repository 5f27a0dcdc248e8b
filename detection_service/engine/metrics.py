"""The window metrics that conditions are written over: their names, what they mean, where they stand.

A group metric is NAME_WINDOW with a window of 1m (the minute in hand, or the one that has just ended), 5m, 30m or 60m
(that minute and the whole minutes or periods of ten minutes before it). A market metric begins with `market_`.
"""

from __future__ import annotations

from typing import Final

from detection_service.engine.records import MEASURES

WINDOWS: Final = ("1m", "5m", "30m", "60m")
DERIVED: Final = (
    *("orders", "cancel_to_fill", "net_share", "volume_share", "message_share", "fleeting_share", "cancel_multiple"),
    *("message_multiple", "net_pushes", "far_share", "pushes", "push_share"),
)
MARKET_MEASURES: Final = ("trades", "volume", "price_change", "range", "messages")
MARKET_PLAIN: Final = ("spread", "spread_multiple", "volume_multiple_1m", "volume_multiple_5m")

GROUP_METRICS: Final = (
    *(f"{name}_{window}" for name in (*MEASURES, *DERIVED) for window in WINDOWS),
    "partner_share",
    "bought_from_one",
    "sold_to_one",
    "large_take",
    "minute_over",
)
"""The last: of a group's fills with a known other side (its last 64, of an hour), the share that was with the four
groups it met most, the most it bought from one group, and the most it sold to one; and whether the moment is a large
take after small ones, or the end of a minute."""
MARKET_METRICS: Final = (
    *(f"market_{name}_{window}" for name in MARKET_MEASURES for window in WINDOWS),
    *(f"market_{name}" for name in MARKET_PLAIN),
)
METRICS: Final = {name: index for index, name in enumerate((*GROUP_METRICS, *MARKET_METRICS))}
"""Metric name to its place among the values the core computes."""

OWNER_WINDOWS: Final = (1, 24, 36, 144)
"""The windows 5m, 2h, 3h and 12h in buckets of five minutes."""
OWNER_METRICS: Final = (
    *(f"{name}_{window}" for name in ("notional", "bought_notional", "sold_notional", "fills")
      for window in ("5m", "2h", "3h", "12h")),
    *("float_share", "linked_push", "notional_before_2h", "markets_5m", "has_baseline"),
)  # fmt: skip
"""What a group does over all markets, at an OWNER trigger: notionals in the common currency and fills; which share of
the float it holds; how far its own aggressive fills moved another market of the product; the notional of the twelve
hours before the last two; in how many markets it traded in five minutes; whether reference data have its baseline."""
OWNER_METRIC_PLACES: Final = {name: index for index, name in enumerate(OWNER_METRICS)}
