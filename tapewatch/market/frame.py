"""The event frame: the one encoding of events from ingest to journal to engine.

Columnar, little-endian, self-contained. Absent columns take no bytes; text is an index into the frame's own string
table, so a reader interns each distinct string once a frame and never touches text per event.

Layout: header (32 bytes: magic "TWF1", version u16, columns u16, rows u32, strings u32, blob bytes u32, 12 reserved),
directory (16 bytes a column: code u16, type u8, reserved u8, name string u32, offset u64), columns each 8-byte
aligned, string ends u32 x strings, UTF-8 blob. String 0 is "" and means null. Extension columns (`x_...`) have code 0
and their name in the string table.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tapewatch.market import event as schema
from tapewatch.market.event import ColumnType

MAGIC: Final = b"TWF1"
VERSION: Final = 1
ROWS_MAX: Final = 1 << 20
STRINGS_MAX: Final = 1 << 24
FRAME_BYTES_MAX: Final = 1 << 28

_HEADER: Final = struct.Struct("<4sHHIII12x")
_ENTRY: Final = struct.Struct("<HBxIQ")
_DTYPES: Final[dict[ColumnType, np.dtype[Any]]] = {
    ColumnType.INT64: np.dtype("<i8"),
    ColumnType.FLOAT64: np.dtype("<f8"),
    ColumnType.CODE: np.dtype("u1"),
    ColumnType.TEXT: np.dtype("<u4"),
}
_CODE_NAMES: Final[dict[str, type[schema.Kind] | type[schema.Side]]] = {"kind": schema.Kind, "side": schema.Side}
_CODE_TABLES: Final[dict[str, dict[str | bool | None, int]]] = {
    "kind": {None: 0, **{kind.name: int(kind) for kind in schema.Kind}},
    "side": {None: 0, **{side.name: int(side) for side in schema.Side}},
    "aggressor": {None: 0, False: int(schema.Aggressor.NO), True: int(schema.Aggressor.YES)},
}
_MERGED: Final = ("venue", "instrument", "source")
"""Columns by which rows are grouped: where frames are joined, each of their texts keeps one index."""

Array = NDArray[Any]


class FrameError(ValueError):
    """The bytes or rows are not a frame; says what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class StringTable:
    """A frame's strings as bytes: `ends`, uint32 of shape (count,), where each ends in the UTF-8 `blob`."""

    ends: Array
    blob: bytes

    def __len__(self) -> int:
        return len(self.ends)

    @staticmethod
    def of(strings: Sequence[str]) -> StringTable:
        """The table of some strings."""
        return StringTable(*_joined(strings))

    @staticmethod
    def concat(tables: Sequence[StringTable]) -> StringTable:
        """The strings of the tables, one after the other."""
        bases = np.cumsum([0, *(len(table.blob) for table in tables[:-1])], dtype=np.uint64)
        ends = [table.ends + base for table, base in zip(tables, bases, strict=True)]
        return StringTable(np.concatenate(ends).astype("<u4"), b"".join([table.blob for table in tables]))

    def pick(self, wanted: Array) -> StringTable:
        """The strings for which `wanted`, bool of shape (count,), is true."""
        sizes = np.diff(self.ends, prepend=np.uint32(0))
        kept = np.frombuffer(self.blob, np.uint8)[np.repeat(wanted, sizes)]
        return StringTable(np.cumsum(sizes[wanted], dtype=np.uint64).astype("<u4"), kept.tobytes())

    def text(self, index: int) -> str:
        """One of the strings. Raises FrameError where it is not UTF-8."""
        start = int(self.ends[index - 1]) if index else 0
        try:
            return self.blob[start : int(self.ends[index])].decode()
        except UnicodeDecodeError as error:
            raise FrameError(f"a string is not UTF-8: {error}") from error

    def decode(self) -> list[str]:
        """The strings. Raises FrameError where one is not UTF-8."""
        spans = pairwise([0, *self.ends.tolist()])
        if self.blob.isascii():
            text = self.blob.decode("ascii")
            return [text[start:end] for start, end in spans]
        try:
            return [self.blob[start:end].decode() for start, end in spans]
        except UnicodeDecodeError as error:
            raise FrameError(f"a string is not UTF-8: {error}") from error


