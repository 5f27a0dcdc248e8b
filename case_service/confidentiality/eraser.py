"""Erases what is due: a few cases at a time, so that other writes go between, and their files after them."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import structlog

from case_service.confidentiality import erasure
from case_service.confidentiality.erasure import Order
from case_service.confidentiality.retention import RetentionSettings
from case_service.store.databases.search import forget_words
from case_service.store.store import Store

CASES_A_TIME = 20
CASES_A_CALL_MAX = 1_000
POLICY = Order("retention", "kept as long as the policy says")
_log = structlog.get_logger(__name__)


class Files(Protocol):
    """A folder of files by the hash of their content."""

    def remove(self, sha256: str) -> object:
        """Forget one; nothing where there is none."""


class Eraser:
    """The erasures of one store and of the files of its cases."""

    def __init__(
        self, store: Store, policy: RetentionSettings, clock_ns: Callable[[], int], files: Sequence[Files]
    ) -> None:
        self._store = store
        self._policy = policy
        self._clock_ns = clock_ns
        self._files = files

    async def due(self, numbers: Sequence[int] | None, count: int) -> list[int]:
        """Numbers of at most `count` cases that may be erased now; of some of them where named."""
        rows = await self._store.read(erasure.due, self._policy, self._clock_ns(), numbers, 0, count)
        return [row.number for row in rows]

    async def held(self) -> int:
        """How many cases past their time a matter holds."""
        return await self._store.read(erasure.held_count, self._policy, self._clock_ns())

    async def erase(self, numbers: Sequence[int], order: Order) -> list[int]:
        """Erase those of the cases that are still due, then their files; their numbers."""
        erased: list[int] = []
        for start in range(0, len(numbers), CASES_A_TIME):
            part = numbers[start : start + CASES_A_TIME]
            work = partial(erasure.erase, numbers=part, policy=self._policy, order=order)
            erased += await self._store.write(work)
        if erased:
            await self._store.write(lambda shared: forget_words(shared.connection))
            await self.remove_files()
        return erased

    async def remove_files(self) -> None:
        """Remove files of erased cases; done at every start too, for what a crash left."""
        left = await self._store.read(erasure.files_left)
        if not left:
            return
        for sha256 in sorted({each for files in left.values() for each in files}):
            for files in self._files:
                await asyncio.to_thread(files.remove, sha256)
        await self._store.write(lambda shared: erasure.files_removed(shared, left))

    async def run(self, stop: asyncio.Event) -> None:
        """Erase what is due by the policy, now and then, until stopped."""
        await self.remove_files()
        every_hours = self._policy.erase_every_hours
        while every_hours is not None and not stop.is_set():
            numbers = await self.due(None, CASES_A_CALL_MAX)
            if numbers:
                erased = await self.erase(numbers, POLICY)
                _log.info("cases erased by policy", cases=len(erased))
            if len(numbers) < CASES_A_CALL_MAX:
                await _set_within(stop, every_hours * 3_600)


async def _set_within(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
