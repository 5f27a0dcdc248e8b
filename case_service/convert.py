"""Protobuf to domain and back."""

import hashlib
from dataclasses import asdict
from typing import Any

from case_service.ageing import ageing_of
from case_service.audit import Record
from case_service.case import Attachment, Case, Disposition, Link, Pending, Step
from case_service.commands import check, wrong
from case_service.lifecycle import Command, Verb
from case_service.store.batch import Incoming
from surveillance.v1 import alert_pb2, case_pb2, case_work_pb2
from tapewatch import alert as alerts
from tapewatch.alert import AlertError
from tapewatch.runtime.access import Caller, acting
from tapewatch.runtime.errors import InvalidArgument, ResourceExhausted

ALERT_BYTES_MAX = 1024 * 1024
BATCH_CASES_MAX = 100
MEDIA_TYPE_UNKNOWN = "application/octet-stream"
_VERBS: dict[str, Verb] = {f"{verb.value}Request": verb for verb in Verb}


def incoming_of(message: alert_pb2.Alert, position: int) -> Incoming:
    """An alert of a request, checked and canonical; InvalidArgument naming its place and field."""
    try:
        alert, body = alerts.canonical_bytes(message)
    except AlertError as error:
        text = str(error).removeprefix("alert.")
        raise InvalidArgument(
            "INVALID_ALERT", f"alerts[{position}].{text}", field=f"alerts[{position}].{error.field}"
        ) from error
    if len(body) > ALERT_BYTES_MAX:
        raise InvalidArgument(
            "ALERT_TOO_LARGE",
            f"alerts[{position}]: expected at most {ALERT_BYTES_MAX} bytes, found {len(body)}; name fewer orders, "
            "trades or events as evidence",
            field=f"alerts[{position}]",
        )
    return Incoming.of(alert, body)


def command_of(request: Any, caller: Caller, **particulars: Any) -> Command:
    """The command of a verb's request, checked; `particulars` are what the request does not say itself.

    Who acts is the caller, or whom the request names where callers are not known; the connection's name is kept too.
    """
    known = {each.name for each in request.DESCRIPTOR.fields}
    texts = {name: getattr(request, name) for name in _TAKEN & known}
    tags = {name: tuple(sorted(set(getattr(request, name)))) for name in ("add", "remove") if name in known}
    disposition = disposition_of(request.disposition) if "disposition" in known else Disposition.NONE
    command = Command(
        verb=_verb_of(request, disposition),
        case_id=request.case_id,
        etag=request.etag,
        actor=acting(caller, request.actor),
        request_id=request.request_id,
        channel=caller.channel,
        disposition=disposition,
        **{**texts, **tags, **particulars},
    )
    check(command)
    return command


_TAKEN = frozenset(
    {"assignee", "reason", "text", "step_id", "done", "note", "other_case_id", "kind", "name", "media_type"}
)


def _verb_of(request: Any, disposition: Disposition) -> Verb:
    """CloseCase as REPORTED only proposes it: that takes four eyes."""
    verb = _VERBS[type(request).__name__]
    return Verb.PROPOSE_CLOSE if verb is Verb.CLOSE and disposition is Disposition.REPORTED else verb


def attach_command_of(request: case_work_pb2.AttachFileRequest, caller: Caller, size_bytes_max: int) -> Command:
    """The command that keeps a file with a case, checked: its hash is that of the content, and it is not too large."""
    size_bytes = len(request.content)
    if size_bytes > size_bytes_max:
        raise ResourceExhausted(
            "FILE_TOO_LARGE",
            f"content: expected at most {size_bytes_max} bytes, found {size_bytes}; attach a smaller file",
            field="content",
        )
    sha256 = hashlib.sha256(request.content).hexdigest()
    if request.sha256.lower() not in ("", sha256):
        raise wrong("AttachFile", "sha256", f"{sha256}, that of the content", repr(request.sha256[:80]))
    media_type = request.media_type.lower() or MEDIA_TYPE_UNKNOWN
    return command_of(request, caller, media_type=media_type, sha256=sha256, size_bytes=size_bytes)


def batch_commands_of(request: Any, caller: Caller) -> list[Command]:
    """The commands of a batch, one a case, each with a request id of its own; InvalidArgument for the whole."""
    single = _SINGLE[type(request).__name__]
    if not 0 < len(request.cases) <= BATCH_CASES_MAX:
        raise wrong(single.DESCRIPTOR.name, "cases", f"1 to {BATCH_CASES_MAX} cases", str(len(request.cases)))
    named = [each.case_id for each in request.cases]
    if len(set(named)) != len(named):
        raise wrong(single.DESCRIPTOR.name, "cases", "each case once", "one twice")
    known = {each.name for each in single.DESCRIPTOR.fields} & {each.name for each in request.DESCRIPTOR.fields}
    shared = {name: getattr(request, name) for name in known - {"request_id"}}
    commands = []
    for each in request.cases:
        request_id = _digest(request.request_id, each.case_id) if request.request_id else ""
        commands.append(
            command_of(single(case_id=each.case_id, etag=each.etag, request_id=request_id, **shared), caller)
        )
    return commands


