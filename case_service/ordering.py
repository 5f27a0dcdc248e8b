"""The order of a list (google.aip.dev/132): fields to sort by, `desc` where the largest come first.

Equal ones follow their numbers, so that every order is total and a page can begin behind any row.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from tapewatch.runtime.errors import InvalidArgument

KEYS_MAX = 3
ORDER_CHARACTERS_MAX = 200
NUMBER = "number"
ALERT_ORDERS = frozenset({"start_time_ns", "severity", "score"})
CASE_ORDERS = frozenset(
    {
        *(NUMBER, "priority", "severity", "score", "state"),
        *("start_time_ns", "create_time_ns", "update_time_ns", "due_time_ns"),
    }
)


@dataclass(frozen=True, slots=True)
class Key:
    """A field to sort by."""

    field: str
    descending: bool = False


NEWEST_FIRST = (Key(NUMBER, descending=True),)


def parse_order(text: str, fields: AbstractSet[str]) -> tuple[Key, ...]:
    """The keys of a total order, ending with the number; newest first for a blank text.

    Raises InvalidArgument (reason INVALID_ORDER) saying what was expected and found.
    """
    if len(text) > ORDER_CHARACTERS_MAX:
        raise _wrong(f"at most {ORDER_CHARACTERS_MAX} characters", f"{len(text)}")
    if not text.strip():
        return NEWEST_FIRST
    keys = [_key(part, fields) for part in text.split(",")]
    names = [each.field for each in keys]
    if len(keys) > KEYS_MAX:
        raise _wrong(f"at most {KEYS_MAX} fields", f"{len(keys)}")
    if len(set(names)) < len(names):
        raise _wrong("each field once", repr(text))
    if NUMBER not in names:
        keys.append(Key(NUMBER, keys[-1].descending))
    return tuple(keys)


def _key(part: str, fields: AbstractSet[str]) -> Key:
    match part.split():
        case [field] if field in fields:
            return Key(field)
        case [field, ("asc" | "desc") as direction] if field in fields:
            return Key(field, direction == "desc")
        case _:
            expected = f"one of {', '.join(sorted(fields))}, each with asc or desc behind it or nothing"
            raise _wrong(expected, repr(part.strip()))


def _wrong(expected: str, found: str) -> InvalidArgument:
    return InvalidArgument("INVALID_ORDER", f"order_by: expected {expected}, found {found}", field="order_by")
