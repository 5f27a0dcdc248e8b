"""One run of the market into the FIX gateway: paced, counted, and over only when everything was acknowledged."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from enum import Enum
from typing import Protocol

from simulator.drop_copy import DropCopy
from simulator.randomness import SECOND_NS
from simulator.report import Report
from simulator.simulation import Simulation
from tapewatch.fix.codec import Field

ACKNOWLEDGE_SECONDS = 0.5
DRAIN_SECONDS_MAX = 120.0
"""How long the gateway may stay silent before the run fails."""
PACE_STEP_SECONDS = 0.005
"""Events due within this time are sent at once: shorter sleeps cost more than they tell."""

YIELD_EVENTS = 256
"""After so many events others get a turn, however ready the gateway is."""


class State(Enum):
    """Where a run stands."""

    RUNNING = "running"
    DRAINING = "draining"
    FINISHED = "finished"
    FAILED = "failed"


class Outlet(Protocol):
    """The FIX session a run sends to."""

    async def send(self, msg_type: str, fields: Iterable[Field]) -> int:
        """Send a message; wait while the peer is slow or away."""
        ...

    async def drained(self, timeout_s: float = ...) -> None:
        """Return once the peer has everything sent so far; raise TimeoutError."""
        ...


Connect = Callable[[], AbstractAsyncContextManager[Outlet]]
"""Opens the FIX session; leaving it logs out."""


class Run:
    """A simulation on its way to the gateway; `play` is the whole run."""

    def __init__(
        self,
        simulation: Simulation,
        connect: Connect,
        speed: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`speed` is simulated seconds a wall-clock second, 0 for as fast as the gateway takes it."""
        self.simulation = simulation
        self.state = State.RUNNING
        self.error = ""
        self.events_sent = 0
        self.events_acknowledged = 0
        self.event_time_ns = simulation.config.start_time_ns
        self._connect = connect
        self._speed = speed
        self._clock = clock
        self._stop = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be sent or acknowledged."""
        return self.state in (State.FINISHED, State.FAILED)

    def stop(self) -> None:
        """Send nothing more; `play` then drains and returns."""
        self._stop.set()

    def break_off(self) -> None:
        """Mark a run that was cancelled on its way as failed."""
        if not self.is_over:
            self.state = State.FAILED
            self.error = f"broken off with {self.events_sent - self.events_acknowledged} events not yet acknowledged"

    async def play(self) -> None:
        """Send the whole run, wait until the gateway has all of it, log out.

        A gateway that cannot be reached or stays silent ends the run in FAILED, with the reason in `error`.
        """
        try:
            async with self._connect() as outlet:
                acknowledging = asyncio.create_task(self._acknowledge(outlet))
                try:
                    await self._send_all(outlet)
                    self.state = State.DRAINING
                finally:
                    acknowledging.cancel()
                    with contextlib.suppress(asyncio.CancelledError, TimeoutError):
                        await acknowledging
                await outlet.drained(DRAIN_SECONDS_MAX)
                self.events_acknowledged = self.events_sent
        except (OSError, TimeoutError) as error:
            self.state = State.FAILED
            self.error = str(error) or f"the gateway acknowledged nothing for {DRAIN_SECONDS_MAX:g} s"
            return
        self.state = State.FINISHED

    async def _send_all(self, outlet: Outlet) -> None:
        drop_copy = DropCopy()
        begun = self._clock()
        for report in self.simulation.reports():
            if self._speed:
                await self._wait_until_due(report.event_time_ns, begun)
            await self._send(outlet, drop_copy, report)
            if self._stop.is_set():
                break
        for report in self.simulation.end_session():
            await self._send(outlet, drop_copy, report)

    async def _send(self, outlet: Outlet, drop_copy: DropCopy, report: Report) -> None:
        await outlet.send(*drop_copy.message(report))
        self.events_sent += 1
        self.event_time_ns = report.event_time_ns
        if self.events_sent % YIELD_EVENTS == 0:
            await asyncio.sleep(0)

    async def _wait_until_due(self, event_time_ns: int, begun: float) -> None:
        simulated_seconds = (event_time_ns - self.simulation.config.start_time_ns) / SECOND_NS
        ahead_seconds = simulated_seconds / self._speed - (self._clock() - begun)
        if ahead_seconds > PACE_STEP_SECONDS:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), ahead_seconds)

    async def _acknowledge(self, outlet: Outlet) -> None:
        """Learn from time to time how much the gateway has; a silent one is noticed at the end, by `drained`."""
        while True:
            await asyncio.sleep(ACKNOWLEDGE_SECONDS)
            sent = self.events_sent
            if sent > self.events_acknowledged:
                await outlet.drained(DRAIN_SECONDS_MAX)
                self.events_acknowledged = sent
