"""The rules of docs/rules-writing.md work as they are printed there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from detection_service.engine import scene
from detection_service.engine.engine import Engine
from detection_service.rules import conformance
from detection_service.rules.scenarios.event_table import Repetition, event_rows
from detection_service.rules.scenarios.runner import check_rule
from detection_service.rules.scenarios.scenario import load
from detection_service.user_rules.folder import TRIGGER_BY_NAME, load_directory
from tapewatch.cli.rules.skeleton import MODULE, SCENARIOS
from tapewatch.market.frame import Frame
from tests.conftest import CHECKOUT

PAGE = (CHECKOUT / "docs" / "rules-writing.md").read_text(encoding="utf-8")
ONCE = Repetition(1, 0.0, {})
SCENARIOS_PAGE = (CHECKOUT / "docs" / "scenarios.md").read_text(encoding="utf-8")
PRINTED = re.compile(r"`my-rules/(\S+)`:\n\n```(?:yaml|python)\n(.*?)```", re.S)


@pytest.fixture
def printed(tmp_path: Path) -> Path:
    for name, text in PRINTED.findall(PAGE):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_printed_rules_find_what_their_printed_scenarios_say(printed: Path) -> None:
    loaded = load_directory(printed)
    assert loaded.faults == {}
    assert [rule.metadata.rule_id for rule in loaded.rules] == ["blinks", "sweeps"]
    for rule in loaded.rules:
        scenarios = printed / f"{rule.metadata.rule_id}.scenarios.yaml"
        assert check_rule(rule, scenarios)[1] == []
        assert conformance.complaints(rule, load(scenarios)) == []


def test_the_printed_rule_in_python_is_the_one_to_begin_with() -> None:
    texts = dict(PRINTED.findall(PAGE))
    begun = MODULE
    for name, value in (
        ("RULE_ID", "sweeps"),
        ("TITLE", "One-sided sweeps"),
        ("TYPOLOGY", "RAMPING"),
        ("CLASS", "Sweeps"),
    ):
        begun = begun.replace(f"@{name}@", value)
    assert texts["sweeps.py"] == begun
    assert SCENARIOS.endswith(texts["sweeps.scenarios.yaml"])


def test_the_printed_orders_that_are_replaced_are_followed_to_their_end() -> None:
    (table,) = re.findall(r"```\n(time .*?REPLACE.*?)```", SCENARIOS_PAGE, re.S)
    market = {"venue": "XTST", "instrument": "ACME", "source": "feed"}
    told = [
        {**market, "source_sequence": number, **each.row} for number, each in enumerate(event_rows(table, 0.0, ONCE), 1)
    ]
    engine = Engine()
    engine.process(Frame.from_rows(told))
    status = engine.status()
    assert (status["live_orders"], status["sources"]["feed"]["unknown_order"]) == (0, 0)


def test_the_page_names_triggers_and_fields_that_there_are() -> None:
    table = PAGE.split("### When a rule is asked")[1].split("### What a rule sees")[0]
    named = {name for row in re.findall(r"^\| ([A-Z, ]+) \|", table, re.M) for name in row.split(", ")}
    assert named
    assert named <= {*TRIGGER_BY_NAME}
    fields = {*scene.Fill._fields, *scene.Withdrawal._fields, "event_id", "entry_event_id", "life_s"}
    for row in re.findall(r"^\| (?:fills|withdrawals)\(.*?: `([a-z_ ]+)` \|$", PAGE, re.M):
        assert set(row.split()) <= fields
