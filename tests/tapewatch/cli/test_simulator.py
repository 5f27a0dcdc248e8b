"""`tapewatch simulator`, against a fake over real channels."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from surveillance.v1 import alert_record_pb2, simulator_pb2, simulator_pb2_grpc
from tapewatch.cli.main import main
from tapewatch.runtime.errors import ServiceError
from tests.tapewatch.cli.fakes import ALERT, DeskFake, add_desk
from tests.tapewatch.client.fakes import refuse, serving_in_thread

SIMULATOR: Any = simulator_pb2_grpc.SimulatorServiceServicer
SCENARIO = simulator_pb2.Scenario(
    scenario_id="scenario-001", typology="spoofing", severity=0.5, venue="XTWS", instrument="NRDL", accounts=["A1"],
    owners=["O1"], order_ids=["o1"], start_time_ns=ALERT.start_time_ns, end_time_ns=ALERT.end_time_ns,
)  # fmt: skip
RUN = simulator_pb2.Simulation(
    state=simulator_pb2.SIMULATION_STATE_RUNNING, seed=3, events_sent=9, events_acknowledged=7, scenarios=1, speed=20,
    start_time_ns=ALERT.start_time_ns, event_time_ns=ALERT.end_time_ns, schemes=["spoofing"], severity=0.5,
    activity=2.0, feed=simulator_pb2.FEED_INGEST, destination="127.0.0.1:50051",
)  # fmt: skip


class FakeSimulator(SIMULATOR, DeskFake):  # type: ignore[misc]  # mypy calls the generated bases abstract
    """A run under way, and the desk's content; `asked` are the requests seen."""

    def __init__(self) -> None:
        super().__init__()
        self.run = RUN

    async def GetSimulation(self, request: Any, context: Any) -> simulator_pb2.Simulation:
        return self.run

    async def StartSimulation(self, request: Any, context: Any) -> simulator_pb2.Simulation:
        self.asked.append(request)
        return RUN

    async def AdjustSimulation(self, request: Any, context: Any) -> simulator_pb2.Simulation:
        self.asked.append(request)
        return RUN

    async def StopSimulation(self, request: Any, context: Any) -> simulator_pb2.Simulation:
        return simulator_pb2.Simulation(state=simulator_pb2.SIMULATION_STATE_FAILED, error="the gateway \x1b[31mleft")

    async def ResetSimulation(self, request: Any, context: Any) -> simulator_pb2.Simulation:
        return simulator_pb2.Simulation(state=simulator_pb2.SIMULATION_STATE_IDLE)

    async def InjectScheme(self, request: Any, context: Any) -> simulator_pb2.Scenario:
        if request.scheme == "layring":
            error = ServiceError(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_SCHEME", "no scheme named layring")
            await refuse(context, error)
        return SCENARIO

    async def ListSchemes(self, request: Any, context: Any) -> simulator_pb2.ListSchemesResponse:
        scheme = simulator_pb2.Scheme(scheme="spoofing", description="A large order.", severity_description="3 to 40 x")
        return simulator_pb2.ListSchemesResponse(schemes=[scheme])

    async def ListScenarios(self, request: Any, context: Any) -> simulator_pb2.ListScenariosResponse:
        return simulator_pb2.ListScenariosResponse(scenarios=[SCENARIO])

    async def WatchNarrative(self, request: Any, context: Any) -> AsyncIterator[simulator_pb2.WatchNarrativeResponse]:
        yield simulator_pb2.WatchNarrativeResponse(event_time_ns=ALERT.start_time_ns, text="A1 shows \x1b[31m9000.")

    async def WatchAlerts(self, request: Any, context: Any) -> AsyncIterator[alert_record_pb2.WatchAlertsResponse]:
        yield alert_record_pb2.WatchAlertsResponse(alert=ALERT, cursor="1")


def add(servicer: Any, server: Any) -> None:
    add_desk(servicer, server)
    simulator_pb2_grpc.add_SimulatorServiceServicer_to_server(servicer, server)


@pytest.fixture
def fake() -> FakeSimulator:
    return FakeSimulator()


@pytest.fixture
def config(fake: FakeSimulator, tmp_path: Path) -> Iterator[str]:
    """Settings that name the fake as every service."""
    with serving_in_thread(add, lambda: fake) as address:
        path = tmp_path / "tapewatch.yaml"
        sections = ("ingest", "detection", "cases", "simulator")
        path.write_text("".join(f'{name}: {{listen: "{address}"}}\n' for name in sections), encoding="utf-8")
        yield str(path)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["simulator", *arguments]) == 0
    return capsys.readouterr().out


