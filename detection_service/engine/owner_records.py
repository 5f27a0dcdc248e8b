"""Flat records of what groups do over all markets, as objects for interpreted code; the .pxd beside has the same as C
structs."""

from __future__ import annotations

from typing import Final

from detection_service.engine.records import TEXT_SIZE
from tapewatch.market.records import Record

FILL_BLOCK: Final = 8
FILL_BLOCKS: Final = 16
BUCKET_BLOCK: Final = 8
BUCKET_BLOCKS: Final = 23
"""Fills and buckets held an owner, in blocks of so many: 128 fills; 184 buckets, four more than are looked at."""


class Owner(Record):
    """One group over all markets: `count` fills ever, the time of the latest, the number of the newest bucket, and how
    much that held as rules were last asked. `..._blocks` are the numbers, plus one, of the blocks of its rings."""

    LAYOUT = (
        ("link", "q", 1), ("count", "q", 1), ("latest", "q", 1), ("newest", "q", 1), ("asked", "d", 1),
        ("group", "i", 1), ("fill_blocks", "i", FILL_BLOCKS), ("bucket_blocks", "i", BUCKET_BLOCKS),
    )  # fmt: skip


class OwnerFill(Record):
    """One fill; a text longer than its field has length 255 and stands in `Registry.texts`."""

    LAYOUT = (
        ("link", "q", 1), ("time", "q", 1), ("price", "d", 1), ("quantity", "d", 1), ("notional", "d", 1),
        ("before", "d", 1), ("elsewhere", "d", 1), ("market", "i", 1), ("account", "i", 1), ("event_high", "Q", 1),
        ("event_low", "Q", 1), ("side", "B", 1), ("aggressor", "B", 1), ("order_length", "B", 1),
        ("trade_length", "B", 1), ("spare", "I", 1), ("order_id", "s", TEXT_SIZE), ("trade_id", "s", TEXT_SIZE),
    )  # fmt: skip


class OwnerBucket(Record):
    """What was bought and sold in five minutes; `number` is that of the five minutes, plus one."""

    LAYOUT = (("link", "q", 1), ("number", "q", 1), ("bought", "d", 1), ("sold", "d", 1), ("fills", "q", 1))


class Holding(Record):
    """A position: what it began with, and two totals that only grow; `noted` is its size when it was last told of."""

    LAYOUT = (
        ("link", "q", 1), ("group", "i", 1), ("family", "i", 1), ("initial", "d", 1), ("bought", "d", 1),
        ("sold", "d", 1), ("noted", "d", 1),
    )  # fmt: skip
