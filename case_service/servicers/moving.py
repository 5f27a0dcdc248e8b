"""The verbs that move a case, one at a time and many at once."""

import asyncio
from collections.abc import Sequence

from case_service.convert import (
    attach_command_of,
    attachment_message,
    batch_commands_of,
    command_of,
)
from case_service.lifecycle import Command
from case_service.servicers.serving import Context, Served
from case_service.store import reading
from surveillance.v1 import case_pb2, case_work_pb2
from tapewatch.runtime.access import caller_of
from tapewatch.runtime.errors import NotFound, ServiceError


class MovingMethods(Served):
    """AssignCase and the other verbs."""

    async def AssignCase(self, request: case_pb2.AssignCaseRequest, context: Context) -> case_pb2.Case:
        """OPEN or ASSIGNED to ASSIGNED."""
        return await self._perform(command_of(request, caller_of(context)))

    async def StartReview(self, request: case_pb2.StartReviewRequest, context: Context) -> case_pb2.Case:
        """ASSIGNED to IN_REVIEW."""
        return await self._perform(command_of(request, caller_of(context)))

    async def EscalateCase(self, request: case_pb2.EscalateCaseRequest, context: Context) -> case_pb2.Case:
        """ASSIGNED or IN_REVIEW to ESCALATED."""
        return await self._perform(command_of(request, caller_of(context)))

    async def CloseCase(self, request: case_pb2.CloseCaseRequest, context: Context) -> case_pb2.Case:
        """ASSIGNED, IN_REVIEW or ESCALATED to CLOSED."""
        return await self._perform(command_of(request, caller_of(context)))

    async def ReopenCase(self, request: case_pb2.ReopenCaseRequest, context: Context) -> case_pb2.Case:
        """CLOSED to OPEN."""
        return await self._perform(command_of(request, caller_of(context)))

    async def CommentCase(self, request: case_pb2.CommentCaseRequest, context: Context) -> case_pb2.Case:
        """In any state."""
        return await self._perform(command_of(request, caller_of(context)))

    async def ReleaseCase(self, request: case_work_pb2.ReleaseCaseRequest, context: Context) -> case_pb2.Case:
        """ASSIGNED or IN_REVIEW to OPEN."""
        return await self._perform(command_of(request, caller_of(context)))

    async def ReturnCase(self, request: case_work_pb2.ReturnCaseRequest, context: Context) -> case_pb2.Case:
        """ESCALATED to ASSIGNED."""
        return await self._perform(command_of(request, caller_of(context)))

    async def ApproveClose(self, request: case_work_pb2.ApproveCloseRequest, context: Context) -> case_pb2.Case:
        """IN_REVIEW or ESCALATED to CLOSED, by somebody else than who proposed it."""
        return await self._perform(command_of(request, caller_of(context)))

    async def RejectClose(self, request: case_work_pb2.RejectCloseRequest, context: Context) -> case_pb2.Case:
        """The state stays; by somebody else than who proposed it."""
        return await self._perform(command_of(request, caller_of(context)))

    async def WithdrawClose(self, request: case_work_pb2.WithdrawCloseRequest, context: Context) -> case_pb2.Case:
        """The state stays; by who proposed it."""
        return await self._perform(command_of(request, caller_of(context)))

    async def TagCase(self, request: case_work_pb2.TagCaseRequest, context: Context) -> case_pb2.Case:
        """In any state."""
        return await self._perform(command_of(request, caller_of(context)))

    async def CheckStep(self, request: case_work_pb2.CheckStepRequest, context: Context) -> case_pb2.Case:
        """In ASSIGNED, IN_REVIEW or ESCALATED."""
        return await self._perform(command_of(request, caller_of(context)))

    async def LinkCase(self, request: case_work_pb2.LinkCaseRequest, context: Context) -> case_pb2.Case:
        """In any state."""
        return await self._perform(command_of(request, caller_of(context)))

    async def UnlinkCase(self, request: case_work_pb2.UnlinkCaseRequest, context: Context) -> case_pb2.Case:
        """In any state."""
        return await self._perform(command_of(request, caller_of(context)))

    async def AttachFile(self, request: case_work_pb2.AttachFileRequest, context: Context) -> case_pb2.Case:
        """In any state; the file is kept before the case says so."""
        command = attach_command_of(request, caller_of(context), self._desk.attachment_bytes_max)
        await self._desk.store.read(reading.case_number_of, command.case_id)
        await asyncio.to_thread(self._desk.files.keep, command.sha256, request.content)
        return await self._perform(command)

    async def GetAttachment(
        self, request: case_work_pb2.GetAttachmentRequest, context: Context
    ) -> case_work_pb2.GetAttachmentResponse:
        """As it was attached."""
        case = await self._desk.store.read(reading.case_named, request.case_id)
        attachment = next((each for each in case.attachments if each.sha256 == request.sha256.lower()), None)
        if attachment is None:
            raise NotFound(
                "ATTACHMENT_NOT_FOUND",
                f"sha256: expected that of an attachment of case {case.number}, found {request.sha256[:80]!r}",
                case_id=case.case_id,
            )
        content = await asyncio.to_thread(self._desk.files.read, attachment.sha256)
        return case_work_pb2.GetAttachmentResponse(attachment=attachment_message(attachment), content=content)

    async def BatchAssignCases(
        self, request: case_work_pb2.BatchAssignCasesRequest, context: Context
    ) -> case_work_pb2.BatchAssignCasesResponse:
        """Each case on its own."""
        results = await self._each(batch_commands_of(request, caller_of(context)))
        refused = sum(each.code != 0 for each in results)
        return case_work_pb2.BatchAssignCasesResponse(results=results, refused=refused)

    async def BatchCloseCases(
        self, request: case_pb2.BatchCloseCasesRequest, context: Context
    ) -> case_work_pb2.BatchCloseCasesResponse:
        """Each case on its own."""
        results = await self._each(batch_commands_of(request, caller_of(context)))
        refused = sum(each.code != 0 for each in results)
        return case_work_pb2.BatchCloseCasesResponse(results=results, refused=refused)

    async def _each(self, commands: Sequence[Command]) -> list[case_work_pb2.BatchResult]:
        """What became of each command; they wait together, so they share a commit."""
        return list(await asyncio.gather(*(self._one(command) for command in commands)))

    async def _one(self, command: Command) -> case_work_pb2.BatchResult:
        try:
            case = await self._perform(command)
        except ServiceError as error:
            code = error.code.value[0]
            return case_work_pb2.BatchResult(
                case_id=command.case_id, code=code, reason=error.reason, message=error.message
            )
        return case_work_pb2.BatchResult(case_id=command.case_id, etag=case.etag)
