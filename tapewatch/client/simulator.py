"""The client of the simulator: runs, schemes, the truth beside the feed."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from surveillance.v1 import simulator_pb2
from surveillance.v1.simulator_pb2_grpc import SimulatorServiceStub
from tapewatch.client.connection import ServiceClient

NO_CAMOUFLAGE: Mapping[str, float] = MappingProxyType({})
STOP_TIMEOUT_S = 30.0
"""A run is stopped when what was sent is acknowledged, or broken off after 20 s."""


class SimulatorClient(ServiceClient):
    """Calls to the simulator; see ServiceClient for opening and errors."""

    @property
    def _stub(self) -> Any:
        return SimulatorServiceStub(self.channel)

    async def list_schemes(self) -> list[simulator_pb2.Scheme]:
        """The kinds of abuse it can play, by name."""
        pages = self.pages(self._stub.ListSchemes, simulator_pb2.ListSchemesRequest())
        return [scheme async for page in pages for scheme in page.schemes]

    async def start(
        self,
        *,
        seed: int,
        minutes: float = 0.0,
        speed: float = 0.0,
        schemes: Sequence[str] = (),
        severity: float = 0.0,
        normal_only: bool = False,
        activity: float = 0.0,
        feed: int = simulator_pb2.FEED_FIX,
        file_format: int = simulator_pb2.FILE_FORMAT_PARQUET,
        publish_reference: bool = False,
        camouflage: Mapping[str, float] = NO_CAMOUFLAGE,
        hard_negatives: Sequence[str] = (),
        market: str = "",
    ) -> simulator_pb2.Simulation:
        """Start a run; the fields are those of StartSimulationRequest."""
        request = simulator_pb2.StartSimulationRequest(
            seed=seed,
            minutes=minutes,
            speed=speed,
            schemes=schemes,
            severity=severity,
            normal_only=normal_only,
            activity=activity,
            feed=feed,  # type: ignore[arg-type]  # the stub wants the enum's wrapper
            file_format=file_format,  # type: ignore[arg-type]  # the same
            publish_reference=publish_reference,
            camouflage=camouflage,
            hard_negatives=hard_negatives,
            market=market,
        )
        return await self.call(self._stub.StartSimulation, request)

    async def adjust(self, *, speed: float | None = None, severity: float | None = None) -> simulator_pb2.Simulation:
        """Change how the run goes on; what is None stays."""
        request = simulator_pb2.AdjustSimulationRequest(speed=speed, severity=severity)
        return await self.call(self._stub.AdjustSimulation, request)

    async def stop(self) -> simulator_pb2.Simulation:
        """End the run after what is under way has been acknowledged."""
        return await self.call(self._stub.StopSimulation, simulator_pb2.StopSimulationRequest(), STOP_TIMEOUT_S)

    async def reset(self) -> simulator_pb2.Simulation:
        """End the run and forget it."""
        return await self.call(self._stub.ResetSimulation, simulator_pb2.ResetSimulationRequest(), STOP_TIMEOUT_S)

    async def get(self) -> simulator_pb2.Simulation:
        """Where the run stands."""
        return await self.call(self._stub.GetSimulation, simulator_pb2.GetSimulationRequest())

    async def inject(
        self, scheme: str, severity: float, instrument: str = "", camouflage: Mapping[str, float] = NO_CAMOUFLAGE
    ) -> simulator_pb2.Scenario:
        """Play a scheme into the live run."""
        request = simulator_pb2.InjectSchemeRequest(
            scheme=scheme, severity=severity, instrument=instrument, camouflage=camouflage
        )
        return await self.call(self._stub.InjectScheme, request)

    async def list_scenarios(self, *, include_honest: bool = False) -> list[simulator_pb2.Scenario]:
        """The scenarios played so far, by start; and honest conduct that only looks like abuse."""
        request = simulator_pb2.ListScenariosRequest(include_honest=include_honest)
        pages = self.pages(self._stub.ListScenarios, request)
        return [scenario async for page in pages for scenario in page.scenarios]

    def watch_narrative(self) -> AsyncGenerator[simulator_pb2.WatchNarrativeResponse, None]:
        """Plain sentences of what is happening, until the stream ends or fails."""
        return self.stream(self._stub.WatchNarrative(simulator_pb2.WatchNarrativeRequest()))
