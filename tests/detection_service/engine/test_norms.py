"""What groups usually do, restricted names, and trades that stand alone, as the core keeps and tells them."""

from __future__ import annotations

import pytest

from detection_service.engine.core import Core
from detection_service.engine.frame_view import FrameView
from detection_service.engine.norms import Norms
from detection_service.engine.registry import NEVER
from detection_service.engine.triggers import ENTRY, RESTRICTED, SESSION, STRAY
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tests.detection_service.scenario import Market


def told(market: Market, reference: Reference | None = None) -> tuple[Core, list[int]]:
    """The core after a market's events, and the triggers on the way."""
    reference = reference or Reference.of()
    core = Core(reference.group_of)
    core.restrict(reference)
    core.begin(FrameView(Frame.from_rows(market.rows)))
    triggers = []
    while found := core.run():
        if found & SESSION:
            core.market.session_due = NEVER  # a host would say when the session's next moment is
        else:
            triggers.append(found)
    return core, triggers


def quiet_minutes(market: Market, minutes: int = 15) -> Market:
    """Two prints a minute, 0.1 apart."""
    for number in range(2 * minutes):
        market.at(number * 30).trade(100 + number % 2 / 10, 10, "BUY")
    return market


def count(triggers: list[int], bit: int) -> int:
    return sum(bool(each & bit) for each in triggers)


def test_the_busiest_minute_in_a_hundred_is_known() -> None:
    norms = Norms()
    for number in range(1, 1001):
        norms.minute_messages.add(number)
    assert norms.minute_messages.high == pytest.approx(990, rel=0.05)
    assert norms.minute_messages.median == pytest.approx(500, rel=0.05)


def test_a_print_that_later_prints_leave_alone_is_told_once() -> None:
    market = quiet_minutes(Market())
    market.at(901).trade(110, 5, "BUY", trade_id="stray")
    for number in range(5):
        market.at(910 + number * 10).trade(100.1, 10, "BUY")
    core, triggers = told(market)
    assert count(triggers, STRAY) == 1
    held = core.markets[0].norms
    assert (held.price, held.before, held.trade_id) == (110, 100.1, b"stray")


def test_prints_at_the_same_time_do_not_leave_one_alone() -> None:
    market = quiet_minutes(Market())
    market.at(901).trade(110, 5, "BUY")
    market.trade(100.1, 5, "SELL")
    assert count(told(market)[1], STRAY) == 0


def test_a_jump_that_stays_is_no_stray_trade() -> None:
    market = quiet_minutes(Market())
    for number in range(5):
        market.at(901 + number * 10).trade(110, 5, "BUY")
    assert count(told(market)[1], STRAY) == 0


@pytest.mark.parametrize(("price", "strays"), [(90.0, 1), (99.4, 0)])
def test_a_trade_through_the_book_is_told_at_once(price: float, strays: int) -> None:
    market = quiet_minutes(Market())
    market.at(890).new("b", "BUY", 100.0, 10)
    market.new("s", "SELL", 100.1, 10)
    market.at(901).trade(price, 5, "SELL")
    assert count(told(market)[1], STRAY) == strays


def test_orders_and_trades_of_listed_names_are_told() -> None:
    reference = Reference.of([{"account": "a", "owner": "Ann"}], restricted=[{"account": "b"}, {"instrument": "BAD"}])
    market = Market()
    market.at(1).new("a", "BUY", 99, 10)
    order = market.new("b", "BUY", 99, 10)
    market.at(2).fill(order, 99, 10)
    core, triggers = told(market, reference)
    assert triggers == [RESTRICTED, RESTRICTED]
    assert core.account_names[core.named] == "b"
    bad = Market("BAD")
    bad.at(1).new("anybody", "BUY", 99, 10)
    assert count(told(bad, reference)[1], RESTRICTED) == 1


def test_a_list_that_changes_holds_from_the_next_event() -> None:
    market = Market()
    market.at(1).new("a", "BUY", 99, 10)
    core, triggers = told(market)
    core.restrict(Reference.of(restricted=[{"account": "a"}]))
    market.rows.clear()
    market.at(2).new("a", "BUY", 99, 10)
    core.begin(FrameView(Frame.from_rows([market.rows[0] | {"order_id": "later", "source_sequence": 9}])))
    assert not triggers
    assert core.run() & RESTRICTED


@pytest.mark.parametrize(
    ("price", "quantity", "entries"),
    [(None, 20, 1), (None, 10, 0), (120.0, 20, 1), (101.0, 20, 0)],
)
def test_an_order_that_would_take_the_price_far_is_told(price: float | None, quantity: float, entries: int) -> None:
    market = quiet_minutes(Market())
    market.at(890).new("near", "SELL", 100.2, 10)
    market.new("far", "SELL", 110.0, 50)
    market.at(901).new("f", "BUY", price, quantity)
    assert count(told(market)[1], ENTRY) == entries
