"""Flat arrays that compiled code sees as typed memory and interpreted code indexes fast."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

_TYPECODES = {"l": "q", "L": "Q"}
"""Of 64-bit words, whatever this machine's C calls them."""


class Bulk:
    """Many bytes of a state, in any flat buffer: a snapshot keeps them as they are, beside the plain values.

    They are shared with nothing that goes on.
    """

    __slots__ = ("data",)

    def __init__(self, data: Any) -> None:
        self.data = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bulk) and bytes(self.data) == bytes(other.data)

    def __hash__(self) -> int:
        return hash(bytes(self.data))


def doubles(size: int) -> array[float]:
    """`size` float64 zeros."""
    return array("d", bytes(8 * size))


def floats(size: int) -> array[float]:
    """`size` float32 zeros."""
    return array("f", bytes(4 * size))


def longs(size: int) -> array[int]:
    """`size` int64 zeros."""
    return array("q", bytes(8 * size))


def words(size: int) -> array[int]:
    """`size` uint64 zeros."""
    return array("Q", bytes(8 * size))


def integers(size: int) -> array[int]:
    """`size` int32 zeros."""
    return array("i", bytes(4 * size))


def octets(size: int) -> array[int]:
    """`size` uint8 zeros."""
    return array("B", bytes(size))


def grown(values: Any, size: int) -> Any:
    """A copy of `values` (a flat array or a typed view of one) with zeros up to `size` items behind it."""
    old = as_array(values)
    fresh = array(old.typecode, old)
    fresh.frombytes(bytes((size - len(old)) * old.itemsize))
    return fresh


def as_array(values: Any) -> array[Any]:
    """The flat array behind `values`, which compiled code holds as a typed view."""
    if isinstance(values, array):
        return values
    view = memoryview(values)
    return array(_TYPECODES.get(view.format, view.format), view.tobytes())


def dump(owner: object, names: Sequence[str]) -> dict[str, Any]:
    """The named attributes of `owner` as plain values: an array becomes its typecode and bytes."""
    state: dict[str, Any] = {}
    for name in names:
        value = getattr(owner, name)
        if isinstance(value, int | float | str | list):
            state[name] = value
        else:
            view = memoryview(value)
            code = view.format
            state[name] = {"array": _TYPECODES.get(code, code), "bytes": view.tobytes()}
    return state


def load(owner: object, names: Sequence[str], state: dict[str, Any]) -> None:
    """Sets the named attributes of `owner` from what `dump` gave. Raises KeyError where one is missing."""
    for name in names:
        value = state[name]
        if isinstance(value, dict):
            flat: array[Any] = array(value["array"])
            flat.frombytes(value["bytes"])
            value = flat
        setattr(owner, name, value)
