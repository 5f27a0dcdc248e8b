"""Flat records of who trades together, as objects for interpreted code; the .pxd beside has the same as C structs."""

from __future__ import annotations

from tapewatch.market.records import Record


class Appearance(Record):
    """A group took liquidity on a side."""

    LAYOUT = (("time", "q", 1), ("group", "i", 1), ("side", "i", 1))


class Member(Record):
    """What a group did in a market on a day, given plus two: `seen` counts its appearances, `exposure` how many others
    it found there on its side within two seconds before. One of another day is an empty place."""

    LAYOUT = (("group", "i", 1), ("day", "i", 1), ("seen", "i", 1), ("exposure", "i", 1))


class Shared(Record):
    """A fill of an account that shares something with accounts of other owners."""

    LAYOUT = (
        ("time", "q", 1), ("account", "i", 1), ("cluster", "i", 1), ("quantity", "d", 1), ("event_high", "Q", 1),
        ("event_low", "Q", 1), ("side", "i", 1), ("spare", "i", 1),
    )  # fmt: skip


class PairSet(Record):
    """Keys of four pairs and when each last met: one line of the processor's cache."""

    LAYOUT = (("key", "Q", 4), ("last_time", "q", 4))


class Pair(Record):
    """How often a pair of groups met on a day; `events` are the two words each of the last eight on one side."""

    LAYOUT = (
        ("day", "i", 1), ("first_group", "i", 1), ("second_group", "i", 1), ("same", "i", 1), ("opposite", "i", 1),
        ("lagged", "i", 1), ("events", "Q", 16),
    )  # fmt: skip
