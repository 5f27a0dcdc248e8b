"""In-process services with which the SDK's tests talk over real channels."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import grpc
import grpc.aio

from surveillance.v1 import alert_record_pb2, case_pb2, case_pb2_grpc, ingest_pb2, ingest_pb2_grpc
from tapewatch.runtime.errors import ServiceError, trailing_details


async def refuse(context: Any, error: ServiceError) -> None:
    """End the call as the services' interceptor does."""
    await context.abort(error.code, error.message, trailing_details(error))


INGEST: Any = ingest_pb2_grpc.IngestServiceServicer
CASES: Any = case_pb2_grpc.CaseServiceServicer


class FakeIngest(INGEST):  # type: ignore[misc]  # mypy calls the generated base abstract; at run time it answers UNIMPLEMENTED
    """Keeps frames in memory; breaks, refuses and hesitates on demand."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.ended: list[str] = []
        self.streams = 0
        self.received: list[bytes] = []
        self.break_after: list[int] = []
        self.names_the_batch = True
        self.answering = asyncio.Event()
        self.answering.set()
        self.status = grpc.StatusCode.UNAVAILABLE

    async def Publish(self, request_iterator: Any, context: Any) -> AsyncIterator[ingest_pb2.PublishResponse]:
        self.streams += 1
        left = self.break_after.pop(0) if self.break_after else None
        async for request in request_iterator:
            self.received.append(request.frame)
            if request.frame.startswith(b"bad"):
                named = {"batch_id": request.batch_id} if self.names_the_batch else {}
                code = grpc.StatusCode.INVALID_ARGUMENT
                await refuse(context, ServiceError(code, "FRAME", "expected a frame, found bad", named))
            known = request.frame in self.kept
            if request.end_of_source:
                self.ended.append(request.source)
            elif not known:
                self.kept.append(request.frame)
            if left == 0:
                await context.abort(self.status, "broken on purpose")
            left = left - 1 if left is not None else None
            await self.answering.wait()
            yield ingest_pb2.PublishResponse(
                batch_id=request.batch_id,
                journalled=0 if known or request.end_of_source else 1,
                duplicates=int(known),
                durable_sequence=len(self.kept),
            )

    async def Subscribe(self, request: Any, context: Any) -> AsyncIterator[ingest_pb2.SubscribeResponse]:
        self.streams += 1
        if request.from_sequence < 0:
            error = ServiceError(grpc.StatusCode.OUT_OF_RANGE, "TOO_OLD", "expected 0 or later", {"first": "0"})
            await refuse(context, error)
        left = self.break_after.pop(0) if self.break_after else None
        for sequence, frame in list(enumerate(self.kept))[request.from_sequence :]:
            if left == 0:
                await context.abort(self.status, "broken on purpose")
            left = left - 1 if left is not None else None
            yield ingest_pb2.SubscribeResponse(
                kind=ingest_pb2.RECORD_KIND_EVENTS,
                first_sequence=sequence,
                row_count=1,
                payload=frame,
                ingest_time_ns=1_700_000_000_000_000_000,
            )

    async def ListSources(self, request: Any, context: Any) -> ingest_pb2.ListSourcesResponse:
        first = int(request.page_token or 0)
        return ingest_pb2.ListSourcesResponse(
            sources=[ingest_pb2.Source(source=f"s{first}")], next_page_token=str(first + 1) if first < 2 else ""
        )


class FakeCases(CASES):  # type: ignore[misc]  # as above
    """Answers alerts, away for the first `away_for` calls; watches break after every answer."""

    def __init__(self) -> None:
        self.away_for = 0
        self.requests: list[Any] = []

    async def RecordAlerts(self, request: Any, context: Any) -> alert_record_pb2.RecordAlertsResponse:
        self.requests.append(request)
        if self.away_for:
            self.away_for -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        results = [
            alert_record_pb2.RecordAlertResult(alert_id=alert.alert_id, changed=True) for alert in request.alerts
        ]
        return alert_record_pb2.RecordAlertsResponse(results=results)

    async def WatchCases(self, request: Any, context: Any) -> AsyncIterator[case_pb2.WatchCasesResponse]:
        self.requests.append(request)
        number = int(request.cursor or 0) + 1
        yield case_pb2.WatchCasesResponse(case=case_pb2.Case(number=number), cursor=str(number))

    async def CloseCase(self, request: Any, context: Any) -> case_pb2.Case:
        self.requests.append(request)
        error = ServiceError(grpc.StatusCode.ABORTED, "STALE_ETAG", "expected etag b, found a", {"case_id": "1"})
        await refuse(context, error)
        raise AssertionError("abort returned")

    async def GetCase(self, request: Any, context: Any) -> case_pb2.Case:
        await asyncio.Event().wait()  # never answers: the deadline must
        raise AssertionError("unreachable")


@asynccontextmanager
async def serving(add: Callable[[Any, grpc.aio.Server], object], servicer: Any, port: int = 0) -> AsyncIterator[str]:
    """Serve on a loopback port; yields HOST:PORT."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    add(servicer, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield f"127.0.0.1:{bound}"
    finally:
        await server.stop(None)


@contextmanager
def serving_in_thread(add: Callable[[Any, grpc.aio.Server], object], make: Callable[[], Any]) -> Iterator[str]:
    """Serve from a loop of another thread, for tests of blocking code; yields HOST:PORT."""
    address: Future[str] = Future()
    stop: Future[None] = Future()

    async def serve() -> None:
        async with serving(add, make()) as found:
            address.set_result(found)
            await asyncio.wrap_future(stop)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield address.result(timeout=10)
    finally:
        stop.set_result(None)
        thread.join(timeout=10)


async def until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Give the loop turns until the condition holds; TimeoutError after `timeout_s` seconds."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the condition is of plain values
            await asyncio.sleep(0.001)
