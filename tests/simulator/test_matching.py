from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.matching import (
    BUY,
    DAY,
    IMMEDIATE_OR_CANCEL,
    NO_SUCH_ORDER_TEXT,
    SELF_MATCH_TEXT,
    SELL,
    SESSION_END_TEXT,
    UNFILLED_TEXT,
    Order,
)
from tests.simulator.fakes import Venue


def test_a_crossing_order_is_reported_new_first_and_its_fills_follow_at_the_same_time() -> None:
    venue = Venue()
    venue.engine.submit(1, "maker", SELL, 1001, 300)
    venue.engine.submit(2, "taker", BUY, 1002, 500)
    assert venue.kinds() == ["NEW", "NEW", "FILL", "FILL"]
    taken, made = venue.fills()
    assert (taken.event_time_ns, made.event_time_ns) == (2, 2)
    assert (taken.account, taken.contra_account, taken.aggressor) == ("taker", "maker", True)
    assert (made.account, made.contra_account, made.aggressor) == ("maker", "taker", False)
    assert taken.trade_id == made.trade_id
    assert taken.price == made.price == 10.01
    assert (taken.leaves_quantity, made.leaves_quantity) == (200.0, 0.0)
    assert venue.engine.bids.prices() == [(1002, 200, 200)]


def test_the_best_price_trades_first_and_at_a_price_the_oldest_order() -> None:
    venue = Venue()
    for name, price in (("far", 1003), ("first", 1001), ("second", 1001)):
        venue.engine.submit(1, name, SELL, price, 100)
    venue.engine.submit(2, "taker", BUY, None, 250, time_in_force=IMMEDIATE_OR_CANCEL)
    assert [fill.account for fill in venue.fills() if not fill.aggressor] == ["first", "second", "far"]


def test_the_remainder_of_an_immediate_order_expires_and_never_rests() -> None:
    venue = Venue()
    venue.engine.submit(1, "maker", SELL, 1001, 100)
    order = venue.engine.submit(2, "taker", BUY, 1001, 300, time_in_force=IMMEDIATE_OR_CANCEL)
    last = venue.reports[-1]
    assert (last.kind, last.quantity, last.leaves_quantity, last.text) == ("EXPIRE", 200.0, 0.0, UNFILLED_TEXT)
    assert not order.is_resting
    assert venue.engine.bids.best() is None


def test_a_cancel_reports_what_it_took_off_and_a_second_one_is_refused() -> None:
    venue = Venue()
    order = venue.engine.submit(1, "one", BUY, 1000, 300)
    venue.engine.submit(2, "two", SELL, 1000, 100)
    assert venue.engine.cancel(3, order)
    assert (venue.reports[-1].kind, venue.reports[-1].quantity) == ("CANCEL", 200.0)
    assert not venue.engine.cancel(4, order)
    assert (venue.reports[-1].kind, venue.reports[-1].text) == ("CANCEL_REJECT", NO_SUCH_ORDER_TEXT)


@pytest.mark.parametrize(
    ("price", "quantity", "first_filled"),
    [(1000, 200, "changed"), (1000, 300, "changed"), (1000, 400, "other"), (1001, 300, "changed")],
)
def test_a_replace_loses_priority_when_it_grows_or_moves_only(price: int, quantity: int, first_filled: str) -> None:
    venue = Venue()
    order = venue.engine.submit(1, "changed", BUY, 1000, 300)
    venue.engine.submit(2, "other", BUY, 1000, 300)
    assert venue.engine.replace(3, order, price, quantity)
    venue.engine.submit(4, "taker", SELL, 1000, 100)
    assert venue.fills()[1].account == first_filled


def test_a_replaced_price_that_crosses_trades_as_the_aggressor() -> None:
    venue = Venue()
    order = venue.engine.submit(1, "mover", BUY, 1000, 300)
    venue.engine.submit(2, "maker", SELL, 1002, 100)
    venue.engine.replace(3, order, 1002, 300)
    assert venue.kinds()[2:] == ["REPLACE", "FILL", "FILL"]
    assert (venue.fills()[0].account, venue.fills()[0].aggressor) == ("mover", True)


