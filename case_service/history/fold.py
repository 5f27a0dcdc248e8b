"""A case as it was: its audit records, oldest first, up to a revision or a time.

What a record does not say (title, place, family) never changes; what alerts say is read at the revisions the records
name. Nothing else is kept for this: the history that is proved by its chain is the history that is shown.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from case_service.audit import Record
from case_service.case import WATCH_TAG, Attachment, CaseState, Comment, Disposition, LinkKind, Pending, Step, Work
from tapewatch.runtime.errors import FailedPrecondition, NotFound

Detail = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PastLink:
    """A link as a record says it."""

    kind: LinkKind
    reason: str
    author: str
    time_ns: int


@dataclass(slots=True)
class Past:
    """What the records say of a case up to one of them; `alerts` is id -> revision, `said` step -> what was said."""

    version: int = 0
    work: Work = field(default_factory=Work)
    priority: int = 0
    priority_reasons: tuple[str, ...] = ()
    known_behaviour_id: str = ""
    create_time_ns: int = 0
    update_time_ns: int = 0
    clock_start_time_ns: int = 0
    due_time_ns: int = 0
    state_time_ns: int = 0
    close_time_ns: int = 0
    alerts: dict[str, int] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    said: dict[str, Step] = field(default_factory=dict)
    links: dict[str, PastLink] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)


def folded(records: Iterable[Record], revision: int, until_ns: int) -> Past:
    """What the records say up to a revision (0: any) and a time.

    Raises NotFound where the case was not there yet or has no such revision, FailedPrecondition where its records were
    erased, or written by a version that did not number the revisions.
    """
    past = Past()
    for record in records:
        if record.time_ns > until_ns:
            break
        if record.content_hash:
            raise _untold("erased", "its content was erased by policy")
        detail: Detail = json.loads(record.detail)
        number = detail.get("case_revision")
        if number is None and record.action == "OpenCase":
            raise _untold("incomplete", "it was recorded before revisions were numbered")
        if number is None:
            continue
        if revision and number > revision:
            break
        past.version, past.update_time_ns = number, record.time_ns
        _take(past, record, detail)
    if past.version == 0 or past.version < revision:
        found = f"revisions up to {past.version}" if past.version else "none: it was opened later"
        raise NotFound("REVISION_NOT_FOUND", f"expected the case as it was then, found {found}")
    return past


def _take(past: Past, record: Record, detail: Detail) -> None:
    _ACTIONS.get(record.action, _nothing)(past, record, detail)
    if record.alert_id:
        past.alerts[record.alert_id] = detail["revision"]
    past.priority = detail.get("priority", past.priority)
    past.priority_reasons = tuple(detail.get("priority_reasons", past.priority_reasons))
    past.tags.update(f"{WATCH_TAG}{name}" for name in detail.get("watched", ()))
    _move(past, record, detail)
    past.due_time_ns = detail.get("due_time_ns", past.due_time_ns)


def _move(past: Past, record: Record, detail: Detail) -> None:
    """The state a record says, and the clocks that go with it."""
    state = CaseState(record.to_state)
    if record.from_state == record.to_state:
        return
    past.work = replace(past.work, state=state)
    past.state_time_ns = record.time_ns
    past.close_time_ns = record.time_ns if state is CaseState.CLOSED else 0
    if state is not CaseState.CLOSED:
        past.known_behaviour_id = ""


def _nothing(past: Past, record: Record, detail: Detail) -> None:
    return None


def _open(past: Past, record: Record, detail: Detail) -> None:
    past.create_time_ns = past.clock_start_time_ns = record.time_ns
    past.known_behaviour_id = detail.get("known_behaviour_id", "")
    if past.known_behaviour_id:
        past.work = replace(past.work, disposition=Disposition.KNOWN_BEHAVIOUR, disposition_reason=record.reason)


def _assign(past: Past, record: Record, detail: Detail) -> None:
    past.work = replace(past.work, assignee=detail["assignee"])


def _release(past: Past, record: Record, detail: Detail) -> None:
    past.work = replace(past.work, assignee="")


def _return(past: Past, record: Record, detail: Detail) -> None:
    past.work = replace(past.work, assignee=detail.get("assignee", past.work.assignee))
    past.clock_start_time_ns = record.time_ns


def _close(past: Past, record: Record, detail: Detail) -> None:
    disposition = Disposition[detail["disposition"]]
    past.work = Work(past.work.state, past.work.assignee, disposition, record.reason)


def _propose(past: Past, record: Record, detail: Detail) -> None:
    proposed = Pending(Disposition[detail["disposition"]], record.reason, record.actor, record.time_ns)
    past.work = replace(past.work, pending=proposed)


def _approve(past: Past, record: Record, detail: Detail) -> None:
    disposition = Disposition[detail["disposition"]]
    past.work = Work(past.work.state, past.work.assignee, disposition, detail["proposed"])


def _drop_proposal(past: Past, record: Record, detail: Detail) -> None:
    past.work = replace(past.work, pending=None)


def _reopen(past: Past, record: Record, detail: Detail) -> None:
    past.work = Work(past.work.state)
    past.clock_start_time_ns = record.time_ns


def _comment(past: Past, record: Record, detail: Detail) -> None:
    past.comments.append(Comment(record.actor, record.time_ns, detail["text"]))


def _tag(past: Past, record: Record, detail: Detail) -> None:
    past.tags.difference_update(detail.get("remove", ()))
    past.tags.update(detail.get("add", ()))


def _check(past: Past, record: Record, detail: Detail) -> None:
    said = (detail["done"], record.actor, record.time_ns, detail.get("note", ""))
    past.said[detail["step_id"]] = Step(detail["step_id"], "", "", "", *said)


def _link(past: Past, record: Record, detail: Detail) -> None:
    link = PastLink(LinkKind[detail["kind"]], record.reason, record.actor, record.time_ns)
    past.links[detail["other_case_id"]] = link


def _unlink(past: Past, record: Record, detail: Detail) -> None:
    past.links.pop(detail["other_case_id"], None)


def _attach(past: Past, record: Record, detail: Detail) -> None:
    file = (detail["sha256"], detail["name"], detail["media_type"], detail.get("size_bytes", 0))
    past.attachments.append(Attachment(*file, record.actor, record.time_ns))


_ACTIONS: Mapping[str, Callable[[Past, Record, Detail], None]] = {
    "OpenCase": _open,
    "AssignCase": _assign,
    "ReleaseCase": _release,
    "ReturnCase": _return,
    "CloseCase": _close,
    "ProposeClose": _propose,
    "ApproveClose": _approve,
    "RejectClose": _drop_proposal,
    "WithdrawClose": _drop_proposal,
    "ReopenCase": _reopen,
    "CommentCase": _comment,
    "TagCase": _tag,
    "CheckStep": _check,
    "LinkCase": _link,
    "UnlinkCase": _unlink,
    "AttachFile": _attach,
}


def _untold(reason: str, why: str) -> FailedPrecondition:
    return FailedPrecondition(
        f"HISTORY_{reason.upper()}", f"expected the whole history of the case, found that {why}; read it as it is"
    )
