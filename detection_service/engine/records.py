"""Flat records of the engine, as objects for interpreted code; the .pxd beside has the same as C structs."""

from __future__ import annotations

from typing import Final

from tapewatch.market.records import Record

TEXT_SIZE: Final = 40
MEASURES: Final = (
    "orders_buy", "orders_sell", "quantity_buy", "quantity_sell", "cancels", "cancelled_buy", "cancelled_sell",
    "messages", "cancelled_life_s", "fleeting", "depth_share_max", "orders_at_best", "replaces", "improved_withdrawn",
    "far_withdrawn", "probes", "fills", "bought", "sold", "aggressive_fills", "aggressive_bought", "aggressive_sold",
    "pushes_up", "pushes_down",
)  # fmt: skip
"""What is counted of a group in a market, in the order of a record's measures."""
RING: Final = 64
BLOCK: Final = 8
LATELY: Final = 8
"""Fills and withdrawals held an activity, in blocks of so many."""
MINUTES_HELD: Final = 5
DECADES_HELD: Final = 7


class Fill(Record):
    """One fill of a group's; a text longer than its field has length 255 and stands in `Rings.long_texts`."""

    LAYOUT = (
        ("link", "q", 1), ("time", "q", 1), ("price", "d", 1), ("quantity", "d", 1), ("order_quantity", "d", 1),
        ("event_high", "Q", 1), ("event_low", "Q", 1), ("account", "i", 1), ("contra", "i", 1), ("side", "B", 1),
        ("aggressor", "B", 1), ("order_length", "B", 1), ("trade_length", "B", 1), ("spare", "I", 1),
        ("order_id", "s", TEXT_SIZE), ("trade_id", "s", TEXT_SIZE),
    )  # fmt: skip


class Withdrawal(Record):
    """One order withdrawn mostly unfilled."""

    LAYOUT = (
        ("link", "q", 1), ("time", "q", 1), ("entry_time", "q", 1), ("price", "d", 1), ("quantity", "d", 1),
        ("opposite_open", "d", 1), ("depth_share", "d", 1), ("distance", "d", 1), ("entry_high", "Q", 1),
        ("entry_low", "Q", 1), ("event_high", "Q", 1), ("event_low", "Q", 1), ("account", "i", 1), ("side", "B", 1),
        ("order_length", "B", 1), ("spare", "H", 1), ("order_id", "s", TEXT_SIZE),
    )  # fmt: skip


class Activity(Record):
    """One group of linked accounts in one market; arrays of three are indexed by side code.

    `link` is the activity made before it in the same market, plus one. `fill_blocks` and `withdrawal_blocks` are the
    numbers, plus one, of the blocks of eight its rings are made of; `flow` that of its closed windows. `open_high` and
    `open_low` are a double-double sum of the quantity open. `run_...` describe its last run of aggressive fills of one
    side, `flip_...` the last large withdrawal of a side, `press_time` when rules were last asked about pressure on it.
    `measures` count the minute `minute` of event time. The record fills nine lines of cache of 64 bytes.
    """

    LAYOUT = (
        ("link", "q", 1), ("group", "i", 1), ("market", "i", 1), ("fill_count", "q", 1), ("withdrawal_count", "q", 1),
        ("last_seen", "q", 1), ("minute", "q", 1), ("orders_open", "i", 1), ("flow", "i", 1), ("run_side", "i", 1),
        ("run_trades", "i", 1), ("measures", "d", len(MEASURES)), ("open_high", "d", 3), ("open_low", "d", 3),
        ("last_fill_time", "q", 3), ("last_withdrawal_time", "q", 3), ("flip_time", "q", 3), ("press_time", "q", 3),
        ("last_fill_order_quantity", "d", 3), ("flip_quantity", "d", 3),
        ("withdrawal_blocks", "i", 8), ("fill_blocks", "i", 8),
        ("run_start", "q", 1), ("run_end", "q", 1), ("run_from", "d", 1), ("run_to", "d", 1), ("run_quantity", "d", 1),
        ("spare", "q", 3),
    )  # fmt: skip


class Flow(Record):
    """A group's closed windows: the last minutes, and periods of ten minutes; numbers are plus one, 0 is empty."""

    LAYOUT = (
        ("link", "q", 1), ("minute_number", "q", MINUTES_HELD), ("decade_number", "q", DECADES_HELD),
        ("minutes", "d", MINUTES_HELD * len(MEASURES)), ("decades", "d", DECADES_HELD * len(MEASURES)),
    )  # fmt: skip
