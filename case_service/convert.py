"""Protobuf to domain and back."""

from typing import Any

from case_service.audit import Record
from case_service.case import Case, Disposition
from case_service.lifecycle import Command, Verb, check
from case_service.store.batch import Incoming
from surveillance.v1 import alert_pb2, case_pb2
from tapewatch import alert as alerts
from tapewatch.alert import AlertError
from tapewatch.runtime.access import Caller, acting
from tapewatch.runtime.errors import InvalidArgument

ALERT_BYTES_MAX = 1024 * 1024
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


def command_of(request: Any, caller: Caller) -> Command:
    """The command of a verb's request, checked.

    Who acts is the caller, or whom the request names where callers are not known; the connection's name is kept too.
    """
    verb = _VERBS[type(request).__name__]
    optional = {name: getattr(request, name, "") for name in ("assignee", "reason", "text")}
    command = Command(
        verb=verb,
        case_id=request.case_id,
        etag=request.etag,
        actor=acting(caller, request.actor),
        request_id=request.request_id,
        channel=caller.channel,
        disposition=_disposition_of(getattr(request, "disposition", 0)),
        **optional,
    )
    check(command)
    return command


def _disposition_of(number: int) -> Disposition:
    try:
        return Disposition(number)
    except ValueError as error:
        names = ", ".join(f"DISPOSITION_{each.name}" for each in Disposition if each)
        raise InvalidArgument(
            "FIELD_INVALID", f"disposition: expected one of {names}, found {number}", field="disposition"
        ) from error


def case_message(case: Case) -> case_pb2.Case:
    """A case as `surveillance.v1.Case`."""
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
    )


def case_bytes(case: Case) -> bytes:
    """A case as the bytes of its message."""
    return case_message(case).SerializeToString()


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
