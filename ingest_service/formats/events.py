"""The event table as a file: Parquet, CSV with a header, or JSON lines, each of the last two plain, gzip or xz.

Columns are those of `tapewatch.market.event`; optional ones may be absent, unknown ones are an error unless they begin
with `x_`. A row's identity is its place in the file unless it names its own `source`, `source_sequence` and so on.
In text an empty value is null, `event_time_ns` an integer, booleans are true or false, and no value holds a line end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest_service.formats.columns import ValueFault, convertible, event_frame
from ingest_service.formats.content import LineBlock, first_line, head_of, line_blocks, shortened
from ingest_service.formats.contract import EventFile, FileReport, FormatError, FormatOptions, RowFault
from ingest_service.formats.delimited import read_delimited
from ingest_service.formats.json_line import TEXTS, json_object
from ingest_service.formats.reading import EventBatch, ReadEventFile
from tapewatch.market import event as schema
from tapewatch.market.event import ColumnType
from tapewatch.market.frame import Frame

PARQUET_MAGIC: Final = b"PAR1"
_PARQUET_DAMAGE: Final = (pa.ArrowException, OSError, UnicodeDecodeError)
PARQUET_BATCH_ROWS: Final = 65_536
_KNOWN_NAMES_MIN: Final = 3
_TELLING: Final = frozenset(("event_time_ns", "kind"))
_PANDAS_INDEX: Final = "__index_level_0__"
_REPEATED: Final = (
    *("kind", "side", "aggressor", "venue", "instrument", "account", "trader", "contra_account", "order_type"),
    *("time_in_force", "capacity", "algorithm", "currency", "phase", "source"),
)
"""Columns of few different texts: of these Parquet's own dictionary is taken over."""


@dataclass(frozen=True, slots=True)
class EventsFormat:
    """The event table in any of its three layouts."""

    name: str = "events"

    def sniff(self, path: Path, head: bytes) -> str | None:
        """By the Parquet magic, the keys of the first JSON line, or the names of the header."""
        if head.startswith(PARQUET_MAGIC):
            return "it begins with the magic of Parquet"
        names = _json_names(head) if head.lstrip().startswith(b"{") else _header_names(head)
        known = [name for name in names if name in schema.COLUMN_BY_NAME]
        if len(known) >= _KNOWN_NAMES_MIN and not _TELLING.isdisjoint(known):
            return f"its first line names the event columns {', '.join(known[:4])}"
        return None

    def open(self, path: Path, options: FormatOptions) -> EventFile:
        """Opens it by its first bytes; raises FormatError for columns that are unknown, missing or there twice."""
        head = head_of(path)
        if head.startswith(PARQUET_MAGIC):
            _check_parquet(path)
            return ReadEventFile(self.name, [path], options, partial(_read_parquet, path))
        if head.lstrip().startswith(b"{"):
            return ReadEventFile(self.name, [path], options, partial(_read_json_lines, path))
        names = [name.strip('"') for name in first_line(path).split(",")]
        _check_names(path, names)
        return ReadEventFile(self.name, [path], options, partial(_read_csv, path, names))


def _json_names(head: bytes) -> list[str]:
    try:
        return list(json_object(head.split(b"\n", 1)[0], TEXTS))
    except ValueError:
        return []


def _header_names(head: bytes) -> list[str]:
    line = head.split(b"\n", 1)[0].decode(errors="replace").removesuffix("\r")
    return [name.strip('"') for name in line.split(",")]


def _check_names(path: Path, names: Sequence[str]) -> None:
    for name in names:
        if name not in schema.COLUMN_BY_NAME and not name.startswith(schema.EXTENSION_PREFIX):
            raise FormatError(f"{path}: {schema.unknown_column_message(name)}")
        if names.count(name) > 1:
            raise FormatError(f"{path}: column {name!r} is there {names.count(name)} times: keep one")
    missing = [name for name in schema.REQUIRED if name not in names]
    if missing:
        raise FormatError(
            f"{path}: required columns are missing: {', '.join(missing)}; an event file needs "
            f"{', '.join(schema.REQUIRED)}, found {', '.join(names)}"
        )


