"""Wash trades between linked accounts: what is found, what is left alone, and what is known to be missed."""

from __future__ import annotations

import pytest

from detection_service.engine.engine import Engine
from tapewatch.alert import Severity
from tapewatch.market.frame import Frame
from tests.detection_service.rules.schemes import OWNERS, SCHEMES, washed
from tests.detection_service.scenario import Market, configured, found, revisions

RULE = "wash_owner"
OWNED = configured(accounts=OWNERS)


def apart(buyer: str, seller: str, gaps_s: list[float], *, others: int = 0, quantity: float = 50) -> Market:
    """Orders entered a minute apart that meet, and trades of both accounts with others."""
    market = Market().crowd()
    for number, start_s in enumerate(gaps_s):
        maker = market.at(start_s).new(seller, "SELL", 100.0, quantity)
        market.at(start_s + 30).match(market.new(buyer, "BUY", 100.0, quantity), maker, 100.0, quantity)
        for other in range(others):
            market.deal(buyer, f"s{number}-{other}", 100.0, 20)
            market.deal(f"b{number}-{other}", seller, 100.0, 20)
    return market


def test_orders_of_one_owner_entered_together_that_meet_are_one_alert() -> None:
    (alert,) = found(SCHEMES[RULE].play(), RULE, OWNED)
    assert (alert.owners, alert.accounts) == (("Wanda",), ("w1", "w2"))
    for number in ("w1 (buying) and w2", "3 times", "150 in all", "4.8%", "usually none"):
        assert number in alert.explanation


def test_revisions_rise_and_the_last_closes_the_episode() -> None:
    made = revisions(washed("w1", "w2", times=5).rows, OWNED)
    assert [alert.revision for alert in made] == [1, 2, 3, 4, 5, 6]
    assert [alert.closed for alert in made] == [False] * 5 + [True]


def test_declared_links_count_as_ownership_does() -> None:
    linked = configured(accounts=[{"account": "w1", "linked_accounts": "w2"}])
    (alert,) = found(washed("w1", "w2"), RULE, linked)
    assert alert.owners == ("w1", "w2")


def test_accounts_of_different_owners_are_not_found() -> None:
    strangers = configured(accounts=[{"account": "w1", "owner": "Wanda"}, {"account": "w2", "owner": "Willy"}])
    assert found(washed("w1", "w2"), RULE, strangers) == []


def test_one_meeting_of_orders_entered_apart_is_an_accident() -> None:
    assert found(apart("w1", "w2", [10]), RULE, OWNED) == []


def test_two_such_meetings_are_a_near_miss_and_three_are_found() -> None:
    assert found(apart("w1", "w2", [10, 60]), RULE, OWNED) == []
    assert len(found(apart("w1", "w2", [10, 60, 110]), RULE, OWNED)) == 1


def test_busy_accounts_that_meet_now_and_then_are_not_found() -> None:
    assert found(apart("w1", "w2", [10, 60, 110, 160], others=6), RULE, OWNED) == []


def test_trades_of_strangers_are_not_taken_for_the_pair_s() -> None:
    """Accounts 0 and 1 are of one group, groups 0 and 1 are strangers to each other."""
    market = apart("w1", "w2", [10])
    for start_s in (60, 70, 80):
        market.at(start_s).deal("stranger", "w2", 100.0, 50)
    market.at(100)
    maker = market.new("w2", "SELL", 100.0, 50)
    market.at(140).match(market.new("w1", "BUY", 100.0, 50), maker, 100.0, 50)
    rows = [row for row in market.rows if not str(row.get("account", "")).startswith("crowd")]
    market.rows = rows
    assert found(market, RULE, OWNED) == []


def test_two_episodes_when_the_gap_passes() -> None:
    market = Market().crowd()
    for start_s in (10, 500, 1_200):
        market.at(start_s).deal("w1", "w2", 100.0, 50)
    assert [alert.trade_ids for alert in found(market, RULE, OWNED)] == [("t1", "t2"), ("t3",)]


def test_a_second_side_told_late_is_counted_and_not_evaluated() -> None:
    market = Market().crowd().at(10)
    maker, taker = market.new("w2", "SELL", 100.0, 50), market.new("w1", "BUY", 100.0, 50)
    market.fill(taker, 100.0, 50, trade_id="t1")
    market.tick(11).at(10).fill(maker, 100.0, 50, trade_id="t1")
    engine = Engine(OWNED)
    assert engine.process(Frame.from_rows(market.rows)) + engine.finish() == []
    assert engine.status()["sources"]["feed"]["late"] == 1


def test_without_reference_data_the_rule_says_that_it_can_not_apply() -> None:
    engine = Engine()
    engine.process(Frame.from_rows(washed("w1", "w2").rows))
    assert "no reference data of accounts" in engine.status()["not_applicable"][RULE]


@pytest.mark.parametrize(("quantity", "severity"), [(50, Severity.MEDIUM), (1, Severity.LOW)])
def test_a_few_trades_are_as_grave_as_their_share_of_the_volume(quantity: float, severity: Severity) -> None:
    market = Market().crowd()
    for number in range(30):
        market.at(10 + number / 2).deal(f"ordinary-{number}", f"other-{number}", 100.0, 100)
    for number in range(3):
        market.at(30 + 10 * number).deal("w1", "w2", 100.0, quantity)
    (alert,) = found(market, RULE, OWNED)
    assert alert.severity is severity
    assert ("0.1% of what" in alert.explanation) is (severity is Severity.LOW)


def test_known_gap_a_link_nobody_declared_is_not_found() -> None:
    only_one = configured(accounts=[{"account": "w1", "owner": "Wanda"}])
    assert found(washed("w1", "w2"), RULE, only_one) == []


def test_trades_within_a_group_count_together_whichever_of_its_accounts_meet() -> None:
    owned = configured(accounts=[{"account": f"w{number}", "owner": "Wanda"} for number in (1, 2, 3)])
    market = Market().crowd()
    for number in range(40):
        market.at(10 + number / 2).deal(f"b{number}", f"s{number}", 100.0, 50)
    for number, (buyer, seller) in enumerate((("w1", "w2"), ("w2", "w3"), ("w3", "w1"))):
        maker = market.at(60 + 60 * number).new(seller, "SELL", 100.0, 50)
        market.at(90 + 60 * number).match(market.new(buyer, "BUY", 100.0, 50), maker, 100.0, 50)
    (alert,) = found(market, RULE, owned)
    assert alert.accounts == ("w1", "w2", "w3")
