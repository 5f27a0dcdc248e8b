"""Columns of text or of Arrow types into a frame's columns, with a fault for every value that does not fit."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tapewatch.market import event as schema
from tapewatch.market.event import Aggressor, ColumnType, Kind, Side
from tapewatch.market.frame import Array, Frame, StringTable, Text

Mask = NDArray[np.bool_]

_CODES: Final[dict[str, dict[str, int]]] = {
    "kind": {kind.name: int(kind) for kind in Kind},
    "side": {"BUY": int(Side.BUY), "SELL": int(Side.SELL)},
    "aggressor": {
        **dict.fromkeys(("true", "True", "TRUE"), int(Aggressor.YES)),
        **dict.fromkeys(("false", "False", "FALSE"), int(Aggressor.NO)),
    },
}
_CODE_REASONS: Final = {"kind": "UNKNOWN_KIND", "side": "UNKNOWN_SIDE", "aggressor": "BAD_BOOLEAN"}


@dataclass(frozen=True, slots=True)
class ValueFault:
    """A value that could not be taken: the index of its row in the batch, its column, a stable code and a sentence."""

    index: int
    field: str
    reason: str
    message: str


def event_frame(columns: Mapping[str, Any]) -> tuple[Frame, list[ValueFault]]:
    """A frame of all rows and the first fault of each bad one; `columns` are known or `x_` names to Arrow arrays."""
    row_count = len(next(iter(columns.values())))
    numbers: dict[str, Array] = {}
    texts: dict[str, Text] = {}
    faults: dict[int, ValueFault] = {}
    for name, values in columns.items():
        column = schema.COLUMN_BY_NAME.get(name)
        type_ = column.type if column else ColumnType.TEXT
        if values.null_count == row_count and name not in schema.REQUIRED:
            continue
        found: list[ValueFault] = []
        if type_ is ColumnType.TEXT:
            texts[name] = encoded(values)
        elif type_ is ColumnType.CODE:
            numbers[name], found = _codes(name, values)
        elif type_ is ColumnType.INT64:
            numbers[name], found = integers(name, values)
        else:
            numbers[name], found = decimals(name, values)
        for fault in found:
            faults.setdefault(fault.index, fault)
    return Frame.from_columns(row_count, numbers, texts), [faults[index] for index in sorted(faults)]


def encoded(values: Any) -> tuple[Array, StringTable]:
    """Text as (indices, dictionary), null as -1; an empty text is null too."""
    if not pa.types.is_dictionary(values.type):
        values = values.cast(pa.string()) if not pa.types.is_string(values.type) else values
        values = values.dictionary_encode()
    dictionary = _table(values.dictionary.cast(pa.string()))
    found = pc.fill_null(values.indices, -1) if values.indices.null_count else values.indices
    indices: Array = found.to_numpy(zero_copy_only=False)
    empty = np.flatnonzero(np.diff(dictionary.ends, prepend=np.uint32(0)) == 0)
    if empty.size:
        indices = np.where(np.isin(indices, empty), -1, indices)
    return indices, dictionary


def _table(texts: Any) -> StringTable:
    """The bytes of an Arrow array of text without nulls."""
    _, places, data = texts.buffers()
    ends = np.frombuffer(places, dtype=np.int32, count=len(texts) + 1, offset=4 * texts.offset)
    blob = b"" if data is None else bytes(memoryview(data)[int(ends[0]) : int(ends[-1])])
    return StringTable((ends[1:] - ends[0]).astype("<u4"), blob)


def constant(text: str, row_count: int) -> Text:
    """One text for all rows."""
    return np.zeros(row_count, dtype=np.int64), [text]


def integers(name: str, values: Any) -> tuple[Array, list[ValueFault]]:
    """64-bit integers, null as 0."""
    converted, bad = convertible(values, pa.int64())
    if _is_text(values):
        bad = np.union1d(bad, _hexadecimal(values))
    faults = [_number_fault(name, "BAD_INTEGER", "an integer", values, index) for index in bad.tolist()]
    return pc.fill_null(converted, 0).to_numpy(zero_copy_only=False), faults


def _hexadecimal(values: Any) -> NDArray[np.int64]:
    """Rows of text like 0x10, which Arrow takes for a number."""
    letters = bytes(values.buffers()[2] or b"")
    if b"x" not in letters and b"X" not in letters:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(pc.fill_null(pc.match_substring(values, "x", ignore_case=True), False))


def decimals(name: str, values: Any) -> tuple[Array, list[ValueFault]]:
    """Doubles, null as NaN; text that says NaN or infinity is a fault, a NaN of a typed column is null."""
    converted, bad = convertible(values, pa.float64())
    numbers: Array = pc.fill_null(converted, np.nan).to_numpy(zero_copy_only=False)
    faults = [_number_fault(name, "BAD_NUMBER", "a decimal number", values, index) for index in bad.tolist()]
    if _is_text(values):
        stated = pc.is_valid(converted).to_numpy(zero_copy_only=False)
        faults += [
            _number_fault(name, "NOT_FINITE", "a finite decimal number", values, index)
            for index in np.flatnonzero(stated & ~np.isfinite(numbers)).tolist()
        ]
    return numbers, faults


def units(name: str, values: Any, decimals_kept: int) -> tuple[Array, list[ValueFault]]:
    """Decimal text as exact integers of 10**-decimals_kept (0.5 with 9 is 500,000,000); no float is involved."""
    converted, bad = convertible(values, pa.decimal128(38, decimals_kept))
    faults = [
        _number_fault(name, "BAD_NUMBER", f"a decimal number of up to {decimals_kept} places", values, index)
        for index in bad.tolist()
    ]
    converted = pc.fill_null(converted, pa.scalar(0).cast(converted.type))
    words = np.frombuffer(converted.buffers()[1], dtype="<i8").reshape(-1, 2)
    words = words[converted.offset : converted.offset + len(converted)]
    faults += [
        _number_fault(name, "BAD_NUMBER", "a number of 64 bits", values, index)
        for index in np.flatnonzero(words[:, 1] != (words[:, 0] >> 63)).tolist()
    ]
    return words[:, 0].copy(), faults


def nanoseconds(values: Array, factor: int) -> Array:
    """Times of another unit as ns; those beyond 64 bits become the largest integer, which no check lets pass."""
    largest = np.iinfo(np.int64).max
    return np.where(np.abs(values) > largest // factor, largest, values * factor)


def convertible(values: Any, type_: Any) -> tuple[Any, NDArray[np.int64]]:
    """The values in another type with null for those that can not be, and the indices of these."""
    bad: list[int] = []
    pieces = _converted_pieces(values, type_, 0, bad)
    converted = pieces[0] if len(pieces) == 1 else pa.concat_arrays(pieces)
    return converted, np.array(bad, dtype=np.int64)


def _converted_pieces(values: Any, type_: Any, first: int, bad: list[int]) -> list[Any]:
    try:
        return [values.cast(type_)]
    except pa.ArrowInvalid:
        if len(values) == 1:
            bad.append(first)
            return [pa.nulls(1, type_)]
    half = len(values) // 2
    return [
        *_converted_pieces(values[:half], type_, first, bad),
        *_converted_pieces(values[half:], type_, first + half, bad),
    ]


def _codes(name: str, values: Any) -> tuple[Array, list[ValueFault]]:
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.string())
    indices, dictionary = encoded(values)
    names = dictionary.decode()
    codes = _CODES[name]
    table = np.array([*(codes.get(text, 255) for text in names), 0], dtype=np.uint8)  # -1, null, is the last
    result = table[indices]
    faults = [
        ValueFault(index, name, _CODE_REASONS[name], _code_message(name, names[indices[index]]))
        for index in np.flatnonzero(result == 255).tolist()
    ]
    return result, faults


def _code_message(name: str, text: str) -> str:
    names = ("true", "false") if name == "aggressor" else tuple(_CODES[name])
    nearest = difflib.get_close_matches(text.upper(), names, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    return f"{name}: expected one of {', '.join(names)}, found {text!r}{hint}"


def _number_fault(name: str, reason: str, expected: str, values: Any, index: int) -> ValueFault:
    text = str(values[index].as_py())
    hint = ""
    if name.endswith("_time_ns"):
        expected = "an integer, nanoseconds since 1970 UTC"
        hint = "; convert dates to nanoseconds first" if "-" in text[1:] or ":" in text else ""
    return ValueFault(index, name, reason, f"{name}: expected {expected}, found {text!r}{hint}")


def _is_text(values: Any) -> bool:
    return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))
