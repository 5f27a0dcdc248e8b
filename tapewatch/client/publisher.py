"""Publishing into ingest: one stream, batches in flight, each answered once its events are durable."""

import asyncio
import contextlib
import itertools
import secrets
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol, Self

import grpc
import grpc.aio

from surveillance.v1 import ingest_pb2
from tapewatch.client.connection import LOCAL, ended_by_server
from tapewatch.client.errors import ClientError
from tapewatch.client.retry import Backoff
from tapewatch.client.wire import publish_request
from tapewatch.runtime.channels import MESSAGE_BYTES_MAX, open_channel
from tapewatch.runtime.security import SecuritySettings

PUBLISH = "/surveillance.v1.IngestService/Publish"
IN_FLIGHT_BYTES_MAX = 8 * 1024 * 1024
IN_FLIGHT_BATCHES_MAX = 256
ANSWER_TIMEOUT_S = 30.0
"""A stream with batches in flight that answers none of them for so long is given up and opened again."""
CLOSE_TIMEOUT_S = 1.0
"""How long a drained stream may take to end in good order before it is cancelled."""


class Encodable(Protocol):
    """What can be published: `tapewatch.market.frame.Frame`, for one."""

    def encode(self) -> bytes:
        """The bytes of the event frame."""
        ...


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What became of a batch: journalled + duplicates + len(rejected) = its rows. Everything below `durable_sequence`
    survives a crash of ingest."""

    batch_id: str
    journalled: int
    duplicates: int
    rejected: tuple[ingest_pb2.RowRejection, ...]
    durable_sequence: int


@dataclass(slots=True)
class _Batch:
    batch_id: str
    request: bytes
    result: asyncio.Future[PublishResult]


class IngestPublisher:
    """Publishes event frames; an async context manager whose exit waits until everything waited for is durable.

    Batches are sent in the order of `submit`/`publish`, pipelined up to `in_flight_bytes_max`; beyond that callers
    wait. After a break the stream is opened again and what was not answered is sent again: ingest knows repeated
    events by their key, so nothing doubles. `patience_s` is how long ingest may be away before every waiting call
    fails with ClientError (None: wait for ever). A batch refused as malformed (INVALID_ARGUMENT) fails alone.
    """

    def __init__(
        self,
        target: str,
        security: SecuritySettings = LOCAL,
        *,
        name: str,
        patience_s: float | None = None,
        in_flight_bytes_max: int = IN_FLIGHT_BYTES_MAX,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self.target = target
        self.name = name
        self._security = security
        self._patience_s = patience_s
        self._in_flight_bytes_max = in_flight_bytes_max
        self._answer_timeout_s = answer_timeout_s
        self._in_flight: dict[str, _Batch] = {}
        self._in_flight_bytes = 0
        self._unsent: deque[_Batch] = deque()
        self._one_by_one = False
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._failure: ClientError | None = None
        self._closing = False
        run = secrets.token_hex(4)
        self._batch_ids = (f"{name}-{run}-{number}" for number in itertools.count(1))
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run(), name=f"publish {self.name}")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._running is not None
        self._closing = True
        self._changed.set()
        try:
            if kind is None:
                while self.is_waited_for:
                    await self._wait_for_change()
                if not self._in_flight:
                    await asyncio.wait({self._running}, timeout=CLOSE_TIMEOUT_S)
        finally:
            self._running.cancel()
            await asyncio.wait({self._running})
            self._end()  # a task cancelled before it began has not
        if not self._running.cancelled():
            self._running.result()

    @property
    def unanswered_count(self) -> int:
        """How many batches ingest has not answered."""
        return len(self._in_flight)

    @property
    def is_waited_for(self) -> bool:
        """Whether a caller waits for the answer to a batch."""
        return any(not batch.result.done() for batch in self._in_flight.values())

    async def publish(self, frame: Encodable | bytes) -> PublishResult:
        """Send a frame and wait until it is durable. Raises ClientError where ingest refuses it."""
        return await (await self.submit(frame))

    async def submit(self, frame: Encodable | bytes) -> "asyncio.Future[PublishResult]":
        """Wait for room and send a frame; the future resolves when it is durable. One caller keeps its order."""
        encoded = frame if isinstance(frame, bytes) else frame.encode()
        batch_id = next(self._batch_ids)
        request = publish_request(batch_id, encoded)
        if len(request) > MESSAGE_BYTES_MAX:
            message = f"expected a batch of at most {MESSAGE_BYTES_MAX} bytes, found {len(request)}: send fewer rows"
            raise ClientError(grpc.StatusCode.INVALID_ARGUMENT, "BATCH_TOO_LARGE", message)
        return await self._enqueue(batch_id, request)

    async def end_of_source(self, source: str) -> PublishResult:
        """Tell ingest that no more events of `source` come in this run; resolves when the mark is durable."""
        batch_id = next(self._batch_ids)
        request = ingest_pb2.PublishRequest(batch_id=batch_id, end_of_source=True, source=source)
        return await (await self._enqueue(batch_id, request.SerializeToString()))

    async def start_of_source(self, source: str) -> PublishResult:
        """Tell ingest that `source`, which ended, is there again and should be heard; resolves when that is durable."""
        batch_id = next(self._batch_ids)
        request = ingest_pb2.PublishRequest(batch_id=batch_id, start_of_source=True, source=source)
        return await (await self._enqueue(batch_id, request.SerializeToString()))

    async def _enqueue(self, batch_id: str, request: bytes) -> "asyncio.Future[PublishResult]":
        async with self._turn:  # first come, first served: a large batch is not overtaken by small ones
            while self._failure is None and not self._has_room(len(request)):
                await self._wait_for_change()
            if self._failure is not None:
                raise self._failure
            if self._closing or self._running is None:
                raise RuntimeError(f"publisher {self.name} is not open: use it inside its `async with`")
            batch = _Batch(batch_id, request, asyncio.get_running_loop().create_future())
            self._in_flight[batch_id] = batch
            self._in_flight_bytes += len(request)
            self._unsent.append(batch)
            self._changed.set()
        return batch.result

    def _has_room(self, size_bytes: int) -> bool:
        fits = self._in_flight_bytes + size_bytes <= self._in_flight_bytes_max
        return not self._in_flight or (fits and len(self._in_flight) < IN_FLIGHT_BATCHES_MAX)

    async def _wait_for_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _run(self) -> None:
        """Keep a stream open until closed and drained; whatever ends it fails every waiting call."""
        try:
            async with open_channel(self.target, self._security) as channel:
                publish: Any = channel.stream_stream(
                    PUBLISH, request_serializer=None, response_deserializer=ingest_pb2.PublishResponse.FromString
                )
                await self._keep_publishing(publish)
        except ClientError as error:
            self._failure = error
        finally:
            self._end()

    async def _keep_publishing(self, publish: Any) -> None:
        backoff = Backoff(self._patience_s)
        while self._in_flight or not self._closing:
            if not self._in_flight:
                await self._wait_for_change()
                continue
            failure = await self._one_stream(publish(), backoff)
            if failure is not None and not self._refused(failure):
                self._one_by_one = self._one_by_one or failure.broken_stream  # then the reason can be read
                await backoff.failed(failure)

    async def _one_stream(self, call: Any, backoff: Backoff) -> ClientError | None:
        """Send and read until the stream breaks, or until closed and drained (None)."""
        self._unsent = deque(self._in_flight.values())
        writing = asyncio.create_task(self._write(call))
        try:
            while self._in_flight or not self._closing:
                answer = await self._next_answer(call)
                if answer is grpc.aio.EOF:  # type: ignore[attr-defined]  # missing in the stubs
                    return None if self._closing and not self._in_flight else ended_by_server(self.target)
                backoff.succeeded()
                self._resolve(answer)
        except grpc.aio.AioRpcError as error:
            return ClientError.from_rpc(error, self.target, self._security)
        except TimeoutError:
            wait = f"{self.target} answered none of {len(self._in_flight)} batches for {self._answer_timeout_s} s"
            return ClientError(grpc.StatusCode.DEADLINE_EXCEEDED, "NO_ANSWER", wait)
        finally:
            writing.cancel()
            call.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing
        return None

    async def _next_answer(self, call: Any) -> Any:
        reading = asyncio.ensure_future(call.read())
        try:
            while True:
                waited_for = next(iter(self._in_flight), None)
                await asyncio.wait({reading}, timeout=self._answer_timeout_s)
                if reading.done():
                    return reading.result()
                if waited_for is not None and waited_for in self._in_flight:
                    raise TimeoutError
        finally:
            reading.cancel()

    async def _write(self, call: Any) -> None:
        """Send what is unsent as it comes; how the stream ended is for the reader to say."""
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                if self._unsent and not (self._one_by_one and self._unanswered()):
                    await call.write(self._unsent.popleft().request)
                elif self._closing and not self._in_flight:
                    await call.done_writing()
                    return
                else:
                    await self._wait_for_change()

    def _unanswered(self) -> int:
        return len(self._in_flight) - len(self._unsent)

    def _resolve(self, answer: ingest_pb2.PublishResponse) -> None:
        batch = self._forget(answer.batch_id)
        self._one_by_one = self._one_by_one and bool(self._in_flight)
        if batch is not None and not batch.result.done():
            batch.result.set_result(
                PublishResult(
                    answer.batch_id,
                    answer.journalled,
                    answer.duplicates,
                    tuple(answer.rejected),
                    answer.durable_sequence,
                )
            )

    def _refused(self, failure: ClientError) -> bool:
        """Fail the batch that INVALID_ARGUMENT is about; batches go one by one until it is certain which that is."""
        if failure.code is not grpc.StatusCode.INVALID_ARGUMENT:
            return False
        named = failure.metadata.get("batch_id", "")
        if named not in self._in_flight:
            if not (self._one_by_one or len(self._in_flight) == 1):
                self._one_by_one = True
                return True
            named = next(iter(self._in_flight))
        self._one_by_one = False
        batch = self._forget(named)
        if batch is not None and not batch.result.done():
            batch.result.set_exception(failure)
        return True

    def _forget(self, batch_id: str) -> _Batch | None:
        batch = self._in_flight.pop(batch_id, None)
        if batch is not None:
            self._in_flight_bytes -= len(batch.request)
            self._changed.set()
        return batch

    def _end(self) -> None:
        """Fail what waits, with what ended the publisher."""
        closed = ClientError(grpc.StatusCode.CANCELLED, "CLOSED", f"the publisher {self.name} was closed")
        self._failure = self._failure or closed
        for batch_id in list(self._in_flight):
            batch = self._forget(batch_id)
            if batch is not None and not batch.result.done():
                batch.result.set_exception(self._failure)
        self._changed.set()
