"""The engine's figures, of sizes too small to mean anything."""

from dataclasses import replace

import pytest

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.rules.catalogue import RULE_BY_ID
from tapewatch.bench import engine, flatness, footprint, market, report, rule_cost
from tapewatch.bench.mix import Mix
from tapewatch.bench.rule_cost import TimedRule
from tapewatch.bench.warm import Stretch
from tests.detection_service.engine.every_scheme import cut, every_scheme

MIX = Mix(live=500, instruments=5, accounts=50)
EVENTS = 4_000
SEED = 20260302


def test_the_mix_has_a_rate_and_says_what_its_groups_hold() -> None:
    rate, held, longest = engine.on_mix(0.0, MIX, Stretch(1_000), Stretch(1_000))
    assert (rate.name, rate.floor, rate.runs) == ("realistic mix", 1_000_000, 3)
    assert 0 < rate.low <= rate.value <= rate.high
    assert 100 < held.value < 1_000_000
    assert longest.value > 0


def test_a_timed_rule_finds_what_the_rule_finds_and_takes_its_time() -> None:
    stream = every_scheme(SEED)
    rows = stream.rows()
    frames = list(cut(rows, range(0, len(rows), 1_000)))
    rules = tuple(TimedRule(rule) for rule in RULE_BY_ID.values())
    plain, timed = Engine(stream.configuration), Engine(replace(stream.configuration, brought=rules))
    expected = [alert.rule_id for frame in frames for alert in plain.process(frame)]
    assert [alert.rule_id for frame in frames for alert in timed.process(frame)] == expected != []
    spent = {rule.metadata.rule_id: rule.take() for rule in rules}
    assert all(spent[rule_id][0] > 0 and spent[rule_id][1] > 0 for rule_id in expected)
    assert {rule.take() for rule in rules} == {(0, 0)}


def test_the_table_of_rules_has_each_of_them_the_dearest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_cost, "LEFT_OUT_ROUNDS", 1)
    frames = market.encoded(market.accounts_at_random(EVENTS))
    sizes = rule_cost.Sizes(mix=MIX, settling_events=1_000, timed_events=EVENTS, left_out_events=200)
    *rules, total = rule_cost.figures(frames, EVENTS, EngineConfiguration(), sizes)
    assert {figure.name for figure in rules} == set(RULE_BY_ID)
    assert [figure.value for figure in rules] == sorted((figure.value for figure in rules), reverse=True)
    assert total.value == pytest.approx(sum(figure.value for figure in rules))
    assert sum(figure.details["simulated market ns/event"] for figure in rules) > 0


def test_the_flatness_table_has_rows_of_live_orders_density_and_history() -> None:
    sizes = flatness.Sizes(
        live=(200, 400), density=(1.0, 10.0), history_hours=(1.0, 2.0), ordinary_live=200,
        settling_events=500, density_events=500, history_events=500, round_events=500,
    )  # fmt: skip
    figures = flatness.figures(sizes)
    assert [figure.name.split(" (")[0] for figure in figures] == [
        "200 live orders", "400 live orders", "density 1x", "density 10x", "history 1 h", "history 2 h",
    ]  # fmt: skip
    assert [figure.value for figure in figures[::2]] == [1.0, 1.0, 1.0]
    assert [figure.target for figure in figures] == [None, flatness.RATIO_MAX] * 3
    assert all(figure.value > 0 and figure.details["ns/event"] > 0 for figure in figures)


def test_the_footprint_is_of_a_grown_engine_that_can_be_restored() -> None:
    figures = {figure.name: figure for figure in footprint.figures(10_000)}
    assert figures["memory a live order"].value > 64
    for rows in footprint.FRAME_SIZES:
        name = f"longest frame of {rows:,} rows"
        assert figures[name].value >= figures[f"{name}, beyond the usual"].value >= 0
        assert "instruments" in figures[f"{name} with new instruments"].note
    assert figures["snapshot"].value > 0
    assert figures["restore"].value > 0


def test_figures_with_a_title_are_in_a_table_of_their_own_without_empty_columns() -> None:
    sizes = flatness.Sizes((200,), (1.0,), (1.0,), 200, 1_000.0, 300, 300, 300, 300)
    page = report.markdown(
        flatness.figures(sizes),
        {"cores": 2, "processor": "Test", "system": "Linux", "python": "3.11", "engine": "compiled", "load": 0.5},
        "2026-03-02",
    ).splitlines()
    title = page.index(f"### {flatness.TABLE}")
    assert page[title + 2] == "| figure | measured | ns/event | low..high |"
    assert len([line for line in page if line.startswith("|")]) == 2 + 3
