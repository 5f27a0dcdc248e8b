"""Layering: what it finds, what it leaves alone, and what it is known to miss."""

from __future__ import annotations

from typing import Any

import pytest

from detection_service.engine.engine import Engine
from tapewatch.alert import Severity
from tapewatch.market.frame import Frame
from tests.detection_service.rules.schemes import SCHEMES, layer
from tests.detection_service.scenario import START_NS, Market, configured, final, found, revisions

RULE = "layering"


def test_layers_that_go_together_after_an_opposite_fill_are_one_alert() -> None:
    (alert,) = found(SCHEMES[RULE].play(), RULE)
    assert (alert.owners, alert.severity) == (("L",), Severity.HIGH)
    assert alert.order_ids == ("o61", "o62", "o63", "o64", "o66")
    assert (alert.start_time_ns, alert.end_time_ns) == (START_NS + 10_000_000_000, START_NS + 12_300_000_000)


def test_the_explanation_carries_the_numbers_and_what_is_usual() -> None:
    (alert,) = found(SCHEMES[RULE].play(), RULE)
    for number in ("4 buy orders at 4 prices", "1600 in all", "within 0.30 s", "16.0 times the 100", "100%", "of 103"):
        assert number in alert.explanation


def test_a_further_layer_raises_the_revision_and_not_the_number_of_alerts() -> None:
    made = [alert for alert in revisions(SCHEMES[RULE].play().rows) if alert.rule_id == RULE]
    assert len({alert.alert_id for alert in made}) == 1
    assert [alert.revision for alert in made] == list(range(1, len(made) + 1))
    assert made[-1].closed
    assert made[-1].score >= made[0].score


@pytest.mark.parametrize(
    "near",
    [{"layers": 2, "each": 450}, {"genuine": 540}, {"each": 100}, {"apart_s": 2.6}],
    ids=["two prices", "2.96 times what traded", "3.9 times the usual order", "three are gone within 5.2 s"],
)
def test_just_short_of_a_threshold_nothing_is_found(near: dict[str, Any]) -> None:
    assert found(layer(Market().crowd(), 10, **near), RULE) == []


@pytest.mark.parametrize(
    "just", [{"layers": 3}, {"genuine": 500}, {"each": 140}, {"apart_s": 2.4}], ids=["layers", "ratio", "size", "span"]
)
def test_just_beyond_a_threshold_it_is_found(just: dict[str, Any]) -> None:
    assert len(found(layer(Market().crowd(), 10, **just), RULE)) == 1


def test_layers_that_mostly_trade_are_not_found() -> None:
    market = Market().crowd().at(10)
    orders = [market.new("L", "BUY", round(99.98 - number / 100, 2), 400) for number in range(6)]
    market.at(11).match(market.new("L", "SELL", 99.99, 100), "o1", 99.99, 100)
    for order in orders[:3]:
        market.match(market.new("other", "SELL", 99.95, 400), order, 99.95, 400)
    for order in orders[3:]:
        market.at(12).cancel(order)
    assert found(market, RULE) == []


def test_layers_on_both_sides_are_not_found() -> None:
    market = Market().crowd().at(10)
    bids = [market.new("L", "BUY", round(99.98 - number / 100, 2), 400) for number in range(4)]
    asks = [market.new("L", "SELL", round(100.02 + number / 100, 2), 400) for number in range(4)]
    market.at(11).match(market.new("L", "SELL", 99.99, 100), "o1", 99.99, 100)
    for order in bids + asks:
        market.at(12).cancel(order)
    assert found(market, RULE) == []


def test_two_episodes_when_the_gap_passes_and_one_when_it_does_not() -> None:
    assert len(found(layer(layer(Market().crowd(), 10), 70), RULE)) == 1
    twice = found(layer(layer(Market().crowd(), 10), 210), RULE)
    assert len(twice) == 2
    assert not set(twice[0].order_ids) & set(twice[1].order_ids)


def test_layers_split_over_linked_accounts_are_found_with_the_links_and_not_without() -> None:
    market = Market().crowd().at(10)
    orders = [market.new(f"l{number}", "BUY", round(99.98 - number / 100, 2), 400) for number in range(4)]
    market.at(11).match(market.new("l9", "SELL", 99.99, 100), "o1", 99.99, 100)
    for order in orders:
        market.at(12).cancel(order)
    accounts = [{"account": f"l{number}", "owner": "Lou"} for number in (0, 1, 2, 3, 9)]
    (alert,) = found(market, RULE, configured(accounts=accounts))
    assert (alert.owners, alert.accounts) == (("Lou",), ("l0", "l1", "l2", "l3", "l9"))
    assert found(market, RULE) == []


def test_a_fill_told_late_is_counted_and_not_evaluated() -> None:
    market = Market().crowd().at(10)
    orders = [market.new("L", "BUY", round(99.98 - number / 100, 2), 400) for number in range(4)]
    for order in orders:
        market.at(12).cancel(order)
    market.tick(13).at(11).match(market.new("L", "SELL", 99.99, 100), "o1", 99.99, 100)
    engine = Engine()
    assert engine.process(Frame.from_rows(market.rows)) + engine.finish() == []
    assert engine.status()["sources"]["feed"]["late"] == 3


def test_known_gap_repeated_pressure_at_the_touch_without_a_fill_is_not_found() -> None:
    market = Market().crowd()
    for start_s in range(10, 100, 10):
        market.at(start_s)
        orders = [market.new("L", "BUY", round(99.98 - number / 100, 2), 400) for number in range(4)]
        for order in orders:
            market.at(start_s + 2).cancel(order)
    assert found(market, RULE) == []


def test_known_gap_layers_beyond_the_last_64_withdrawals_are_forgotten() -> None:
    market = layer(Market().crowd(), 10, layers=80, each=150, apart_s=0)
    (alert,) = final(revisions(market.rows), RULE)
    assert max(each.observed for each in alert.measurements if each.name == "layers") <= 64