def test_a_replace_below_what_is_filled_is_refused_and_the_order_lives() -> None:
    venue = Venue()
    order = venue.engine.submit(1, "one", BUY, 1000, 300)
    venue.engine.submit(2, "two", SELL, 1000, 200)
    assert not venue.engine.replace(3, order, 1000, 200)
    assert venue.reports[-1].kind == "CANCEL_REJECT"
    assert "200" in str(venue.reports[-1].text)
    assert (order.is_resting, order.leaves) == (True, 100)


def test_an_iceberg_shows_its_part_and_goes_to_the_back_of_the_queue_with_each_new_part() -> None:
    venue = Venue()
    venue.engine.submit(1, "iceberg", SELL, 1000, 1000, display=100)
    venue.engine.submit(2, "plain", SELL, 1000, 100)
    assert venue.engine.asks.prices() == [(1000, 200, 1100)]
    venue.engine.submit(3, "taker", BUY, 1000, 300)
    assert [fill.account for fill in venue.fills() if not fill.aggressor] == ["iceberg", "plain", "iceberg"]
    assert venue.engine.asks.prices() == [(1000, 100, 800)]


def test_orders_of_one_self_match_key_expire_instead_of_trading() -> None:
    venue = Venue()
    venue.engine.submit(1, "one", SELL, 1000, 100, self_match_key="owner")
    venue.engine.submit(2, "two", BUY, 1000, 100, self_match_key="owner")
    assert venue.fills() == []
    assert (venue.reports[-1].kind, venue.reports[-1].account, venue.reports[-1].text) == (
        "EXPIRE", "one", SELF_MATCH_TEXT,
    )  # fmt: skip
    assert venue.engine.bids.best() == 1000


def test_without_a_self_match_key_an_account_may_trade_with_itself() -> None:
    venue = Venue()
    venue.engine.submit(1, "one", SELL, 1000, 100)
    venue.engine.submit(2, "one", BUY, 1000, 100, self_match_key="owner")
    assert [(fill.account, fill.contra_account) for fill in venue.fills()] == [("one", "one")] * 2


@pytest.mark.parametrize(
    ("price", "quantity", "display", "complaint"),
    [
        (1000, 0, 0, "quantity must be from 1"),
        (1000, -5, 0, "found -5"),
        (0, 100, 0, "at least one tick"),
        (1000, 100, 200, "display quantity"),
    ],
)
def test_an_impossible_order_is_rejected_with_the_reason(
    price: int, quantity: int, display: int, complaint: str
) -> None:
    venue = Venue()
    order = venue.engine.submit(1, "one", BUY, price, quantity, display=display)
    assert venue.kinds() == ["REJECT"]
    assert complaint in str(venue.reports[0].text)
    assert (order.leaves, order.is_resting) == (0, False)


def test_the_end_of_the_session_expires_what_rests_best_first() -> None:
    venue = Venue()
    for name, side, price in (("low", BUY, 998), ("high", BUY, 999), ("high too", BUY, 999), ("ask", SELL, 1001)):
        venue.engine.submit(1, name, side, price, 100)
    venue.engine.end_session(2)
    expired = [report for report in venue.reports if report.kind == "EXPIRE"]
    assert [report.account for report in expired] == ["high", "high too", "low", "ask"]
    assert {report.text for report in expired} == {SESSION_END_TEXT}
    assert {report.leaves_quantity for report in expired} == {0.0}
    assert venue.engine.bids.best() is venue.engine.asks.best() is None


@dataclass
class PlainOrder:
    """An order of the plain engine below."""

    number: int
    account: str
    side: int
    price: int
    leaves: int
    rank: int


