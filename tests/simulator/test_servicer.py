import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from simulator.schemes import SCHEMES
from simulator.servicer import SimulatorServicer
from simulator.simulation import DEMO_SCHEMES, DEMO_SEVERITY
from simulator.stage import Stage
from surveillance.v1 import simulator_pb2 as messages
from surveillance.v1 import simulator_pb2_grpc
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import Section
from tests.simulator.fakes import FakeOutlet, published_nowhere

DEADLINE_S = 20.0


class TestSettings(Section):
    """A port of its own."""

    __test__ = False
    listen: str = "127.0.0.1:0"


@pytest.fixture
def outlet() -> FakeOutlet:
    return FakeOutlet()


@pytest.fixture
async def stub(tmp_path: Path, outlet: FakeOutlet) -> AsyncIterator[Any]:
    @asynccontextmanager
    async def lifespan(service: Service, settings: TestSettings) -> AsyncIterator[None]:
        stage = Stage(tmp_path, 1_000_000_000, outlet.destinations, service.spawn, published_nowhere)
        servicer = SimulatorServicer(stage, service.stop)
        service.add(
            simulator_pb2_grpc.add_SimulatorServiceServicer_to_server, servicer, "surveillance.v1.SimulatorService"
        )
        yield

    async with (
        running_service("simulator", TestSettings(), lifespan) as service,
        grpc.aio.insecure_channel(str(service.address)) as channel,
    ):
        yield simulator_pb2_grpc.SimulatorServiceStub(channel)


async def until(stub: Any, state: messages.SimulationState) -> messages.Simulation:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            simulation: messages.Simulation = await stub.GetSimulation(messages.GetSimulationRequest(), timeout=5)
            if simulation.state == state:
                return simulation


async def test_schemes_are_listed_by_name_in_pages_with_what_severity_means(stub: Any) -> None:
    listed: list[messages.Scheme] = []
    token = ""
    while token or not listed:
        page = await stub.ListSchemes(messages.ListSchemesRequest(page_size=4, page_token=token), timeout=5)
        listed += page.schemes
        token = page.next_page_token
    assert [scheme.scheme for scheme in listed] == sorted(SCHEMES)
    assert all(scheme.description and scheme.severity_description for scheme in listed)


async def test_nothing_runs_until_it_is_started(stub: Any) -> None:
    simulation = await stub.GetSimulation(messages.GetSimulationRequest(), timeout=5)
    assert simulation.state == messages.SIMULATION_STATE_IDLE


async def test_a_finished_run_reports_everything_acknowledged_and_its_scenarios(stub: Any, outlet: FakeOutlet) -> None:
    request = messages.StartSimulationRequest(seed=1, minutes=0.2, schemes=["wash_self", "spoofing"], severity=1.0)
    await stub.StartSimulation(request, timeout=5)
    simulation = await until(stub, messages.SIMULATION_STATE_FINISHED)
    listed = await stub.ListScenarios(messages.ListScenariosRequest(), timeout=5)
    assert simulation.events_sent == simulation.events_acknowledged == len(outlet.sent)
    assert simulation.scenarios == len(listed.scenarios) == 2
    assert {scenario.typology for scenario in listed.scenarios} == {"wash_self", "spoofing"}
    for scenario in listed.scenarios:
        assert simulation.start_time_ns < scenario.start_time_ns < scenario.end_time_ns <= simulation.event_time_ns
        assert scenario.order_ids
        assert scenario.trade_ids
        assert scenario.accounts
        assert scenario.owners


async def test_a_request_without_schemes_plays_the_standard_ones(stub: Any) -> None:
    await stub.StartSimulation(messages.StartSimulationRequest(seed=3, minutes=1), timeout=5)
    await until(stub, messages.SIMULATION_STATE_FINISHED)
    listed = await stub.ListScenarios(messages.ListScenariosRequest(), timeout=5)
    assert sorted(scenario.typology for scenario in listed.scenarios) == sorted(DEMO_SCHEMES)
    assert {scenario.severity for scenario in listed.scenarios} == {DEMO_SEVERITY}


