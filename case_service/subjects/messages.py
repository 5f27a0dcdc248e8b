"""Entries of known behaviour and of watch lists: from requests, checked, and to messages."""

import re
from typing import Any

from case_service.commands import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, check_text, missing, wrong
from case_service.subjects.entries import (
    KNOWN_DAYS_MAX,
    PRIORITY_RAISE_MAX,
    KnownBehaviour,
    SubjectKind,
    WatchEntry,
    entry_etag,
)
from surveillance.v1 import subject_pb2

SCOPE_NAMES_MAX = 100
NANOSECONDS_OF_DAY = 86_400_000_000_000
TIME_NS_MAX = 2**63 - 1
_LIST_NAME = re.compile(r"[a-z0-9][a-z0-9._\-]{0,39}")
_KINDS = {
    subject_pb2.SUBJECT_KIND_ACCOUNT: SubjectKind.ACCOUNT,
    subject_pb2.SUBJECT_KIND_OWNER: SubjectKind.OWNER,
    subject_pb2.SUBJECT_KIND_INSTRUMENT: SubjectKind.INSTRUMENT,
}


def known_behaviour_of(
    request: subject_pb2.CreateKnownBehaviourRequest, entry_id: str, actor: str, now_ns: int
) -> KnownBehaviour:
    """The entry a request asks for, checked; InvalidArgument."""
    what = "CreateKnownBehaviour"
    _check_named(what, request, actor)
    last_ns = now_ns + KNOWN_DAYS_MAX * NANOSECONDS_OF_DAY
    if not now_ns < request.expire_time_ns <= last_ns:
        expected = f"a time after now ({now_ns}) and at most {KNOWN_DAYS_MAX} days from now ({last_ns})"
        raise wrong(what, "expire_time_ns", expected, str(request.expire_time_ns))
    return KnownBehaviour(
        entry_id=entry_id,
        subject_kind=_KINDS[request.subject_kind],
        subject=request.subject,
        typologies=_names(what, "typologies", (each.upper() for each in request.typologies)),
        instruments=_names(what, "instruments", request.instruments),
        venues=_names(what, "venues", request.venues),
        reason=request.reason,
        author=actor,
        create_time_ns=now_ns,
        expire_time_ns=request.expire_time_ns,
    )


def watch_entry_of(request: subject_pb2.CreateWatchEntryRequest, entry_id: str, actor: str, now_ns: int) -> WatchEntry:
    """The entry a request asks for, checked; InvalidArgument."""
    what = "CreateWatchEntry"
    _check_named(what, request, actor)
    if not _LIST_NAME.fullmatch(request.list):
        raise wrong(what, "list", "1 to 40 lower-case letters, digits and . _ -", repr(request.list[:80]))
    if not 0 <= request.priority_raise <= PRIORITY_RAISE_MAX:
        raise wrong(what, "priority_raise", f"0 to {PRIORITY_RAISE_MAX}", str(request.priority_raise))
    if request.expire_time_ns and not now_ns < request.expire_time_ns <= TIME_NS_MAX:
        raise wrong(what, "expire_time_ns", f"0 or a time after now ({now_ns})", str(request.expire_time_ns))
    return WatchEntry(
        entry_id=entry_id,
        list_name=request.list,
        subject_kind=_KINDS[request.subject_kind],
        subject=request.subject,
        priority_raise=request.priority_raise,
        reason=request.reason,
        author=actor,
        create_time_ns=now_ns,
        expire_time_ns=request.expire_time_ns,
    )


def check_end(what: str, actor: str, etag: str, reason: str) -> None:
    """Raises InvalidArgument where the end of an entry lacks who, why, or what was seen."""
    for name, text in (("actor", actor), ("etag", etag), ("reason", reason)):
        if not text.strip():
            raise missing(what, name)
    check_text(what, "reason", reason, TEXT_CHARACTERS_MAX)


def known_behaviour_message(entry: KnownBehaviour, now_ns: int) -> subject_pb2.KnownBehaviour:
    """The entry as `surveillance.v1.KnownBehaviour`, active or not as of a time."""
    return subject_pb2.KnownBehaviour(
        known_behaviour_id=entry.entry_id,
        typologies=entry.typologies,
        instruments=entry.instruments,
        venues=entry.venues,
        alerts=entry.alert_count,
        **_shared(entry, now_ns),
    )


def watch_entry_message(entry: WatchEntry, now_ns: int) -> subject_pb2.WatchEntry:
    """The entry as `surveillance.v1.WatchEntry`, active or not as of a time."""
    return subject_pb2.WatchEntry(
        watch_entry_id=entry.entry_id,
        list=entry.list_name,
        priority_raise=entry.priority_raise,
        **_shared(entry, now_ns),
    )


def _shared(entry: KnownBehaviour | WatchEntry, now_ns: int) -> dict[str, Any]:
    return {
        "subject_kind": subject_pb2.SubjectKind.Value(f"SUBJECT_KIND_{entry.subject_kind}"),
        "subject": entry.subject,
        "reason": entry.reason,
        "author": entry.author,
        "create_time_ns": entry.create_time_ns,
        "expire_time_ns": entry.expire_time_ns,
        "ended_by": entry.ended.by,
        "end_reason": entry.ended.reason,
        "end_time_ns": entry.ended.time_ns,
        "active": entry.is_active(now_ns),
        "etag": entry_etag(entry.entry_id, entry.version),
    }


def _check_named(what: str, request: Any, actor: str) -> None:
    for name, text in (("actor", actor), ("subject", request.subject), ("reason", request.reason)):
        if not text.strip():
            raise missing(what, name)
        check_text(what, name, text, TEXT_CHARACTERS_MAX if name == "reason" else NAME_CHARACTERS_MAX)
    if request.subject_kind not in _KINDS:
        kinds = ", ".join(f"SUBJECT_KIND_{each}" for each in SubjectKind)
        raise wrong(what, "subject_kind", f"one of {kinds}", str(request.subject_kind))
    check_text(what, "request_id", request.request_id, NAME_CHARACTERS_MAX)


def _names(what: str, field: str, names: Any) -> tuple[str, ...]:
    found = tuple(sorted(set(names)))
    if len(found) > SCOPE_NAMES_MAX:
        raise wrong(what, field, f"at most {SCOPE_NAMES_MAX} names", str(len(found)))
    for name in found:
        if not name.strip():
            raise wrong(what, field, "names", "an empty one")
        check_text(what, field, name, NAME_CHARACTERS_MAX)
    return found
