"""Puts evidence together: the vault, the clients of ingest and detection, the pinner, the servicer."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from case_service.evidence.kept import KeptEvidence
from case_service.evidence.pinner import Pinner
from case_service.evidence.servicer import SERVICE_NAME, EvidenceServicer
from case_service.evidence.settings import EvidenceSettings
from case_service.evidence.vault import Vault
from case_service.paging import PageTokens
from case_service.store.store import Store
from surveillance.v1 import evidence_pb2_grpc
from tapewatch.client.detection import DetectionClient
from tapewatch.client.ingest import IngestClient
from tapewatch.runtime.service import Service


@asynccontextmanager
async def evidence_of(
    service: Service, store: Store, settings: EvidenceSettings, tokens: PageTokens
) -> AsyncIterator[KeptEvidence]:
    """Serve evidence, and pin it where an ingest is configured; what is pinned, for reports."""
    kept = KeptEvidence(Vault(settings.directory))
    async with AsyncExitStack() as stack:
        events = rules = None
        if settings.ingest is not None:
            events = await stack.enter_async_context(IngestClient(settings.ingest, service.security))
        if settings.detection is not None:
            rules = await stack.enter_async_context(DetectionClient(settings.detection, service.security))
        wake = _nothing
        if events is not None:
            pinner = Pinner(store, kept.vault, settings, events, rules, service.metrics)
            service.spawn(pinner.run())
            wake = pinner.wake
        servicer = EvidenceServicer(store, kept, settings, tokens, wake, events)
        service.add(evidence_pb2_grpc.add_EvidenceServiceServicer_to_server, servicer, SERVICE_NAME)
        yield kept


def _nothing() -> None:
    """Without ingest there is nobody to wake."""