async def test_a_normal_market_plays_nothing(stub: Any) -> None:
    await stub.StartSimulation(messages.StartSimulationRequest(seed=1, minutes=0.2, normal_only=True), timeout=5)
    simulation = await until(stub, messages.SIMULATION_STATE_FINISHED)
    assert simulation.scenarios == 0


async def test_a_scheme_can_be_put_into_a_running_market(stub: Any) -> None:
    request = messages.StartSimulationRequest(seed=1, speed=200.0, normal_only=True)
    await stub.StartSimulation(request, timeout=5)
    injected = await stub.InjectScheme(
        messages.InjectSchemeRequest(scheme="wash_self", severity=1.0, instrument="NRDL"), timeout=5
    )
    assert (injected.typology, injected.instrument, len(injected.accounts)) == ("wash_self", "NRDL", 1)
    async with asyncio.timeout(DEADLINE_S):
        while not (await stub.ListScenarios(messages.ListScenariosRequest(), timeout=5)).scenarios:
            pass
    stopped = await stub.StopSimulation(messages.StopSimulationRequest(), timeout=10)
    assert stopped.state == messages.SIMULATION_STATE_FINISHED


async def test_the_narrative_tells_a_scheme_from_the_beginning_and_ends_with_the_service(stub: Any) -> None:
    request = messages.StartSimulationRequest(seed=1, minutes=0.2, schemes=["spoofing"], severity=1.0)
    await stub.StartSimulation(request, timeout=5)
    await until(stub, messages.SIMULATION_STATE_FINISHED)
    texts = []
    async for sentence in stub.WatchNarrative(messages.WatchNarrativeRequest(), timeout=DEADLINE_S):
        texts.append((sentence.scenario_id, sentence.text))
        if "has finished" in sentence.text:
            break
    assert texts[0][0] == ""
    assert "market opens" in texts[0][1]
    assert any("does not mean to trade" in text and scenario == "scenario-001" for scenario, text in texts)


