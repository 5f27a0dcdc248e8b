"""Spoofing: what it finds, what it leaves alone, and what it is known to miss."""

from __future__ import annotations

import pytest

from detection_service.engine.engine import Engine
from tapewatch.alert import Severity
from tapewatch.market.frame import Frame
from tests.detection_service.rules.schemes import SCHEMES, spoof
from tests.detection_service.scenario import START_NS, Market, configured, final, found, identity, revisions

RULE = "spoofing"


def test_a_large_order_withdrawn_after_an_opposite_fill_is_one_alert() -> None:
    market = SCHEMES[RULE].play()
    (alert,) = found(market, RULE)
    assert (alert.owners, alert.accounts, alert.severity) == (("S",), ("S",), Severity.HIGH)
    assert (alert.start_time_ns, alert.end_time_ns) == (START_NS + 10_000_000_000, START_NS + 12_000_000_000)
    assert alert.order_ids == ("o61", "o63")
    assert alert.trade_ids == ("t1",)


def test_the_explanation_carries_the_numbers_and_what_is_usual() -> None:
    (alert,) = found(SCHEMES[RULE].play(), RULE)
    for number in (
        "order of 1500",
        "after 2.00 s",
        "14.6 times",
        "33%",
        "fills of 100",
        "here are of 103",
    ):
        assert number in alert.explanation


def test_the_evidence_is_the_order_s_entry_its_end_and_the_fill() -> None:
    market = SCHEMES[RULE].play()
    (alert,) = found(market, RULE)
    told = [row for row in market.rows if row.get("account") == "S" and row.get("order_id") in ("o61", "o63")]
    entry, _, fill, end = told
    assert (entry["kind"], fill["kind"], end["kind"]) == ("NEW", "FILL", "CANCEL")
    assert set(alert.evidence_event_ids) == {identity(entry), identity(fill), identity(end)}


@pytest.mark.parametrize(
    "near",
    [
        {"large": 500},  # 4.9 times the usual order, 5 asked
        {"genuine": 520},  # 2.9 times what traded, 3 asked
        {"life_s": 11},  # 10 s at most for a single one
    ],
    ids=["size", "ratio", "life"],
)
def test_just_short_of_a_threshold_nothing_is_found(near: dict[str, float]) -> None:
    assert found(spoof(Market().crowd(), 10, **near), RULE) == []  # type: ignore[arg-type]  # numbers by name


@pytest.mark.parametrize("just", [{"large": 530}, {"genuine": 490}, {"life_s": 9.5}], ids=["size", "ratio", "life"])
def test_just_beyond_a_threshold_it_is_found(just: dict[str, float]) -> None:
    assert len(found(spoof(Market().crowd(), 10, **just), RULE)) == 1  # type: ignore[arg-type]  # numbers by name


def test_a_large_order_hidden_in_a_deep_book_is_not_found() -> None:
    market = Market().crowd()
    for number in range(60):
        market.new(f"deep-{number}", "BUY", 99.95, 150)
    assert found(spoof(market, 10), RULE) == []


def test_a_large_order_withdrawn_without_a_fill_is_not_found() -> None:
    market = Market().crowd().at(10)
    order = market.new("S", "BUY", 99.98, 1500)
    market.at(12).cancel(order)
    assert found(market, RULE) == []


def test_a_large_order_that_mostly_trades_is_not_found() -> None:
    market = Market().crowd().at(10)
    order = market.new("S", "BUY", 99.98, 1500)
    market.match(market.new("S", "SELL", 99.99, 100), "o1", 99.99, 100)
    market.match(market.new("other", "SELL", 99.98, 1000), order, 99.98, 1000)
    market.at(12).cancel(order)
    assert found(market, RULE) == []


def test_a_market_maker_that_reprices_both_sides_is_not_found() -> None:
    market = Market().crowd()
    for number in range(20):
        market.at(10 + number * 3)
        bid, ask = market.new("M", "BUY", 99.99, 1000), market.new("M", "SELL", 100.01, 1000)
        market.at(11 + number * 3)
        market.match(market.new("taker", "BUY", 100.01, 100), ask, 100.01, 100)
        market.at(12 + number * 3)
        market.cancel(bid)
        market.cancel(ask)
    assert found(market, RULE) == []


def test_a_group_that_lets_such_orders_trade_is_not_found() -> None:
    market = Market().crowd()
    for number in range(4):
        market.at(10 + number)
        order = market.new("S", "BUY", 99.98, 1500)
        market.match(market.new("other", "SELL", 99.98, 1500), order, 99.98, 1500)
    assert found(spoof(market, 300), RULE) == []


def test_both_hands_of_one_owner_are_taken_together() -> None:
    market = Market().crowd().at(10)
    order = market.new("s1", "BUY", 99.98, 1500)
    market.at(11).match(market.new("s2", "SELL", 99.99, 100), "o1", 99.99, 100)
    market.at(12).cancel(order)
    owners = [{"account": "s1", "owner": "Sam"}, {"account": "s2", "owner": "Sam"}]
    (alert,) = found(market, RULE, configured(accounts=owners))
    assert (alert.owners, alert.accounts) == (("Sam",), ("s1", "s2"))
    assert found(market, RULE) == []


def test_repetition_within_the_gap_is_one_alert_with_rising_revisions() -> None:
    market = spoof(spoof(Market().crowd(), 10), 70).tick(1_000)
    made = revisions(market.rows)
    (alert,) = final(made, RULE)
    assert [each.revision for each in made] == list(range(1, len(made) + 1))
    assert [each.closed for each in made] == [False] * (len(made) - 1) + [True]
    assert set(alert.order_ids) == {"o61", "o63", "o64", "o66"}


def test_repetition_after_the_gap_is_a_second_alert_with_a_name_of_its_own() -> None:
    market = spoof(spoof(Market().crowd(), 10), 210).tick(1_000)
    made = revisions(market.rows)
    assert len({alert.alert_id for alert in made}) == 2
    assert [(alert.revision, alert.closed) for alert in made] == [(1, False), (2, True)] * 2


def test_a_withdrawal_told_late_is_counted_and_not_evaluated() -> None:
    market = Market().crowd().at(10)
    order = market.new("S", "BUY", 99.98, 1500)
    market.at(11).match(market.new("S", "SELL", 99.99, 100), "o1", 99.99, 100)
    market.tick(500).at(12).cancel(order)
    engine = Engine()
    assert engine.process(Frame.from_rows(market.rows)) + engine.finish() == []
    assert engine.status()["sources"]["feed"]["late"] == 1


def test_known_gap_pressure_split_into_ordinary_orders_is_not_found() -> None:
    market = Market().crowd().at(10)
    orders = [market.new("S", "BUY", 99.98, 100) for _ in range(15)]
    market.at(11).match(market.new("S", "SELL", 99.99, 100), "o1", 99.99, 100)
    for order in orders:
        market.at(12).cancel(order)
    assert found(market, RULE) == []


def test_known_gap_a_genuine_trade_on_another_venue_is_not_found() -> None:
    here, there = Market().crowd().at(10), Market(venue="XOTH", source="other").crowd().at(11)
    order = here.new("S", "BUY", 99.98, 1500)
    there.match(there.new("S", "SELL", 99.99, 100), "o1", 99.99, 100)
    here.at(12).cancel(order)
    rows = sorted([*here.rows, *there.rows], key=lambda row: int(str(row["event_time_ns"])))
    assert final(revisions(rows), RULE) == []
