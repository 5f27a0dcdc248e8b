"""The client of ingest: publish, subscribe, the ledger of the sources, the quarantine."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import grpc.aio

from surveillance.v1 import event_pb2, ingest_pb2
from surveillance.v1.ingest_pb2_grpc import IngestServiceStub
from tapewatch.client.connection import LOCAL, ServiceClient, ended_by_server, resumed
from tapewatch.client.publisher import Encodable, IngestPublisher, PublishResult
from tapewatch.client.retry import Backoff
from tapewatch.client.wire import JournalRecord, parse_record
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tapewatch.runtime.security import SecuritySettings

__all__ = ["Encodable", "IngestClient", "IngestPublisher", "JournalRecord", "PublishResult", "WindowRead", "subscribe"]

SUBSCRIBE = "/surveillance.v1.IngestService/Subscribe"
CONTROL_PATIENCE_S = 30.0
WINDOW_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class WindowRead:
    """Events of a window in the order of the journal: frames, the position of each row, and what the journal knew."""

    frames: list[Frame]
    sequences: list[int]
    end: ingest_pb2.WindowEnd


class IngestClient(ServiceClient):
    """Calls to ingest other than publishing; see ServiceClient for opening and errors."""

    @property
    def _stub(self) -> Any:
        return IngestServiceStub(self.channel)

    async def status(self) -> ingest_pb2.IngestStatus:
        """The journal's extent and its subscribers."""
        return await self.call(self._stub.GetIngestStatus, ingest_pb2.GetIngestStatusRequest())

    async def end(self) -> int:
        """The position the journal has come to; asked again for as long as ingest is away."""
        answer: ingest_pb2.IngestStatus = await self.call_persistently(
            self._stub.GetIngestStatus, ingest_pb2.GetIngestStatusRequest(), None
        )
        return answer.next_sequence

    async def list_sources(self) -> list[ingest_pb2.Source]:
        """Every source with its ledger, by name."""
        pages = self.pages(self._stub.ListSources, ingest_pb2.ListSourcesRequest())
        return [source async for page in pages for source in page.sources]

    async def get_source(self, source: str) -> ingest_pb2.Source:
        """One source; ClientError NOT_FOUND."""
        return await self.call(self._stub.GetSource, ingest_pb2.GetSourceRequest(source=source))

    async def list_quarantine(self, source: str = "") -> list[ingest_pb2.QuarantinedRow]:
        """The refused rows of a source (of all when empty), oldest first."""
        pages = self.pages(self._stub.ListQuarantine, ingest_pb2.ListQuarantineRequest(source=source))
        return [row async for page in pages for row in page.rows]

    async def replay_quarantine(self, quarantine_id: str, event: event_pb2.Event) -> ingest_pb2.PublishResponse:
        """Publish a corrected row in place of a refused one."""
        request = ingest_pb2.ReplayQuarantineRequest(quarantine_id=quarantine_id, event=event)
        answer: ingest_pb2.ReplayQuarantineResponse = await self.call(self._stub.ReplayQuarantine, request)
        return answer.result

    async def publish_control(
        self, kind: int, content: bytes, request_id: str, patience_s: float | None = CONTROL_PATIENCE_S
    ) -> int:
        """Journal a control record (a ControlKind and its JSON); returns its position. Repeating it is safe."""
        request = ingest_pb2.PublishControlRequest(kind=kind, content=content, request_id=request_id)  # type: ignore[arg-type]  # the stub wants the enum's wrapper
        answer = await self.call_persistently(self._stub.PublishControl, request, patience_s)
        return int(answer.sequence)

    async def publish_reference(self, reference: Reference, patience_s: float | None = CONTROL_PATIENCE_S) -> int:
        """Journal reference data, in force for the events after it; the same tables are journalled once."""
        content = json.dumps(reference.to_json(), separators=(",", ":")).encode()
        request_id = f"reference-{reference.digest()}"
        return await self.publish_control(ingest_pb2.CONTROL_KIND_REFERENCE, content, request_id, patience_s)

    async def reference(self) -> tuple[int, Reference]:
        """The reference data last journalled and its position; -1 and empty tables where there are none."""
        answer: ingest_pb2.ReferenceRecord = await self.call(
            self._stub.GetReference, ingest_pb2.GetReferenceRequest(), WINDOW_TIMEOUT_S
        )
        tables = json.loads(answer.content) if answer.content else {}
        return answer.sequence, Reference.from_json(tables)

    async def read_window(
        self, venue: str, instrument: str, from_time_ns: int, to_time_ns: int, **more: Any
    ) -> WindowRead:
        """The events of a market from a time to another (exclusive), whatever the size of the journal.

        `more` are further fields of ReadWindowRequest: accounts, accounts_from_time_ns, only_when_passed, events_max.
        ClientError FAILED_PRECONDITION: WINDOW_NOT_PASSED or TOO_MANY_EVENTS.
        """
        request = ingest_pb2.ReadWindowRequest(
            venue=venue, instrument=instrument, from_time_ns=from_time_ns, to_time_ns=to_time_ns, **more
        )
        frames: list[Frame] = []
        sequences: list[int] = []
        end = ingest_pb2.WindowEnd()
        async with aclosing(self.stream(self._stub.ReadWindow(request, timeout=WINDOW_TIMEOUT_S))) as answers:
            async for answer in answers:
                if answer.HasField("end"):
                    end = answer.end
                else:
                    frames.append(Frame.decode(answer.frame))
                    sequences.extend(answer.sequences)
        return WindowRead(frames, sequences, end)

    def stream_events(
        self, from_sequence: int = -1, *, venue: str = "", instrument: str = "", limit: int = 0
    ) -> AsyncGenerator[ingest_pb2.StreamEventsResponse, None]:
        """Single events from a position on (-1: live only), at most `limit` (0: no limit). Ends at the first error."""
        request = ingest_pb2.StreamEventsRequest(
            from_sequence=from_sequence, venue=venue, instrument=instrument, limit=limit
        )
        return self.stream(self._stub.StreamEvents(request))

    async def subscribe(
        self, from_sequence: int, subscriber: str, *, patience_s: float | None = None
    ) -> AsyncGenerator[JournalRecord, None]:
        """Journal records from a position on, then live, without end; goes on after a break where it was.

        `patience_s`: how long ingest may be away (None: for ever). ClientError: OUT_OF_RANGE below what is kept,
        DATA_LOSS where the journal is damaged.
        """
        method: Any = self.channel.unary_stream(
            SUBSCRIBE, request_serializer=ingest_pb2.SubscribeRequest.SerializeToString, response_deserializer=None
        )
        position = from_sequence

        def open_stream() -> AsyncGenerator[bytes, None]:
            request = ingest_pb2.SubscribeRequest(from_sequence=position, subscriber=subscriber)
            call: grpc.aio.UnaryStreamCall[Any, bytes] = method(request)
            return self.stream(call)

        records = resumed(open_stream, Backoff(patience_s), ended_by_server(self.target))
        async with aclosing(records):
            async for message in records:
                record = parse_record(message)
                position = record.next_sequence
                yield record


async def subscribe(
    target: str,
    from_sequence: int,
    subscriber: str,
    *,
    security: SecuritySettings = LOCAL,
    patience_s: float | None = None,
) -> AsyncIterator[JournalRecord]:
    """`IngestClient.subscribe` over a channel of its own."""
    async with IngestClient(target, security) as client:
        async for record in client.subscribe(from_sequence, subscriber, patience_s=patience_s):
            yield record
