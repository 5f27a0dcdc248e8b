"""What strict mode demands of a message: known type, values, required and well-formed session fields.

The tables cover the session layer and the message types of each version; required fields, enums and groups of
business messages belong here too as they are added.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tapewatch.fix.message import Message

ADMIN_TYPES = frozenset("012345A")

_TYPES_40 = frozenset("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ") - frozenset("TUVWXYZRS")
_TYPES_42 = _TYPES_40 | frozenset("RSTVWXYZabcdefghijklm")
_TYPES_44 = _TYPES_42 | frozenset("nopqrstuvwxyz") | {f"A{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} | {
    f"B{letter}" for letter in "ABCDEFGH"
}  # fmt: skip
KNOWN_TYPES: dict[str, frozenset[str]] = {
    "FIX.4.0": _TYPES_40,
    "FIX.4.1": _TYPES_40,
    "FIX.4.2": _TYPES_42,
    "FIX.4.3": _TYPES_44,
    "FIX.4.4": _TYPES_44,
}
"""Message types by version; user-defined ones (U...) are always known, FIXT.1.1 allows any of one or two letters."""

REQUIRED: dict[str, tuple[int, ...]] = {
    "1": (112,),
    "2": (7, 16),
    "3": (45,),
    "4": (36,),
    "A": (98, 108),
}
WHOLE_NUMBERS = frozenset({7, 16, 34, 36, 45, 98, 108, 369, 789})
SINGLE = frozenset({8, 9, 10, 34, 35, 43, 49, 50, 52, 56, 57, 97, 122})


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a message is rejected: SessionRejectReason (373), the tag it is about (371) and the text (58)."""

    reason: int
    tag: int
    text: str


def validate(message: Message) -> Problem | None:
    """The first problem of a message, or None."""
    for check in CHECKS:
        problem = check(message)
        if problem is not None:
            return problem
    return None


def _known_type(message: Message) -> Problem | None:
    known = KNOWN_TYPES.get(message.begin_string)
    msg_type = message.msg_type
    if msg_type[:1] == "U" or (msg_type in known if known else 0 < len(msg_type) <= 2):
        return None
    return Problem(11, 35, f"invalid MsgType {msg_type!r}")


def _values_present(message: Message) -> Problem | None:
    empty = next((tag for tag, value in message.fields if not value), None)
    return None if empty is None else Problem(4, empty, f"tag {empty} specified without a value")


def _single_fields(message: Message) -> Problem | None:
    seen: set[int] = set()
    for tag, _ in message.fields:
        if tag in SINGLE and tag in seen:
            return Problem(13, tag, f"tag {tag} appears more than once")
        seen.add(tag)
    return None


def _required_fields(message: Message) -> Problem | None:
    missing = next((tag for tag in REQUIRED.get(message.msg_type, ()) if tag not in message.values), None)
    return None if missing is None else Problem(1, missing, f"required tag {missing} is missing")


def _number_fields(message: Message) -> Problem | None:
    for tag in WHOLE_NUMBERS:
        if tag in message.values and message.integer(tag) is None:
            return Problem(6, tag, f"tag {tag}: expected a whole number, found {message.values[tag][:20]!r}")
    return None


CHECKS: tuple[Callable[[Message], Problem | None], ...] = (
    _known_type,
    _values_present,
    _single_fields,
    _required_fields,
    _number_fields,
)
