"""Wash trades with oneself: what is found, what is left alone, and what is known to be missed."""

from __future__ import annotations

import pytest

from detection_service.engine.engine import Engine
from tapewatch.alert import Severity
from tapewatch.market.frame import Frame
from tests.detection_service.rules.schemes import SCHEMES, washed
from tests.detection_service.scenario import START_NS, Market, final, found, identity, revisions

RULE = "wash_self"


def test_an_account_on_both_sides_of_a_match_is_one_alert() -> None:
    (alert,) = found(SCHEMES[RULE].play(), RULE)
    assert (alert.owners, alert.accounts) == (("w1",), ("w1",))
    assert alert.trade_ids == ("t31", "t32", "t33")
    assert (alert.start_time_ns, alert.end_time_ns) == (START_NS + 30_000_000_000, START_NS + 50_000_000_000)


def test_the_explanation_carries_the_numbers_and_what_is_usual() -> None:
    (alert,) = found(SCHEMES[RULE].play(), RULE)
    for number in ("w1", "3 times", "150 in all", "at 100", "4.8%", "usually none"):
        assert number in alert.explanation


def test_the_evidence_names_both_sides_of_the_match() -> None:
    market = washed("w1", "w1", times=1)
    (alert,) = found(market, RULE)
    sides = [row for row in market.rows if row["kind"] == "FILL" and row["account"] == "w1"]
    assert len(sides) == 2
    assert set(alert.evidence_event_ids) >= {identity(row) for row in sides}
    assert alert.order_ids == tuple(sorted({str(row["order_id"]) for row in sides}))


def test_repetition_raises_revision_and_severity() -> None:
    made = revisions(washed("w1", "w1", times=12).rows)
    assert [alert.revision for alert in made] == list(range(1, len(made) + 1))
    assert made[0].severity is Severity.MEDIUM
    assert made[-1].severity > made[0].severity
    assert [alert.closed for alert in made] == [False] * (len(made) - 1) + [True]


def test_the_two_reports_of_one_match_count_once() -> None:
    (alert,) = found(washed("w1", "w1", times=1), RULE)
    assert "1 time, 50 in all" in alert.explanation


def test_reports_that_name_the_other_side_and_the_trade_count_once() -> None:
    market = Market().crowd()
    for start_s in (10, 20):
        maker, taker = market.at(start_s).new("w1", "SELL", 100.0, 50), market.new("w1", "BUY", 100.0, 50)
        market.fill(taker, 100.0, 50, trade_id=f"t{start_s}", contra_account="w1")
        market.fill(maker, 100.0, 50, trade_id=f"t{start_s}", contra_account="w1")
    (alert,) = found(market, RULE)
    assert "2 times, 100 in all" in alert.explanation


def test_a_public_print_before_the_fills_hides_nothing_and_counts_once() -> None:
    market = Market().crowd().at(10)
    maker, taker = market.new("w1", "SELL", 100.0, 50), market.new("w1", "BUY", 100.0, 50)
    market.trade(100.0, 50, "BUY", trade_id="t1")
    market.match(taker, maker, 100.0, 50)
    (alert,) = found(market, RULE)
    assert "1 time, 50 in all" in alert.explanation
    assert "100.0%" in alert.explanation


def test_a_fill_that_names_itself_as_the_other_side_is_found() -> None:
    market = Market().crowd().at(10)
    order = market.new("w1", "BUY", 100.0, 50)
    market.fill(order, 100.0, 50, contra_account="w1")
    assert len(found(market, RULE)) == 1


def test_two_episodes_when_the_gap_passes() -> None:
    market = Market().crowd()
    for start_s in (10, 500, 1_200):
        market.at(start_s).deal("w1", "w1", 100.0, 50)
    assert [alert.trade_ids for alert in found(market, RULE)] == [("t1", "t2"), ("t3",)]


@pytest.mark.parametrize("seller", ["w2", "W1", "w1 "])
def test_accounts_with_nearly_the_same_name_are_not_the_same(seller: str) -> None:
    assert found(washed("w1", seller), RULE) == []


def test_an_order_prevented_from_meeting_its_own_is_not_found() -> None:
    market = Market().crowd().at(10)
    resting = market.new("w1", "SELL", 100.0, 50)
    market.new("w1", "BUY", 100.0, 50)
    market.row("EXPIRE", order_id=resting, account="w1", side="SELL", text="self-match prevention")
    assert found(market, RULE) == []


def test_a_second_side_told_late_is_counted_and_not_evaluated() -> None:
    market = Market().crowd().at(10)
    maker, taker = market.new("w1", "SELL", 100.0, 50), market.new("w1", "BUY", 100.0, 50)
    market.fill(taker, 100.0, 50, trade_id="t1", aggressor=True)
    market.tick(11).at(10).fill(maker, 100.0, 50, trade_id="t1", aggressor=False)
    engine = Engine()
    assert final(engine.process(Frame.from_rows(market.rows)) + engine.finish()) == []
    assert engine.status()["sources"]["feed"]["late"] == 1


def test_known_gap_sides_that_nothing_joins_are_not_found() -> None:
    market = Market().crowd().at(10)
    maker, taker = market.new("w1", "SELL", 100.0, 50), market.new("w1", "BUY", 100.0, 50)
    market.fill(taker, 100.0, 50, aggressor=True)
    market.fill(maker, 100.0, 50, aggressor=False)
    assert found(market, RULE) == []


def met_itself_once(own_deals: int) -> Market:
    """An account that has dealt so often with others meets an old order of its own, among forty deals of others."""
    market = Market().crowd()
    for number in range(40):
        market.at(10 + number).deal(f"buyer-{number}", f"seller-{number}", 100.0, 100)
        if number < own_deals:
            market.deal("w1", f"other-seller-{number}", 100.0, 100)
            market.deal(f"other-buyer-{number}", "w1", 100.0, 100)
    maker = market.at(60).new("w1", "SELL", 100.0, 50)
    market.at(90).match(market.new("w1", "BUY", 100.0, 50), maker, 100.0, 50)
    return market


def test_an_account_that_meets_itself_once_by_accident_is_low() -> None:
    (alert,) = found(met_itself_once(own_deals=1), RULE)
    assert alert.severity is Severity.LOW


def test_an_account_so_busy_that_it_is_bound_to_meet_itself_is_passed_over() -> None:
    assert found(met_itself_once(own_deals=20), RULE) == []


def test_the_same_accident_three_times_is_no_accident() -> None:
    market = Market().crowd()
    for number in range(20):
        market.at(10 + number).deal("w1", f"seller-{number}", 100.0, 100)
        for other in range(5):
            market.deal(f"buyer-{number}-{other}", f"other-{number}-{other}", 100.0, 100)
    for number in range(3):
        maker = market.at(40 + 40 * number).new("w1", "SELL", 100.0, 50)
        market.at(70 + 40 * number).match(market.new("w1", "BUY", 100.0, 50), maker, 100.0, 50)
    (alert,) = found(market, RULE)
    assert alert.severity is Severity.MEDIUM
