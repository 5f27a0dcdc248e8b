"""The stage: at most one run at a time, started, stopped and forgotten on request."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path

from simulator import timeline
from simulator.labels import write_labels
from simulator.output import write_reference
from simulator.run import Connect, Run
from simulator.simulation import DEMO_SCHEMES, DEMO_SEVERITY, Simulation, SimulationConfig, labelled_run
from tapewatch.runtime.errors import FailedPrecondition

STOP_SECONDS_MAX = 20.0
"""A stopped run that the gateway has not acknowledged within this time is broken off."""

Spawn = Callable[[Coroutine[object, object, None]], "asyncio.Task[None]"]


class Stage:
    """Holds the current run; its reference data and labels are written to the data directory."""

    def __init__(self, directory: Path, first_time_ns: int, connect: Connect, spawn: Spawn) -> None:
        self.run: Run | None = None
        self._directory = directory
        self._first_time_ns = first_time_ns
        self._connect = connect
        self._spawn = spawn
        self._task: asyncio.Task[None] | None = None

    def start(self, seed: int, minutes: float, speed: float, schemes: list[str], severity: float) -> Run:
        """Begin a run; `minutes` 0 plays the schemes again and again until stopped.

        Raises FailedPrecondition while another runs and ValueError for a scheme or severity that does not exist.
        """
        if self.run is not None and not self.run.is_over:
            raise FailedPrecondition(
                "SIMULATION_RUNNING", "expected no run under way, found one: stop it first", state=self.run.state.value
            )
        config = configure(seed, minutes, schemes, severity)
        place = timeline.reserve(self._directory, self._first_time_ns, minutes)
        config = replace(config, start_time_ns=place.start_time_ns, session_number=place.session_number)
        simulation = Simulation(config)
        write_reference(self._directory, simulation)
        self.run = Run(simulation, self._connect, speed)
        self._task = self._spawn(self._play(self.run, place))
        return self.run

    async def stop(self) -> Run:
        """End the run once what was sent is acknowledged; raises FailedPrecondition when nothing ever ran."""
        run, task = self.run, self._task
        if run is None or task is None:
            raise FailedPrecondition("NO_SIMULATION", "expected a run to stop, found none: start one first")
        run.stop()
        await asyncio.wait((task,), timeout=STOP_SECONDS_MAX)
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
        return run

    async def reset(self) -> None:
        """End the run, if there is one, and forget it."""
        if self.run is not None:
            await self.stop()
        self.run = self._task = None

    async def _play(self, run: Run, place: timeline.Place) -> None:
        try:
            await run.play()
        finally:
            run.break_off()
            timeline.free_after(self._directory, place, run.simulation.now_ns)
            write_labels(self._directory / "labels.jsonl", run.simulation.labels())


def configure(seed: int, minutes: float, schemes: list[str], severity: float) -> SimulationConfig:
    """Return what a request for a run means: with an end, schemes once each; without one, over and over."""
    if minutes:
        return labelled_run(schemes, seed=seed, minutes=minutes, severity=severity)
    return SimulationConfig(seed=seed, minutes=0.0, recurring=tuple(schemes), recurring_severity=severity)


def standard_schemes() -> tuple[list[str], float]:
    """Return the schemes and the severity of the standard labelled run."""
    return list(DEMO_SCHEMES), DEMO_SEVERITY