_NULL: Final = StringTable(np.zeros(1, dtype="<u4"), b"")
Text = tuple[Array, Sequence[str] | StringTable]
Strings = list[str] | StringTable


class Frame:
    """A batch of events by column.

    `columns` holds only the columns present: int64, float64, uint8 codes, or uint32 indices into `strings`, each of
    shape (row_count,). `extensions` holds the `x_` columns as indices. Arrays may be read-only views of a buffer.
    `strings` of a decoded frame become Python text only when asked for; `table` gives their bytes.
    """

    __slots__ = ("_raw", "_strings", "_table", "columns", "extensions", "row_count")

    def __init__(
        self,
        row_count: int,
        columns: dict[str, Array],
        strings: Strings,
        extensions: dict[str, Array] | None = None,
        raw: bytes | None = None,
    ) -> None:
        self.row_count = row_count
        self.columns = columns
        self.extensions = {} if extensions is None else extensions
        self._strings = None if isinstance(strings, StringTable) else strings
        self._table = strings if isinstance(strings, StringTable) else None
        self._raw = raw

    @property
    def strings(self) -> list[str]:
        """The string table; string 0 is "" and means null."""
        if self._strings is None:
            assert self._table is not None
            self._strings = self._table.decode()
        return self._strings

    @property
    def table(self) -> StringTable:
        """The string table as bytes."""
        if self._table is None:
            self._table = StringTable.of(self.strings)
        return self._table

    def string(self, index: int) -> str:
        """One string of the table; for a few of them, where `strings` would decode all."""
        return self.table.text(index) if self._strings is None else self._strings[index]

    def encode(self) -> bytes:
        """The frame's bytes. A frame that was decoded gives back the very bytes it came from."""
        if self._raw is None:
            self._raw = _encode(self)
        return self._raw

    @staticmethod
    def decode(data: bytes) -> Frame:
        """Reads a frame; columns are views of `data`. Raises FrameError on anything malformed."""
        return _decode(data)

    @staticmethod
    def from_columns(row_count: int, numbers: Mapping[str, Array], texts: Mapping[str, Text] | None = None) -> Frame:
        """Builds a frame from arrays.

        `numbers` maps a column to an array (codes for kind, side, aggressor); `texts` maps a column, or an `x_`
        extension, to (indices into a dictionary, the dictionary as strings or a table); index -1 is null. Raises
        FrameError on an unknown column or a wrong length.
        """
        columns: dict[str, Array] = {}
        for name, values in numbers.items():
            column = _known(name)
            columns[name] = np.ascontiguousarray(values, dtype=_DTYPES[column.type])
        extensions: dict[str, Array] = {}
        base = 1
        for name, (indices, dictionary) in (texts or {}).items():
            shifted = _shift(np.asarray(indices), len(dictionary), base)
            base += len(dictionary)
            (extensions if name.startswith(schema.EXTENSION_PREFIX) else columns)[name] = shifted
            if name not in extensions:
                _known(name)
        for name, values in (columns | extensions).items():
            if len(values) != row_count:
                raise FrameError(f"column {name!r}: expected {row_count} rows, found {len(values)}")
        strings = _concat_strings([[""], *(dictionary for _, dictionary in (texts or {}).values())])
        return Frame(row_count, columns, strings, extensions)

    @staticmethod
    def from_rows(rows: Sequence[Mapping[str, object]]) -> Frame:
        """Builds a frame from row mappings (kind and side as names). Raises FrameError naming row and column."""
        return _from_rows(rows)

    def rows(self) -> Iterator[dict[str, object]]:
        """The rows as mappings without the null columns; for people and tests, not for the hot path."""
        names = list(self.columns) + list(self.extensions)
        lists = [_python_values(self, name) for name in names]
        for values in zip(*lists, strict=True):
            yield {name: value for name, value in zip(names, values, strict=True) if value is not None}

    def text(self, name: str, row: int) -> str:
        """Text of a column at a row; "" where the column is absent or null."""
        indices = self.columns.get(name)
        return "" if indices is None else self.string(int(indices[row]))

    def take(self, indices: Array) -> Frame:
        """The given rows in the given order; strings no longer used are left out."""
        return self._with_rows(indices, len(indices))

    def slice(self, start: int, stop: int) -> Frame:
        """Rows start (inclusive) to stop (exclusive); strings no longer used are left out."""
        stop = min(stop, self.row_count)
        if start == 0 and stop == self.row_count:
            return self
        return self._with_rows(slice(start, stop), len(range(start, stop)))

    def _with_rows(self, rows: Any, row_count: int) -> Frame:
        columns = {name: values[rows] for name, values in self.columns.items()}
        extensions = {name: values[rows] for name, values in self.extensions.items()}
        used = _renumber_used(columns, extensions, len(self.table))
        return Frame(row_count, columns, self.table.pick(used), extensions)

    @staticmethod
    def concat(frames: Sequence[Frame]) -> Frame:
        """All rows of the frames, in order; a column absent from one is null there."""
        return _concat(frames)


