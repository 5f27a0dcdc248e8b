"""`surveillance.v1.SubjectService`: known behaviour and watch lists."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import grpc.aio
from google.protobuf.message import Message
from sqlalchemy import ColumnElement, true

from case_service.audit import Entry as AuditEntry
from case_service.audit import detail_json
from case_service.paging import PageTokens, page_size_of
from case_service.store.store import Store
from case_service.store.subject_lists import KNOWN, WATCHED, Entries
from case_service.store.transaction import Transaction
from case_service.store.verbs import answer_before, content_hash_of, remember
from case_service.subjects.entries import Ended, KnownBehaviour, WatchEntry, entry_etag
from case_service.subjects.messages import (
    check_end,
    known_behaviour_message,
    known_behaviour_of,
    watch_entry_message,
    watch_entry_of,
)
from surveillance.v1 import subject_pb2, subject_pb2_grpc
from tapewatch.runtime.access import acting, caller_of
from tapewatch.runtime.errors import Aborted, FailedPrecondition

SERVICE_NAME = "surveillance.v1.SubjectService"
ENTRY_ID_BYTES = 16
Context = grpc.aio.ServicerContext[Any, Any]
Entry = TypeVar("Entry", KnownBehaviour, WatchEntry)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Entry]):
    """One kind of entries: where they are kept, how they are shown, and what their changes are called."""

    entries: Entries[Entry]
    message: Callable[[Entry, int], Message]
    noun: str


_KNOWN = Kind(KNOWN, known_behaviour_message, "KnownBehaviour")
_WATCHED = Kind(WATCHED, watch_entry_message, "WatchEntry")


class SubjectServicer(subject_pb2_grpc.SubjectServiceServicer):
    """Serves what is known of subjects beforehand; every change is in the audit trail under the entry's id."""

    def __init__(self, store: Store, tokens: PageTokens, clock_ns: Callable[[], int]) -> None:
        self._store = store
        self._tokens = tokens
        self._clock_ns = clock_ns

    async def CreateKnownBehaviour(
        self, request: subject_pb2.CreateKnownBehaviourRequest, context: Context
    ) -> subject_pb2.KnownBehaviour:
        """Counts from now on, for alerts recorded from now on."""
        actor = acting(caller_of(context), request.actor)
        entry = known_behaviour_of(request, secrets.token_hex(ENTRY_ID_BYTES), actor, self._clock_ns())
        answer = await self._create(_KNOWN, entry, request, caller_of(context).channel)
        return subject_pb2.KnownBehaviour.FromString(answer)

    async def EndKnownBehaviour(
        self, request: subject_pb2.EndKnownBehaviourRequest, context: Context
    ) -> subject_pb2.KnownBehaviour:
        """Cases that it closed stay closed."""
        answer = await self._end(_KNOWN, request.known_behaviour_id, request, context)
        return subject_pb2.KnownBehaviour.FromString(answer)

    async def GetKnownBehaviour(
        self, request: subject_pb2.GetKnownBehaviourRequest, context: Context
    ) -> subject_pb2.KnownBehaviour:
        """By id."""
        entry = await self._store.read(KNOWN.named, request.known_behaviour_id)
        return known_behaviour_message(entry, self._clock_ns())

    async def ListKnownBehaviours(
        self, request: subject_pb2.ListKnownBehavioursRequest, context: Context
    ) -> subject_pb2.ListKnownBehavioursResponse:
        """Newest first."""
        now_ns = self._clock_ns()
        conditions = _conditions(KNOWN, request, now_ns)
        page, token = await self._page(KNOWN, "ListKnownBehaviours", request, conditions)
        return subject_pb2.ListKnownBehavioursResponse(
            known_behaviours=[known_behaviour_message(each, now_ns) for each in page], next_page_token=token
        )

    async def CreateWatchEntry(
        self, request: subject_pb2.CreateWatchEntryRequest, context: Context
    ) -> subject_pb2.WatchEntry:
        """Counts from now on, for alerts recorded from now on."""
        actor = acting(caller_of(context), request.actor)
        entry = watch_entry_of(request, secrets.token_hex(ENTRY_ID_BYTES), actor, self._clock_ns())
        answer = await self._create(_WATCHED, entry, request, caller_of(context).channel)
        return subject_pb2.WatchEntry.FromString(answer)

    async def EndWatchEntry(
        self, request: subject_pb2.EndWatchEntryRequest, context: Context
    ) -> subject_pb2.WatchEntry:
        """Cases keep their tags and priorities."""
        answer = await self._end(_WATCHED, request.watch_entry_id, request, context)
        return subject_pb2.WatchEntry.FromString(answer)

    async def GetWatchEntry(
        self, request: subject_pb2.GetWatchEntryRequest, context: Context
    ) -> subject_pb2.WatchEntry:
        """By id."""
        return watch_entry_message(await self._store.read(WATCHED.named, request.watch_entry_id), self._clock_ns())

    async def ListWatchEntries(
        self, request: subject_pb2.ListWatchEntriesRequest, context: Context
    ) -> subject_pb2.ListWatchEntriesResponse:
        """Newest first."""
        now_ns = self._clock_ns()
        of_list = WATCHED.table.c.list == request.list if request.list else true()
        conditions = [*_conditions(WATCHED, request, now_ns), of_list]
        page, token = await self._page(WATCHED, "ListWatchEntries", request, conditions)
        return subject_pb2.ListWatchEntriesResponse(
            watch_entries=[watch_entry_message(each, now_ns) for each in page], next_page_token=token
        )

    async def _create(self, kind: Kind[Entry], entry: Entry, request: Any, channel: str) -> bytes:
        content_hash = _content_hash(request)
        action = f"Create{kind.noun}"

        def work(shared: Transaction) -> bytes:
            answered = answer_before(shared, request.request_id, content_hash)
            if answered is not None:
                return answered
            kind.entries.add(shared, entry)
            detail = _particulars(kind, entry, channel)
            shared.audit([AuditEntry(entry.author, action, entry.entry_id, entry.reason, detail=detail)])
            return _answered(shared, kind, entry, request.request_id, content_hash)

        return await self._store.write(work)

    async def _end(self, kind: Kind[Entry], entry_id: str, request: Any, context: Context) -> bytes:
        caller = caller_of(context)
        actor = acting(caller, request.actor)
        action = f"End{kind.noun}"
        check_end(action, actor, request.etag, request.reason)
        content_hash = _content_hash(request)

        def work(shared: Transaction) -> bytes:
            answered = answer_before(shared, request.request_id, content_hash)
            if answered is not None:
                return answered
            held = kind.entries.named(shared.connection, entry_id)
            _check_ended(action, held, request.etag)
            ended = Ended(actor, request.reason, shared.now_ns)
            entry = replace(held, ended=ended, version=held.version + 1)
            kind.entries.end(shared, entry)
            detail = _particulars(kind, entry, caller.channel)
            shared.audit([AuditEntry(actor, action, entry_id, request.reason, detail=detail)])
            return _answered(shared, kind, entry, request.request_id, content_hash)

        return await self._store.write(work)

    async def _page(
        self, entries: Entries[Entry], method: str, request: Any, conditions: list[ColumnElement[bool]]
    ) -> tuple[list[Entry], str]:
        asked = type(request)()
        asked.CopyFrom(request)
        asked.ClearField("page_size")
        asked.ClearField("page_token")
        described = asked.SerializeToString(deterministic=True).hex()
        before = self._tokens.read(request.page_token, method, described)
        page, last = await self._store.read(entries.page, conditions, before, page_size_of(request.page_size))
        return list(page.items), self._tokens.make(method, described, last) if page.more else ""


