"""Moves a case: checks the etag and the request id, applies the verb, writes the history."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from case_service.audit import Entry, detail_json
from case_service.case import Case, CaseState, Disposition, Pending, Work, etag_of
from case_service.grouping import Policy
from case_service.lifecycle import CLOCK_STARTS, Command, Verb, moved
from case_service.store import effects
from case_service.store.reading import case_named, case_number_of
from case_service.store.tables import cases, requests
from case_service.store.transaction import Transaction
from case_service.store.whole import work_of
from tapewatch.runtime.errors import Aborted, AlreadyExists

REQUESTS_KEPT_DAYS = 7
NANOSECONDS_OF_DAY = 86_400_000_000_000
REQUESTS_DROPPED_MAX = 100
"""At most so many old request ids are dropped with each new one, so that no single call pays for many."""


def perform(shared: Transaction, command: Command, policy: Policy, encode: Callable[[Case], bytes]) -> bytes:
    """Apply a checked command and return the changed case, encoded; a repeated request id returns the first answer.

    Raises NotFound, AlreadyExists (the request id was used for something else), Aborted (a stale etag),
    FailedPrecondition (the state does not allow the verb) and what `effects.apply` raises.
    """
    content = {**asdict(command), "verb": command.verb.value, "disposition": command.disposition.name}
    content_hash = content_hash_of(content)
    answered = answer_before(shared, command.request_id, content_hash)
    if answered is not None:
        return answered
    number = case_number_of(shared.connection, command.case_id)
    row = shared.connection.execute(select(cases).where(cases.c.number == number).with_for_update()).one()
    _check_etag(row, command)
    move(shared, row, command, policy)
    response = encode(case_named(shared.connection, str(row.case_id)))
    remember(shared, command.request_id, content_hash, response)
    return response


def move(shared: Transaction, row: Row[*tuple[Any, ...]], command: Command, policy: Policy) -> None:
    """Apply a command to a case's row as it stands, with all that goes with it, and write its history."""
    before = work_of(row)
    after = moved(before, command, shared.now_ns)
    values = _changes(shared, row, before, after, policy, command)
    shared.connection.execute(update(cases).where(cases.c.number == row.number).values(values))
    particulars = effects.apply(effects.Change(shared, row, command, after))
    shared.audit([_entry(command, row, before, after, {**_particulars(command, row, before, values), **particulars})])


def content_hash_of(content: Mapping[str, Any]) -> str:
    """What a request asks for, as a hash: a repeated one has the same."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def answer_before(shared: Transaction, request_id: str, content_hash: str) -> bytes | None:
    """What a request with this id was answered before; AlreadyExists where it asked for something else."""
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
    shared: Transaction, row: Row[*tuple[Any, ...]], before: Work, after: Work, policy: Policy, command: Command
) -> Mapping[str, Any]:
    clock_start_time_ns = shared.now_ns if command.verb in CLOCK_STARTS else row.clock_start_time_ns
    moves = after.state != before.state
    closing = after.state == CaseState.CLOSED
    pending = after.pending or _NOTHING_PENDING
    return {
        "state": int(after.state),
        "assignee": after.assignee,
        "disposition": int(after.disposition),
        "disposition_reason": after.disposition_reason,
        "pending_disposition": int(pending.disposition),
        "pending_reason": pending.reason,
        "pending_proposer": pending.proposer,
        "pending_time_ns": pending.time_ns,
        "known_behaviour_id": row.known_behaviour_id if closing else "",
        "state_time_ns": shared.now_ns if moves else row.state_time_ns,
        "close_time_ns": (shared.now_ns if moves else row.close_time_ns) if closing else 0,
        "clock_start_time_ns": clock_start_time_ns,
        "due_time_ns": policy.due_time_ns(clock_start_time_ns, row.priority),
        "update_time_ns": shared.now_ns,
        "version": row.version + 1,
        "change_sequence": shared.next_change(),
    }


_NOTHING_PENDING = Pending(Disposition.NONE, "", "", 0)
_TOLD = ("assignee", "channel", "request_id", "text", "step_id", "note", "name", "media_type", "sha256", "size_bytes")


def _particulars(
    command: Command, row: Row[*tuple[Any, ...]], before: Work, values: Mapping[str, Any]
) -> dict[str, object]:
    """What the audit trail says of a change besides actor, reason and states."""
    given: dict[str, object] = {name: value for name in _TOLD if (value := getattr(command, name))}
    given |= {name: sorted(value) for name in ("add", "remove") if (value := getattr(command, name))}
    if command.disposition:
        given["disposition"] = command.disposition.name
    if command.verb is Verb.APPROVE_CLOSE and before.pending is not None:
        pending = before.pending
        given |= {"disposition": pending.disposition.name, "proposer": pending.proposer, "proposed": pending.reason}
    if command.verb is Verb.CHECK_STEP:
        given["done"] = command.done
    if values["due_time_ns"] != row.due_time_ns:
        given["due_time_ns"] = values["due_time_ns"]
    return {**given, "case_revision": row.version + 1}


def _entry(
    command: Command, row: Row[*tuple[Any, ...]], before: Work, after: Work, particulars: Mapping[str, object]
) -> Entry:
    return Entry(
        actor=command.actor,
        action=command.verb.value,
        subject=row.case_id,
        reason=command.reason,
        from_state=before.state,
        to_state=after.state,
        detail=detail_json(**particulars),
    )


def remember(shared: Transaction, request_id: str, content_hash: str, response: bytes) -> None:
    """Keep the answer to a request with an id, for a while."""
    if not request_id:
        return
    oldest_ns = shared.now_ns - REQUESTS_KEPT_DAYS * NANOSECONDS_OF_DAY
    old = select(requests.c.request_id).where(requests.c.time_ns < oldest_ns).limit(REQUESTS_DROPPED_MAX)
    shared.connection.execute(delete(requests).where(requests.c.request_id.in_(old)))
    row = {"request_id": request_id, "time_ns": shared.now_ns, "content_hash": content_hash, "response": response}
    shared.connection.execute(insert(requests), row)