def _read_csv(path: Path, names: Sequence[str], report: FileReport) -> Iterator[EventBatch]:
    for batch in read_delimited(path, names, 2, report):
        frame, faults = _frame(batch.columns)
        yield EventBatch(frame, batch.lines, batch.lines - 1, None, batch.block.text, faults)


def _frame(columns: Mapping[str, Any]) -> tuple[Frame, list[ValueFault]]:
    frame, faults = event_frame(columns)
    source = frame.columns.get("source")
    if source is None:
        return frame, faults
    zeros = np.zeros(frame.row_count, dtype=np.int64)
    unnumbered = (frame.columns.get("source_sequence", zeros) <= 0) & (frame.columns.get("event_key", zeros) == 0)
    for index in np.flatnonzero((source != 0) & unnumbered).tolist():
        message = "a row that names its source needs a source_sequence from 1 or an event_key, found neither"
        faults.append(ValueFault(index, "source_sequence", "MISSING", message))
    return frame, faults


def _read_json_lines(path: Path, report: FileReport) -> Iterator[EventBatch]:
    for block in line_blocks(path, report):
        rows, lines = _json_rows(block, report)
        if rows:
            columns, json_faults = _json_columns(rows)
            frame, faults = _frame(columns)
            places = np.array(lines, dtype=np.int64)
            yield EventBatch(frame, places, places, None, block.text, [*json_faults, *faults])


def _json_rows(block: LineBlock, report: FileReport) -> tuple[list[dict[str, object]], list[int]]:
    rows: list[dict[str, object]] = []
    lines: list[int] = []
    for line, data in enumerate(block.lines(), start=block.first_line):
        if not data.strip():
            continue
        try:
            rows.append(json_object(data, TEXTS))
            lines.append(line)
        except ValueError as error:
            report.reject(RowFault(line, "", "MALFORMED_ROW", str(error), block.text(line)))
    return rows, lines


def _json_columns(rows: Sequence[Mapping[str, object]]) -> tuple[dict[str, Any], list[ValueFault]]:
    """Columns by name, numbers still as the text they were, and the faults of names and nested values."""
    columns: dict[str, Any] = {}
    faults: list[ValueFault] = []
    for name in dict.fromkeys((*schema.REQUIRED, *sorted(set().union(*rows)))):
        if name not in schema.COLUMN_BY_NAME and not name.startswith(schema.EXTENSION_PREFIX):
            message = schema.unknown_column_message(name)
            having = [index for index, row in enumerate(rows) if name in row]
            faults += [ValueFault(index, name, "UNKNOWN_COLUMN", message) for index in having]
            continue
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(values, type=pa.bool_() if name == "aggressor" else pa.string())
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            nested = [index for index, value in enumerate(values) if isinstance(value, dict | list)]
            found = [(index, type(values[index]).__name__) for index in nested]
            faults += [
                ValueFault(index, name, "NESTED_VALUE", f"{name}: expected one value, found a {type_}")
                for index, type_ in found
            ]
            columns[name] = pa.array([_scalar_text(value) for value in values], type=pa.string())
    return columns, faults


def _scalar_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def _check_parquet(path: Path) -> None:
    with _parquet(path) as file:
        schema_ = file.schema_arrow
    _check_names(path, [name for name in schema_.names if name != _PANDAS_INDEX])
    for field in schema_:
        column = schema.COLUMN_BY_NAME.get(field.name)
        expected = column.type if column else ColumnType.TEXT
        if field.name != _PANDAS_INDEX and not _fits(field.type, expected, field.name):
            advice = "; cast it to int64 nanoseconds since 1970 UTC" if pa.types.is_timestamp(field.type) else ""
            raise FormatError(f"{path}: column {field.name!r}: expected {_WORDS[expected]}, found {field.type}{advice}")


