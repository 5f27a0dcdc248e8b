"""The journal's writer: buffered appends, one sync for all of a moment's appends, segments and retention."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import time_ns
from types import TracebackType
from typing import Final, Self

from tapewatch.runtime.errors import DataLoss, Unavailable
from tapewatch.runtime.journal.extent import Extent, Recovery, Segment, list_segments
from tapewatch.runtime.journal.files import FileLayer, lock
from tapewatch.runtime.journal.reader import Cursor
from tapewatch.runtime.journal.record import PAYLOAD_BYTES_MAX, Record, RecordKind
from tapewatch.runtime.journal.recovery import DURABLE_MARK, DurableMark
from tapewatch.runtime.journal.segment_writer import SegmentWriter

LOCK_FILE: Final = "lock"
SHORTEST_WAIT_S: Final = 0.001  # timers below this spin


class JournalError(Unavailable):
    """The disk refused a write or sync; the cause says how. What is on it is unknown: the process must end and recover.

    To a caller it is UNAVAILABLE: what was not answered is to be sent again once the service is back.
    """


@dataclass(frozen=True, slots=True)
class Retention:
    """Whole segments beyond either limit are removed, oldest first; None is no limit."""

    bytes_max: int | None = None
    age_max_ns: int | None = None


@dataclass(frozen=True, slots=True)
class JournalOptions:
    """Size of a segment, how long appends may wait for company before a sync, and how much company ends the wait."""

    segment_bytes: int = 128 << 20
    commit_interval_ms: float = 2.0
    commit_bytes: int = 8 << 20
    retention: Retention = Retention()


class Journal:
    """An append-only log; `sequence` is the position of a row, a mark or control record takes one.

    Open it with `Journal.open`, then use it as an async context manager on the loop that appends. A failed write
    or sync is final: every waiter and every later call raises JournalError, and so does `watch`.
    """

    def __init__(
        self,
        writer: SegmentWriter,
        extent: Extent,
        options: JournalOptions,
        recovery: Recovery | None,
        clock: Callable[[], int],
    ) -> None:
        self.recovery = recovery
        self.options = options
        self.extent = extent
        self.next_sequence = extent.durable_sequence
        self.pending_bytes = 0  # payload bytes appended and not yet durable
        self.appended_bytes = 0  # payload bytes appended since it was opened
        self._writer = writer
        self._clock = clock
        self._buffer: list[Record] = []
        self._buffer_bytes = 0
        self._waiters: deque[tuple[int, asyncio.Future[int]]] = deque()
        self._wanted = asyncio.Event()
        self._full = asyncio.Event()
        self._advanced = asyncio.Event()
        self._failed = asyncio.Event()
        self._failure: BaseException | None = None
        self._following = True
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "journal")

    @staticmethod
    def open(
        directory: Path,
        options: JournalOptions | None = None,
        clock: Callable[[], int] = time_ns,
        files: FileLayer | None = None,
    ) -> Journal:
        """Locks the directory (created where missing), recovers the tail and is ready to append.

        Raises StartError where another process writes here, DataLoss where durable bytes are damaged.
        """
        files = files or FileLayer()
        options = options or JournalOptions()
        directory.mkdir(parents=True, exist_ok=True)
        lock_descriptor = lock(directory / LOCK_FILE)
        try:
            writer, extent, recovery = _recover(directory, options, files, lock_descriptor)
        except BaseException:
            os.close(lock_descriptor)
            raise
        return Journal(writer, extent, options, recovery, clock)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._commit_forever(), name="journal-commit")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._failure is None:
                await self.commit()
                self._sync_mark()
        finally:
            self.end_followers()
            if self._task is not None:
                self._task.cancel()
                await asyncio.wait([self._task])
            self._thread.shutdown()
            self._writer.close()

    def _sync_mark(self) -> None:
        try:
            self._writer.sync_mark()
        except OSError as error:
            self._failure = error
            raise self._journal_error() from error

    @property
    def first_sequence(self) -> int:
        """Oldest position still held."""
        return self.extent.first_sequence

    @property
    def durable_sequence(self) -> int:
        """All positions below are on disk."""
        return self.extent.durable_sequence

    def append(self, kind: RecordKind, payload: bytes, row_count: int = 1) -> int:
        """Takes a record for the next sync and gives its first sequence; it is durable once `commit` has returned.

        Raises JournalError after a failure; ValueError on an empty or too large record.
        """
        self._raise_failure()
        if row_count < 1 or len(payload) > PAYLOAD_BYTES_MAX:
            raise ValueError(
                f"a record has 1 or more rows and at most {PAYLOAD_BYTES_MAX} bytes, "
                f"found {row_count} and {len(payload)}"
            )
        first_sequence = self.next_sequence
        self._buffer.append(Record(kind, first_sequence, row_count, self._clock(), payload))
        self._buffer_bytes += len(payload)
        self.pending_bytes += len(payload)
        self.appended_bytes += len(payload)
        self.next_sequence += row_count
        self._wanted.set()
        if self._buffer_bytes >= self.options.commit_bytes:
            self._full.set()
        return first_sequence

    async def commit(self) -> int:
        """Waits until all that is appended now is on disk; the durable sequence. Raises JournalError."""
        self._raise_failure()
        if self.durable_sequence >= self.next_sequence:
            return self.durable_sequence
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiters.append((self.next_sequence, waiter))
        return await waiter

    async def watch(self) -> None:
        """Returns never; raises JournalError when the disk has failed, so that the owner's task group ends."""
        await self._failed.wait()
        self._raise_failure()

    def read_from(self, sequence: int) -> Iterator[Record]:
        """The durable records from a position to the durable end. Raises OutOfRange, DataLoss."""
        with Cursor(self.extent, sequence, self.next_sequence) as cursor:
            while records := cursor.read():
                yield from records

    async def follow(self, sequence: int) -> AsyncGenerator[list[Record], None]:
        """The durable records from a position on, in chunks, then live until `end_followers`.

        A slow reader holds one chunk; it reads the files at its own pace. Raises OutOfRange, DataLoss.
        """
        with Cursor(self.extent, sequence, self.next_sequence) as cursor:
            while self._following:
                advanced = self._advanced
                records = cursor.read() if cursor.at_hand else await _read_in_thread(cursor)
                if records:
                    yield records
                elif cursor.sequence >= self.durable_sequence:
                    await advanced.wait()

    async def between(self, start: int, end: int) -> AsyncGenerator[list[Record], None]:
        """The durable records that hold positions from `start` to below `end`, in chunks.

        Raises OutOfRange, DataLoss.
        """
        with Cursor(self.extent, start, self.next_sequence) as cursor:
            while cursor.sequence < min(end, self.durable_sequence):
                records = await _read_in_thread(cursor)
                yield [record for record in records if record.first_sequence < end]

    def end_followers(self) -> None:
        """Lets every `follow` end after what it has yielded."""
        self._following = False
        self._advanced.set()

    def retain(self, floor_sequence: int) -> list[Path]:
        """Removes whole segments beyond the limits of retention, never one holding `floor_sequence` or later."""
        limits = self.options.retention
        removed: list[Path] = []
        while len(self.extent.segments) > 1:
            oldest, following = self.extent.segments[:2]
            if following.first_sequence > floor_sequence or not self._beyond(limits, oldest):
                break
            self._writer.files.remove(oldest.path)
            self.extent.segments = self.extent.segments[1:]  # a new list: readers in threads may be searching the old
            removed.append(oldest.path)
        return removed

    def _beyond(self, limits: Retention, oldest: Segment) -> bool:
        if limits.bytes_max is not None and self.extent.size_bytes > limits.bytes_max:
            return True
        age_ns = self._clock() - oldest.path.stat().st_mtime_ns
        return limits.age_max_ns is not None and age_ns > limits.age_max_ns

    async def _commit_forever(self) -> None:
        loop = asyncio.get_running_loop()
        last_s = loop.time() - 1
        while True:
            await self._wanted.wait()
            await self._await_company(last_s + self.options.commit_interval_ms / 1000 - loop.time())
            self._wanted.clear()
            self._full.clear()
            records, self._buffer, self._buffer_bytes = self._buffer, [], 0
            last_s = loop.time()
            try:
                segments = await loop.run_in_executor(self._thread, self._writer.write, records)
            except Exception as error:  # whatever it is, the waiters must hear of it
                self._fail(error)
                return
            self.pending_bytes -= sum(len(record.payload) for record in records)
            self._publish(records[-1].end_sequence, segments)

    async def _await_company(self, wait_s: float) -> None:
        if wait_s >= SHORTEST_WAIT_S and not self._full.is_set():
            try:
                await asyncio.wait_for(self._full.wait(), wait_s)
            except TimeoutError:
                return

    def _publish(self, durable_sequence: int, segments: list[Segment]) -> None:
        self.extent.segments = [*self.extent.segments, *segments] if segments else self.extent.segments
        self._writer.publish_sizes()
        self.extent.durable_sequence = durable_sequence
        while self._waiters and self._waiters[0][0] <= durable_sequence:
            _, waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(durable_sequence)
        self._wake()

    def _fail(self, error: Exception) -> None:
        self._failure = error
        self._failed.set()
        for _, waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(self._journal_error())
        self._waiters.clear()
        self.end_followers()

    def _wake(self) -> None:
        advanced, self._advanced = self._advanced, asyncio.Event()
        advanced.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._journal_error()

    def _journal_error(self) -> JournalError:
        error = JournalError(
            "JOURNAL_FAILED",
            "the disk refused a write or sync, nothing more is accepted until the service has been started again; "
            "send again what was not answered",
        )
        error.__cause__ = self._failure
        return error


async def _read_in_thread(cursor: Cursor) -> list[Record]:
    reading = asyncio.get_running_loop().run_in_executor(None, cursor.read)
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.wait([reading])  # the cursor's file must not be closed under the thread
        raise


def _recover(
    directory: Path, options: JournalOptions, files: FileLayer, lock_descriptor: int
) -> tuple[SegmentWriter, Extent, Recovery | None]:
    mark_descriptor = files.open(directory / DURABLE_MARK)
    mark = DurableMark.read(directory)
    segments = list_segments(directory)
    writer = SegmentWriter(directory, files, options.segment_bytes, lock_descriptor, mark_descriptor)
    sequence, recovery = writer.resume(segments[-1], mark) if segments else (0, None)
    if mark.sequence > sequence and recovery is None:
        raise DataLoss(
            "JOURNAL_SEGMENT_MISSING",
            f"expected a journal up to position {mark.sequence}, found it ending at {sequence}; "
            "restore the missing segment from a copy",
        )
    segments = segments or [writer.begin(0)]
    writer.mark(sequence)
    return writer, Extent(segments, sequence), recovery
