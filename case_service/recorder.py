"""Joins the alert batches that wait into one unit of work: statements cost per unit, so small batches get cheap."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from case_service.grouping import Policy
from case_service.store.batch import Incoming, Outcome
from case_service.store.recording import record
from case_service.store.store import Store
from case_service.store.writer import ended
from tapewatch.runtime.errors import ResourceExhausted, ServiceError

BATCHES_WAITING_MAX = 256
ALERTS_JOINED = 1_000
"""No further batch joins a unit that has as many; a unit is below twice that."""
RETRY_AFTER_MS = 200


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A batch and who waits for its outcomes."""

    incoming: Sequence[Incoming]
    answer: "asyncio.Future[list[Outcome]]"


class Recorder:
    """Records batches in the order they come; each is durable when answered."""

    def __init__(self, store: Store, policy: Policy, batches_max: int = BATCHES_WAITING_MAX) -> None:
        self._store = store
        self._policy = policy
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(batches_max)
        self._ended = False

    async def record(self, incoming: Sequence[Incoming]) -> list[Outcome]:
        """Record revisions; see `store.recording.record`.

        Raises ResourceExhausted when too many batches wait, Unavailable when the store takes no more writes.
        """
        if self._ended:
            raise ended()
        batch = _Waiting(incoming, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(batch)
        except asyncio.QueueFull:
            raise ResourceExhausted(
                "RECORD_QUEUE_FULL",
                f"expected fewer than {self._queue.maxsize} batches of alerts waiting, found as many; try again later",
                retry_after_ms=RETRY_AFTER_MS,
            ) from None
        return await batch.answer

    async def run(self) -> None:
        """Record until cancelled."""
        group: list[_Waiting] = []
        try:
            while True:
                group = await self._take()
                joined = [each for batch in group for each in batch.incoming]
                try:
                    outcomes = await self._write(joined)
                except ServiceError as error:
                    _refuse(group, error)
                else:
                    _answer(group, iter(outcomes))
        finally:
            self._ended = True
            while not self._queue.empty():
                group.append(self._queue.get_nowait())
            _refuse(group, ended())

    async def _take(self) -> list[_Waiting]:
        group = [await self._queue.get()]
        count = len(group[0].incoming)
        while count < ALERTS_JOINED and not self._queue.empty():
            group.append(self._queue.get_nowait())
            count += len(group[-1].incoming)
        return group

    async def _write(self, joined: Sequence[Incoming]) -> list[Outcome]:
        return await self._store.write(lambda shared: record(shared, joined, self._policy))


def _answer(group: Sequence[_Waiting], outcomes: Iterator[Outcome]) -> None:
    for batch in group:
        own = list(islice(outcomes, len(batch.incoming)))
        if not batch.answer.done():  # its caller went away
            batch.answer.set_result(own)


def _refuse(group: Sequence[_Waiting], error: ServiceError) -> None:
    for batch in group:
        if not batch.answer.done():
            batch.answer.set_exception(error)
