"""When correction runs are made: soon after something asks for one, never so often that they crowd out detection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from detection_service.consumer import Consumer
from detection_service.corrections.run import Read, Run, TooManyLateError

REST_FACTOR: Final = 4.0
"""A run is followed by a rest of so many times its length, so that runs take at most a fifth of the time."""
QUIET_WAITS_MAX: Final = 10
"""What asks for a run is gathered until nothing more has come for one delay, at most for so many."""

_log = structlog.get_logger(__name__)


class CorrectionRuns:
    """Makes runs for a consumer, one after the other; the clock here decides when, never which alerts stand."""

    def __init__(self, consumer: Consumer, read: Read, delay_s: float) -> None:
        self._consumer = consumer
        self._read = read
        self._delay_s = delay_s

    async def run(self, journal_end: Callable[[], Awaitable[int]]) -> None:
        """Makes runs, for ever, once the consumer has come to where the journal ends now.

        Up to there a process before this one may have told of alerts. They are made again first, by an engine that is
        no further corrected than that one was, so that no revision is ever told with two contents.
        """
        loop = asyncio.get_running_loop()
        end = await journal_end()
        progressed = self._consumer.progressed
        while self._consumer.next_sequence < end:
            progressed.clear()
            await progressed.wait()
        while True:
            await self._gathered()
            begun_s = loop.time()
            await self.correct()
            await asyncio.sleep(max(self._delay_s, REST_FACTOR * (loop.time() - begun_s)))

    async def _gathered(self) -> None:
        """Waits until something awaits a run and, for a while, until nothing more comes."""
        due = self._consumer.corrections_due
        await due.wait()
        for _ in range(QUIET_WAITS_MAX):
            due.clear()
            await asyncio.sleep(self._delay_s)
            if not due.is_set():
                return

    async def correct(self) -> Run | None:
        """One run for all that awaits one; None where nothing does."""
        consumer = self._consumer
        consumer.corrections_due.clear()
        async with consumer.turn:
            held = consumer.corrections
            wanted, earliest_ns = held.begin_run()
            if not held.running:
                return None
            run = Run(consumer, self._read, wanted, earliest_ns)
        try:
            surveyed = await run.survey()
            if surveyed is None:
                held.end_run(run.unknown)
            else:
                await run.put_right(surveyed)
        except TooManyLateError as error:
            held.end_run(run.unknown)
            _log.error("late events left as they came; evaluate the day again from files", problem=str(error))
        _log.info("correction run", until=run.until, unknown_references=len(run.unknown), **run.told)
        return run
