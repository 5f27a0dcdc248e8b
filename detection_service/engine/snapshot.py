"""An engine's state as bytes: plain values first, then what is bulky just as it is, each part with its checksum.

Freezing a state is all the engine has to stand still for; bytes are made of it in any thread, and nothing bulky is
copied for them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import msgpack

from detection_service.engine import records as engine_records
from tapewatch.market import records as market_records
from tapewatch.market.arrays import Bulk
from tapewatch.market.records import Record

MAGIC: Final = b"TWS2"
LAYOUT: Final = 2
"""Raised whenever what a state holds, or what that means, changes."""
_FRONT: Final = 12  # mark, length and checksum of the header
_PLACE: Final = 1  # msgpack's type of what stands for a bulky part
Buffer = bytes | memoryview


class SnapshotError(ValueError):
    """The bytes are not a snapshot this engine can go on from; says what was expected and what was found."""


def _formats() -> dict[str, str]:
    kinds = [each for module in (market_records, engine_records) for each in vars(module).values()]
    records = {each for each in kinds if isinstance(each, type) and issubclass(each, Record) and each is not Record}
    return {
        each.__name__: " ".join(f"{name}:{count}{code}" for name, code, count in each.LAYOUT)
        for each in sorted(records, key=lambda each: each.__name__)
    }


FORMATS: Final = _formats()
"""The fields of every flat record."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A state that shares nothing with the engine it was taken of: packed values, and what is bulky."""

    values: bytes
    bulky: list[Buffer]

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """Plain values and `Bulk`, frozen. Raises TypeError where there is anything else among them."""
        bulky: list[Buffer] = []

        def apart(value: object) -> msgpack.ExtType:
            if not isinstance(value, Bulk):
                raise TypeError(f"expected plain values and bulk in a state, found {type(value).__name__}")
            bulky.append(memoryview(value.data))
            return msgpack.ExtType(_PLACE, len(bulky).to_bytes(4, "little"))

        return cls(msgpack.packb(state, default=apart, use_bin_type=True), bulky)

    def parts(self) -> list[Buffer]:
        """The pieces of the snapshot, in order."""
        parts = [self.values, *self.bulky]
        sums = [[len(part), zlib.crc32(part)] for part in parts]
        header = msgpack.packb({"layout": LAYOUT, "formats": FORMATS, "parts": sums})
        front = MAGIC + len(header).to_bytes(4, "little") + zlib.crc32(header).to_bytes(4, "little")
        return [front + header, *parts]

    def __bytes__(self) -> bytes:
        return b"".join(self.parts())


def state_of(snapshot: Buffer) -> dict[str, Any]:
    """The state a snapshot was made of; what is bulky in it is a view. Raises SnapshotError."""
    view = memoryview(snapshot)
    parts = list(_parts(view))

    def bulk(_: int, place: bytes) -> Bulk:
        return Bulk(parts[int.from_bytes(place, "little")])

    state: dict[str, Any] = msgpack.unpackb(parts[0], raw=False, strict_map_key=False, ext_hook=bulk)
    return state


def _parts(view: memoryview) -> Iterator[memoryview]:
    mark = bytes(view[:4])
    if mark != MAGIC:
        raise SnapshotError(f"expected a snapshot of layout {LAYOUT}, marked {MAGIC!r}, found {mark!r}")
    length = int.from_bytes(view[4:8], "little")
    start = _FRONT + length
    header = view[_FRONT:start]
    _check(header, max(1, length), int.from_bytes(view[8:_FRONT], "little"))
    values = msgpack.unpackb(header)
    _check_layout(values["layout"], values["formats"])
    for length, checksum in values["parts"]:
        part = view[start : start + length]
        _check(part, length, checksum)
        yield part
        start += length


def _check(part: memoryview, length: int, checksum: int) -> None:
    if len(part) != length or zlib.crc32(part) != checksum:
        raise SnapshotError(
            f"expected an undamaged engine snapshot, found {len(part)} of {length} bytes of a part, or a wrong checksum"
        )


def _check_layout(layout: int, formats: dict[str, str]) -> None:
    if layout != LAYOUT:
        raise SnapshotError(f"expected an engine snapshot of layout {LAYOUT}, found layout {layout}")
    others = sorted(name for name in {*FORMATS, *formats} if FORMATS.get(name) != formats.get(name))
    if others:
        name = others[0]
        raise SnapshotError(
            f"expected records {name} of {FORMATS.get(name, 'no fields')!r} in an engine snapshot, "
            f"found {formats.get(name, 'no fields')!r}"
        )
