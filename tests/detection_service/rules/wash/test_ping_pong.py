"""Ping-pong: what is found, what is left alone, and what is known to be missed."""

from __future__ import annotations

import pytest

from detection_service.engine.engine import Engine
from tapewatch.alert import Severity
from tapewatch.market.frame import Frame
from tests.detection_service.rules.schemes import SCHEMES, back_and_forth
from tests.detection_service.scenario import START_NS, Market, configured, final, found, revisions

RULE = "ping_pong"


def test_a_position_passed_back_and_forth_is_one_alert_of_both_owners() -> None:
    (alert,) = found(SCHEMES[RULE].play(), RULE)
    assert (alert.owners, alert.accounts, alert.severity) == (("p", "q"), ("p", "q"), Severity.HIGH)
    assert alert.trade_ids == tuple(f"t{number}" for number in range(1, 9))
    assert (alert.start_time_ns, alert.end_time_ns) == (START_NS + 10_000_000_000, START_NS + 80_000_000_000)


def test_the_explanation_carries_the_numbers_and_what_is_usual() -> None:
    (alert,) = found(SCHEMES[RULE].play(), RULE)
    for number in ("p and q", "8 times in 70.0 s", "in 100% of them", "0% of the quantity", "strangers", "seldom"):
        assert number in alert.explanation


def test_revisions_rise_and_the_last_closes_the_episode() -> None:
    made = revisions(SCHEMES[RULE].play().rows)
    assert [alert.revision for alert in made] == [1, 2, 3, 4]
    assert [alert.closed for alert in made] == [False, False, False, True]


@pytest.mark.parametrize(("trades", "apart_s"), [(5, 10), (6, 25)], ids=["five trades", "six in 125 s"])
def test_too_few_trades_or_too_slow_ones_are_not_found(trades: int, apart_s: float) -> None:
    assert found(back_and_forth(Market().crowd(), 10, trades=trades, apart_s=apart_s), RULE) == []


def test_six_trades_within_the_window_are_found() -> None:
    assert len(found(back_and_forth(Market().crowd(), 10, trades=6, apart_s=24), RULE)) == 1


def test_trades_that_go_one_way_are_not_found() -> None:
    market = Market().crowd()
    for number in range(10):
        market.at(10 + number).deal("p", "q", 100.0, 50)
    assert found(market, RULE) == []


def test_a_position_that_does_not_come_back_is_not_found() -> None:
    market = Market().crowd()
    for number in range(10):
        buyer, seller = ("p", "q") if number % 2 else ("q", "p")
        market.at(10 + number).deal(buyer, seller, 100.0, 50 if number % 2 else 100)
    assert found(market, RULE) == []


def test_a_market_maker_that_trades_with_everybody_is_not_found() -> None:
    market = Market().crowd()
    for number in range(10):
        one, other = ("p", "maker") if number % 2 else ("maker", "p")
        market.at(10 + number).deal(one, other, 100.0, 50)
        market.deal("maker", f"customer-{number}", 100.0, 50)
    assert found(market, RULE) == []


def test_two_episodes_when_the_gap_passes_and_one_when_it_does_not() -> None:
    assert len(found(back_and_forth(back_and_forth(Market().crowd(), 10), 150), RULE)) == 1
    assert len(found(back_and_forth(back_and_forth(Market().crowd(), 10), 600), RULE)) == 2


def test_accounts_of_one_owner_are_left_to_the_wash_rules() -> None:
    owned = configured(accounts=[{"account": "p", "owner": "Pat"}, {"account": "q", "owner": "Pat"}])
    made = final(revisions(SCHEMES[RULE].play().rows, owned))
    assert {alert.rule_id for alert in made} == {"wash_owner"}


def test_trades_told_late_are_counted_and_not_evaluated() -> None:
    market = back_and_forth(Market().crowd().tick(600), 10)
    engine = Engine()
    assert engine.process(Frame.from_rows(market.rows)) + engine.finish() == []
    assert engine.status()["sources"]["feed"]["late"] == 32


def test_known_gap_a_ring_of_three_is_not_found() -> None:
    market = Market().crowd()
    for number in range(12):
        one, other = (("p", "q"), ("q", "r"), ("r", "p"))[number % 3]
        market.at(10 + number).deal(one, other, 100.0, 50)
    assert found(market, RULE) == []
