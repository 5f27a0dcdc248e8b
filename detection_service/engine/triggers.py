"""What gives cause to ask rules, and what a source can show; each a bit."""

from __future__ import annotations

from typing import Final

PRESSURE: Final = 1
"""A group withdrew far more on a side than it traded on the other, and than it left standing there."""
MATCH: Final = 2
"""Both sides of a match are one group's."""
PAIR: Final = 4
"""Two groups traded with each other often, by turns."""
PRICE: Final = 8
"""The first trade of five seconds while the price moves."""
DEADLINE: Final = 16
"""Episodes of the venue are over."""
FLOW: Final = 32
"""A group's minute in a market went by, or what it did in it doubled, and a rule's conditions hold."""
FLIP: Final = 64
"""A group withdrew a large order and soon took liquidity on the other side at a similar size."""
RUN: Final = 128
"""A group trades against its own run of aggressive fills that moved the price."""
ENTRY: Final = 256
"""An order was entered that is far beyond usual size, or would take the price far."""
AHEAD: Final = 512
"""A group trades out soon after another's large order, having traded on its side shortly before."""
SESSION: Final = 1024
"""A moment of the market's session has passed."""
OWNER: Final = 2048
"""A group's fills over all markets meet a rule's conditions."""
MARKET: Final = 4096
"""A minute of a market went by and a rule's conditions hold."""
ARRANGED: Final = 8192
"""Two groups' orders, entered close together at one size, traded with each other."""
SOURCE: Final = 16384
"""Something was observed of a source or of a rule's canary; no event of a market gives it."""

NEWS: Final = 32768
"""The reaction to an announcement is known."""
TOGETHER: Final = 65536
"""Two groups took liquidity on one side within seconds of each other, again, and more often than chance has it."""
SHARED: Final = 131072
"""Three or more accounts that share a device or subnet traded on one side within a minute."""
RESTRICTED: Final = 1048576
"""An account entered an order or traded, and it or the instrument is on the restricted list."""
STRAY: Final = 2097152
"""A trade far through the best prices, or one that later trades have left alone."""

UNNAMED: Final = 262144
"""Large orders without account were withdrawn just after the other side's best orders traded."""

HAS_ORDERS: Final = 1
HAS_ACCOUNTS: Final = 2
HAS_FILLS: Final = 4
HAS_MATCHES: Final = 8
HAS_PRINTS: Final = 16
HAS_QUOTES: Final = 32
HAS_UNNAMED: Final = 64
HAS_PHASES: Final = 128
