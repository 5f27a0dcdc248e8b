"""The Publish stream: reads batches, takes them at once, answers each in order after the disk has it.

Reading and answering run beside each other, so many batches are in flight. Two bounds: bytes of a stream not answered,
and bytes of all streams that wait for the disk. Beyond either nothing is read, which holds the sender back by flow
control. Where the disk has not finished within STALL_MAX_S the stream ends with RESOURCE_EXHAUSTED.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from ingest_service.intake import Intake, Taken
from ingest_service.requests import Request, read_request
from surveillance.v1 import ingest_pb2
from tapewatch.runtime.errors import ResourceExhausted, ServiceError, Unavailable

STREAM_BYTES_MAX: Final = 16 << 20
STREAM_BATCHES_MAX: Final = 4_096
PENDING_BYTES_MAX: Final = 64 << 20
STALL_MAX_S: Final = 10.0
RETRY_AFTER_MS: Final = 1_000
MESSAGES_PER_ANSWER_MAX: Final = 1_000
"""Rejections of a batch that carry their sentence; the quarantine has all."""


@dataclass(frozen=True, slots=True)
class _Batch:
    batch_id: str
    size: int
    taken: Taken


class Publisher:
    """Handles Publish streams over raw request and response bytes."""

    def __init__(self, intake: Intake, stop: asyncio.Event, pending_bytes_max: int = PENDING_BYTES_MAX) -> None:
        self._intake = intake
        self._stop = stop
        self._pending_bytes_max = pending_bytes_max

    async def publish(self, requests: AsyncIterator[bytes], context: object) -> AsyncIterator[bytes]:
        """The answers to a stream of requests. Raises what the contract says; what was taken is answered first."""
        stream = _Stream(self, requests, self._stop)
        try:
            async with aclosing(stream.answers()) as answers:
                async for answer in answers:
                    yield answer
        finally:
            stream.close()

    def take(self, request: Request) -> Taken:
        """Takes a request's rows, between the marks that its source is there again and that it ends."""
        if request.started_source:
            self._intake.start_source(request.started_source)
        taken = self._intake.take(request.batch_id, request.frame)
        if request.ended_source:
            self._intake.end_source(request.ended_source)
        return taken

    async def durable(self) -> int:
        """Waits until all that was taken is on disk; the durable sequence."""
        return await self._intake.durable()

    async def disk_keeps_up(self) -> None:
        """Waits where too much waits for the disk."""
        if self._intake.journal.pending_bytes >= self._pending_bytes_max:
            await self._intake.durable()


class _Stream:
    """One Publish stream: a task reads and takes, the handler answers."""

    def __init__(self, publisher: Publisher, requests: AsyncIterator[bytes], stop: asyncio.Event) -> None:
        self._publisher = publisher
        self._requests = requests
        self._stop = stop
        self._waiting: deque[_Batch] = deque()
        self._unanswered_bytes = 0
        self._came = asyncio.Event()
        self._answered = asyncio.Event()
        self._last_durable = ""
        self._reading = asyncio.create_task(self._read(), name="publish-read")
        self._stopping = asyncio.create_task(self._stop_reading(), name="publish-stop")

    async def answers(self) -> AsyncGenerator[bytes, None]:
        """Answers in the order of the requests, each after its rows are durable; then how the reading ended."""
        while not (self._reading.done() and not self._waiting):
            await self._came.wait()
            self._came.clear()
            while self._waiting:
                count = len(self._waiting)
                durable_sequence = await self._durable()
                for _ in range(count):
                    batch = self._waiting.popleft()
                    yield answer_of(batch.batch_id, batch.taken, durable_sequence).SerializeToString()
                    self._last_durable = batch.batch_id
                    self._unanswered_bytes -= batch.size
                    self._answered.set()
        self._finish()

    def close(self) -> None:
        """Stops reading; what was taken stays taken."""
        self._stopping.cancel()
        if not self._reading.cancel() and not self._reading.cancelled():
            self._reading.exception()  # seen: the caller has gone, nobody is left to hear of it

    async def _read(self) -> None:
        try:
            async for data in self._requests:
                request = read_request(data)
                self._waiting.append(_Batch(request.batch_id, len(data), self._publisher.take(request)))
                self._unanswered_bytes += len(data)
                self._came.set()
                if self._unanswered_bytes >= STREAM_BYTES_MAX or len(self._waiting) >= STREAM_BATCHES_MAX:
                    await self._room()
                await self._publisher.disk_keeps_up()
        finally:
            self._came.set()

    async def _room(self) -> None:
        while self._unanswered_bytes >= STREAM_BYTES_MAX or len(self._waiting) >= STREAM_BATCHES_MAX:
            self._answered.clear()
            await self._answered.wait()

    async def _durable(self) -> int:
        try:
            async with asyncio.timeout(STALL_MAX_S):
                return await self._publisher.durable()
        except TimeoutError:
            raise ResourceExhausted(
                "OVERLOADED",
                f"{len(self._waiting)} batches of this stream wait for the disk, longer than {STALL_MAX_S:g} s; all up "
                f"to batch {self._last_durable!r} is durable, send the rest again, later and slower",
                retry_after_ms=RETRY_AFTER_MS,
                last_durable_batch_id=self._last_durable,
            ) from None

    async def _stop_reading(self) -> None:
        await self._stop.wait()
        self._reading.cancel()

    def _finish(self) -> None:
        error = None if self._reading.cancelled() else self._reading.exception()
        if isinstance(error, ServiceError):
            error.metadata.setdefault("last_durable_batch_id", self._last_durable)
        if error is not None:
            raise error
        if self._stop.is_set():
            raise Unavailable(
                "DRAINING",
                f"ingest is stopping; all up to batch {self._last_durable!r} is durable, send the rest again",
                retry_after_ms=RETRY_AFTER_MS,
                last_durable_batch_id=self._last_durable,
            )


def answer_of(batch_id: str, taken: Taken, durable_sequence: int) -> ingest_pb2.PublishResponse:
    """The PublishResponse of a batch."""
    answer = ingest_pb2.PublishResponse(
        batch_id=batch_id,
        journalled=taken.journalled,
        duplicates=taken.duplicates,
        durable_sequence=durable_sequence,
    )
    for place, (rejection, row_id) in enumerate(zip(taken.rejections, taken.quarantine_ids, strict=True)):
        answer.rejected.add(
            row=rejection.row,
            field=rejection.field,
            reason=rejection.reason,
            message=rejection.message if place < MESSAGES_PER_ANSWER_MAX else "",
            quarantine_id=str(row_id),
        )
    return answer
