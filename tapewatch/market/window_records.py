"""Flat records of event-time windows, as objects for interpreted code; the .pxd beside has the same as C structs.

Numbers of buckets and periods are held plus one: 0 is a place nothing was ever put at.
"""

from __future__ import annotations

from tapewatch.market.records import Record


class Bucket(Record):
    """The trades of one bucket of time; one line of the processor's cache."""

    LAYOUT = (
        ("number", "q", 1), ("trades", "q", 1), ("open", "d", 1), ("high", "d", 1), ("low", "d", 1), ("close", "d", 1),
        ("volume", "d", 1), ("buy_volume", "d", 1),
    )  # fmt: skip


class Bin(Record):
    """How many sizes fell in one bin of a histogram."""

    LAYOUT = (("count", "i", 1),)


class Period(Record):
    """A number of orders in one period of time."""

    LAYOUT = (("number", "q", 1), ("orders", "q", 1))


class Move(Record):
    """A trade that moved the price."""

    LAYOUT = (
        ("time", "q", 1), ("price", "d", 1), ("quantity", "d", 1), ("event_high", "Q", 1), ("event_low", "Q", 1),
    )  # fmt: skip


class Sample(Record):
    """A spread at a time."""

    LAYOUT = (("time", "q", 1), ("spread", "d", 1))
