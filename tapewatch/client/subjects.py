"""The client of what is known of subjects beforehand: known behaviour and watch lists."""

import secrets
from collections.abc import Sequence
from typing import Any

from surveillance.v1 import subject_pb2
from surveillance.v1.subject_pb2_grpc import SubjectServiceStub
from tapewatch.client.connection import ServiceClient, limited, page_size_for


class SubjectClient(ServiceClient):
    """Calls to the case service's lists; see ServiceClient for opening and errors. `kind` is a SubjectKind."""

    @property
    def _stub(self) -> Any:
        return SubjectServiceStub(self.channel)

    async def add_known(
        self,
        actor: str,
        kind: int,
        subject: str,
        reason: str,
        expire_time_ns: int,
        *,
        typologies: Sequence[str] = (),
        instruments: Sequence[str] = (),
        venues: Sequence[str] = (),
    ) -> subject_pb2.KnownBehaviour:
        """Enter behaviour that is in order until it expires; empty scopes are for all."""
        request = subject_pb2.CreateKnownBehaviourRequest(
            request_id=secrets.token_hex(16),
            actor=actor,
            subject_kind=kind,  # type: ignore[arg-type]  # the stub wants the enum's wrapper
            subject=subject,
            reason=reason,
            expire_time_ns=expire_time_ns,
            typologies=typologies,
            instruments=instruments,
            venues=venues,
        )
        return await self.call(self._stub.CreateKnownBehaviour, request)

    async def end_known(self, entry: subject_pb2.KnownBehaviour, actor: str, reason: str) -> subject_pb2.KnownBehaviour:
        """End an entry before its time."""
        request = subject_pb2.EndKnownBehaviourRequest(
            known_behaviour_id=entry.known_behaviour_id,
            etag=entry.etag,
            request_id=secrets.token_hex(16),
            actor=actor,
            reason=reason,
        )
        return await self.call(self._stub.EndKnownBehaviour, request)

    async def get_known(self, entry_id: str) -> subject_pb2.KnownBehaviour:
        """One entry of known behaviour; ClientError NOT_FOUND."""
        request = subject_pb2.GetKnownBehaviourRequest(known_behaviour_id=entry_id)
        return await self.call(self._stub.GetKnownBehaviour, request)

    async def list_known(
        self, subject: str = "", limit: int | None = None, *, show_ended: bool = False
    ) -> list[subject_pb2.KnownBehaviour]:
        """Known behaviour, newest first."""
        request = subject_pb2.ListKnownBehavioursRequest(
            subject=subject, show_ended=show_ended, page_size=page_size_for(limit)
        )
        pages = self.pages(self._stub.ListKnownBehaviours, request)
        return await limited((each async for page in pages for each in page.known_behaviours), limit)

    async def add_watch(
        self,
        actor: str,
        list_name: str,
        kind: int,
        subject: str,
        reason: str,
        *,
        priority_raise: int = 1,
        expire_time_ns: int = 0,
    ) -> subject_pb2.WatchEntry:
        """Put a name on a watch list; 0 never expires."""
        request = subject_pb2.CreateWatchEntryRequest(
            request_id=secrets.token_hex(16),
            actor=actor,
            list=list_name,
            subject_kind=kind,  # type: ignore[arg-type]  # the stub wants the enum's wrapper
            subject=subject,
            reason=reason,
            priority_raise=priority_raise,
            expire_time_ns=expire_time_ns,
        )
        return await self.call(self._stub.CreateWatchEntry, request)

    async def end_watch(self, entry: subject_pb2.WatchEntry, actor: str, reason: str) -> subject_pb2.WatchEntry:
        """Take a name off a watch list."""
        request = subject_pb2.EndWatchEntryRequest(
            watch_entry_id=entry.watch_entry_id,
            etag=entry.etag,
            request_id=secrets.token_hex(16),
            actor=actor,
            reason=reason,
        )
        return await self.call(self._stub.EndWatchEntry, request)

    async def get_watch(self, entry_id: str) -> subject_pb2.WatchEntry:
        """One entry of a watch list; ClientError NOT_FOUND."""
        return await self.call(self._stub.GetWatchEntry, subject_pb2.GetWatchEntryRequest(watch_entry_id=entry_id))

    async def list_watched(
        self, list_name: str = "", subject: str = "", limit: int | None = None, *, show_ended: bool = False
    ) -> list[subject_pb2.WatchEntry]:
        """Entries of watch lists, newest first."""
        request = subject_pb2.ListWatchEntriesRequest(
            list=list_name, subject=subject, show_ended=show_ended, page_size=page_size_for(limit)
        )
        pages = self.pages(self._stub.ListWatchEntries, request)
        return await limited((each async for page in pages for each in page.watch_entries), limit)