def test_a_start_carries_what_was_asked_for(
    config: str, fake: FakeSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = printed(
        capsys, "start", "--config", config, "--scheme", "spoofing", "--seed", "3", "--minutes", "5", "--speed", "40x",
        "--severity", "0.5", "--activity", "2", "--feed", "ingest",
        "--camouflage", "size,slow=0.5", "--hard-negative", "high_cancel_algorithm",
    )  # fmt: skip
    (request,) = fake.asked
    assert (request.seed, request.minutes, request.speed, list(request.schemes)) == (3, 5.0, 40.0, ["spoofing"])
    assert (request.severity, request.activity, request.feed) == (0.5, 2.0, simulator_pb2.FEED_INGEST)
    assert request.publish_reference
    assert dict(request.camouflage) == {"size": 1.0, "slow": 0.5}
    assert list(request.hard_negatives) == ["high_cancel_algorithm"]
    assert "spoofing at severity 0.5" in shown
    assert "9 sent, 7 acknowledged by ingest at 127.0.0.1:50051" in shown


@pytest.mark.parametrize("options", [("--no-reference",), ("--feed", "file", "--format", "csv")])
def test_no_reference_data_is_published_where_it_is_not_wanted(
    options: tuple[str, ...], config: str, fake: FakeSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    printed(capsys, "start", "--config", config, "--normal", *options)
    assert fake.asked[0].normal_only
    assert not fake.asked[0].publish_reference


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("start", "--speed", "fast"), "--speed: expected max or a factor such as 10x, found 'fast'"),
        (("start", "--normal", "--scheme", "spoofing"), "expected --normal or --scheme, found both"),
        (("start", "--feed", "kafka"), "--feed: expected one of fix, ingest, file, found 'kafka'"),
        (("start", "--format", "xml"), "--format: expected one of events, csv, fix, found 'xml'"),
        (("start", "--activity", "0"), "--activity: expected more than 0, found 0"),
        (("start", "--camouflage", "shape"), "--camouflage: expected one of size"),
        (("start", "--market", "fish"), "--market: expected one of shares, whole, found 'fish'"),
        (("adjust",), "expected --speed, --severity or both, found neither"),
    ],
)
def test_wrong_usage_is_said_before_any_service_is_asked(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulator", *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_where_no_simulator_answers_it_is_said_how_one_is_started(
    free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulator", "watch", "--target", f"127.0.0.1:{free_port}"]) == 1
    assert main(["simulator", "status", "--target", f"127.0.0.1:{free_port}"]) == 1
    assert capsys.readouterr().err.count("one where FILE has a section `simulator`") == 2


def test_an_adjustment_changes_only_what_was_named(
    config: str, fake: FakeSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    printed(capsys, "adjust", "--config", config, "--speed", "max")
    assert fake.asked[0].HasField("speed")
    assert fake.asked[0].speed == 0.0
    assert not fake.asked[0].HasField("severity")


def test_a_failed_run_says_why_harmlessly(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "FAILED: the gateway \\x1b[31mleft" in printed(capsys, "stop", "--config", config)


def test_after_a_reset_there_is_nothing_and_how_to_start_is_said(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "IDLE: nothing was started" in printed(capsys, "reset", "--config", config)
    assert json.loads(printed(capsys, "reset", "--config", config, "--json"))["state"] == "IDLE"


def test_schemes_are_listed_with_what_severity_means(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "3 to 40 x" in printed(capsys, "schemes", "--config", config)
    (scheme,) = json.loads(printed(capsys, "schemes", "--config", config, "--json"))
    assert scheme["scheme"] == "spoofing"


def test_an_injected_scheme_is_named_and_a_wrong_one_refused(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "scenario-001: spoofing at severity 0.5" in printed(capsys, "inject", "spoofing", "--config", config)
    assert main(["simulator", "inject", "layring", "--config", config]) == 1
    assert "no scheme named layring" in capsys.readouterr().err


def test_scenarios_are_listed_with_the_cases_they_were_found_as(
    config: str, fake: FakeSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.alerts = [ALERT]
    (scenario,) = json.loads(printed(capsys, "scenarios", "--config", config, "--json"))
    assert (scenario["scenario_id"], scenario["cases"]) == ("scenario-001", [])
    assert "not yet" in printed(capsys, "scenarios", "--config", config)


def test_scenarios_without_a_case_service_are_listed_without_cases(
    config: str, free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    away = ("--config", config, "--cases", f"127.0.0.1:{free_port}")
    assert json.loads(printed(capsys, "scenarios", *away, "--json"))[0]["cases"] is None
    assert "the case service does not answer" in printed(capsys, "scenarios", *away)


def test_a_watch_tells_what_happens_is_seen_and_is_concluded(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "watch", "--config", config, "--limit", "2")
    assert "09:00:00.123  happens   A1 shows \\x1b[31m9000." in shown
    assert "sees      spoofing in NRDL, HIGH: Withdrew 9,000" in shown


def test_a_watch_prints_one_json_document_a_sentence(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = map(json.loads, printed(capsys, "watch", "--config", config, "--limit", "2", "--json").splitlines())
    assert (first["voice"], first["event_time_ns"]) == ("happens", ALERT.start_time_ns)
    assert (second["voice"], second["alert_id"], second["severity"]) == ("sees", ALERT.alert_id, "HIGH")


def test_a_watch_without_a_case_service_says_what_is_left_out(
    config: str, free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("watch", "--config", config, "--cases", f"127.0.0.1:{free_port}", "--limit", "1")
    assert main(["simulator", *arguments]) == 0
    assert "only what happens is told" in capsys.readouterr().err
