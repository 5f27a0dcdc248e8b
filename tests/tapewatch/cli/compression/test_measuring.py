import pytest

from case_service.grouping import Policy
from simulator.scorecard.truth import Scenario
from tapewatch.cli.compression.day import detected_run
from tapewatch.cli.compression.measuring import compression_of
from tapewatch.cli.evaluate_run import RunPlan
from tapewatch.cli.main import main
from tests.case_service.fakes import MINUTE_NS, NINE_NS, alert, later

SCHEME = Scenario(
    "s1",
    "SPOOFING",
    venues=frozenset({"XTST"}),
    instruments=frozenset({"ACME"}),
    owners=frozenset({"O1"}),
    start_time_ns=NINE_NS,
    end_time_ns=NINE_NS + 60 * MINUTE_NS,
)


def test_a_scenario_that_is_one_case_is_so_and_false_cases_are_counted_by_priority() -> None:
    found = [alert("a"), later("b", 10, typology="LAYERING", rule_id="layering"), later("c", 300, owners=("O9",))]
    result = compression_of(found, [SCHEME], Policy())
    assert (result.alerts, result.cases, result.scenarios) == (3, 2, 1)
    (shown,) = result.shown
    assert (shown.alerts, shown.own, shown.cases) == (2, 1, 1)
    assert (result.in_one_case, result.cases_a_scenario, result.alerts_a_case) == (1.0, 1.0, 1.5)
    assert (dict(result.true_by_priority), dict(result.false_by_priority)) == ({2: 1}, {2: 1})


def test_a_scenario_that_falls_apart_is_counted_with_its_cases_and_those_of_other_findings() -> None:
    wash = {"typology": "WASH_SELF", "rule_id": "wash_self"}
    found = [alert("a"), later("b", 45), later("c", 46, **wash)]
    result = compression_of(found, [SCHEME], Policy())
    (shown,) = result.shown
    assert (shown.alerts, shown.own, shown.cases) == (2, 2, 3)
    assert (result.in_one_case, result.cases_a_scenario) == (0.0, 2.0)
    wider = compression_of(found, [SCHEME], Policy(window_ns=60 * MINUTE_NS, group_by=("owner", "instrument")))
    assert [(each.own, each.cases) for each in wider.shown] == [(1, 1)]


def test_nothing_found_divides_by_nothing() -> None:
    empty = compression_of([], [SCHEME], Policy())
    assert (empty.alerts_a_case, empty.cases_a_scenario, empty.in_one_case, empty.shown) == (0.0, 0.0, 0.0, [])


def test_an_unknown_scheme_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases", "compression", "--scheme", "gossip"]) == 2
    assert "--scheme: expected one of" in capsys.readouterr().err


def test_a_small_simulated_market_is_compressed_and_its_scenario_is_one_case() -> None:
    plan = RunPlan(7, "sample", ("wash_self",), 6.0, 0.9, market="shares", hours="none")
    found, scenarios = detected_run(plan, None)
    result = compression_of(found, scenarios, Policy())
    assert result.alerts >= result.cases >= 1
    assert [each.own for each in result.shown] == [1]
