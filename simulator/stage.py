"""The stage: at most one run at a time, started, stopped and forgotten on request."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path

from simulator import timeline
from simulator.feeds.feed import Destination, Destinations, FeedError, FeedKind
from simulator.labels import Scenario, write_benign, write_labels
from simulator.output import Format, write_reference
from simulator.run import Run, State
from simulator.schedule import check_scheme
from simulator.schemes.camouflage import NONE, Camouflage
from simulator.simulation import DEMO_SCHEMES, DEMO_SEVERITY, Simulation, SimulationConfig, labelled_run
from simulator.venues import MARKETS, MarketName
from tapewatch.runtime.errors import FailedPrecondition

STOP_SECONDS_MAX = 20.0
"""A stopped run that the receiver has not acknowledged within this time is broken off."""
REFERENCE_SECONDS = 0.5
"""So often it is looked whether schemes brought reference data with them."""
LABELS_FILE, BENIGN_FILE = "labels.jsonl", "benign.jsonl"

Publish = Callable[[Path], Awaitable[None]]
Spawn = Callable[[Coroutine[object, object, None]], "asyncio.Task[None]"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run is to be: `minutes` 0 plays the schemes again and again until stopped; `speed` 0 does not wait."""

    seed: int
    minutes: float = 0.0
    speed: float = 0.0
    schemes: tuple[str, ...] = ()
    severity: float = DEMO_SEVERITY
    activity: float = 1.0
    feed: FeedKind = FeedKind.FIX
    file_format: Format = "events"
    publishes_reference: bool = False
    camouflage: Camouflage = NONE
    hard_negatives: tuple[str, ...] = ()
    market: MarketName = "shares"


@dataclass(slots=True)
class Performance:
    """A run with what was asked for and where it goes; `severity` is that of the schemes yet to be played."""

    run: Run
    request: RunRequest
    place: timeline.Place
    destination: Destination
    task: "asyncio.Task[None] | None" = None
    published_rows: int = -1

    @property
    def severity(self) -> float:
        """0 to 1."""
        return self.request.severity if self.request.minutes else self.run.simulation.recurring_severity


