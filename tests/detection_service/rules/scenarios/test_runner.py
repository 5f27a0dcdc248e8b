"""The judgement of scenarios: every way in which alerts are not what was expected is said."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.scenarios import runner
from detection_service.rules.scenarios.scenario import Expectation, Scenario, load, scenario_file
from tapewatch.alert import Severity

SPOOFING = RULE_BY_ID["spoofing"]
FOUND = next(each for each in load(scenario_file(SPOOFING)) if each.kind == "positive")
ALERTS = runner.final(runner.play(FOUND, runner.alone(FOUND, SPOOFING)), "spoofing")


def expecting(**changes: Any) -> Scenario:
    return dataclasses.replace(FOUND, expect=Expectation(**changes))


def test_alerts_as_expected_give_no_complaint() -> None:
    assert runner.complaints(FOUND, ALERTS) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alerts": 2}, "expected 2 alert(s), found 1: HIGH on S: Withdrew"),
        ({"owners": ("T",)}, "expected owners T, found S"),
        ({"accounts": ()}, "expected accounts none, found S"),
        ({"order_ids": ("large", "bid")}, "expected orders bid to be named, found genuine, large"),
        ({"never_named": ("S", "T")}, "expected S, T not to be named, found S"),
        ({"severity_min": Severity.CRITICAL}, "expected severity CRITICAL or graver, found HIGH"),
        ({"explanation": ("without reason",)}, "expected 'without reason' in the explanation, found: Withdrew"),
    ],
)
def test_what_is_not_as_expected_is_said_with_its_place(changes: dict[str, Any], message: str) -> None:
    (complaint,) = runner.complaints(expecting(**changes), ALERTS)
    assert message in complaint
    assert complaint.startswith(f"{FOUND.place}: scenario {FOUND.name!r} (positive): ")


def test_an_alert_where_none_is_expected_is_said() -> None:
    (complaint,) = runner.complaints(dataclasses.replace(FOUND, expect=None), ALERTS)
    assert "expected no alert, found HIGH on S: Withdrew" in complaint


def test_a_rule_s_scenarios_are_counted_by_kind() -> None:
    kinds, wrong = runner.check_rule(SPOOFING)
    assert wrong == []
    assert kinds["positive"] >= 1
    assert kinds.total() == len(load(scenario_file(SPOOFING)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: near_miss", "kind: evasion", "expected a near_miss scenario of spoofing, found none"),
        ("  background: crowd", "  parameters: {lief_max_s: 1}\n  background: crowd", "did you mean 'life_max_s'?"),
        (
            "  background: crowd",
            "  parameters: {life_max_s: 1}\n  background: crowd",
            "expected 1 alert(s), found 0: none",
        ),
    ],
)
def test_a_scenario_file_that_does_not_hold_is_complained_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, message: str
) -> None:
    path = tmp_path / "spoofing.scenarios.yaml"
    text = scenario_file(SPOOFING).read_text(encoding="utf-8").replace(old, new)
    path.write_text(re.sub("  found_with: .*\n", "", text), encoding="utf-8")
    monkeypatch.setattr(runner, "scenario_file", lambda rule: path)
    _, wrong = runner.check_rule(SPOOFING)
    assert any(message in each for each in wrong), wrong


def test_a_near_miss_that_is_not_near_is_said() -> None:
    far = dataclasses.replace(FOUND, kind="near_miss", expect=None, rows=FOUND.rows[:60], found_with={"flips_min": 1})
    (complaint,) = runner.not_near(far, SPOOFING)
    assert "expected an alert with flips_min 1, found none" in complaint
