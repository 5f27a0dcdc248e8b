"""The client of evidence: what is pinned to cases, and the book step by step."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from surveillance.v1 import evidence_pb2
from surveillance.v1.evidence_pb2_grpc import EvidenceServiceStub
from tapewatch.client.connection import ServiceClient, limited, page_size_for

REPLAY_TIMEOUT_S = 60.0
"""A page of a long window takes the case service seconds."""


class EvidenceClient(ServiceClient):
    """Calls to EvidenceService of the case service; see ServiceClient for opening and errors."""

    @property
    def _stub(self) -> Any:
        return EvidenceServiceStub(self.channel)

    async def get_evidence(self, case_id: str) -> evidence_pb2.Evidence:
        """What is pinned to a case, or how far pinning is."""
        return await self.call(self._stub.GetEvidence, evidence_pb2.GetEvidenceRequest(case_id=case_id))

    async def pin_evidence(
        self, case_id: str, actor: str, reason: str = "", before_s: float | None = None, after_s: float | None = None
    ) -> evidence_pb2.Evidence:
        """Ask that evidence be pinned, with another window where given; done in the background."""
        request = evidence_pb2.PinEvidenceRequest(
            case_id=case_id, actor=actor, reason=reason, before_s=before_s, after_s=after_s
        )
        return await self.call(self._stub.PinEvidence, request)

    async def list_events(
        self, case_id: str, account: str = "", limit: int | None = None
    ) -> list[evidence_pb2.JournalEvent]:
        """The pinned events, of one account where named, by time."""
        request = evidence_pb2.ListEvidenceEventsRequest(
            case_id=case_id, account=account, page_size=page_size_for(limit)
        )
        pages = self.pages(self._stub.ListEvidenceEvents, request)
        return await limited((event async for page in pages for event in page.events), limit)

    async def get_context(self, case_id: str) -> evidence_pb2.CaseContext:
        """Rules as they were, related alerts, linked accounts with why."""
        return await self.call(self._stub.GetCaseContext, evidence_pb2.GetCaseContextRequest(case_id=case_id))

    async def replay_book(
        self,
        case_id: str = "",
        *,
        venue: str = "",
        instrument: str = "",
        from_time_ns: int = 0,
        to_time_ns: int = 0,
        accounts: Sequence[str] = (),
        page_size: int = 500,
    ) -> AsyncGenerator[evidence_pb2.ReplayBookResponse, None]:
        """Pages of the book of a case, or of a market and time: a snapshot and the steps from there.

        The changes of the steps lead from one page's snapshot to the next one's.
        """
        request = evidence_pb2.ReplayBookRequest(
            case_id=case_id,
            venue=venue,
            instrument=instrument,
            from_time_ns=from_time_ns,
            to_time_ns=to_time_ns,
            accounts=accounts,
            page_size=page_size,
        )
        while True:
            page: evidence_pb2.ReplayBookResponse = await self.call(self._stub.ReplayBook, request, REPLAY_TIMEOUT_S)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token