class Stage:
    """Holds the current run; its reference data and labels are written to the data directory."""

    def __init__(
        self, directory: Path, first_time_ns: int, destinations: Destinations, spawn: Spawn, publish: Publish
    ) -> None:
        """`publish` journals the reference data in a directory."""
        self.performance: Performance | None = None
        self._directory = directory
        self._first_time_ns = first_time_ns
        self._destinations = destinations
        self._spawn = spawn
        self._publish = publish

    @property
    def run(self) -> Run | None:
        """The current run; None when nothing was started, or it was forgotten."""
        return None if self.performance is None else self.performance.run

    def start(self, request: RunRequest) -> Performance:
        """Begin a run.

        Raises FailedPrecondition while another runs and ValueError for what can not be played.
        """
        if self.run is not None and not self.run.is_over:
            raise FailedPrecondition(
                "SIMULATION_RUNNING", "expected no run under way, found one: stop it first", state=self.run.state.value
            )
        config = configure(request)
        place = timeline.reserve(self._directory, self._first_time_ns, request.minutes)
        config = replace(config, start_time_ns=place.start_time_ns, session_number=place.session_number)
        simulation = Simulation(config)
        destination = self._destinations[request.feed](place.session_number, request.file_format)
        run = Run(simulation, destination.connect, request.speed)
        self.performance = Performance(run, request, place, destination)
        self.performance.task = self._spawn(self._play(self.performance))
        return self.performance

    def adjust(self, speed: float | None, severity: float | None) -> Performance:
        """Go on at another speed, or with another severity of what is yet to be played.

        Raises FailedPrecondition where nothing runs or all is planned already, ValueError for a wrong severity.
        """
        performance = self._running()
        if severity is not None:
            if performance.request.minutes:
                raise FailedPrecondition(
                    "SIMULATION_PLANNED", "expected a run without an end to change the severity of, found one whose "
                    "schemes are planned already: inject one with the severity wanted"
                )  # fmt: skip
            for scheme in performance.request.schemes:
                check_scheme(scheme, severity)
            performance.run.simulation.recurring_severity = severity
        if speed is not None:
            performance.run.change_speed(speed)
        return performance

    async def inject(self, scheme: str, severity: float, instrument: str, camouflage: Camouflage) -> Scenario:
        """Play a scheme into the live run, once detection was told what there is to know of it.

        Raises FailedPrecondition where nothing runs, ValueError for what can not be played.
        """
        performance = self._running()
        scenario = performance.run.simulation.inject(scheme, severity, instrument, camouflage)
        await self._tell_reference(performance)
        return scenario

    def _running(self) -> Performance:
        if self.performance is None or self.performance.run.state is not State.RUNNING:
            raise FailedPrecondition("NO_SIMULATION", "expected a running simulation, found none: start one first")
        return self.performance

    async def stop(self) -> Performance:
        """End the run once what was sent is acknowledged; raises FailedPrecondition when nothing ever ran."""
        performance = self.performance
        if performance is None or performance.task is None:
            raise FailedPrecondition("NO_SIMULATION", "expected a run to stop, found none: start one first")
        performance.run.stop()
        task = performance.task
        await asyncio.wait((task,), timeout=STOP_SECONDS_MAX)
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
        return performance

    async def reset(self) -> None:
        """End the run, if there is one, and forget it and its labels; files asked for as such stay."""
        if self.performance is not None:
            await self.stop()
        self.performance = None
        for name in (LABELS_FILE, BENIGN_FILE):
            (self._directory / name).unlink(missing_ok=True)

    async def _play(self, performance: Performance) -> None:
        run = performance.run
        telling: asyncio.Task[None] | None = None
        try:
            await self._tell_reference(performance)
            telling = asyncio.create_task(self._keep_telling_reference(performance))
            await run.play()
        except FeedError as error:
            run.fail(str(error))
        finally:
            if telling is not None:
                await _end_telling(telling, run)
            run.break_off()
            timeline.free_after(self._directory, performance.place, run.simulation.now_ns)
            for directory in self._directories(performance.destination):
                write_labels(directory / LABELS_FILE, run.simulation.labels())
                write_benign(directory / BENIGN_FILE, run.simulation.benign_labels())

    async def _keep_telling_reference(self, performance: Performance) -> None:
        """Tell what a scheme played again brings with it; where that fails, the run stops. Raises FeedError."""
        try:
            while True:
                await asyncio.sleep(REFERENCE_SECONDS)
                await self._tell_reference(performance)
        except FeedError:
            performance.run.stop()
            raise

    async def _tell_reference(self, performance: Performance) -> None:
        """Write the reference data where it changed, and publish it where asked to. Raises FeedError."""
        simulation = performance.run.simulation
        row_count = simulation.reference.row_count
        if row_count == performance.published_rows:
            return
        performance.published_rows = row_count
        for directory in self._directories(performance.destination):
            write_reference(directory, simulation)
        if performance.request.publishes_reference:
            await self._publish(self._directory)

    def _directories(self, destination: Destination) -> list[Path]:
        return [self._directory, *([] if destination.directory is None else [destination.directory])]


async def _end_telling(telling: "asyncio.Task[None]", run: Run) -> None:
    """Tell no more; a run whose reference data did not arrive has failed."""
    telling.cancel()
    try:
        await telling
    except asyncio.CancelledError:
        pass
    except FeedError as error:
        if run.state is not State.FAILED:
            run.fail(str(error))


def configure(request: RunRequest) -> SimulationConfig:
    """Return what a request for a run means: with an end, schemes once each; without one, over and over.

    Raises ValueError for what can not be played.
    """
    if not request.activity > 0:
        raise ValueError(f"activity must be greater than 0, found {request.activity:g}")
    if request.feed is FeedKind.FILE and not (request.minutes or request.speed):
        raise ValueError("a run into files needs an end or a pace, found minutes 0 and speed 0: it would fill the disk")
    schemes, severity = request.schemes, request.severity
    if request.minutes:
        return labelled_run(
            schemes,
            seed=request.seed,
            minutes=request.minutes,
            severity=severity,
            activity=request.activity,
            hard_negatives=request.hard_negatives,
            camouflage=request.camouflage,
            market=request.market,
        )
    if request.hard_negatives:
        raise ValueError("hard negatives are planned ahead, found a run without an end: give it minutes")
    return SimulationConfig(
        seed=request.seed,
        minutes=0.0,
        instruments=MARKETS[request.market],
        recurring=schemes,
        recurring_severity=severity,
        activity=request.activity,
        recurring_camouflage=request.camouflage,
    )


def standard_schemes() -> tuple[list[str], float]:
    """Return the schemes and the severity of the standard labelled run."""
    return list(DEMO_SCHEMES), DEMO_SEVERITY
