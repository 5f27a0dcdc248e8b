"""Field masks (google.aip.dev/157): a reader names the fields it wants."""

from typing import TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from tapewatch.runtime.errors import InvalidArgument

PATHS_MAX = 100
WHOLE = "*"
Resource = TypeVar("Resource", bound=Message)


def checked_mask(mask: FieldMask, resource: type[Message]) -> FieldMask:
    """A request's mask, checked against the resource it is for; InvalidArgument names a path that is none."""
    if len(mask.paths) > PATHS_MAX:
        raise _wrong(f"at most {PATHS_MAX} paths", f"{len(mask.paths)}")
    for path in mask.paths:
        names = {field.name for field in resource.DESCRIPTOR.fields}
        if path != WHOLE and path not in names:
            raise _wrong(
                f"{WHOLE} or fields of {resource.DESCRIPTOR.name} ({', '.join(sorted(names))})", repr(path[:80])
            )
    return mask


def masked(message: Resource, mask: FieldMask) -> Resource:
    """The message with the fields of a checked mask only; whole for an empty one."""
    if not mask.paths or WHOLE in mask.paths:
        return message
    shown = type(message)()
    mask.MergeMessage(message, shown)
    return shown


def _wrong(expected: str, found: str) -> InvalidArgument:
    message = f"read_mask: expected {expected}, found {found}"
    return InvalidArgument("INVALID_READ_MASK", message, field="read_mask")