class PlainEngine:
    """Price-time priority the slow and obvious way: sort everything, every time."""

    def __init__(self) -> None:
        self.open: list[PlainOrder] = []
        self.trades: list[tuple[str, str, int, int]] = []
        self.entered = 0

    def submit(self, number: int, account: str, side: int, price: int, quantity: int, immediate: bool) -> None:
        self.entered += 1
        order = PlainOrder(number, account, side, price, quantity, self.entered)
        self.match(order)
        if order.leaves and not immediate:
            self.open.append(order)

    def match(self, order: PlainOrder) -> None:
        against = sorted(
            (
                other
                for other in self.open
                if other.side != order.side and order.side * (order.price - other.price) >= 0
            ),
            key=lambda other: (other.price * order.side, other.rank),
        )
        for other in against:
            quantity = min(order.leaves, other.leaves)
            if quantity:
                order.leaves -= quantity
                other.leaves -= quantity
                self.trades.append((order.account, other.account, other.price, quantity))
        self.open = [other for other in self.open if other.leaves]

    def cancel(self, number: int) -> None:
        self.open = [other for other in self.open if other.number != number]

    def replace(self, number: int, price: int, leaves: int) -> None:
        for order in [other for other in self.open if other.number == number]:
            if price == order.price and leaves <= order.leaves:
                order.leaves = leaves
                return
            self.cancel(number)
            self.submit(number, order.account, order.side, price, leaves, immediate=False)

    def levels(self, side: int) -> list[tuple[int, int]]:
        prices = sorted({order.price for order in self.open if order.side == side}, reverse=side == BUY)
        return [
            (price, sum(order.leaves for order in self.open if order.side == side and order.price == price))
            for price in prices
        ]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["day", "day", "day", "immediate", "cancel", "replace"]),
        st.sampled_from([BUY, SELL]),
        st.integers(990, 1010),
        st.integers(1, 50),
        st.integers(0, 30),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_any_sequence_of_orders_trades_as_the_slow_and_obvious_engine_does(
    steps: list[tuple[str, int, int, int, int]],
) -> None:
    venue, plain, orders = Venue(), PlainEngine(), list[Order]()
    for number, (action, side, price, quantity, which) in enumerate(steps):
        if action in ("day", "immediate"):
            immediate = action == "immediate"
            in_force = IMMEDIATE_OR_CANCEL if immediate else DAY
            orders.append(
                venue.engine.submit(number, f"account {number}", side, price, quantity, time_in_force=in_force)
            )
            plain.submit(len(orders) - 1, f"account {number}", side, price, quantity, immediate)
        elif orders and action == "cancel":
            venue.engine.cancel(number, orders[which % len(orders)])
            plain.cancel(which % len(orders))
        elif orders:
            order = orders[which % len(orders)]
            total = order.filled + quantity
            venue.engine.replace(number, order, price, total)
            plain.replace(which % len(orders), price, quantity)
        _check_books(venue, plain)
    trades = [
        (fill.account, fill.contra_account, round((fill.price or 0) * 100), fill.quantity)
        for fill in venue.fills()
        if fill.aggressor
    ]
    assert trades == plain.trades


def _check_books(venue: Venue, plain: PlainEngine) -> None:
    for side, book in ((BUY, venue.engine.bids), (SELL, venue.engine.asks)):
        assert [(price, quantity) for price, _, quantity in book.prices()] == plain.levels(side)
    bid, ask = venue.engine.bids.best(), venue.engine.asks.best()
    assert bid is None or ask is None or bid < ask


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_reports_alone_tell_what_is_open_and_what_was_traded(steps: list[tuple[str, int, int, int, int]]) -> None:
    venue, orders = Venue(), list[Order]()
    for number, (action, side, price, quantity, which) in enumerate(steps):
        if action in ("day", "immediate"):
            display = max(1, quantity // 3) if which % 3 == 0 else 0
            in_force = IMMEDIATE_OR_CANCEL if action == "immediate" else DAY
            orders.append(
                venue.engine.submit(
                    number, f"account {which % 4}", side, price, quantity, time_in_force=in_force, display=display
                )
            )
        elif orders and action == "cancel":
            venue.engine.cancel(number, orders[which % len(orders)])
        elif orders:
            venue.engine.replace(number, orders[which % len(orders)], price, quantity)
    leaves: dict[str, float] = {}
    for report in venue.reports:
        expected = leaves.get(report.order_id, 0.0)
        quantity_now = report.quantity or 0.0
        if report.kind == "NEW":
            expected = quantity_now
        elif report.kind in ("FILL", "CANCEL", "EXPIRE"):
            expected -= quantity_now
        elif report.kind == "REPLACE":
            expected = report.leaves_quantity or 0.0
        assert report.leaves_quantity == expected
        leaves[report.order_id] = expected
    assert {order.order_id: float(order.leaves) for order in orders} == leaves
    bought = sum(fill.quantity or 0 for fill in venue.fills() if fill.side == "BUY")
    assert bought == sum(fill.quantity or 0 for fill in venue.fills() if fill.side == "SELL")
