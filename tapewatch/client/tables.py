"""Messages as a table of columns: for analysis in Arrow, and from there in pandas, Polars or Parquet."""

from collections.abc import Iterable
from typing import Any, Final

import pyarrow as pa
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

TIME_SUFFIX: Final = "time_ns"
TIME: Final = pa.timestamp("ns", tz="UTC")
_TYPES: Final = {
    FieldDescriptor.TYPE_BOOL: pa.bool_(),
    FieldDescriptor.TYPE_BYTES: pa.binary(),
    FieldDescriptor.TYPE_DOUBLE: pa.float64(),
    FieldDescriptor.TYPE_FLOAT: pa.float32(),
    FieldDescriptor.TYPE_INT32: pa.int32(),
    FieldDescriptor.TYPE_INT64: pa.int64(),
    FieldDescriptor.TYPE_STRING: pa.string(),
    FieldDescriptor.TYPE_UINT32: pa.uint32(),
    FieldDescriptor.TYPE_UINT64: pa.uint64(),
}


def table_of(message_type: type[Message], messages: Iterable[Message]) -> pa.Table:
    """A column a field, named as in the contract, a row a message; the columns are there without a message, too.

    Times (`..._time_ns`) are UTC timestamps in nanoseconds, null where not set. Enumerations are their names without
    the prefix (`HIGH`), null where not set. Repeated fields are lists, messages within are structs, absent ones null.
    """
    fields: Any = message_type.DESCRIPTOR.fields
    rows = [{field.name: _value(field, message) for field in fields} for message in messages]
    return pa.Table.from_pylist(rows, pa.schema([(field.name, _type(field)) for field in fields]))


def _type(field: FieldDescriptor) -> pa.DataType:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = field.message_type.fields
        return pa.map_(_single(key), _single(value))
    return pa.list_(_single(field)) if field.is_repeated else _single(field)


def _single(field: FieldDescriptor) -> pa.DataType:
    if field.message_type is not None:
        return pa.struct([(each.name, _type(each)) for each in field.message_type.fields])
    if field.enum_type is not None:
        return pa.string()
    return TIME if _is_time(field) else _TYPES[field.type]


def _is_time(field: FieldDescriptor) -> bool:
    return field.type == FieldDescriptor.TYPE_INT64 and field.name.endswith(TIME_SUFFIX)


def _value(field: FieldDescriptor, message: Message) -> Any:
    value = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return list(value.items())
    if field.is_repeated:
        return [_one(field, each) for each in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return _one(field, value)


def _one(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None:
        return {each.name: _value(each, value) for each in field.message_type.fields}
    if field.enum_type is not None:
        return _word(field, value)
    return (value or None) if _is_time(field) else value


def _word(field: FieldDescriptor, number: int) -> str | None:
    """The name of an enumeration's value without what all of them begin with; a number that is newer than we are."""
    known: Any = field.enum_type
    named = known.values_by_number.get(number)
    if number == 0:
        return None
    prefix = known.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return str(number) if named is None else str(named.name).removeprefix(prefix)
