"""How a case moves: by verbs, along one table; everything else is refused."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from case_service.case import CaseState, Disposition, Pending, Work
from tapewatch.runtime.errors import FailedPrecondition


class Verb(Enum):
    """What can be done to a case; the value is the method and the action in the audit trail.

    CloseCase as REPORTED is PROPOSE_CLOSE; ESCALATE_OVERDUE is the clock's, no method does it.
    """

    ASSIGN = "AssignCase"
    RELEASE = "ReleaseCase"
    START_REVIEW = "StartReview"
    ESCALATE = "EscalateCase"
    ESCALATE_OVERDUE = "EscalateOverdue"
    RETURN = "ReturnCase"
    CLOSE = "CloseCase"
    PROPOSE_CLOSE = "ProposeClose"
    APPROVE_CLOSE = "ApproveClose"
    REJECT_CLOSE = "RejectClose"
    WITHDRAW_CLOSE = "WithdrawClose"
    REOPEN = "ReopenCase"
    COMMENT = "CommentCase"
    TAG = "TagCase"
    CHECK_STEP = "CheckStep"
    LINK = "LinkCase"
    UNLINK = "UnlinkCase"
    ATTACH = "AttachFile"


_OPEN, _ASSIGNED, _IN_REVIEW, _ESCALATED, _CLOSED = CaseState
_STAYS = {state: state for state in CaseState}
_PROPOSED = {_IN_REVIEW: _IN_REVIEW, _ESCALATED: _ESCALATED}
TRANSITIONS: Mapping[Verb, Mapping[CaseState, CaseState]] = {
    Verb.ASSIGN: {_OPEN: _ASSIGNED, _ASSIGNED: _ASSIGNED, _IN_REVIEW: _ASSIGNED, _ESCALATED: _ESCALATED},
    Verb.RELEASE: {_ASSIGNED: _OPEN, _IN_REVIEW: _OPEN, _ESCALATED: _ESCALATED},
    Verb.START_REVIEW: {_ASSIGNED: _IN_REVIEW},
    Verb.ESCALATE: {_ASSIGNED: _ESCALATED, _IN_REVIEW: _ESCALATED},
    Verb.ESCALATE_OVERDUE: {_OPEN: _ESCALATED, _ASSIGNED: _ESCALATED, _IN_REVIEW: _ESCALATED},
    Verb.RETURN: {_ESCALATED: _ASSIGNED},
    Verb.CLOSE: {_ASSIGNED: _CLOSED, _IN_REVIEW: _CLOSED, _ESCALATED: _CLOSED},
    Verb.PROPOSE_CLOSE: _PROPOSED,
    Verb.APPROVE_CLOSE: {_IN_REVIEW: _CLOSED, _ESCALATED: _CLOSED},
    Verb.REJECT_CLOSE: _PROPOSED,
    Verb.WITHDRAW_CLOSE: _PROPOSED,
    Verb.REOPEN: {_CLOSED: _OPEN},
    Verb.COMMENT: _STAYS,
    Verb.TAG: _STAYS,
    Verb.CHECK_STEP: {_ASSIGNED: _ASSIGNED, _IN_REVIEW: _IN_REVIEW, _ESCALATED: _ESCALATED},
    Verb.LINK: _STAYS,
    Verb.UNLINK: _STAYS,
    Verb.ATTACH: _STAYS,
}
DECIDES = frozenset({Verb.APPROVE_CLOSE, Verb.REJECT_CLOSE, Verb.WITHDRAW_CLOSE})
"""These need a proposal to close as reported."""
MOVES = frozenset(
    {Verb.ASSIGN, Verb.RELEASE, Verb.START_REVIEW, Verb.ESCALATE, Verb.RETURN, Verb.CLOSE, Verb.PROPOSE_CLOSE}
)
"""These wait while there is one; all others go on."""
CLOCK_STARTS = frozenset({Verb.REOPEN, Verb.RETURN})
"""After these a case is due by its priority from now on."""


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
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    step_id: str = ""
    done: bool = False
    note: str = ""
    other_case_id: str = ""
    kind: int = 0
    name: str = ""
    media_type: str = ""
    sha256: str = ""
    size_bytes: int = 0


def moved(work: Work, command: Command, now_ns: int = 0) -> Work:
    """What the verb makes of the case's work.

    FailedPrecondition if its state does not allow the verb (ILLEGAL_TRANSITION), if a proposal to close is in its way
    (CLOSE_PENDING) or lacking (NO_CLOSE_PENDING), or if it takes another person (FOUR_EYES, NOT_THE_PROPOSER).
    """
    verb = command.verb
    following = TRANSITIONS[verb].get(work.state)
    if following is None:
        raise _illegal(work, verb)
    _check_pending(work, command)
    if verb is Verb.ASSIGN:
        return dataclasses.replace(work, state=following, assignee=command.assignee)
    if verb is Verb.RELEASE:
        return dataclasses.replace(work, state=following, assignee="")
    if verb is Verb.RETURN:
        return _returned(work, command, following)
    return _ended(work, command, following, now_ns)


def _ended(work: Work, command: Command, following: CaseState, now_ns: int) -> Work:
    verb = command.verb
    if verb is Verb.CLOSE:
        return Work(following, work.assignee, command.disposition, command.reason)
    if verb is Verb.PROPOSE_CLOSE:
        proposed = Pending(command.disposition, command.reason, command.actor, now_ns)
        return dataclasses.replace(work, state=following, pending=proposed)
    if verb is Verb.APPROVE_CLOSE and work.pending is not None:
        return Work(following, work.assignee, work.pending.disposition, work.pending.reason)
    if verb in DECIDES:
        return dataclasses.replace(work, state=following, pending=None)
    return Work(following) if verb is Verb.REOPEN else dataclasses.replace(work, state=following)


def possible(state: CaseState, *, pending: bool = False) -> list[Verb]:
    """The verbs that a person may use in a state."""
    return [
        verb
        for verb, moves in TRANSITIONS.items()
        if state in moves
        and verb not in (Verb.ESCALATE_OVERDUE, Verb.PROPOSE_CLOSE)
        and verb not in (MOVES if pending else DECIDES)
    ]


def _illegal(work: Work, verb: Verb) -> FailedPrecondition:
    allowed = ", ".join(state.name for state in TRANSITIONS[verb])
    what = "CloseCase as REPORTED" if verb is Verb.PROPOSE_CLOSE else verb.value
    names = ", ".join(each.value for each in possible(work.state, pending=work.pending is not None))
    return FailedPrecondition(
        "ILLEGAL_TRANSITION",
        f"{what}: expected a case in {allowed}, found {work.state.name}; possible now: {names}",
        state=work.state.name,
    )


def _check_pending(work: Work, command: Command) -> None:
    verb, pending = command.verb, work.pending
    if pending is None:
        if verb in DECIDES:
            raise FailedPrecondition(
                "NO_CLOSE_PENDING",
                f"{verb.value}: expected a proposal to close as reported, found none; CloseCase as REPORTED makes one",
                state=work.state.name,
            )
        return
    if verb in MOVES:
        raise FailedPrecondition(
            "CLOSE_PENDING",
            f"{verb.value}: expected no proposal to close, found one as {pending.disposition.name} by "
            f"{pending.proposer}; possible now: ApproveClose or RejectClose by somebody else, WithdrawClose",
            state=work.state.name,
        )
    if verb in (Verb.APPROVE_CLOSE, Verb.REJECT_CLOSE) and command.actor == pending.proposer:
        raise FailedPrecondition(
            "FOUR_EYES",
            f"{verb.value}: expected somebody else than {pending.proposer}, who proposed it, found the same; ask a "
            "colleague, or take it back with WithdrawClose",
            proposer=pending.proposer,
        )
    if verb is Verb.WITHDRAW_CLOSE and command.actor != pending.proposer:
        raise FailedPrecondition(
            "NOT_THE_PROPOSER",
            f"{verb.value}: expected {pending.proposer}, who proposed it, found {command.actor}; RejectClose refuses "
            "what somebody else proposed",
            proposer=pending.proposer,
        )


def _returned(work: Work, command: Command, following: CaseState) -> Work:
    assignee = command.assignee or work.assignee
    if not assignee:
        raise FailedPrecondition(
            "NO_ASSIGNEE",
            f"{command.verb.value}: expected an assignee, found a case that nobody had; name one",
            state=work.state.name,
        )
    return dataclasses.replace(work, state=following, assignee=assignee)
