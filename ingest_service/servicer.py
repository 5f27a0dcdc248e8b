"""Protobuf <-> ingest: the calls of IngestService. Publish and Subscribe work on raw bytes, the others on messages."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Final

import grpc

from ingest_service.intake import Intake
from ingest_service.ledger import SourceLedger
from ingest_service.publish import Publisher, answer_of
from ingest_service.quarantine import QuarantinedRow
from ingest_service.requests import frame_of_events
from ingest_service.row_view import wanted_events
from ingest_service.subscribe import Subscribers
from ingest_service.windows import read_window, reference_record
from surveillance.v1 import ingest_pb2, ingest_pb2_grpc
from tapewatch.market.frame import FrameError
from tapewatch.runtime.errors import InvalidArgument, NotFound, Unavailable

FULL_NAME: Final = "surveillance.v1.IngestService"
PAGE_SIZE_DEFAULT: Final = 100
PAGE_SIZE_MAX: Final = 1_000
LIVE_ONLY: Final = -1
_CONTROL_KINDS: Final = {
    ingest_pb2.CONTROL_KIND_CONFIGURATION: "CONFIGURATION",
    ingest_pb2.CONTROL_KIND_REFERENCE: "REFERENCE",
    ingest_pb2.CONTROL_KIND_MODEL: "MODEL",
    ingest_pb2.CONTROL_KIND_RULES: "RULES",
}


class IngestServicer:
    """The calls; errors are raised as ServiceError. `Publish` and `Subscribe` take and give encoded messages."""

    def __init__(self, intake: Intake, publisher: Publisher, subscribers: Subscribers) -> None:
        self._intake = intake
        self._subscribers = subscribers
        self.Publish = publisher.publish
        self.Subscribe = subscribers.subscribe

    def handlers(self) -> grpc.GenericRpcHandler[Any, Any]:
        """All methods: the generated handlers, with those of Publish and Subscribe put in by hand."""
        methods = _generated_handlers(self)
        methods["Publish"] = grpc.stream_stream_rpc_method_handler(self.Publish)
        methods["Subscribe"] = grpc.unary_stream_rpc_method_handler(self.Subscribe)
        return grpc.method_handlers_generic_handler(FULL_NAME, methods)

    async def StreamEvents(
        self, request: ingest_pb2.StreamEventsRequest, context: object
    ) -> AsyncIterator[ingest_pb2.StreamEventsResponse]:
        """Single events from a position on, with their ids."""
        journal = self._intake.journal
        start = journal.durable_sequence if request.from_sequence == LIVE_ONLY else request.from_sequence
        sent = 0
        async with aclosing(journal.follow(start)) as chunks:
            async for records in chunks:
                for response in wanted_events(records, request, start):
                    yield response
                    sent += 1
                    if sent == request.limit:
                        return
        raise Unavailable("DRAINING", "ingest is stopping; ask again from the sequence after the last event received")

    async def ReadWindow(
        self, request: ingest_pb2.ReadWindowRequest, context: object
    ) -> AsyncIterator[ingest_pb2.ReadWindowResponse]:
        """The events of a market and of accounts within a window of event time."""
        async with aclosing(read_window(self._intake, request)) as responses:
            async for response in responses:
                yield response

    async def GetReference(
        self, request: ingest_pb2.GetReferenceRequest, context: object
    ) -> ingest_pb2.ReferenceRecord:
        """The reference data last journalled; sequence -1 where there is none or it is no longer kept."""
        return await reference_record(self._intake)

    async def ListSources(
        self, request: ingest_pb2.ListSourcesRequest, context: object
    ) -> ingest_pb2.ListSourcesResponse:
        """A page of sources by name; the token is the last name of the page before."""
        size = _page_size(request.page_size)
        sources = self._intake.state.ledger.sources
        names = sorted(name for name in sources if name > request.page_token)
        page = names[:size]
        return ingest_pb2.ListSourcesResponse(
            sources=[_source(sources[name]) for name in page],
            next_page_token=page[-1] if len(names) > size else "",
        )

    async def GetSource(self, request: ingest_pb2.GetSourceRequest, context: object) -> ingest_pb2.Source:
        """One source. NotFound."""
        books = self._intake.state.ledger.sources.get(request.source)
        if books is None:
            raise NotFound(
                "NO_SUCH_SOURCE",
                f"nothing was ever received of source {request.source!r}; ListSources gives the names",
                source=request.source,
            )
        return _source(books)

    async def ListQuarantine(
        self, request: ingest_pb2.ListQuarantineRequest, context: object
    ) -> ingest_pb2.ListQuarantineResponse:
        """A page of refused rows; the token is the id to go on from."""
        size = _page_size(request.page_size)
        start = _row_id(request.page_token, "page_token") if request.page_token else 0
        found = itertools.islice(self._intake.state.quarantine.rows(start, request.source), size + 1)
        rows = await asyncio.to_thread(list, found)  # one source's rows may lie far apart in the log
        return ingest_pb2.ListQuarantineResponse(
            rows=[_quarantined(row) for row in rows[:size]],
            next_page_token=str(rows[size].quarantine_id) if len(rows) > size else "",
        )

    async def ReplayQuarantine(
        self, request: ingest_pb2.ReplayQuarantineRequest, context: object
    ) -> ingest_pb2.ReplayQuarantineResponse:
        """Takes a corrected row the whole way; marks the refused row where the new one is known now."""
        quarantine = self._intake.state.quarantine
        row = quarantine.get(_row_id(request.quarantine_id, "quarantine_id"))
        name = f"replay-{row.quarantine_id}"
        try:
            frame = frame_of_events([request.event])
        except FrameError as error:
            raise InvalidArgument("BAD_EVENT", f"event: {error}", field="event") from error
        taken = self._intake.take(name, frame)
        if not taken.rejections and not row.replayed:
            quarantine.mark_replayed(row.quarantine_id)
        durable_sequence = await self._intake.durable()
        return ingest_pb2.ReplayQuarantineResponse(result=answer_of(name, taken, durable_sequence))

    async def PublishControl(
        self, request: ingest_pb2.PublishControlRequest, context: object
    ) -> ingest_pb2.PublishControlResponse:
        """Journals a control record once a request id."""
        name = _CONTROL_KINDS.get(request.kind)
        if name is None:
            raise InvalidArgument(
                "BAD_CONTROL_KIND",
                f"kind: expected CONFIGURATION, REFERENCE, MODEL or RULES, found {request.kind}",
                field="kind",
            )
        sequence = self._intake.control(name, request.content, request.request_id)
        await self._intake.durable()
        return ingest_pb2.PublishControlResponse(sequence=sequence)

    async def GetIngestStatus(
        self, request: ingest_pb2.GetIngestStatusRequest, context: object
    ) -> ingest_pb2.IngestStatus:
        """The journal's extent."""
        journal = self._intake.journal
        return ingest_pb2.IngestStatus(
            first_sequence=journal.first_sequence,
            next_sequence=journal.next_sequence,
            durable_sequence=journal.durable_sequence,
            journal_bytes=journal.extent.size_bytes,
            segments=len(journal.extent.segments),
            subscribers=self._subscribers.positions,
        )


