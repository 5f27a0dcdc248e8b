"""PublishRequest bytes -> what to take in: one frame, whichever of its two forms the sender chose."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from google.protobuf.message import DecodeError

from ingest_service import wire
from surveillance.v1 import event_pb2, ingest_pb2
from tapewatch.market import event as schema
from tapewatch.market.event import ColumnType
from tapewatch.market.frame import Frame, FrameError, StringTable
from tapewatch.runtime.errors import InvalidArgument

BATCH_ID_CHARACTERS_MAX: Final = 256
EXTENSION_COLUMNS_MAX: Final = 64
_HASH_SEED: Final = secrets.randbits(64)  # orders a table private to a request; no result depends on it
_NUMBER, _DOUBLE, _CODE, _TEXT, _AGGRESSOR, _EXTENSION = wire.FIELD_KINDS
_KIND_OF_TYPE: Final = {
    ColumnType.INT64: _NUMBER,
    ColumnType.FLOAT64: _DOUBLE,
    ColumnType.CODE: _CODE,
    ColumnType.TEXT: _TEXT,
}
_TYPE_ORDER: Final = (ColumnType.INT64, ColumnType.FLOAT64, ColumnType.CODE, ColumnType.TEXT)


@dataclass(frozen=True, slots=True)
class Request:
    """A publish request: a frame (of no rows where it is only about a source), the source that ends or starts or ""."""

    batch_id: str
    frame: Frame
    ended_source: str
    started_source: str = ""


def read_request(data: bytes) -> Request:
    """Reads a PublishRequest. Raises InvalidArgument where it is malformed, naming the batch where that is known."""
    return (_read_compiled if wire.COMPILED else read_with_protobuf)(data)


def read_with_protobuf(data: bytes) -> Request:
    """The same as the compiled way, slower: for interpreted mode, and to check the other against."""
    try:
        message = ingest_pb2.PublishRequest.FromString(data)
    except DecodeError as error:
        raise _malformed(f"{len(data)} bytes that are not one: {error}") from error
    return _request(
        message.batch_id,
        message.frame,
        len(message.events),
        lambda: frame_of_events(list(message.events)),
        message.source,
        (message.end_of_source, message.start_of_source),
    )


def _read_compiled(data: bytes) -> Request:
    parser = wire.RequestParser(data, _FIELD_KINDS, _FIELD_SLOTS, _HASH_SEED)
    try:
        parser.parse(_SLOT_COUNTS)
        batch_id, source = parser.batch_id.decode(), parser.source.decode()
    except (wire.WireError, UnicodeDecodeError) as error:
        raise _malformed(str(error)) from error
    ends = (parser.ends_source, parser.starts_source)
    return _request(batch_id, parser.frame, parser.row_count, lambda: _frame_of(parser), source, ends)


def _request(
    batch_id: str, frame: bytes, event_count: int, rows: Callable[[], Frame], source: str, ends: tuple[bool, bool]
) -> Request:
    ends_source, starts_source = ends
    if len(batch_id) > BATCH_ID_CHARACTERS_MAX:
        raise _invalid("BAD_BATCH_ID", batch_id[:64], f"a batch_id of at most {BATCH_ID_CHARACTERS_MAX} characters")
    if ends_source and starts_source:
        raise _invalid("END_AND_START", batch_id, "end_of_source or start_of_source, found both: send two batches")
    if (ends_source or starts_source) and not source:
        raise _invalid("MISSING_SOURCE", batch_id, "the source that ends or starts, in `source`")
    if not event_count and not frame and not ends_source and not starts_source:
        raise _invalid("EMPTY_BATCH", batch_id, "rows, a frame, end_of_source or start_of_source, found none of them")
    if event_count and frame:
        raise _invalid("ROWS_AND_FRAME", batch_id, "rows or a frame, found both: send them as two batches")
    try:
        taken = rows() if event_count else Frame.decode(frame) if frame else _NO_ROWS
    except FrameError as error:
        raise InvalidArgument("BAD_BATCH", f"batch {batch_id!r}: {error}", batch_id=batch_id) from error
    return Request(batch_id, taken, source if ends_source else "", source if starts_source else "")


def frame_of_events(events: list[event_pb2.Event]) -> Frame:
    """The frame of protobuf events. Raises FrameError on an unknown extension column or a text that is not UTF-8."""
    numbers: dict[str, Any] = {}
    texts: dict[str, tuple[Any, list[str]]] = {}
    for column in schema.COLUMNS:
        values = _column_values(column, events)
        if values is None:
            continue
        if column.type is ColumnType.TEXT:
            texts[column.name] = _indexed(values)
        else:
            numbers[column.name] = np.array(values, dtype=_DTYPES[column.type])
    names = sorted({name for event in events for name in event.extensions})
    _check_extensions(names)
    for name in names:
        texts[name] = _indexed([event.extensions.get(name, "") for event in events])
    return Frame.from_columns(len(events), numbers, texts)


def _column_values(column: schema.Column, events: list[event_pb2.Event]) -> list[Any] | None:
    name = column.name
    if name in _OPTIONAL:
        set_in = [event.HasField(name) for event in events]
        if not any(set_in):
            return None
        null = np.nan if column.type is ColumnType.FLOAT64 else 0
        found = [getattr(event, name) if is_set else null for event, is_set in zip(events, set_in, strict=True)]
        if name == "aggressor":
            return [int(value) + 1 if is_set else 0 for value, is_set in zip(found, set_in, strict=True)]
        return found
    found = [getattr(event, name) for event in events]
    if column.type is ColumnType.CODE:
        found = [value if 0 <= value < 255 else 255 for value in found]
    return found if column.required or any(found) else None


def _indexed(values: list[str]) -> tuple[Any, list[str]]:
    places: dict[str, int] = {"": -1}
    indices = [places.setdefault(value, len(places) - 1) for value in values]
    return np.array(indices, dtype=np.int64), list(places)[1:]


def _frame_of(parser: wire.RequestParser) -> Frame:
    matrices = parser.columns()
    present = matrices[4]
    columns = {
        column.name: matrices[_TYPE_ORDER.index(column.type)][_FIELD_SLOTS[column.code]]
        for column in schema.COLUMNS
        if column.required or present[column.code]
    }
    extensions: dict[str, Any] = {}
    found = parser.extension_texts
    if found:
        _check_extensions(sorted({name for _, name, _ in found}))
        for row, name, index in found:
            if name not in extensions:
                extensions[name] = np.zeros(parser.row_count, dtype=np.uint32)
            extensions[name][row] = index
    ends, blob = parser.strings()
    table = StringTable(ends, blob)
    return Frame(parser.row_count, columns, table if blob.isascii() else table.decode(), extensions)


def _check_extensions(names: list[str]) -> None:
    for name in names:
        if not name.startswith(schema.EXTENSION_PREFIX):
            raise FrameError(schema.unknown_column_message(name))
    if len(names) > EXTENSION_COLUMNS_MAX:
        raise FrameError(f"expected at most {EXTENSION_COLUMNS_MAX} extension columns, found {len(names)}")


def _field_tables() -> tuple[bytes, bytes, tuple[int, int, int, int]]:
    kinds, slots = bytearray(64), bytearray(64)
    counts = dict.fromkeys(_TYPE_ORDER, 0)
    for column in schema.COLUMNS:
        kinds[column.code] = _AGGRESSOR if column.name == "aggressor" else _KIND_OF_TYPE[column.type]
        slots[column.code] = counts[column.type]
        counts[column.type] += 1
    kinds[event_pb2.Event.EXTENSIONS_FIELD_NUMBER] = _EXTENSION
    numbers, doubles, codes, texts = (counts[each] for each in _TYPE_ORDER)
    return bytes(kinds), bytes(slots), (numbers, doubles, codes, texts)


_FIELD_KINDS, _FIELD_SLOTS, _SLOT_COUNTS = _field_tables()
_DTYPES: Final = {ColumnType.INT64: np.int64, ColumnType.FLOAT64: np.float64, ColumnType.CODE: np.uint8}
_OPTIONAL: Final = frozenset(
    field.name for field in event_pb2.Event.DESCRIPTOR.fields if field.has_presence and field.message_type is None
)
_NO_ROWS: Final = Frame(0, {}, [""])


def _invalid(reason: str, batch_id: str, expected: str) -> InvalidArgument:
    return InvalidArgument(reason, f"batch {batch_id!r}: expected {expected}", batch_id=batch_id)


def _malformed(found: str) -> InvalidArgument:
    return InvalidArgument("MALFORMED_MESSAGE", f"expected a PublishRequest, found {found}")
