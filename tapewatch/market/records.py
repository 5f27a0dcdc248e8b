"""Flat records: what compiled code holds as C structs (the .pxd beside) and interpreted code as objects of this module.

Each class says its layout as (name, format character, count), in the order and with the padding of its struct, so that
the bytes of both are the same.
"""

from __future__ import annotations

import struct
from typing import Any, ClassVar

Layout = tuple[tuple[str, str, int], ...]


class Record:
    """A record whose fields are numbers, or lists of numbers where the count is above 1; `s` fields are bytes."""

    LAYOUT: ClassVar[Layout]
    FORMAT: ClassVar[struct.Struct]

    def __init_subclass__(cls) -> None:
        cls.FORMAT = struct.Struct("<" + "".join(f"{count}{code}" for _, code, count in cls.LAYOUT))

    def __init__(self) -> None:
        self.unpack(bytes(self.FORMAT.size))

    def pack(self) -> bytes:
        """The bytes of the struct."""
        values: list[Any] = []
        for name, code, count in self.LAYOUT:
            value = getattr(self, name)
            values.extend([value] if count == 1 or code == "s" else value)
        return self.FORMAT.pack(*values)

    def unpack(self, data: bytes) -> None:
        """Takes all fields from the bytes of the struct."""
        values = iter(self.FORMAT.unpack(data))
        for name, code, count in self.LAYOUT:
            plain = count == 1 or code == "s"
            setattr(self, name, next(values) if plain else [next(values) for _ in range(count)])


class Order(Record):
    """An open order; see `tapewatch.market.order_table.OrderTable`. Of one given back, `key` is the `link`."""

    LAYOUT = (
        ("key", "Q", 1), ("event_high", "Q", 1), ("event_low", "Q", 1), ("price", "d", 1),
        ("quantity", "d", 1), ("leaves", "d", 1), ("entry_time", "q", 1), ("depth_share", "d", 1), ("distance", "d", 1),
        ("level", "i", 1), ("account", "i", 1), ("participant", "i", 1), ("side", "B", 1), ("crossed", "B", 1),
        ("market", "H", 1),
    )  # fmt: skip

    key: int

    @property
    def link(self) -> int:
        """The next number given back, plus one."""
        return self.key

    @link.setter
    def link(self, number: int) -> None:
        self.key = number


class Level(Record):
    """A price level of a side of a book: open quantity of its orders as a double-double sum, anonymous quantity apart.

    `orders` is their number; of a level not in use, the next such (-1: none).
    """

    LAYOUT = (("price", "d", 1), ("high", "d", 1), ("low", "d", 1), ("seeded", "d", 1), ("orders", "i", 1),
              ("spare", "I", 1))  # fmt: skip


class Step(Record):
    """Where a level stands among those of its side: its rank and its number."""

    LAYOUT = (("rank", "d", 1), ("place", "i", 1), ("spare", "I", 1))
