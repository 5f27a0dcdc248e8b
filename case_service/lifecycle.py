"""How a case moves: by verbs, along one table; everything else is refused."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from case_service.case import CaseState, Disposition, Work
from tapewatch.runtime.errors import FailedPrecondition, InvalidArgument

NAME_CHARACTERS_MAX = 200
TEXT_CHARACTERS_MAX = 4_000
REQUEST_ID_CHARACTERS_MAX = 200


class Verb(Enum):
    """What can be done to a case; the value is the method and the action in the audit trail."""

    ASSIGN = "AssignCase"
    START_REVIEW = "StartReview"
    ESCALATE = "EscalateCase"
    CLOSE = "CloseCase"
    REOPEN = "ReopenCase"
    COMMENT = "CommentCase"


_OPEN, _ASSIGNED, _IN_REVIEW, _ESCALATED, _CLOSED = CaseState
TRANSITIONS: Mapping[Verb, Mapping[CaseState, CaseState]] = {
    Verb.ASSIGN: {_OPEN: _ASSIGNED, _ASSIGNED: _ASSIGNED},
    Verb.START_REVIEW: {_ASSIGNED: _IN_REVIEW},
    Verb.ESCALATE: {_ASSIGNED: _ESCALATED, _IN_REVIEW: _ESCALATED},
    Verb.CLOSE: {_ASSIGNED: _CLOSED, _IN_REVIEW: _CLOSED, _ESCALATED: _CLOSED},
    Verb.REOPEN: {_CLOSED: _OPEN},
    Verb.COMMENT: {state: state for state in CaseState},
}
REQUIRED: Mapping[Verb, tuple[str, ...]] = {
    Verb.ASSIGN: ("assignee",),
    Verb.START_REVIEW: (),
    Verb.ESCALATE: ("reason",),
    Verb.CLOSE: ("disposition", "reason"),
    Verb.REOPEN: ("reason",),
    Verb.COMMENT: ("text",),
}
"""What each verb cannot do without, besides the case, its etag and who acts."""


@dataclass(frozen=True, slots=True)
class Command:
    """One request to move a case. `channel` is who the connection proved to be, where it did."""

    verb: Verb
    case_id: str
    etag: str
    actor: str
    request_id: str = ""
    channel: str = ""
    assignee: str = ""
    disposition: Disposition = Disposition.NONE
    reason: str = ""
    text: str = ""


LIMITS: Mapping[str, int] = {
    "actor": NAME_CHARACTERS_MAX,
    "assignee": NAME_CHARACTERS_MAX,
    "request_id": REQUEST_ID_CHARACTERS_MAX,
    "reason": TEXT_CHARACTERS_MAX,
    "text": TEXT_CHARACTERS_MAX,
}


def check(command: Command) -> None:
    """Raises InvalidArgument naming the first field that is missing or too long."""
    for name in ("case_id", "etag", "actor", *REQUIRED[command.verb]):
        value = getattr(command, name)
        if not (value.strip() if isinstance(value, str) else value):
            raise InvalidArgument(
                "FIELD_REQUIRED",
                f"{command.verb.value}: expected {name}, found none; send it",
                field=name,
            )
    for name, characters_max in LIMITS.items():
        text = getattr(command, name)
        if len(text) > characters_max or "\0" in text:
            raise InvalidArgument(
                "FIELD_INVALID",
                f"{command.verb.value}: expected {name} of at most {characters_max} characters without NUL, "
                f"found {len(text)} characters",
                field=name,
            )


def moved(work: Work, command: Command) -> Work:
    """What the verb makes of the case's work; FailedPrecondition if its state does not allow the verb."""
    following = TRANSITIONS[command.verb].get(work.state)
    if following is None:
        allowed = ", ".join(state.name for state in TRANSITIONS[command.verb])
        raise FailedPrecondition(
            "ILLEGAL_TRANSITION",
            f"{command.verb.value}: expected a case in {allowed}, found {work.state.name}; "
            f"possible now: {', '.join(verb.value for verb in possible(work.state))}",
            state=work.state.name,
        )
    if command.verb is Verb.ASSIGN:
        return dataclasses.replace(work, state=following, assignee=command.assignee)
    if command.verb is Verb.CLOSE:
        return Work(following, work.assignee, command.disposition, command.reason)
    if command.verb is Verb.REOPEN:
        return Work(following)
    return dataclasses.replace(work, state=following)


def possible(state: CaseState) -> list[Verb]:
    """The verbs a state allows."""
    return [verb for verb, moves in TRANSITIONS.items() if state in moves]
