"""SimulatorService: protobuf to the stage and back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeVar

import grpc.aio

from simulator.feeds.feed import FeedError, FeedKind
from simulator.hard_negatives import HARD_NEGATIVES
from simulator.labels import Label, Scenario, Sentence
from simulator.output import Format
from simulator.run import State
from simulator.schemes import SCHEMES
from simulator.schemes.camouflage import Camouflage
from simulator.schemes.scheme import Scheme
from simulator.stage import Performance, RunRequest, Stage, standard_schemes
from simulator.venues import MARKETS, MarketName
from surveillance.v1 import simulator_pb2 as messages
from surveillance.v1 import simulator_pb2_grpc
from tapewatch.runtime.errors import InvalidArgument, Unavailable

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1_000
NARRATIVE_POLL_SECONDS = 0.02
"""So often a watcher looks for new sentences: before what they are about can have become an alert."""

_STATES = {
    State.RUNNING: messages.SIMULATION_STATE_RUNNING,
    State.DRAINING: messages.SIMULATION_STATE_DRAINING,
    State.FINISHED: messages.SIMULATION_STATE_FINISHED,
    State.FAILED: messages.SIMULATION_STATE_FAILED,
}
_FEEDS: dict[int, FeedKind] = {
    messages.FEED_UNSPECIFIED: FeedKind.FIX,
    messages.FEED_FIX: FeedKind.FIX,
    messages.FEED_INGEST: FeedKind.INGEST,
    messages.FEED_FILE: FeedKind.FILE,
}
_FEED_NUMBERS = {
    FeedKind.FIX: messages.FEED_FIX,
    FeedKind.INGEST: messages.FEED_INGEST,
    FeedKind.FILE: messages.FEED_FILE,
}
_FILE_FORMATS: dict[int, Format] = {
    messages.FILE_FORMAT_UNSPECIFIED: "events",
    messages.FILE_FORMAT_PARQUET: "events",
    messages.FILE_FORMAT_CSV: "csv",
    messages.FILE_FORMAT_FIX: "fix",
}
Item = TypeVar("Item")
Context = grpc.aio.ServicerContext[object, object]


class SimulatorServicer(simulator_pb2_grpc.SimulatorServiceServicer):
    """Serves the stage; streams end when `stop` is set."""

    def __init__(self, stage: Stage, stop: asyncio.Event) -> None:
        self._stage = stage
        self._stop = stop

    async def ListSchemes(self, request: messages.ListSchemesRequest, context: Context) -> messages.ListSchemesResponse:
        """List what can be played, by name."""
        page, token = _page(list(SCHEMES.values()), request.page_size, request.page_token)
        return messages.ListSchemesResponse(schemes=[_scheme(one) for one in page], next_page_token=token)

    async def StartSimulation(self, request: messages.StartSimulationRequest, context: Context) -> messages.Simulation:
        """Start a run; without schemes, the standard ones, at their own severity unless one is given."""
        try:
            performance = self._stage.start(_request(request))
        except ValueError as error:
            raise InvalidArgument("INVALID_SIMULATION", str(error)) from error
        return _simulation(performance)

    async def AdjustSimulation(
        self, request: messages.AdjustSimulationRequest, context: Context
    ) -> messages.Simulation:
        """Change speed or severity while the run goes on."""
        speed = request.speed if request.HasField("speed") else None
        severity = request.severity if request.HasField("severity") else None
        _check_at_least_zero("speed", speed or 0.0)
        if speed is None and severity is None:
            raise InvalidArgument("NOTHING_TO_ADJUST", "expected speed, severity or both, found neither")
        try:
            return _simulation(self._stage.adjust(speed, severity))
        except ValueError as error:
            raise InvalidArgument("INVALID_SIMULATION", str(error)) from error

    async def StopSimulation(self, request: messages.StopSimulationRequest, context: Context) -> messages.Simulation:
        """Stop the run."""
        return _simulation(await self._stage.stop())

    async def ResetSimulation(self, request: messages.ResetSimulationRequest, context: Context) -> messages.Simulation:
        """Stop and forget the run."""
        await self._stage.reset()
        return _simulation(None)

    async def GetSimulation(self, request: messages.GetSimulationRequest, context: Context) -> messages.Simulation:
        """Report the run."""
        return _simulation(self._stage.performance)

    async def InjectScheme(self, request: messages.InjectSchemeRequest, context: Context) -> messages.Scenario:
        """Play a scheme now."""
        try:
            hidden = Camouflage.of(dict(request.camouflage))
            scenario = await self._stage.inject(request.scheme, request.severity, request.instrument, hidden)
        except ValueError as error:
            raise InvalidArgument("INVALID_SCHEME", str(error)) from error
        except FeedError as error:
            raise Unavailable("REFERENCE_NOT_PUBLISHED", str(error)) from error
        return _planned(scenario)

    async def ListScenarios(
        self, request: messages.ListScenariosRequest, context: Context
    ) -> messages.ListScenariosResponse:
        """List the truth about what was played so far, by start; honest conduct after abuse."""
        scenarios: list[tuple[Label, bool]] = []
        if self._stage.run is not None:
            simulation = self._stage.run.simulation
            honest = simulation.benign_labels() if request.include_honest else []
            scenarios = [*((each, False) for each in simulation.labels()), *((each, True) for each in honest)]
        page, token = _page(scenarios, request.page_size, request.page_token)
        return messages.ListScenariosResponse(scenarios=[_scenario(*each) for each in page], next_page_token=token)

    async def WatchNarrative(
        self, request: messages.WatchNarrativeRequest, context: Context
    ) -> AsyncIterator[messages.WatchNarrativeResponse]:
        """Stream sentences, from the beginning of the run, over runs, until the caller or the service stops."""
        performance, position = None, 0
        while not self._stop.is_set():
            if performance is not self._stage.performance:
                performance, position = self._stage.performance, 0
            if performance is not None:
                narrative = performance.run.simulation.narrative
                sentences, position = narrative.since(position), narrative.told
                for sentence in sentences:
                    yield _sentence(sentence, performance.place.session_number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), NARRATIVE_POLL_SECONDS)


def _request(request: messages.StartSimulationRequest) -> RunRequest:
    """The run a request means; without schemes, the standard ones, at their own severity unless one is given."""
    schemes, severity = list(request.schemes), request.severity
    if request.normal_only:
        schemes = []
    elif not schemes:
        schemes, standard_severity = standard_schemes()
        severity = severity or standard_severity
    for field in ("minutes", "speed", "activity"):
        _check_at_least_zero(field, getattr(request, field))
    return RunRequest(
        seed=request.seed,
        minutes=request.minutes,
        speed=request.speed,
        schemes=tuple(schemes),
        severity=severity,
        activity=request.activity or 1.0,
        feed=_known("feed", _FEEDS, request.feed),
        file_format=_known("file_format", _FILE_FORMATS, request.file_format),
        publishes_reference=request.publish_reference,
        camouflage=Camouflage.of(dict(request.camouflage)),
        hard_negatives=_hard_negatives(request.hard_negatives),
        market=_market(request.market),
    )


def _market(name: str) -> MarketName:
    """Raises ValueError for one that does not exist; shares where none is named."""
    found = next((each for each in MARKETS if each == (name or "shares")), None)
    if found is None:
        raise ValueError(f"no market named {name}: choose from {', '.join(MARKETS)}")
    return found


def _hard_negatives(names: Sequence[str]) -> tuple[str, ...]:
    """Raises ValueError for one that does not exist."""
    for name in names:
        if name not in HARD_NEGATIVES:
            raise ValueError(f"no hard negative named {name}: choose from {', '.join(HARD_NEGATIVES)}")
    return tuple(names)


def _known(field: str, values: Mapping[int, Item], number: int) -> Item:
    if number not in values:
        expected = ", ".join(map(str, values))
        raise InvalidArgument("INVALID_SIMULATION", f"{field}: expected one of {expected}, found {number}", field=field)
    return values[number]


def _simulation(performance: Performance | None) -> messages.Simulation:
    if performance is None:
        return messages.Simulation(state=messages.SIMULATION_STATE_IDLE)
    run, request = performance.run, performance.request
    simulation = run.simulation
    return messages.Simulation(
        state=_STATES[run.state],
        seed=simulation.config.seed,
        events_sent=run.events_sent,
        events_acknowledged=run.events_acknowledged,
        event_time_ns=run.event_time_ns,
        start_time_ns=simulation.config.start_time_ns,
        end_time_ns=simulation.end_time_ns or 0,
        scenarios=sum(bool(scenario.orders) for scenario in simulation.scenarios),
        error=run.error,
        speed=run.speed,
        schemes=request.schemes,
        severity=performance.severity if request.schemes else 0.0,
        activity=request.activity,
        feed=_FEED_NUMBERS[request.feed],
        destination=performance.destination.text,
        session_number=performance.place.session_number,
        market=request.market,
    )


def _scheme(scheme: Scheme) -> messages.Scheme:
    return messages.Scheme(
        scheme=scheme.name, description=scheme.description, severity_description=scheme.severity_description
    )


def _scenario(label: Label, honest: bool) -> messages.Scenario:
    return messages.Scenario(
        scenario_id=label.scenario_id,
        typology=label.typology,
        severity=label.severity,
        venue=label.venue,
        instrument=label.instrument,
        accounts=label.accounts,
        owners=label.owners,
        start_time_ns=label.start_time_ns,
        end_time_ns=label.end_time_ns,
        order_ids=label.order_ids,
        trade_ids=label.trade_ids,
        camouflage=label.camouflage,
        orders=[messages.OrderRole(**each) for each in label.orders],
        honest=honest,
    )


def _planned(scenario: Scenario) -> messages.Scenario:
    return messages.Scenario(
        scenario_id=scenario.scenario_id,
        typology=scenario.typology,
        severity=scenario.severity,
        venue=scenario.venue,
        instrument=scenario.instrument,
        accounts=sorted(account.account for account in scenario.accounts),
        owners=sorted({account.owner for account in scenario.accounts}),
        camouflage=scenario.camouflage,
    )


def _sentence(sentence: Sentence, session_number: int) -> messages.WatchNarrativeResponse:
    return messages.WatchNarrativeResponse(
        event_time_ns=sentence.event_time_ns,
        text=sentence.text,
        scenario_id=sentence.scenario_id,
        session_number=session_number,
    )


def _page(items: Sequence[Item], page_size: int, page_token: str) -> tuple[Sequence[Item], str]:
    """Return a page and the token of the next; a token is the position at which its page begins."""
    if page_size < 0:
        raise InvalidArgument("INVALID_PAGE_SIZE", f"page_size must be 0 or more, found {page_size}", field="page_size")
    if page_token and not (
        page_token.isascii() and len(page_token) < 10 and page_token.isdigit() and int(page_token) <= len(items)
    ):
        raise InvalidArgument(
            "INVALID_PAGE_TOKEN", f"page_token must come from the page before, found {page_token!r}", field="page_token"
        )
    start = int(page_token or 0)
    end = start + min(page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
    return items[start:end], str(end) if end < len(items) else ""


def _check_at_least_zero(field: str, value: float) -> None:
    if not 0 <= value < float("inf"):
        raise InvalidArgument("INVALID_SIMULATION", f"{field} must be 0 or more, found {value:g}", field=field)
