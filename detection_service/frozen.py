"""States as bytes: plain values first, then what is bulky just as it is, each piece with its checksum.

The front of them says what layout they are of, so that a version that lays things out otherwise refuses them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import msgpack

from tapewatch.market.arrays import Bulk

_FRONT: Final = 12  # mark, length and checksum of the header
_PLACE: Final = 1  # msgpack's type of what stands for a bulky piece
_LEVEL: Final = 1  # of compression
_SAMPLE: Final = 1 << 16
_WORTH: Final = 0.25  # what is mostly zeros becomes far less; the rest would cost seconds to halve
Buffer = bytes | memoryview


class SnapshotError(ValueError):
    """The bytes are not a state to go on from; says what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a kind of state says of itself: its mark (four bytes) and, by name, all its layout depends on."""

    mark: bytes
    depends_on: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A state that shares nothing with what goes on: packed values, and what is bulky."""

    values: Buffer
    bulky: list[Buffer]

    @classmethod
    def of(cls, state: Any) -> Self:
        """Plain values and `Bulk`, frozen. Raises TypeError where there is anything else among them."""
        bulky: list[Buffer] = []

        def apart(value: object) -> msgpack.ExtType:
            if not isinstance(value, Bulk):
                raise TypeError(f"expected plain values and bulk in a state, found {type(value).__name__}")
            bulky.append(memoryview(value.data))
            return msgpack.ExtType(_PLACE, len(bulky).to_bytes(4, "little"))

        return cls(msgpack.packb(state, default=apart, use_bin_type=True), bulky)

    def state(self) -> Any:
        """What was frozen, made anew; lists for tuples."""

        def bulk(_: int, place: bytes) -> Bulk:
            return Bulk(self.bulky[int.from_bytes(place, "little") - 1])

        return msgpack.unpackb(self.values, raw=False, strict_map_key=False, ext_hook=bulk)

    def pieces(self, layout: Layout, *, small: bool = False) -> list[Buffer]:
        """The bytes, piece after piece. `small` takes time to make them fewer; other threads run in it."""
        told: list[list[int]] = []
        pieces: list[Buffer] = []
        for piece in (self.values, *self.bulky):
            pieces.append(_squeezed(piece) if small else piece)
            told.append([len(pieces[-1]), zlib.crc32(pieces[-1]), len(piece)])
        header = msgpack.packb({"layout": dict(layout.depends_on), "pieces": told})
        front = layout.mark + len(header).to_bytes(4, "little") + zlib.crc32(header).to_bytes(4, "little")
        return [front + header, *pieces]

    @classmethod
    def read(cls, data: Buffer, layout: Layout) -> Self:
        """What `pieces` gave. Raises SnapshotError where it is damaged or of another layout."""
        values, *bulky = _read(memoryview(data), layout)
        return cls(values, bulky)


def _squeezed(piece: Buffer) -> Buffer:
    """The piece, or where that is worth it what it is compressed."""
    sample = memoryview(piece)[:_SAMPLE]
    return zlib.compress(piece, _LEVEL) if len(zlib.compress(sample, _LEVEL)) < _WORTH * len(sample) else piece


def _read(data: memoryview, layout: Layout) -> Iterator[Buffer]:
    mark = bytes(data[:4])
    if mark != layout.mark:
        raise SnapshotError(f"expected an undamaged snapshot of this version, marked {layout.mark!r}, found {mark!r}")
    length = int.from_bytes(data[4:8], "little")
    start = _FRONT + length
    _check(data[_FRONT:start], max(1, length), int.from_bytes(data[8:_FRONT], "little"))
    header = msgpack.unpackb(data[_FRONT:start])
    _check_layout(layout.depends_on, header["layout"])
    for length, checksum, full in header["pieces"]:
        piece = data[start : start + length]
        _check(piece, length, checksum)
        yield zlib.decompress(piece) if length < full else piece
        start += length


def _check(piece: memoryview, length: int, checksum: int) -> None:
    if len(piece) != length or zlib.crc32(piece) != checksum:
        raise SnapshotError(
            f"expected an undamaged snapshot, found {len(piece)} of {length} bytes of a piece, or a wrong checksum"
        )


def _check_layout(expected: Mapping[str, str | int], found: Mapping[str, str | int]) -> None:
    for name in sorted({*expected, *found}):
        if expected.get(name) != found.get(name):
            raise SnapshotError(
                f"expected a snapshot of this version, with {name} {expected.get(name)!r}, found {found.get(name)!r}"
            )
