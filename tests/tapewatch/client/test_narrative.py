"""The narrative, against fakes of simulator and case service over real channels."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest

from surveillance.v1 import alert_pb2, alert_record_pb2, case_pb2, case_pb2_grpc, simulator_pb2, simulator_pb2_grpc
from tapewatch.client.cases import CaseClient
from tapewatch.client.errors import ClientError
from tapewatch.client.narrative import Line, Story, Voice, narrate, scenario_of, until_quiet
from tapewatch.client.simulator import SimulatorClient

SECOND_NS = 1_000_000_000
SCENARIO = simulator_pb2.Scenario(
    scenario_id="scenario-001", typology="spoofing", venue="XTWS", instrument="NRDL", accounts=["A1"], owners=["O1"],
    order_ids=["o1"], start_time_ns=10 * SECOND_NS, end_time_ns=20 * SECOND_NS,
)  # fmt: skip
CASES: Any = case_pb2_grpc.CaseServiceServicer
SIMULATOR: Any = simulator_pb2_grpc.SimulatorServiceServicer
MEDIUM, HIGH = alert_pb2.SEVERITY_MEDIUM, alert_pb2.SEVERITY_HIGH


def alert(severity: int = MEDIUM, **changes: Any) -> alert_pb2.Alert:
    values: dict[str, Any] = {
        "alert_id": "a1", "rule_id": "spoofing", "venue": "XTWS", "instrument": "NRDL", "owners": ["O1"],
        "start_time_ns": 10 * SECOND_NS, "end_time_ns": 15 * SECOND_NS, "explanation": "Withdrew 9000.",
    }  # fmt: skip
    return alert_pb2.Alert(severity=severity, **{**values, **changes})  # type: ignore[arg-type]  # the enum's wrapper


def case(severity: int = MEDIUM, **changes: Any) -> case_pb2.Case:
    values: dict[str, Any] = {
        "case_id": "c1", "number": 7, "title": "Spoofing in NRDL", "alert_ids": ["a1"], "rule_ids": ["spoofing"],
        "owners": ["O1"], "start_time_ns": 10 * SECOND_NS, "end_time_ns": 15 * SECOND_NS,
        "state": case_pb2.CASE_STATE_OPEN,
    }  # fmt: skip
    return case_pb2.Case(severity=severity, **{**values, **changes})  # type: ignore[arg-type]  # the enum's wrapper


class FakeMarket(CASES, SIMULATOR):  # type: ignore[misc]  # mypy calls the generated bases abstract
    """A run under way with what was told, seen and concluded; streams then stay open until broken."""

    def __init__(self) -> None:
        self.state = simulator_pb2.SIMULATION_STATE_RUNNING
        self.sentences = [
            simulator_pb2.WatchNarrativeResponse(event_time_ns=5 * SECOND_NS, text="The market opens."),
            simulator_pb2.WatchNarrativeResponse(event_time_ns=16 * SECOND_NS, text="A1 ends.", scenario_id="x"),
        ]
        self.alerts = [alert(end_time_ns=1), alert()]
        self.cases = [case()]
        self.broken = asyncio.Event()
        self.cursors: list[str] = []

    async def GetSimulation(self, request: Any, context: Any) -> simulator_pb2.Simulation:
        return simulator_pb2.Simulation(state=self.state, start_time_ns=4 * SECOND_NS)

    async def ListScenarios(self, request: Any, context: Any) -> simulator_pb2.ListScenariosResponse:
        return simulator_pb2.ListScenariosResponse(scenarios=[SCENARIO])

    async def WatchNarrative(self, request: Any, context: Any) -> AsyncIterator[Any]:
        for each in self.sentences:
            yield each
        await self.broken.wait()
        await context.abort(grpc.StatusCode.UNAVAILABLE, "the simulator stops")

    async def WatchAlerts(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self.cursors.append(request.cursor)
        for number, each in enumerate(self.alerts):
            yield alert_record_pb2.WatchAlertsResponse(alert=each, cursor=str(number))
        await asyncio.Event().wait()

    async def WatchCases(self, request: Any, context: Any) -> AsyncIterator[Any]:
        for number, each in enumerate(self.cases):
            yield case_pb2.WatchCasesResponse(case=each, cursor=str(number))
        await asyncio.Event().wait()


@asynccontextmanager
async def clients(fake: FakeMarket) -> AsyncIterator[tuple[SimulatorClient, CaseClient]]:
    server = grpc.aio.server()
    case_pb2_grpc.add_CaseServiceServicer_to_server(fake, server)
    simulator_pb2_grpc.add_SimulatorServiceServicer_to_server(fake, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with SimulatorClient(f"127.0.0.1:{port}") as simulator, CaseClient(f"127.0.0.1:{port}") as cases:
            yield simulator, cases
    finally:
        await server.stop(None)


async def test_what_happened_is_told_in_order_of_market_time_with_what_was_seen_and_concluded() -> None:
    async with clients(FakeMarket()) as (simulator, cases), aclosing(narrate(simulator, cases)) as lines:
        told = [await anext(lines) for _ in range(4)]
    assert [line.voice for line in told] == [Voice.HAPPENS, Voice.SEES, Voice.CONCLUDES, Voice.HAPPENS]
    assert told[1].text == (
        "spoofing in NRDL, MEDIUM: Withdrew 9000. (it is scenario-001, spoofing, 5.0 s after it began)"
    )
    assert told[2].text == "case 7 is opened: Spoofing in NRDL, MEDIUM, by spoofing; O1"
    assert [line.scenario_id for line in told] == ["", "scenario-001", "scenario-001", "x"]


async def test_without_a_case_service_only_what_happens_is_told() -> None:
    fake = FakeMarket()
    async with clients(fake) as (simulator, _), aclosing(narrate(simulator, None)) as lines:
        assert [(await anext(lines)).voice for _ in range(2)] == [Voice.HAPPENS] * 2
    assert fake.cursors == []


@pytest.mark.parametrize(
    ("state", "cursor"), [(simulator_pb2.SIMULATION_STATE_IDLE, ""), (simulator_pb2.SIMULATION_STATE_FINISHED, "0")]
)
async def test_alerts_of_before_are_told_only_of_a_run_that_began(state: Any, cursor: str) -> None:
    fake = FakeMarket()
    fake.state = state
    async with clients(fake) as (simulator, cases), aclosing(narrate(simulator, cases)) as lines:
        await anext(lines)
    assert fake.cursors == [cursor]


async def test_a_simulator_that_goes_away_ends_the_narrative_with_its_error() -> None:
    fake = FakeMarket()
    async with clients(fake) as (simulator, cases), aclosing(narrate(simulator, cases)) as lines:
        await anext(lines)
        fake.broken.set()
        with pytest.raises(ClientError, match="the simulator stops"):
            [line async for line in lines]


async def test_a_narrative_until_the_end_waits_for_the_run_and_for_quiet() -> None:
    fake = FakeMarket()
    async with clients(fake) as (simulator, cases):
        asked = []

        async def is_over() -> bool:
            asked.append(1)
            return len(asked) == 2

        told = [line async for line in until_quiet(narrate(simulator, cases), is_over, 0.5)]
    assert (len(told), len(asked)) == (4, 2)


def texts(lines: Any) -> list[str]:
    return [line.text for line in lines]


def test_an_alert_is_told_once_and_again_only_when_it_becomes_worse_or_is_taken_back() -> None:
    story = Story([SCENARIO])
    assert len(texts(story.saw(alert()))) == 1
    assert texts(story.saw(alert())) == []
    assert texts(story.saw(alert(HIGH))) == ["spoofing in NRDL is now HIGH: Withdrew 9000."]
    assert texts(story.saw(alert(MEDIUM))) == []
    for told in (["spoofing in NRDL is taken back: a bust"], []):
        assert texts(story.saw(alert(withdrawn_reason="a bust"))) == told


def test_an_alert_that_nothing_explains_says_so() -> None:
    (line,) = Story([SCENARIO]).saw(alert(owners=["O2"], order_ids=["o2"]))
    assert line.text.endswith("(nothing that was played explains it)")
    assert line == Line(15 * SECOND_NS, Voice.SEES, line.text, "", "a1", 0, "MEDIUM")


def test_a_case_of_before_goes_on() -> None:
    (line,) = Story(since_ns=11 * SECOND_NS).concluded(case())
    assert line.text.startswith("case 7 of before goes on: ")


def test_a_case_is_told_by_what_is_new_about_it() -> None:
    story = Story()
    assert len(texts(story.concluded(case()))) == 1
    assert texts(story.concluded(case())) == []
    worse = case(HIGH, rule_ids=["layering", "spoofing"], alert_ids=["a1", "a2"])
    assert texts(story.concluded(worse)) == ["case 7 rests on layering too, 2 alerts in all", "case 7 is now HIGH"]
    closed = case(
        HIGH, rule_ids=["layering", "spoofing"], state=case_pb2.CASE_STATE_CLOSED, disposition_reason="a test"
    )
    assert texts(story.concluded(closed)) == ["case 7 is CLOSED, a test"]


@pytest.mark.parametrize(
    ("changes", "is_found"),
    [
        ({"order_ids": ["o1"], "owners": []}, True),
        ({"owners": ["O2"], "accounts": ["A1"]}, True),
        ({"owners": ["O2"]}, False),
        ({"start_time_ns": 30 * SECOND_NS, "end_time_ns": 31 * SECOND_NS}, False),
        ({"start_time_ns": 30 * SECOND_NS, "end_time_ns": 31 * SECOND_NS, "order_ids": ["o1"]}, True),
        ({"instrument": "HALM", "order_ids": ["o1"]}, False),
    ],
)
def test_an_alert_is_about_a_scenario_by_an_order_or_by_people_there_and_then(
    changes: dict[str, Any], is_found: bool
) -> None:
    assert (scenario_of(alert(**changes), [SCENARIO]) == SCENARIO) is is_found