async def test_a_reset_leaves_an_idle_stage_without_scenarios(stub: Any) -> None:
    request = messages.StartSimulationRequest(seed=1, minutes=0.2, schemes=["wash_self"], severity=1.0)
    await stub.StartSimulation(request, timeout=5)
    reset = await stub.ResetSimulation(messages.ResetSimulationRequest(), timeout=10)
    assert reset.state == messages.SIMULATION_STATE_IDLE
    assert not (await stub.ListScenarios(messages.ListScenariosRequest(), timeout=5)).scenarios


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (messages.StartSimulationRequest(minutes=1, schemes=["spoofng"], severity=0.5), "choose from account_v"),
        (messages.StartSimulationRequest(minutes=1, schemes=["spoofing"], severity=2.0), "found 2"),
        (messages.StartSimulationRequest(minutes=0, schemes=["spoofng"], severity=0.5), "choose from account_v"),
        (messages.StartSimulationRequest(minutes=-1), "minutes must be 0 or more"),
        (messages.StartSimulationRequest(minutes=1, speed=float("nan")), "speed must be 0 or more"),
    ],
)
async def test_a_wrong_start_is_refused_and_says_what_is_wrong(
    stub: Any, request_: messages.StartSimulationRequest, complaint: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.StartSimulation(request_, timeout=5)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert complaint in (caught.value.details() or "")
    assert (await stub.GetSimulation(messages.GetSimulationRequest())).state == messages.SIMULATION_STATE_IDLE


async def test_a_scheme_cannot_be_put_into_a_market_that_does_not_run(stub: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.InjectScheme(messages.InjectSchemeRequest(scheme="spoofing"), timeout=5)
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize("token", ["x", "-1", "99", "²", "9" * 5000])
async def test_a_page_token_of_another_list_is_refused(stub: Any, token: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.ListSchemes(messages.ListSchemesRequest(page_token=token), timeout=5)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_a_run_says_what_it_was_asked_for_and_changes_its_speed(stub: Any, outlet: FakeOutlet) -> None:
    request = messages.StartSimulationRequest(seed=4, speed=2.0, schemes=["wash_self"], severity=0.3, activity=0.5)
    started = await stub.StartSimulation(request, timeout=5)
    assert (started.speed, started.activity, list(started.schemes)) == (2.0, 0.5, ["wash_self"])
    assert (started.severity, started.feed, started.destination) == (0.3, messages.FEED_FIX, "test")
    adjusted = await stub.AdjustSimulation(messages.AdjustSimulationRequest(speed=50.0, severity=0.0), timeout=5)
    assert (adjusted.speed, adjusted.severity) == (50.0, 0.0)
    await stub.StopSimulation(messages.StopSimulationRequest(), timeout=10)


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (messages.AdjustSimulationRequest(), "found neither"),
        (messages.AdjustSimulationRequest(speed=-1), "speed must be 0 or more"),
        (messages.AdjustSimulationRequest(severity=7), "found 7"),
    ],
)
async def test_a_wrong_adjustment_is_refused_and_changes_nothing(
    stub: Any, request_: messages.AdjustSimulationRequest, complaint: str
) -> None:
    request = messages.StartSimulationRequest(seed=4, speed=2.0, schemes=["wash_self"], severity=0.3)
    before = await stub.StartSimulation(request, timeout=5)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.AdjustSimulation(request_, timeout=5)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert complaint in (caught.value.details() or "")
    after = await stub.GetSimulation(messages.GetSimulationRequest(), timeout=5)
    assert (after.speed, after.severity) == (before.speed, before.severity)
    await stub.StopSimulation(messages.StopSimulationRequest(), timeout=10)


async def test_every_run_has_a_session_of_its_own_which_its_sentences_name(stub: Any) -> None:
    request = messages.StartSimulationRequest(seed=1, minutes=0.1, normal_only=True)
    numbers = []
    for _ in range(2):
        numbers.append((await stub.StartSimulation(request, timeout=5)).session_number)
        finished = await until(stub, messages.SIMULATION_STATE_FINISHED)
        async for sentence in stub.WatchNarrative(messages.WatchNarrativeRequest(), timeout=DEADLINE_S):
            assert sentence.session_number == finished.session_number == numbers[-1]
            break
        await stub.ResetSimulation(messages.ResetSimulationRequest(), timeout=10)
    assert numbers == [0, 1]


async def test_honest_conduct_is_listed_after_abuse_where_asked_for(stub: Any) -> None:
    request = messages.StartSimulationRequest(
        seed=1, minutes=0.5, schemes=["wash_self"], severity=1.0, hard_negatives=["high_cancel_algorithm"],
        camouflage={"size": 0.5},
    )  # fmt: skip
    await stub.StartSimulation(request, timeout=5)
    await until(stub, messages.SIMULATION_STATE_FINISHED)
    (abuse,) = (await stub.ListScenarios(messages.ListScenariosRequest(), timeout=5)).scenarios
    both = (await stub.ListScenarios(messages.ListScenariosRequest(include_honest=True), timeout=5)).scenarios
    assert [(each.typology, each.honest) for each in both] == [("wash_self", False), ("high_cancel_algorithm", True)]
    assert abuse.camouflage["size"] == 0.5
    assert {each.order_id for each in abuse.orders} >= set(abuse.order_ids)
    assert all(each.role for each in abuse.orders)


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (messages.StartSimulationRequest(minutes=1, hard_negatives=["saint"]), "no hard negative named saint"),
        (messages.StartSimulationRequest(hard_negatives=["high_cancel_algorithm"]), "found a run without an end"),
        (messages.StartSimulationRequest(minutes=1, camouflage={"shape": 1.0}), "expected one of size"),
        (messages.StartSimulationRequest(minutes=1, market="fish"), "no market named fish: choose from shares, whole"),
        (messages.StartSimulationRequest(minutes=1, camouflage={"size": 2.0}), "found 2"),
    ],
)
async def test_conduct_and_camouflage_that_do_not_exist_are_refused(
    stub: Any, request_: messages.StartSimulationRequest, complaint: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.StartSimulation(request_, timeout=5)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert complaint in (caught.value.details() or "")
