"""A directory of rules: what is loaded, what is a fault, and that a fault stays its own."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.user_rules.folder import RuleText, load_directory
from tapewatch.market.frame import Frame
from tests.detection_service.rules.schemes import quiet_hours
from tests.detection_service.scenario import Market, Row
from tests.detection_service.user_rules.written_rules import blink_rows, in_python, in_yaml, raising


def put(directory: Path, *texts: RuleText) -> Path:
    directory.mkdir(exist_ok=True)
    for text in texts:
        (directory / text.file_name).write_text(text.text, encoding="utf-8")
    return directory


def leap() -> list[Row]:
    market = quiet_hours(Market(), 60)
    for number in range(8):
        market.at(3600 + 5 * number).trade(100 + 0.375 * number, 50, "BUY")
    return market.tick(7200).rows


def engine_of(directory: Path) -> Engine:
    loaded = load_directory(directory)
    return Engine(EngineConfiguration({"price_spike": {}}).with_brought(loaded.rules, loaded.faults))


def found(engine: Engine, rows: list[Row]) -> set[str]:
    return {alert.rule_id for alert in engine.process(Frame.from_rows(rows)) + engine.finish()}


def test_rules_of_both_forms_are_loaded_and_scenarios_are_no_rules(tmp_path: Path) -> None:
    put(tmp_path, in_yaml(), in_python())
    (tmp_path / "leaps.scenarios.yaml").write_text("- name: x\n")
    (tmp_path / "notes.md").write_text("")
    loaded = load_directory(tmp_path)
    assert [rule.metadata.rule_id for rule in loaded.rules] == ["blinks", "leaps"]
    assert loaded.faults == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (RuleText("broken", ".py", "def"), "expected a rule that can be imported: SyntaxError"),
        (
            RuleText("broken", ".py", "raise SystemExit(3)"),
            "expected a rule that can be imported: SystemExit: 3 (line 1 of broken.py)",
        ),
        (RuleText("broken", ".py", "\nimport nowhere_to_be_found"), "'nowhere_to_be_found' (line 2 of broken.py)"),
        (RuleText("broken", ".py", ""), "expected one class with metadata and evaluate, found 0"),
        (RuleText("spoofing", ".py", ""), "spoofing is a rule of the catalogue"),
        (RuleText("Broken", ".py", ""), "expected a file named after its rule"),
        (RuleText("broken", ".yaml", "- a\n"), "expected a mapping"),
        (RuleText("broken", ".py", in_python("other").text), "expected the rule_id of the file's name, broken"),
    ],
)
def test_a_file_that_is_no_rule_is_a_fault_and_the_others_are_loaded(
    tmp_path: Path, text: RuleText, reason: str
) -> None:
    loaded = load_directory(put(tmp_path, text, in_yaml()))
    assert [rule.metadata.rule_id for rule in loaded.rules] == ["blinks"]
    assert reason in loaded.faults[text.rule_id]


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("1 / 0", "division by zero (line @ of raises.py)"),
        ("raise SystemExit(2)", "SystemExit: 2 (line @ of raises.py)"),
        ("yield 'nothing'", "TypeError: expected a Finding, found str"),
        ("scene.fills('nothing')", "(line @ of raises.py)"),
    ],
)
def test_a_rule_that_raises_is_out_with_the_reason_and_the_others_go_on(tmp_path: Path, what: str, reason: str) -> None:
    text = raising(what=what)
    line = text.text.splitlines().index(f"        {what}") + 1
    engine = engine_of(put(tmp_path, text, in_python()))
    assert found(engine, leap()) == {"leaps", "price_spike"}
    assert list(engine.faults) == ["raises"]
    assert engine.faults["raises"].startswith("evaluate: ")
    assert engine.faults["raises"].endswith(reason.replace("@", str(line)))


def test_a_faulty_rule_stays_out_after_a_restore_until_its_content_changes(tmp_path: Path) -> None:
    put(tmp_path, raising())
    rows = leap()
    engine = engine_of(tmp_path)
    engine.process(Frame.from_rows(rows))
    again = engine_of(tmp_path)
    again.restore(engine.snapshot())
    assert again.faults == engine.faults != {}
    put(tmp_path, in_python("raises"))
    loaded = load_directory(tmp_path)
    again.configure(again.configuration.with_brought(loaded.rules, loaded.faults))
    assert again.faults == {}


def test_what_a_faulty_rule_does_does_not_depend_on_batches(tmp_path: Path) -> None:
    put(tmp_path, raising(what="assert len(scene.market_fills(0)) < 0"), in_python())
    rows = leap()
    whole, cut = engine_of(tmp_path), engine_of(tmp_path)
    at_once = whole.process(Frame.from_rows(rows)) + whole.finish()
    made = [
        alert
        for start, stop in itertools.pairwise([*range(0, len(rows), 7), len(rows)])
        for alert in cut.process(Frame.from_rows(rows[start:stop]))
    ]
    assert made + cut.finish() == at_once
    assert cut.faults == whole.faults != {}


def test_parameters_wait_for_the_rule_they_are_of(tmp_path: Path) -> None:
    waiting = EngineConfiguration({"spoofing": {}}, waiting={"blinks": {"withdrawn_min": 7}})
    loaded = load_directory(put(tmp_path, in_yaml()))
    configured = waiting.with_brought(loaded.rules, loaded.faults)
    assert configured.parameters()["blinks"]["withdrawn_min"] == 7
    assert configured.with_brought((), {}).waiting == {"blinks": {"withdrawn_min": 7}}


def test_parameters_out_of_a_rules_range_are_its_fault(tmp_path: Path) -> None:
    waiting = EngineConfiguration({"spoofing": {}}, waiting={"blinks": {"withdrawn_min": 1}})
    loaded = load_directory(put(tmp_path, in_yaml()))
    configured = waiting.with_brought(loaded.rules, loaded.faults)
    assert configured.faults == {"blinks": "rule blinks, withdrawn_min: expected 5 to 100000 cancels, found 1"}
    assert set(configured.parameters()) == {"spoofing"}


def test_metrics_of_other_groups_that_a_rule_asks_for_leave_those_of_the_trigger(tmp_path: Path) -> None:
    nosy = in_python("a_nosy_one").text.replace("triggers = PRICE", "triggers = 32")
    nosy = nosy.replace("market = scene.market\n", "scene.group_metrics(scene.groups()[0])\n        return\n")
    put(tmp_path, in_yaml(), RuleText("a_nosy_one", ".py", nosy))
    rows = blink_rows()
    other = [{**row, "account": "an_other", "order_id": f"x{row['order_id']}", "source": "x"} for row in rows[:40]]
    told = sorted([*rows, *other], key=lambda row: int(str(row["event_time_ns"])))
    among = engine_of(tmp_path).process(Frame.from_rows(told))
    (tmp_path / "a_nosy_one.py").unlink()
    alone = engine_of(tmp_path).process(Frame.from_rows(told))
    assert [alert.explanation for alert in among] == [alert.explanation for alert in alone] != []
