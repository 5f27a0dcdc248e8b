"""The OpenAPI 3.1 description of what is served, made from the contracts, so that it cannot lag behind them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor

from tapewatch.rest.contracts import words_of
from tapewatch.rest.routes import Route

TITLE: Final = "Tapewatch"
_NUMBERS: Final[dict[int, dict[str, Any]]] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "format": "byte"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_UINT32: {"type": "integer", "minimum": 0},
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64"},
    FieldDescriptor.TYPE_UINT64: {"type": "string", "format": "uint64"},
}
_KNOWN: Final[dict[str, dict[str, Any]]] = {
    "google.protobuf.FieldMask": {"type": "string", "description": "Names of fields, separated by commas."},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string"},
    "google.protobuf.Struct": {"type": "object"},
}
ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "description": "What went wrong, in words and for programs (google.aip.dev/193).",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "integer", "description": "The HTTP status."},
                "status": {"type": "string", "description": "The status of gRPC, such as ABORTED."},
                "message": {"type": "string", "description": "What was expected, what was found, what to do."},
                "details": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The description of routes; every message they need is a schema."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Error": ERROR}
    for route in routes:
        paths.setdefault(route.path, {})[route.verb.lower()] = _operation(route, route.contract, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": "v1",
            "description": "Alerts, cases, evidence and reports by HTTP and JSON; the same contracts as by gRPC. "
            "64-bit integers are strings, bytes are base64.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "security": [{"token": []}, {}],
    }


def _operation(route: Route, method: MethodDescriptor, schemas: dict[str, Any]) -> dict[str, Any]:
    asked = method.input_type
    rest = [field for field in asked.fields if field.name not in route.path_fields]
    parameters = [
        {"name": name, "in": "path", "required": True, **_described(asked.fields_by_name[name], schemas)}
        for name in route.path_fields
    ]
    operation: dict[str, Any] = {
        "operationId": method.name,
        "tags": [method.containing_service.name],
        "summary": words_of(method.full_name),
        "responses": {"200": _answers(method, schemas), "default": _error()},
    }
    if route.verb == "GET":
        asked_for = [field for field in rest if field.message_type is None]
        parameters += [{"name": field.name, "in": "query", **_described(field, schemas)} for field in asked_for]
    else:
        body = _object(rest, schemas)
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return {**operation, "parameters": parameters}


def _answers(method: MethodDescriptor, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = _reference(method.output_type, schemas)
    media = "application/x-ndjson" if method.server_streaming else "application/json"
    content: dict[str, Any] = {media: {"schema": schema}}
    if {"content", "chunk"} & set(method.output_type.fields_by_name):
        content["application/octet-stream"] = {"schema": {"type": "string", "contentMediaType": "*/*"}}
        return {"description": "OK; with ?alt=media the bytes themselves.", "content": content}
    return {"description": "OK, a line of JSON each." if method.server_streaming else "OK", "content": content}


def _error() -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": "What went wrong.", "content": content}


def _described(field: FieldDescriptor, schemas: dict[str, Any]) -> dict[str, Any]:
    return {"description": words_of(field.full_name), "schema": _schema(field, schemas)}


def _object(fields: Sequence[FieldDescriptor], schemas: dict[str, Any]) -> dict[str, Any]:
    properties = {field.name: {"description": words_of(field.full_name), **_schema(field, schemas)} for field in fields}
    return {"type": "object", "properties": properties}


def _schema(field: FieldDescriptor, schemas: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any]
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return {"type": "object", "additionalProperties": _schema(field.message_type.fields_by_name["value"], schemas)}
    if field.message_type is not None:
        made = _KNOWN.get(field.message_type.full_name) or _reference(field.message_type, schemas)
    elif field.enum_type is not None:
        made = _enumeration(field.enum_type, schemas)
    else:
        made = _NUMBERS[field.type]
    return {"type": "array", "items": made} if field.is_repeated else dict(made)


def _reference(message: Descriptor, schemas: dict[str, Any]) -> dict[str, Any]:
    if message.name not in schemas:
        schemas[message.name] = {}  # for those that hold themselves
        schemas[message.name] = {"description": words_of(message.full_name), **_object(list(message.fields), schemas)}
    return {"$ref": f"#/components/schemas/{message.name}"}


def _enumeration(enumeration: EnumDescriptor, schemas: dict[str, Any]) -> dict[str, Any]:
    if enumeration.name not in schemas:
        meanings = [f"{each.name}: {words_of(f'{enumeration.full_name}.{each.name}')}" for each in enumeration.values]
        schemas[enumeration.name] = {
            "type": "string",
            "enum": [each.name for each in enumeration.values],
            "description": "\n".join([words_of(enumeration.full_name), *meanings]),
        }
    return {"$ref": f"#/components/schemas/{enumeration.name}"}
