"""Flat records of who met whom, as objects for interpreted code; the .pxd beside has the same as C structs.

A text longer than its field has length 255 and stands in `Registry.texts`.
"""

from __future__ import annotations

from detection_service.engine.records import TEXT_SIZE
from tapewatch.market.records import Record


class MatchSide(Record):
    """The first side seen of a match; see `detection_service.engine.matches.MatchTable`.

    The first line of the processor's cache has what is asked of every event of a trade.
    """

    LAYOUT = (
        ("key", "Q", 1), ("time", "q", 1), ("entry_time", "q", 1), ("fill_number", "q", 1), ("match_number", "q", 1),
        ("order_quantity", "d", 1), ("account", "i", 1), ("activity", "i", 1), ("side", "B", 1), ("paired", "B", 1),
        ("counted", "B", 1), ("filled", "B", 1), ("printed", "B", 1), ("order_length", "B", 1), ("spare", "H", 1),
        ("event_high", "Q", 1), ("event_low", "Q", 1), ("order_id", "s", TEXT_SIZE), ("rest", "q", 1),
    )  # fmt: skip


class Match(Record):
    """A match with both groups known; see `detection_service.engine.matches.MatchLog`."""

    LAYOUT = (
        ("key", "Q", 1), ("previous", "q", 1), ("time", "q", 1), ("buyer", "i", 1), ("seller", "i", 1),
        ("entry_gap", "q", 1), ("size_ratio", "d", 1), ("price", "d", 1), ("quantity", "d", 1), ("event_high", "Q", 1),
        ("event_low", "Q", 1), ("other_high", "Q", 1), ("other_low", "Q", 1), ("aggressor", "B", 1),
        ("trade_length", "B", 1), ("spare", "H", 1), ("rest", "i", 1), ("trade_id", "s", TEXT_SIZE),
    )  # fmt: skip
