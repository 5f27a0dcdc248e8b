"""`surveillance.v1.AuditService`: requests to domain calls and back."""

from typing import Any

import grpc.aio

from case_service.auditing.auditor import Auditor
from case_service.auditing.checkpoint import Checkpoint, Purpose
from case_service.paging import PageTokens, page_size_of
from case_service.store.checkpoints import checkpoints_after
from surveillance.v1 import audit_pb2, audit_pb2_grpc
from tapewatch.runtime.errors import InvalidArgument

SERVICE_NAME = "surveillance.v1.AuditService"
PAGE_MAX = 100
"""A checkpoint may be 40 KB of marks; a page stays below the size of a message."""
_LIST = "ListAuditCheckpoints"
Context = grpc.aio.ServicerContext[Any, Any]


class AuditServicer(audit_pb2_grpc.AuditServiceServicer):
    """Serves signed checkpoints."""

    def __init__(self, auditor: Auditor, tokens: PageTokens) -> None:
        self._auditor = auditor
        self._tokens = tokens

    async def CreateAuditCheckpoint(
        self, request: audit_pb2.CreateAuditCheckpointRequest, context: Context
    ) -> audit_pb2.AuditCheckpoint:
        """Durable when answered."""
        if request.purpose not in (0, Purpose.DEMAND, Purpose.EXPORT):
            raise InvalidArgument(
                "FIELD_INVALID",
                f"purpose: expected DEMAND or EXPORT, found {request.purpose}; periodic ones make themselves",
                field="purpose",
            )
        return checkpoint_message(await self._auditor.checkpoint(Purpose(request.purpose or Purpose.DEMAND)))

    async def ListAuditCheckpoints(
        self, request: audit_pb2.ListAuditCheckpointsRequest, context: Context
    ) -> audit_pb2.ListAuditCheckpointsResponse:
        """Oldest first."""
        after = self._tokens.read(request.page_token, _LIST, "") or 0
        count = min(page_size_of(request.page_size), PAGE_MAX)
        page = await self._auditor.store.read(checkpoints_after, after, count)
        token = self._tokens.make(_LIST, "", page.items[-1].number) if page.more else ""
        return audit_pb2.ListAuditCheckpointsResponse(
            checkpoints=[checkpoint_message(each) for each in page.items], next_page_token=token
        )


def checkpoint_message(checkpoint: Checkpoint) -> audit_pb2.AuditCheckpoint:
    """A checkpoint as `surveillance.v1.AuditCheckpoint`."""
    return audit_pb2.AuditCheckpoint(
        number=checkpoint.number,
        sequence=checkpoint.sequence,
        hash=checkpoint.hash,
        time_ns=checkpoint.time_ns,
        purpose=audit_pb2.AuditCheckpointPurpose.Name(checkpoint.purpose),
        previous_sequence=checkpoint.previous_sequence,
        marks=checkpoint.marks,
        key_id=checkpoint.key_id,
        signature=checkpoint.signature,
    )


def checkpoint_from(message: audit_pb2.AuditCheckpoint) -> Checkpoint:
    """The checkpoint of a message; ValueError for a purpose that is not known."""
    return Checkpoint(
        number=message.number,
        sequence=message.sequence,
        hash=message.hash,
        time_ns=message.time_ns,
        purpose=Purpose(message.purpose),
        previous_sequence=message.previous_sequence,
        marks=message.marks,
        key_id=message.key_id,
        signature=message.signature,
    )
