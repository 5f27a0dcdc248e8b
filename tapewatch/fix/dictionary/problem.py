"""Why a message is refused, in the standard's numbers (SessionRejectReason, 373) and words (58)."""

from dataclasses import dataclass
from enum import IntEnum


class Reason(IntEnum):
    """SessionRejectReason."""

    INVALID_TAG = 0
    REQUIRED_MISSING = 1
    NOT_IN_MESSAGE = 2
    NO_VALUE = 4
    WRONG_VALUE = 5
    WRONG_FORMAT = 6
    COMP_ID = 9
    SENDING_TIME = 10
    INVALID_TYPE = 11
    REPEATED = 13
    OUT_OF_ORDER = 14
    GROUP_ORDER = 15
    GROUP_COUNT = 16


PHRASES: dict[Reason, str] = {
    Reason.INVALID_TAG: "Invalid tag number",
    Reason.REQUIRED_MISSING: "Required tag missing",
    Reason.NOT_IN_MESSAGE: "Tag not defined for this message type",
    Reason.NO_VALUE: "Tag specified without a value",
    Reason.WRONG_VALUE: "Value is incorrect (out of range) for this tag",
    Reason.WRONG_FORMAT: "Incorrect data format for value",
    Reason.COMP_ID: "CompID problem",
    Reason.SENDING_TIME: "SendingTime accuracy problem",
    Reason.INVALID_TYPE: "Invalid MsgType",
    Reason.REPEATED: "Tag appears more than once",
    Reason.OUT_OF_ORDER: "Tag specified out of required order",
    Reason.GROUP_ORDER: "Repeating group fields out of order",
    Reason.GROUP_COUNT: "Incorrect NumInGroup count for repeating group",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a message is refused: the reason and the tag it is about (371), if it is about one."""

    reason: Reason
    tag: int | None = None

    @property
    def text(self) -> str:
        """The standard's words for the reason."""
        return PHRASES[self.reason]
