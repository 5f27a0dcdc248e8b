"""HTTP to messages and back: the JSON mapping of protobuf, with the field names of the contracts."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tapewatch.runtime.errors import InvalidArgument

_TRUE = {"true": True, "1": True, "false": False, "0": False}


def message_of(
    made: Message, path: Mapping[str, str], query: Iterable[tuple[str, str]] = (), body: bytes = b"", etag: str = ""
) -> Message:
    """Fill a request from its path, query and JSON body; `etag` (of the header If-Match) where the request has one.

    Raises InvalidArgument naming what is not understood, or what is said twice and not alike.
    """
    fields = {**_body(body), **_query(made.DESCRIPTOR, query)}
    if etag and "etag" in made.DESCRIPTOR.fields_by_name:
        _agree(fields, "etag", etag, "the header If-Match")
    for name, value in path.items():
        _agree(fields, name, value, "the path")
    try:
        return json_format.ParseDict(fields, made)
    except json_format.ParseError as error:
        raise InvalidArgument(
            "MALFORMED_JSON",
            f"the request does not make a {made.DESCRIPTOR.name}: {error}",
            method=made.DESCRIPTOR.name,
        ) from error


def fields_of(message: Message) -> dict[str, Any]:
    """A message as JSON: every field, names as in the contracts, 64-bit integers as strings, bytes in base64."""
    found: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return found


def _body(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(
            "MALFORMED_JSON", f"the body: expected a JSON object, found text that is none: {error}"
        ) from error
    if not isinstance(found, dict):
        raise InvalidArgument("MALFORMED_JSON", f"the body: expected a JSON object, found {type(found).__name__}")
    return found


def _query(descriptor: Any, query: Iterable[tuple[str, str]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, text in query:
        field = descriptor.fields_by_name.get(name)
        if field is None or field.message_type is not None:
            known = ", ".join(each.name for each in descriptor.fields if each.message_type is None)
            raise InvalidArgument(
                "UNKNOWN_FIELD",
                f"the query: expected one of {known or 'nothing'}, found {name[:80]!r}",
                field=name[:80],
            )
        if field.is_repeated:
            fields.setdefault(name, []).append(_value(field, text))
        elif name in fields:
            raise InvalidArgument("FIELD_REPEATED", f"the query: expected {name} once, found it twice", field=name)
        else:
            fields[name] = _value(field, text)
    return fields


def _value(field: FieldDescriptor, text: str) -> object:
    if field.type == FieldDescriptor.TYPE_BOOL:
        if text.lower() not in _TRUE:
            raise InvalidArgument(
                "FIELD_INVALID", f"{field.name}: expected true or false, found {text[:80]!r}", field=field.name
            )
        return _TRUE[text.lower()]
    return text


def _agree(fields: dict[str, Any], name: str, value: str, place: str) -> None:
    if fields.setdefault(name, value) != value:
        raise InvalidArgument(
            "FIELD_REPEATED", f"{name}: expected the {value!r} of {place}, found {str(fields[name])[:80]!r}", field=name
        )
