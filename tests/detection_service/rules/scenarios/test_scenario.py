"""Scenario files: what they become, and what is said of one that can not be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from detection_service.rules.scenarios.backgrounds import BackgroundError, background
from detection_service.rules.scenarios.event_table import START_NS
from detection_service.rules.scenarios.scenario import Scenario, ScenarioError, load
from tapewatch.alert import Severity

PLAIN = """\
- name: plain
  kind: negative
  shows: Nothing.
  events: |
    time  kind   price
    3     TRADE  10
  expect: none
"""


def written(tmp_path: Path, text: str) -> tuple[Scenario, ...]:
    path = tmp_path / "some.scenarios.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_rows_have_venue_instrument_source_and_a_number_in_the_order_they_are_told(tmp_path: Path) -> None:
    text = PLAIN.replace("3     TRADE  10", "3     TRADE  10\n    1     TRADE  11")
    (scenario,) = written(tmp_path, text)
    assert scenario.rows == (
        {"source_sequence": 1, "venue": "XTST", "instrument": "ACME", "source": "feed"}
        | {"event_time_ns": START_NS + 1_000_000_000, "kind": "TRADE", "price": 11.0},
        {"source_sequence": 2, "venue": "XTST", "instrument": "ACME", "source": "feed"}
        | {"event_time_ns": START_NS + 3_000_000_000, "kind": "TRADE", "price": 10.0},
    )


def test_every_source_counts_for_itself_and_a_given_number_stays(tmp_path: Path) -> None:
    table = "time kind source sequence\n    1 STATUS a -\n    2 STATUS b -\n    3 STATUS a 7\n"
    text = PLAIN.replace("time  kind   price\n    3     TRADE  10\n", table)
    (scenario,) = written(tmp_path, text)
    assert [row["source_sequence"] for row in scenario.rows] == [1, 1, 7]


def test_the_background_is_there_before_the_events(tmp_path: Path) -> None:
    (scenario,) = written(tmp_path, PLAIN.replace("  events:", "  background: [crowd, quiet_hours 0.01]\n  events:"))
    kinds = [row["kind"] for row in scenario.rows]
    assert kinds == ["NEW"] * 60 + ["TRADE"] * 3
    assert [row["source_sequence"] for row in scenario.rows] == list(range(1, 64))


def test_reference_data_may_be_a_table_and_its_times_seconds(tmp_path: Path) -> None:
    reference = (
        "  reference:\n"
        "    accounts: |\n      account owner\n      w1 Wanda\n"
        "    announcements: [{instrument: ACME, time_s: 60, text: News}]\n"
        "  events:"
    )
    (scenario,) = written(tmp_path, PLAIN.replace("  events:", reference))
    assert scenario.reference.owners_behind("w1") == {"Wanda"}
    assert scenario.reference.announcements[0]["time_ns"] == str(START_NS + 60_000_000_000)


def test_an_expectation_is_read(tmp_path: Path) -> None:
    expect = "expect: {alerts: 2, owners: [S], severity_min: HIGH, explanation: twice, never_named: [B]}"
    text = PLAIN.replace("kind: negative", "kind: positive").replace("expect: none", expect)
    (scenario,) = written(tmp_path, text)
    assert scenario.expect is not None
    assert (scenario.expect.alerts, scenario.expect.owners, scenario.expect.severity_min) == (2, ("S",), Severity.HIGH)
    assert (scenario.expect.explanation, scenario.expect.never_named) == (("twice",), ("B",))


def test_a_scenario_knows_its_place(tmp_path: Path) -> None:
    _, second = written(tmp_path, PLAIN + PLAIN.replace("plain", "second"))
    assert second.place.endswith("some.scenarios.yaml:8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("kind: negative", "kind: bad"), ":2: scenario 'plain': kind: Input should be 'positive', 'negative'"),
        (("  shows: Nothing.\n", ""), ":1: scenario 'plain': shows: Field required"),
        (
            ("shows:", "show: x\n  shows:"),
            ":3: scenario 'plain': unknown key 'show'; expected one of name, kind, shows",
        ),
        (("expect: none", "expect: {owner: [a]}"), "unknown key 'owner'; expected one of alerts, owners"),
        (("expect: none", "expect: {}"), ":7: scenario 'plain': a negative scenario expects none"),
        (("kind: negative", "kind: positive"), ":7: scenario 'plain': a positive scenario expects an alert"),
        (
            ("kind: negative", "kind: late_data"),
            ":2: scenario 'plain': late_data tells some event late (column `told`)",
        ),
        (
            ("  events:", "  found_with: {a: 1}\n  events:"),
            ":4: scenario 'plain': only a near_miss is found with other",
        ),
        (("TRADE  10", "TRADE  ten"), ":6: scenario 'plain': price: expected a number, found 'ten'"),
        (("TRADE  10", "TRADE  10 1"), ":6: scenario 'plain': expected 3 cells (time kind price), found 4"),
        (
            ("  events:", "  background: mob\n  events:"),
            ":4: scenario 'plain': background: expected one of none, crowd",
        ),
        (
            ("  events:", "  reference: {owners: []}\n  events:"),
            ":4: scenario 'plain': unknown reference table 'owners'",
        ),
        ((PLAIN, "name: plain\n"), ":1: expected a list of scenarios (`- name: ...`), found dict"),
        (("kind: negative", "kind: [negative"), "some.scenarios.yaml:"),
    ],
)
def test_a_file_that_can_not_be_read_says_where_and_what_was_expected(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(ScenarioError) as raised:
        written(tmp_path, PLAIN.replace(*change))
    assert message in str(raised.value)


def test_a_table_within_a_list_of_blocks_names_its_line(tmp_path: Path) -> None:
    text = PLAIN.replace("  events: |\n", "  events:\n    - at_s: 5\n      table: |\n").replace(
        "    time", "        time"
    )
    text = text.replace("    3     TRADE  10", "        3     TRADE  ten")
    with pytest.raises(ScenarioError, match=r":8: scenario 'plain': price: expected a number"):
        written(tmp_path, text.replace("- at_s: 5\n", "- at_s: 5\n"))


def test_two_scenarios_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="expected a name of its own, found 'plain' twice"):
        written(tmp_path, PLAIN + PLAIN)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"nothing\.scenarios\.yaml: expected the scenarios of a rule"):
        load(tmp_path / "nothing.scenarios.yaml")


@pytest.mark.parametrize("name", ["mob", "quiet_hours", "quiet_hours many", "crowd 3"])
def test_an_unknown_background_names_those_there_are(name: str) -> None:
    with pytest.raises(BackgroundError, match="crowd, quiet_hours HOURS, trading_hours HOURS, ordinary_hours HOURS"):
        background(name)


def test_ordinary_hours_cancel_two_orders_of_three() -> None:
    kinds: list[Any] = [told.row["kind"] for told in background("ordinary_hours 0.5")]
    assert (kinds.count("NEW"), kinds.count("CANCEL")) == (150, 100)