_SINGLE: dict[str, Any] = {
    "BatchAssignCasesRequest": case_pb2.AssignCaseRequest,
    "BatchCloseCasesRequest": case_pb2.CloseCaseRequest,
}


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def disposition_of(number: int) -> Disposition:
    """How people end a case; InvalidArgument for what is none, or for entries of known behaviour only."""
    if number not in _ENDINGS:
        names = ", ".join(f"DISPOSITION_{each.name}" for each in Disposition if each and each in _ENDINGS)
        raise InvalidArgument(
            "FIELD_INVALID", f"disposition: expected one of {names}, found {number}", field="disposition"
        )
    return Disposition(number)


_ENDINGS = frozenset(Disposition) - {Disposition.KNOWN_BEHAVIOUR}


def case_message(case: Case, now_ns: int) -> case_pb2.Case:
    """A case as `surveillance.v1.Case`, its ageing as of a time."""
    pending = case.work.pending
    return case_pb2.Case(
        case_id=case.case_id,
        number=case.number,
        title=case.title,
        state=case_pb2.CaseState.Name(case.work.state),
        priority=case.priority,
        severity=alert_pb2.Severity.Name(case.severity),
        score=case.score,
        venue=case.venue,
        instrument=case.instrument,
        typology_family=case.typology_family,
        accounts=case.accounts,
        owners=case.owners,
        alert_ids=case.alert_ids,
        rule_ids=case.rule_ids,
        explanations=case.explanations,
        start_time_ns=case.start_time_ns,
        end_time_ns=case.end_time_ns,
        assignee=case.work.assignee,
        disposition=case_pb2.Disposition.Name(case.work.disposition),
        disposition_reason=case.work.disposition_reason,
        comments=[case_pb2.Comment(author=c.author, time_ns=c.time_ns, text=c.text) for c in case.comments],
        create_time_ns=case.create_time_ns,
        update_time_ns=case.update_time_ns,
        due_time_ns=case.due_time_ns,
        etag=case.etag,
        revision=case.version,
        priority_reasons=case.priority_reasons,
        value_at_stake=case.value_at_stake,
        tags=case.tags,
        checklist=[_step_message(step) for step in case.steps],
        links=[_link_message(link) for link in case.links],
        attachments=[attachment_message(each) for each in case.attachments],
        pending_close=None if pending is None else _pending_message(pending),
        state_time_ns=case.state_time_ns,
        close_time_ns=case.close_time_ns,
        ageing=case_work_pb2.Ageing.Name(ageing_of(case, now_ns)),
        watch_lists=case.watch_lists,
        known_behaviour_id=case.known_behaviour_id,
    )


def case_bytes(case: Case, now_ns: int) -> bytes:
    """A case as the bytes of its message."""
    return case_message(case, now_ns).SerializeToString()


def _pending_message(pending: Pending) -> case_pb2.PendingClose:
    return case_pb2.PendingClose(
        disposition=case_pb2.Disposition.Name(pending.disposition),
        reason=pending.reason,
        proposer=pending.proposer,
        time_ns=pending.time_ns,
    )


def _step_message(step: Step) -> case_work_pb2.ChecklistStep:
    return case_work_pb2.ChecklistStep(**asdict(step))


def _link_message(link: Link) -> case_work_pb2.CaseLink:
    return case_work_pb2.CaseLink(
        case_id=link.case_id,
        number=link.number,
        kind=case_work_pb2.LinkKind.Name(link.kind),
        reason=link.reason,
        author=link.author,
        time_ns=link.time_ns,
    )


def attachment_message(attachment: Attachment) -> case_work_pb2.Attachment:
    """A file kept with a case, without its content."""
    return case_work_pb2.Attachment(**asdict(attachment))


def audit_message(record: Record) -> case_pb2.AuditRecord:
    """An audit record as `surveillance.v1.AuditRecord`, which has all that its hash covers."""
    return case_pb2.AuditRecord(
        sequence=record.sequence,
        time_ns=record.time_ns,
        actor=record.actor,
        action=record.action,
        subject=record.subject,
        reason=record.reason,
        from_state=case_pb2.CaseState.Name(record.from_state),
        to_state=case_pb2.CaseState.Name(record.to_state),
        detail_json=record.detail,
        previous_hash=record.previous_hash,
        hash=record.hash,
        alert_id=record.alert_id,
        salt=record.salt,
        content_hash=record.content_hash,
    )
