"""The one writer: units of work queue up, share a transaction, and are answered once it is on disk (group commit)."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection

from case_service.store.databases.database import Database
from case_service.store.transaction import Transaction, transaction
from tapewatch.runtime.errors import InvalidArgument, ResourceExhausted, ServiceError, Unavailable

QUEUE_MAX = 256
GROUP_MAX = 64
RETRY_AFTER_MS = 200
Result = TypeVar("Result")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit of work and who waits for it."""

    work: Callable[[Transaction], Any]
    answer: asyncio.Future[Any]


class Writer:
    """Runs units of work one after another in a thread of its own.

    A unit that raises a ServiceError is undone alone and its caller told. Any other error undoes the whole group, so
    that nothing is acknowledged that may not be there: where the database says that it passes (its server is out of
    reach) the callers are told and the next group is tried, else (the disk is full, an fsync failed) `run` ends.
    """

    def __init__(
        self,
        database: Database,
        clock_ns: Callable[[], int],
        committed: Callable[[int], None],
        *,
        queue_max: int = QUEUE_MAX,
        group_max: int = GROUP_MAX,
    ) -> None:
        self._database = database
        self._clock_ns = clock_ns
        self._committed = committed
        self._group_max = group_max
        self._queue: asyncio.Queue[_Unit] = asyncio.Queue(queue_max)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="case-writer")
        self._ended = False

    async def write(self, work: Callable[[Transaction], Result]) -> Result:
        """Run `work` in a transaction, as a part of this call, and return its result once that is durable.

        Raises what `work` raises, ResourceExhausted when the queue is full, Unavailable when the writer has ended.
        """
        if self._ended:
            raise ended()
        context = copy_context()  # the thread sees whose call it is, and so what may be seen
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait(_Unit(lambda shared: context.run(work, shared), answer))
        except asyncio.QueueFull:
            raise ResourceExhausted(
                "WRITE_QUEUE_FULL",
                f"expected fewer than {self._queue.maxsize} writes waiting, found the queue full; try again later",
                retry_after_ms=RETRY_AFTER_MS,
            ) from None
        return await answer

    async def run(self) -> None:
        """Write until cancelled. A database error ends it and is raised, after the callers were told."""
        group: list[_Unit] = []
        try:
            while True:
                group = [await self._queue.get()]
                while len(group) < self._group_max and not self._queue.empty():
                    group.append(self._queue.get_nowait())
                loop = asyncio.get_running_loop()
                outcomes, change_sequence = await loop.run_in_executor(self._thread, self._commit, group)
                for unit, outcome in zip(group, outcomes, strict=True):
                    _answer(unit, outcome)
                if change_sequence is not None:
                    self._committed(change_sequence)
        finally:
            self._ended = True
            while not self._queue.empty():
                group.append(self._queue.get_nowait())
            for unit in group:
                _answer(unit, ended())

    def close(self) -> None:
        """Wait for the transaction that runs and end the thread."""
        self._thread.shutdown(wait=True)

    def _commit(self, group: list[_Unit]) -> tuple[Sequence[object], int | None]:
        """The outcome of each unit, and the number of the last change; None for it where nothing was acknowledged."""

        def work(connection: Connection) -> tuple[list[object], int]:
            with transaction(connection, self._clock_ns()) as shared:
                outcomes = [self._outcome(shared, unit.work) for unit in group]
            return outcomes, shared.heads.change_sequence

        try:
            return self._database.write(work)
        except self._database.errors as error:
            refusal = self._database.refusal(error)
            if not isinstance(refusal, Unavailable):
                raise
            _log.warning("write_refused", database=self._database.name, units=len(group), cause=str(error)[:200])
            return [refusal] * len(group), None

    def _outcome(self, shared: Transaction, work: Callable[[Transaction], object]) -> object:
        try:
            with shared.unit():
                return self._worked(shared, work)
        except ServiceError as error:
            return error

    def _worked(self, shared: Transaction, work: Callable[[Transaction], object]) -> object:
        try:
            return work(shared)
        except self._database.errors as error:
            refusal = self._database.refusal(error)
            if isinstance(refusal, InvalidArgument):  # one caller's value must not end the others' work
                raise refusal from error
            raise


def _answer(unit: _Unit, outcome: object) -> None:
    if unit.answer.done():  # its caller went away, or was answered before
        return
    if isinstance(outcome, ServiceError):
        unit.answer.set_exception(outcome)
    else:
        unit.answer.set_result(outcome)


def ended() -> Unavailable:
    """What a caller is told when nothing can be written any more."""
    return Unavailable(
        "WRITER_ENDED",
        "the case store takes no more writes: the service stops or its disk failed; send the request again later",
        retry_after_ms=RETRY_AFTER_MS,
    )