_WORDS: Final = {
    ColumnType.INT64: "64-bit integers",
    ColumnType.FLOAT64: "doubles",
    ColumnType.CODE: "text (true or false for aggressor)",
    ColumnType.TEXT: "text",
}


def _fits(type_: Any, expected: ColumnType, name: str) -> bool:
    value_type = type_.value_type if pa.types.is_dictionary(type_) else type_
    if pa.types.is_string(value_type) or pa.types.is_large_string(value_type) or pa.types.is_null(value_type):
        return True
    is_integer = pa.types.is_integer(type_)
    if expected is ColumnType.CODE:
        return bool(name == "aggressor" and pa.types.is_boolean(type_))
    if expected is ColumnType.FLOAT64:
        return bool(is_integer or pa.types.is_floating(type_) or pa.types.is_decimal(type_))
    return bool(is_integer)


def _parquet(path: Path, read_dictionary: Sequence[str] = ()) -> Any:
    try:
        return pq.ParquetFile(path, read_dictionary=read_dictionary)
    except _PARQUET_DAMAGE as error:
        raise FormatError(
            f"{path}: not a whole Parquet file: {error}. Its index is at its end, so nothing of a cut file can be "
            "read: copy or write it again."
        ) from error


def _read_parquet(path: Path, report: FileReport) -> Iterator[EventBatch]:
    next_row = 1
    with _parquet(path) as file:
        repeated = [each.name for each in file.schema_arrow if each.name in _REPEATED and pa.types.is_string(each.type)]
    with _parquet(path, repeated) as file:
        names = [name for name in file.schema_arrow.names if name != _PANDAS_INDEX]
        if len(names) < len(file.schema_arrow.names):
            report.notes.append(f"column {_PANDAS_INDEX} (the index of a pandas frame) was left out")
        try:
            for batch in file.iter_batches(PARQUET_BATCH_ROWS, columns=names):
                rows = np.arange(next_row, next_row + batch.num_rows)
                columns, text_faults = _parquet_columns(batch, names)
                frame, faults = _frame(columns)
                evidence = partial(_row_text, batch, next_row)
                yield EventBatch(frame, rows, rows, None, evidence, [*text_faults, *faults])
                next_row += batch.num_rows
        except _PARQUET_DAMAGE as error:
            raise FormatError(f"{path}: damaged after row {next_row - 1}: {error}; copy or write it again") from error


def _parquet_columns(batch: Any, names: Sequence[str]) -> tuple[dict[str, Any], list[ValueFault]]:
    """The batch's columns, and the faults of text that is not UTF-8, which is null there."""
    columns: dict[str, Any] = {}
    faults: list[ValueFault] = []
    for name in names:
        values = batch.column(name) if _keeps_dictionary(batch, name) else _plain(batch.column(name))
        try:
            values.validate(full=True)
        except pa.ArrowInvalid:
            values, bad = convertible(_plain(values).cast(pa.binary()), pa.string())
            message = f"{name}: expected UTF-8 text, found other bytes"
            faults += [ValueFault(index, name, "NOT_UTF8", message) for index in bad.tolist()]
        columns[name] = values
    return columns, faults


def _keeps_dictionary(batch: Any, name: str) -> bool:
    """Whether a column's own dictionary, which then is of text without nulls, serves as it is."""
    type_ = batch.schema.field(name).type
    if name not in _REPEATED or not pa.types.is_dictionary(type_) or not pa.types.is_string(type_.value_type):
        return False
    return not batch.column(name).dictionary.null_count


def _plain(values: Any) -> Any:
    type_ = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if pa.types.is_large_string(type_) or pa.types.is_null(type_):
        type_ = pa.string()
    return values if values.type == type_ else values.cast(type_)


def _row_text(batch: Any, first_row: int, row: int) -> str:
    try:
        values = batch.slice(row - first_row, 1).to_pylist()[0]
    except UnicodeDecodeError as error:
        return f"text that is not UTF-8: {error.object!r}"
    return shortened(", ".join(f"{name}={value!r}" for name, value in values.items() if value is not None))
