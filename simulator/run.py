"""One run of the market on its way out: paced, counted, and over only when everything was acknowledged."""

import asyncio
import contextlib
import time
from enum import Enum

from simulator.feeds.feed import BatchFeed, Connect, Feed, FeedError
from simulator.labels import Sentence
from simulator.pace import Clock, Pace
from simulator.report import Report
from simulator.simulation import Simulation

ACKNOWLEDGE_SECONDS = 0.5
DRAIN_SECONDS_MAX = 120.0
"""How long who gets the events may stay silent before the run fails."""
PACE_STEP_SECONDS = 0.005
"""Events due within this time are sent at once: shorter sleeps cost more than they tell."""

ROWS_A_BATCH = 8_192
YIELD_EVENTS = 256
"""After so many events others get a turn, however ready the receiver is."""


class State(Enum):
    """Where a run stands."""

    RUNNING = "running"
    DRAINING = "draining"
    FINISHED = "finished"
    FAILED = "failed"


class Run:
    """A simulation on its way out; `play` is the whole run."""

    def __init__(self, simulation: Simulation, connect: Connect, speed: float, clock: Clock = time.monotonic) -> None:
        """`speed` is simulated seconds a wall-clock second, 0 for as fast as the events are taken."""
        self.simulation = simulation
        self.state = State.RUNNING
        self.error = ""
        self.events_sent = 0
        self.events_acknowledged = 0
        self.event_time_ns = simulation.config.start_time_ns
        self._connect = connect
        self._pace = Pace(speed, simulation.config.start_time_ns, clock)
        self._stopped = False
        self._changed = asyncio.Event()

    @property
    def speed(self) -> float:
        """Simulated seconds a wall-clock second; 0 is as fast as the events are taken."""
        return self._pace.speed

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be sent or acknowledged."""
        return self.state in (State.FINISHED, State.FAILED)

    def change_speed(self, speed: float) -> None:
        """Go on at another speed, from now on; what happens in the market is the same at any."""
        self._pace.change(speed, self.event_time_ns)
        self._changed.set()

    def stop(self) -> None:
        """Send nothing more; `play` then drains and returns."""
        self._stopped = True
        self._changed.set()

    def break_off(self) -> None:
        """Mark a run that was cancelled on its way as failed."""
        if not self.is_over:
            self.state = State.FAILED
            self.error = f"broken off with {self.events_sent - self.events_acknowledged} events not yet acknowledged"

    def fail(self, reason: str) -> None:
        """End the run in FAILED."""
        self.state = State.FAILED
        self.error = reason
        self._tell(f"The simulation failed: {reason}")

    async def play(self) -> None:
        """Send the whole run, wait until the receiver has all of it, say that no more comes.

        A receiver that cannot be reached, refuses events or stays silent ends the run in FAILED, with the reason in
        `error`.
        """
        try:
            async with self._connect() as feed:
                acknowledging = asyncio.create_task(self._acknowledge(feed))
                try:
                    await self._send_all(feed)
                    self.state = State.DRAINING
                finally:
                    acknowledging.cancel()
                    with contextlib.suppress(asyncio.CancelledError, TimeoutError, FeedError):
                        await acknowledging
                await feed.drained(DRAIN_SECONDS_MAX)
                self.events_acknowledged = self.events_sent
        except (OSError, TimeoutError, FeedError) as error:
            self.fail(str(error) or f"who gets the events acknowledged nothing for {DRAIN_SECONDS_MAX:g} s")
            return
        self.state = State.FINISHED
        self._tell(f"The market closes: {self.events_sent} events were sent and acknowledged.")

    def _tell(self, text: str) -> None:
        self.simulation.narrative.tell(Sentence(self.event_time_ns, text))

    async def _send_all(self, feed: Feed) -> None:
        if isinstance(feed, BatchFeed) and not self._pace.speed:
            await self._send_batches(feed)
        for report in self.simulation.reports():
            if self._pace.speed:
                await self._wait_until_due(feed, report.event_time_ns)
            await self._send(feed, report)
            if self._stopped:
                break
        for report in self.simulation.end_session():
            await self._send(feed, report)

    async def _send_batches(self, feed: BatchFeed) -> None:
        """Send columns while there is nothing to wait for; what is left then goes event by event."""
        for batch in self.simulation.batches(ROWS_A_BATCH):
            if batch.row_count:
                await feed.send_batch(batch)
                self.events_sent += batch.row_count
                self.event_time_ns = int(batch.columns["time_ns"][-1])
            await asyncio.sleep(0)
            if self._stopped or self._pace.speed:
                return

    async def _send(self, feed: Feed, report: Report) -> None:
        await feed.send(report)
        self.events_sent += 1
        self.event_time_ns = report.event_time_ns
        if self.events_sent % YIELD_EVENTS == 0:
            await asyncio.sleep(0)

    async def _wait_until_due(self, feed: Feed, event_time_ns: int) -> None:
        """Sleep until the event is due at the speed of then, or the run is stopped."""
        while not self._stopped:
            self._changed.clear()
            ahead_seconds = self._pace.wait_seconds(event_time_ns)
            if ahead_seconds <= PACE_STEP_SECONDS:
                return
            await feed.flush()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), ahead_seconds)

    async def _acknowledge(self, feed: Feed) -> None:
        """Learn from time to time how much has arrived; a silent receiver is noticed at the end, by `drained`."""
        while True:
            await asyncio.sleep(ACKNOWLEDGE_SECONDS)
            sent = self.events_sent
            if sent > self.events_acknowledged:
                await feed.drained(DRAIN_SECONDS_MAX)
                self.events_acknowledged = sent