class _Capture:
    """Stands in for a server while the generated code registers its handlers."""

    def __init__(self) -> None:
        self.methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Not wanted: the same handlers come by name."""

    def add_registered_method_handlers(
        self, service_name: str, methods: dict[str, grpc.RpcMethodHandler[Any, Any]]
    ) -> None:
        """Takes the handlers by method name."""
        self.methods = dict(methods)


def _generated_handlers(servicer: IngestServicer) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    capture = _Capture()
    register: Any = ingest_pb2_grpc.add_IngestServiceServicer_to_server  # typed for real servers only
    register(servicer, capture)
    return capture.methods


def _source(books: SourceLedger) -> ingest_pb2.Source:
    return ingest_pb2.Source(
        source=books.source,
        received=books.received,
        journalled=books.journalled,
        rejected=books.rejected,
        duplicate=books.duplicate,
        last_source_sequence=books.numbers.highest,
        source_epoch=books.epoch,
        last_event_time_ns=books.last_event_time_ns,
        last_received_time_ns=books.last_received_time_ns,
        missing=books.numbers.missing,
        ended=books.ended,
        rejected_by_reason=books.rejected_by_reason,
    )


def _quarantined(row: QuarantinedRow) -> ingest_pb2.QuarantinedRow:
    return ingest_pb2.QuarantinedRow(
        quarantine_id=str(row.quarantine_id),
        source=row.refusal.source,
        field=row.refusal.field,
        reason=row.refusal.reason,
        message=row.refusal.message,
        row_json=row.refusal.row_json,
        time_ns=row.time_ns,
        replayed=row.replayed,
    )


def _page_size(asked: int) -> int:
    if asked < 0:
        raise InvalidArgument("BAD_PAGE_SIZE", f"page_size: expected 0 or more, found {asked}", field="page_size")
    return min(asked or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)


def _row_id(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidArgument("BAD_ID", f"{field}: expected a number from an answer, found {text[:40]!r}", field=field)
    return int(text)