def _known(name: str) -> schema.Column:
    column = schema.COLUMN_BY_NAME.get(name)
    if column is None:
        raise FrameError(schema.unknown_column_message(name))
    return column


def _shift(indices: Array, string_count: int, base: int) -> Array:
    if indices.size and (indices.min() < -1 or indices.max() >= string_count):
        raise FrameError(f"text index outside its dictionary of {string_count} strings")
    places = np.arange(base, base + string_count + 1, dtype=np.uint32)
    places[string_count] = 0  # where -1, null, looks
    shifted: Array = places[indices.astype(np.intp, copy=False)]
    return shifted


def _concat_strings(parts: Sequence[Sequence[str] | StringTable]) -> Strings:
    """The strings of all parts, as text where all are."""
    texts = [part for part in parts if not isinstance(part, StringTable)]
    if len(texts) == len(parts):
        return [text for part in texts for text in part]
    return StringTable.concat([part if isinstance(part, StringTable) else StringTable.of(part) for part in parts])


def _renumber_used(columns: dict[str, Array], extensions: dict[str, Array], string_count: int) -> Array:
    """Renumbers texts as if only those used (a mask, the null string always) were in the string table."""
    texts = [
        (group, name)
        for group in (columns, extensions)
        for name in group
        if group is extensions or schema.COLUMN_BY_NAME[name].type is ColumnType.TEXT
    ]
    used = np.zeros(string_count, dtype=bool)
    used[0] = True
    for group, name in texts:
        used[group[name]] = True
    places = np.cumsum(used, dtype=np.uint32) - np.uint32(1)
    for group, name in texts:
        group[name] = places[group[name]]
    return used


def _joined(strings: Sequence[str]) -> tuple[Array, bytes]:
    """Where each string ends, and all of them in UTF-8."""
    blob = "".join(strings)
    sizes: Iterable[int] = map(len, strings)
    if not blob.isascii():
        sizes = (len(text.encode()) for text in strings)
    return np.cumsum(np.fromiter(sizes, np.uint64, len(strings))).astype("<u4"), blob.encode()


def _encode(frame: Frame) -> bytes:
    if frame.row_count > ROWS_MAX:
        raise FrameError(f"a frame holds at most {ROWS_MAX} rows, found {frame.row_count}: send smaller batches")
    names = sorted(frame.extensions)
    table = StringTable.concat([frame.table, StringTable.of(names)]) if names else frame.table
    entries: list[tuple[int, int, int, Array]] = []
    for name in sorted(frame.columns, key=lambda key: schema.COLUMN_BY_NAME[key].code):
        column = schema.COLUMN_BY_NAME[name]
        entries.append((column.code, column.type, 0, frame.columns[name]))
    for place, name in enumerate(names, start=len(frame.table)):
        entries.append((0, ColumnType.TEXT, place, frame.extensions[name]))
    parts = [_HEADER.pack(MAGIC, VERSION, len(entries), frame.row_count, len(table), len(table.blob))]
    offset = _HEADER.size + _ENTRY.size * len(entries)
    body: list[bytes] = []
    for code, type_, name_index, values in entries:
        data = np.ascontiguousarray(values, dtype=_DTYPES[ColumnType(type_)]).tobytes()
        parts.append(_ENTRY.pack(code, type_, name_index, offset))
        padding = -len(data) % 8
        body.append(data + bytes(padding))
        offset += len(data) + padding
    return b"".join((*parts, *body, table.ends.tobytes(), table.blob))


