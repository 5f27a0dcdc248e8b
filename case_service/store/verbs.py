"""Moves a case: checks the etag and the request id, applies the verb, writes the history."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from case_service.audit import Entry, detail_json
from case_service.case import COMMENTS_OF_CASE_MAX, Case, CaseState, Disposition, Work, etag_of
from case_service.grouping import Policy
from case_service.lifecycle import Command, Verb, moved
from case_service.store.reading import case_named, case_number_of
from case_service.store.tables import cases, comments, requests
from case_service.store.transaction import Transaction
from tapewatch.runtime.errors import Aborted, AlreadyExists, ResourceExhausted

REQUESTS_KEPT_DAYS = 7
NANOSECONDS_OF_DAY = 86_400_000_000_000
REQUESTS_DROPPED_MAX = 100
"""At most so many old request ids are dropped with each new one, so that no single call pays for many."""


def perform(shared: Transaction, command: Command, policy: Policy, encode: Callable[[Case], bytes]) -> bytes:
    """Apply a checked command and return the changed case, encoded; a repeated request id returns the first answer.

    Raises NotFound, AlreadyExists (the request id was used for something else), Aborted (a stale etag),
    FailedPrecondition (the state does not allow the verb) and ResourceExhausted (too many comments).
    """
    content_hash = _content_hash(command)
    answered = _answered(shared, command.request_id, content_hash)
    if answered is not None:
        return answered
    number = case_number_of(shared.connection, command.case_id)
    row = shared.connection.execute(select(cases).where(cases.c.number == number).with_for_update()).one()
    _check_etag(row, command)
    before = Work(CaseState(row.state), row.assignee, Disposition(row.disposition), row.disposition_reason)
    after = moved(before, command)
    shared.connection.execute(
        update(cases).where(cases.c.number == number).values(_changes(shared, row, after, policy, command))
    )
    if command.verb is Verb.COMMENT:
        _comment(shared, number, command)
    shared.audit([_entry(command, row.case_id, before, after)])
    response = encode(case_named(shared.connection, str(row.case_id)))
    _remember(shared, command.request_id, content_hash, response)
    return response


def _content_hash(command: Command) -> str:
    content = {**asdict(command), "verb": command.verb.value, "disposition": command.disposition.name}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _answered(shared: Transaction, request_id: str, content_hash: str) -> bytes | None:
    if not request_id:
        return None
    query = select(requests.c.content_hash, requests.c.response).where(requests.c.request_id == request_id)
    row = shared.connection.execute(query).one_or_none()
    if row is None:
        return None
    if row.content_hash != content_hash:
        raise AlreadyExists(
            "REQUEST_ID_REUSED",
            f"request_id: expected a new one for a new request, found {request_id!r} used before with other content; "
            "make a fresh id for every request and keep it only for retries",
            field="request_id",
        )
    response: bytes = row.response
    return response


def _check_etag(row: Row[*tuple[Any, ...]], command: Command) -> None:
    current = etag_of(row.case_id, row.version)
    if command.etag != current:
        raise Aborted(
            "STALE_ETAG",
            f"{command.verb.value}: expected etag {current} of case {row.number}, found {command.etag!r}; someone "
            "changed the case: read it again and decide anew",
            case_id=row.case_id,
        )


def _changes(
    shared: Transaction, row: Row[*tuple[Any, ...]], after: Work, policy: Policy, command: Command
) -> Mapping[str, Any]:
    clock_start_time_ns = shared.now_ns if command.verb is Verb.REOPEN else row.clock_start_time_ns
    return {
        "state": int(after.state),
        "assignee": after.assignee,
        "disposition": int(after.disposition),
        "disposition_reason": after.disposition_reason,
        "clock_start_time_ns": clock_start_time_ns,
        "due_time_ns": policy.due_time_ns(clock_start_time_ns, row.priority),
        "update_time_ns": shared.now_ns,
        "version": row.version + 1,
        "change_sequence": shared.next_change(),
    }


def _comment(shared: Transaction, number: int, command: Command) -> None:
    query = select(func.count()).select_from(comments).where(comments.c.case_number == number)
    position = shared.connection.execute(query).scalar_one() + 1
    if position > COMMENTS_OF_CASE_MAX:
        raise ResourceExhausted(
            "TOO_MANY_COMMENTS",
            f"{command.verb.value}: expected at most {COMMENTS_OF_CASE_MAX} comments a case, found it full",
            case_id=command.case_id,
        )
    row = {"case_number": number, "position": position, "author": command.actor}
    shared.connection.execute(insert(comments), {**row, "time_ns": shared.now_ns, "text": command.text})


def _entry(command: Command, case_id: str, before: Work, after: Work) -> Entry:
    given = {
        "assignee": command.assignee,
        "channel": command.channel,
        "disposition": command.disposition.name if command.disposition else "",
        "request_id": command.request_id,
        "text": command.text,
    }
    return Entry(
        actor=command.actor,
        action=command.verb.value,
        subject=case_id,
        reason=command.reason,
        from_state=before.state,
        to_state=after.state,
        detail=detail_json(**{name: value for name, value in given.items() if value}),
    )


def _remember(shared: Transaction, request_id: str, content_hash: str, response: bytes) -> None:
    if not request_id:
        return
    oldest_ns = shared.now_ns - REQUESTS_KEPT_DAYS * NANOSECONDS_OF_DAY
    old = select(requests.c.request_id).where(requests.c.time_ns < oldest_ns).limit(REQUESTS_DROPPED_MAX)
    shared.connection.execute(delete(requests).where(requests.c.request_id.in_(old)))
    row = {"request_id": request_id, "time_ns": shared.now_ns, "content_hash": content_hash, "response": response}
    shared.connection.execute(insert(requests), row)
