"""The client of the audit service: signed checkpoints, and the records they cover."""

from collections.abc import AsyncGenerator
from typing import Any

from surveillance.v1 import audit_pb2, case_pb2
from surveillance.v1.audit_pb2_grpc import AuditServiceStub
from surveillance.v1.case_pb2_grpc import CaseServiceStub
from tapewatch.client.connection import ServiceClient


class AuditClient(ServiceClient):
    """Calls about the proof of the audit trail; see ServiceClient for opening and errors."""

    @property
    def _stub(self) -> Any:
        return AuditServiceStub(self.channel)

    async def create_checkpoint(self, purpose: audit_pb2.AuditCheckpointPurpose = 0) -> audit_pb2.AuditCheckpoint:  # type: ignore[assignment] # enums are ints
        """Sign where the trail ends now; ClientError FAILED_PRECONDITION where the service has no key."""
        request = audit_pb2.CreateAuditCheckpointRequest(purpose=purpose)
        return await self.call(self._stub.CreateAuditCheckpoint, request)

    async def checkpoints(self) -> AsyncGenerator[audit_pb2.AuditCheckpoint, None]:
        """All checkpoints, oldest first."""
        async for page in self.pages(self._stub.ListAuditCheckpoints, audit_pb2.ListAuditCheckpointsRequest()):
            for checkpoint in page.checkpoints:
                yield checkpoint

    async def records(self) -> AsyncGenerator[case_pb2.AuditRecord, None]:
        """All audit records, oldest first, page by page."""
        method = CaseServiceStub(self.channel).ListAuditRecords
        async for page in self.pages(method, case_pb2.ListAuditRecordsRequest()):
            for record in page.records:
                yield record