def _decode(data: bytes) -> Frame:
    if len(data) < _HEADER.size:
        raise FrameError(f"expected a frame of at least {_HEADER.size} bytes, found {len(data)}")
    magic, version, column_count, row_count, string_count, blob_size = _HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise FrameError(f"expected a frame {MAGIC!r} version {VERSION}, found {magic!r} version {version}")
    if row_count > ROWS_MAX or not 1 <= string_count <= STRINGS_MAX:
        raise FrameError(f"frame of {row_count} rows and {string_count} strings is outside the limits")
    strings_at = len(data) - blob_size - 4 * string_count
    columns: dict[str, Array] = {}
    named: list[tuple[int, Array]] = []
    if strings_at < _HEADER.size + column_count * _ENTRY.size:
        raise FrameError(f"frame is cut: {len(data)} bytes for {column_count} columns and {string_count} strings")
    strings = _decode_strings(data, strings_at, string_count, blob_size)
    for index in range(column_count):
        code, type_, name_index, offset = _ENTRY.unpack_from(data, _HEADER.size + index * _ENTRY.size)
        values = _decode_column(data, code, type_, offset, row_count, strings_at)
        if type_ == ColumnType.TEXT and row_count and values.max() >= string_count:
            raise FrameError(f"column {code}: text index outside the {string_count} strings")
        if code:
            columns[schema.COLUMN_BY_CODE[code].name] = values
        else:
            named.append((name_index, values))
    frame = Frame(row_count, columns, strings, {}, data)
    for name_index, values in named:
        name = frame.strings[name_index] if name_index < string_count else ""
        if not name.startswith(schema.EXTENSION_PREFIX):
            raise FrameError(f"extension column {name!r} does not begin with {schema.EXTENSION_PREFIX!r}")
        frame.extensions[name] = values
    return frame


def _decode_column(data: bytes, code: int, type_: int, offset: int, row_count: int, limit: int) -> Array:
    column = schema.COLUMN_BY_CODE.get(code)
    expected = ColumnType.TEXT if code == 0 else column.type if column else None
    if expected is None or expected != type_:
        raise FrameError(f"column {code} of type {type_} is not known")
    dtype = _DTYPES[expected]
    if offset % 8 or offset < _HEADER.size or offset + row_count * dtype.itemsize > limit:
        raise FrameError(f"column {code}: offset {offset} is outside the frame")
    return np.frombuffer(data, dtype=dtype, count=row_count, offset=offset)


def _decode_strings(data: bytes, at: int, count: int, blob_size: int) -> list[str] | StringTable:
    ends = np.frombuffer(data, dtype="<u4", count=count, offset=at)
    if ends[0] != 0 or ends[-1] != blob_size or (ends[1:] < ends[:-1]).any():
        raise FrameError("string table does not begin with the null string, runs backwards or does not end the frame")
    table = StringTable(ends, data[at + 4 * count :])
    return table if table.blob.isascii() else table.decode()


def _from_rows(rows: Sequence[Mapping[str, object]]) -> Frame:
    places = {"": 0}
    columns: dict[str, Array] = {}
    extensions: dict[str, Array] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        if name.startswith(schema.EXTENSION_PREFIX):
            extensions[name] = _texts(name, values, places)
            continue
        column = _known(name)
        if all(value is None for value in values):
            continue
        if column.type is ColumnType.TEXT:
            columns[name] = _texts(name, values, places)
        else:
            columns[name] = _numbers(column, values)
    return Frame(len(rows), columns, list(places), extensions)


def _texts(name: str, values: Sequence[object], places: dict[str, int]) -> Array:
    """Indices of the texts in a string table that grows by those it does not hold yet."""
    if not set(map(type, values)) <= {str, type(None)}:
        row = next(row for row, value in enumerate(values) if not isinstance(value, str | None))
        raise FrameError(f"row {row}, {name}: expected text, found {values[row]!r}")
    place = places.setdefault
    indices = [0 if value is None else place(value, len(places)) for value in values]  # type: ignore[arg-type] # all text
    return np.array(indices, dtype=np.uint32)