def _answered(shared: Transaction, kind: Kind[Entry], entry: Entry, request_id: str, content_hash: str) -> bytes:
    answer = kind.message(entry, shared.now_ns).SerializeToString()
    remember(shared, request_id, content_hash, answer)
    return answer


def _conditions(entries: Entries[Entry], request: Any, now_ns: int) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [] if request.show_ended else [entries.active(now_ns)]
    return [*conditions, entries.table.c.subject == request.subject] if request.subject else conditions


def _content_hash(request: Message) -> str:
    return content_hash_of({type(request).__name__: request.SerializeToString(deterministic=True).hex()})


def _particulars(kind: Kind[Entry], entry: Entry, channel: str) -> str:
    """The entry as the audit trail has it."""
    values = {name: getattr(entry, name) for name in entry.__slots__ if name not in ("ended", "reason", "author")}
    given = {name: value for name, value in {**values, "channel": channel}.items() if value not in ("", (), 0)}
    return detail_json(**given)


def _check_ended(action: str, held: KnownBehaviour | WatchEntry, etag: str) -> None:
    current = entry_etag(held.entry_id, held.version)
    if etag != current:
        raise Aborted(
            "STALE_ETAG",
            f"{action}: expected etag {current} of entry {held.entry_id}, found {etag[:80]!r}; someone changed the "
            "entry: read it again and decide anew",
            entry_id=held.entry_id,
        )
    if held.ended.time_ns:
        raise FailedPrecondition(
            "ALREADY_ENDED",
            f"{action}: expected an entry that counts, found one that {held.ended.by} ended",
            entry_id=held.entry_id,
        )
