import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from simulator import simulation as simulation_module
from simulator.labels import Label, Narrative, Sentence, write_labels
from simulator.report import COLUMNS
from simulator.schemes import SCHEMES
from simulator.simulation import DEMO_SCHEMES, Simulation, SimulationConfig, demo_run
from tapewatch.market.event import COLUMN_BY_NAME

LABEL_COLUMNS = {"scenario_id", "typology", "severity", "accounts", "owners"}


@pytest.fixture(scope="module")
def demo() -> tuple[Simulation, list[dict[str, object]]]:
    simulation = Simulation(demo_run())
    return simulation, list(simulation.rows())


def test_events_have_columns_of_the_event_table_only_and_none_of_a_label() -> None:
    assert set(COLUMNS) <= set(COLUMN_BY_NAME)
    assert not set(COLUMNS) & LABEL_COLUMNS


def test_no_value_of_an_event_names_a_scheme_or_scenario(demo: tuple[Simulation, list[dict[str, object]]]) -> None:
    simulation, rows = demo
    words = {scenario.scenario_id for scenario in simulation.scenarios} | set(DEMO_SCHEMES)
    words |= {"spoof", "layer", "wash", "pump", "scenario", "scheme"}
    texts = {str(value).lower() for row in rows for column, value in row.items() if column != "order_id"}
    assert not [text for text in texts if any(word in text for word in words)]


def test_calling_the_schemes_by_each_others_names_changes_the_labels_and_no_event(
    demo: tuple[Simulation, list[dict[str, object]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(SCHEMES)
    other_name = dict(zip(names, names[1:] + names[:1], strict=True))
    renamed = {name: replace(scheme, name=other_name[name]) for name, scheme in SCHEMES.items()}
    monkeypatch.setattr(simulation_module, "SCHEMES", renamed)
    permuted = Simulation(demo_run())
    assert list(permuted.rows()) == demo[1]
    assert [label.typology for label in permuted.labels()] == [other_name[one.typology] for one in demo[0].labels()]


def test_ids_rise_in_the_order_of_events_whoever_sends_them(demo: tuple[Simulation, list[dict[str, object]]]) -> None:
    entered = [int(str(row["order_id"])) for row in demo[1] if row["kind"] == "NEW"]
    assert entered == list(range(entered[0], entered[0] + len(entered)))


def test_the_population_does_not_depend_on_what_is_played() -> None:
    with_schemes = Simulation(demo_run(3)).population
    assert with_schemes == Simulation(SimulationConfig(seed=3)).population


def test_accounts_of_a_scheme_also_trade_honestly(demo: tuple[Simulation, list[dict[str, object]]]) -> None:
    simulation, rows = demo
    orders = {order_id for label in simulation.labels() for order_id in label.order_ids}
    accounts = {account for label in simulation.labels() for account in label.accounts}
    honest = {row["account"] for row in rows if row["order_id"] not in orders}
    assert accounts <= honest


def test_a_label_covers_exactly_the_events_of_its_orders(demo: tuple[Simulation, list[dict[str, object]]]) -> None:
    simulation, rows = demo
    for label in simulation.labels():
        own = [row for row in rows if row["order_id"] in label.order_ids]
        assert {row["order_id"] for row in own} == set(label.order_ids)
        assert {row["account"] for row in own} == set(label.accounts)
        assert {row["instrument"] for row in own} == {label.instrument}
        assert own[0]["event_time_ns"] == label.start_time_ns
        assert own[-1]["event_time_ns"] == label.end_time_ns
        assert {row["trade_id"] for row in own if row["kind"] == "FILL"} == set(label.trade_ids)


def test_labels_are_written_one_object_a_line(tmp_path: Path) -> None:
    label = Label("scenario-001", "spoofing", 0.5, "XTST", "TEST", ["A"], ["O"], 1, 2, ["7"], [])
    write_labels(tmp_path / "labels.jsonl", [label, label])
    lines = (tmp_path / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [asdict(label)] * 2


def test_a_scenario_that_has_not_begun_has_no_label() -> None:
    simulation = Simulation(SimulationConfig(seed=1))
    scenario = simulation.inject("spoofing", 0.5)
    with pytest.raises(ValueError, match="no orders yet"):
        scenario.label()


def test_the_narrative_gives_what_was_told_since_a_position() -> None:
    narrative = Narrative()
    sentences = [Sentence(number, f"sentence {number}") for number in range(3)]
    for sentence in sentences:
        narrative.tell(sentence)
    assert narrative.since(1) == sentences[1:]
    assert narrative.since(3) == []