def _numbers(column: schema.Column, values: Sequence[Any]) -> Array:
    dtype = _DTYPES[column.type]
    types = set(map(type, values))
    if column.type is ColumnType.FLOAT64 and types <= {float, type(None)}:
        return np.array([np.nan if value is None else value for value in values], dtype=dtype)
    if column.type is ColumnType.CODE and (table := _CODE_TABLES[column.name]).keys() >= set(values):
        return np.array([table[value] for value in values], dtype=dtype)
    return np.array([_number(column, value, row) for row, value in enumerate(values)], dtype=dtype)


def _number(column: schema.Column, value: object, row: int) -> float | int:
    if value is None:
        return float("nan") if column.type is ColumnType.FLOAT64 else 0
    if column.type is ColumnType.CODE:
        expected = ", ".join(str(each) for each in _CODE_TABLES[column.name] if each is not None)
        if not isinstance(value, str | bool) or value not in _CODE_TABLES[column.name]:
            raise FrameError(f"row {row}, {column.name}: expected one of {expected}, found {value!r}")
        return _CODE_TABLES[column.name][value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FrameError(f"row {row}, {column.name}: expected a number, found {value!r}")
    if column.type is ColumnType.INT64:
        if not isinstance(value, int) or not -(2**63) <= value < 2**63:
            raise FrameError(f"row {row}, {column.name}: expected a 64-bit integer, found {value!r}")
        return value
    return float(value)


def _python_values(frame: Frame, name: str) -> list[object]:
    values = frame.extensions[name] if name in frame.extensions else frame.columns[name]
    column = schema.COLUMN_BY_NAME.get(name)
    if column is None or column.type is ColumnType.TEXT:
        return [frame.strings[index] if index else None for index in values.tolist()]
    if column.type is ColumnType.FLOAT64:
        return [None if value != value else value for value in values.tolist()]
    if name == "aggressor":
        return [None if value == 0 else value == schema.Aggressor.YES for value in values.tolist()]
    if name in _CODE_NAMES:
        names = {int(member): member.name for member in _CODE_NAMES[name]}
        return [names.get(value) if value else None for value in values.tolist()]
    required = name in schema.REQUIRED
    return [value if value or required else None for value in values.tolist()]


def _concat(frames: Sequence[Frame]) -> Frame:
    if len(frames) == 1:
        return frames[0]
    base = 0
    pieces: dict[str, list[Array]] = {}
    names = dict.fromkeys(name for frame in frames for name in (*frame.columns, *frame.extensions))
    for frame in frames:
        for name in names:
            values = frame.columns.get(name, frame.extensions.get(name))
            column = schema.COLUMN_BY_NAME.get(name)
            dtype = _DTYPES[column.type if column else ColumnType.TEXT]
            if values is None:
                null = np.nan if dtype.kind == "f" else 0
                values = np.full(frame.row_count, null, dtype=dtype)
            elif dtype.kind == "u" and dtype.itemsize == 4:
                values = np.where(values == 0, np.uint32(0), values + np.uint32(base))
            pieces.setdefault(name, []).append(values)
        base += len(frame.table) - 1
    joined = {name: np.concatenate(parts) for name, parts in pieces.items()}
    columns = {name: values for name, values in joined.items() if name in schema.COLUMN_BY_NAME}
    extensions = {name: values for name, values in joined.items() if name not in schema.COLUMN_BY_NAME}
    strings = StringTable.concat([_NULL, *(StringTable(frame.table.ends[1:], frame.table.blob) for frame in frames)])
    for name in _MERGED:
        if name in columns:
            columns[name] = _one_index_a_text(columns[name], strings)
    return Frame(sum(frame.row_count for frame in frames), columns, strings, extensions)


def _one_index_a_text(indices: Array, strings: StringTable) -> Array:
    """The indices with the first of each text in place of its others."""
    found = np.flatnonzero(np.bincount(indices))
    starts = np.where(found > 0, strings.ends[found - 1], 0)
    places = np.arange(len(strings), dtype=np.uint32)
    first: dict[bytes, int] = {}
    for index, start, end in zip(found.tolist(), starts.tolist(), strings.ends[found].tolist(), strict=True):
        places[index] = first.setdefault(strings.blob[start:end], index)
    merged: Array = places[indices]
    return merged
