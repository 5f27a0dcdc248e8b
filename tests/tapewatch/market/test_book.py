"""The book agrees with a matching engine that shares no code with it, with dictionaries, and with exact sums."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.instrument import Instrument
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL, BookSide, MatchingEngine, Numbering, Order
from simulator.report import Report
from tapewatch.market.book import Book, Ladder

SHARE = Instrument("TEST", "XTST", 1000, 100, 100, 200, 0.5, 1.5, 1.0, "EUR", "XS0000000000", 1_000_000, 10_000)
BUY_CODE, SELL_CODE = 1, 2

PRICE = st.integers(995, 1005)
QUANTITY = st.integers(1, 50)
SIDE = st.sampled_from([BUY, SELL])
CHOICE = st.integers(0, 30)
REQUEST = st.one_of(
    st.tuples(st.just("submit"), SIDE, PRICE, QUANTITY),
    st.tuples(st.just("immediate"), SIDE, PRICE, QUANTITY),
    st.tuples(st.just("cancel"), CHOICE),
    st.tuples(st.just("replace"), CHOICE, PRICE, QUANTITY),
)


class Rebuilt:
    """A book rebuilt from what the venue reports; a fill tells the traded price, not the order's limit."""

    def __init__(self) -> None:
        self.book = Book()
        self.resting: dict[str, tuple[int, int, float]] = {}
        self.limits: dict[str, float] = {}

    def take(self, reports: list[Report]) -> None:
        for report in reports:
            self._leave(report.order_id)
            if report.leaves_quantity and report.price is not None:
                self._rest(report, report.leaves_quantity)

    def _leave(self, order_id: str) -> None:
        if order_id in self.resting:
            side, level, leaves = self.resting.pop(order_id)
            self.book.ladder(side).leave(level, leaves)

    def _rest(self, report: Report, leaves: float) -> None:
        side = BUY_CODE if report.side == "BUY" else SELL_CODE
        price = self.limits[report.order_id] if report.kind == "FILL" else report.price
        assert price is not None
        self.limits[report.order_id] = price
        level = self.book.ladder(side).enter(price, leaves)
        self.resting[report.order_id] = (side, level, leaves)


def levels(side: BookSide) -> list[tuple[float, float]]:
    return [(price / 100, float(quantity)) for price, _, quantity in side.prices()]


def known(ladder: Ladder) -> list[tuple[float, float]]:
    return [(price, quantity) for price, quantity, _ in ladder.top(100)]


@settings(max_examples=60, deadline=None)
@given(st.lists(REQUEST, max_size=60))
def test_best_prices_and_levels_are_the_matching_engine_s_after_every_request(
    requests: list[tuple[Any, ...]],
) -> None:
    reports: list[Report] = []
    venue = MatchingEngine(SHARE, Numbering(), reports.append)
    rebuilt, orders = Rebuilt(), list[Order]()
    for time_ns, (verb, *arguments) in enumerate(requests):
        ask(venue, orders, time_ns, verb, arguments)
        rebuilt.take(reports)
        reports.clear()
        assert known(rebuilt.book.bids) == levels(venue.bids)
        assert known(rebuilt.book.asks) == levels(venue.asks)
        assert best(rebuilt.book.bids) == venue.bids.best()
        assert best(rebuilt.book.asks) == venue.asks.best()


def ask(venue: MatchingEngine, orders: list[Order], time_ns: int, verb: str, arguments: list[int]) -> None:
    if verb in ("submit", "immediate"):
        side, price, quantity = arguments
        force = IMMEDIATE_OR_CANCEL if verb == "immediate" else "DAY"
        orders.append(venue.submit(time_ns, "A", side, price, quantity, time_in_force=force))
    elif orders and verb == "cancel":
        venue.cancel(time_ns, orders[arguments[0] % len(orders)])
    elif orders:
        venue.replace(time_ns, orders[arguments[0] % len(orders)], arguments[1], arguments[2])


def best(ladder: Ladder) -> int | None:
    price = ladder.best()
    return None if math.isnan(price) else round(price * 100)


STEP = st.one_of(
    st.tuples(st.just("enter"), st.integers(-8, 8), st.sampled_from([0.1, 0.2, 1.0, 1e-9, 1e9])),
    st.tuples(st.just("leave"), st.integers(0, 100), st.just(0.0)),
    st.tuples(st.just("seed"), st.integers(-8, 8), st.sampled_from([0.0, 0.5, 3.0])),
    st.tuples(st.just("take_seeded"), st.integers(-8, 8), st.sampled_from([0.25, 5.0])),
)


@settings(max_examples=150, deadline=None)
@given(st.booleans(), st.lists(STEP, max_size=120))
def test_levels_are_what_dictionaries_and_fractions_say(is_bid: bool, steps: list[tuple[str, int, float]]) -> None:
    ladder = Ladder(is_bid)
    orders: list[tuple[int, float, float]] = []
    open_: dict[float, list[float]] = defaultdict(list)
    seeded: dict[float, float] = {}
    for verb, number, quantity in steps:
        price = number / 4
        if verb == "enter":
            orders.append((ladder.enter(price, quantity), price, quantity))
            open_[price].append(quantity)
        elif verb == "leave" and orders:
            level, price, quantity = orders.pop(number % len(orders))
            ladder.leave(level, quantity)
            open_[price].remove(quantity)
        elif verb == "seed":
            ladder.seed(price, quantity)
            seeded[price] = quantity
        elif verb == "take_seeded":
            ladder.take_seeded(price, quantity)
            seeded[price] = max(0.0, seeded.get(price, 0.0) - quantity)
    expected = {
        price: float(sum(map(Fraction, open_[price]))) + seeded.get(price, 0.0)
        for price in {*open_, *seeded}
        if open_[price] or seeded.get(price, 0.0) > 0
    }
    assert dict(known(ladder)) == pytest.approx(expected, rel=1e-15)
    assert [price for price, _ in known(ladder)] == sorted(expected, reverse=is_bid)
    for price in (each / 4 for each in range(-9, 10)):
        assert ladder.leads(price) == (ladder.behind(price) == 0.0)
        assert ladder.behind(price) == sum(other > price if is_bid else other < price for other in expected)


def test_a_level_s_sum_is_exact_after_thousands_of_comings_and_goings() -> None:
    ladder = Ladder(True)
    stays = ladder.enter(10.0, 0.1)
    exact = Fraction(0.1)
    held = []
    for step in range(5_000):
        quantity = (0.1, 0.2, 0.7, 1e6, 1e-6)[step % 5]
        held.append(quantity)
        assert ladder.enter(10.0, quantity) == stays
        exact += Fraction(quantity)
        if step % 3:
            gone = held.pop(step % len(held))
            ladder.leave(stays, gone)
            exact -= Fraction(gone)
    assert ladder.quantity(stays) == float(exact)
    for quantity in held:
        ladder.leave(stays, quantity)
    assert ladder.quantity(stays) == 0.1


def test_an_emptied_level_leaves_no_dust_behind() -> None:
    ladder = Ladder(False)
    levels_of = [(ladder.enter(10.0, quantity), quantity) for quantity in (0.1, 0.2, 0.3)]
    for level, quantity in levels_of:
        ladder.leave(level, quantity)
    assert ladder.length == 0
    assert math.isnan(ladder.best())


def test_orders_leave_the_anonymous_quantity_of_their_level_alone() -> None:
    ladder = Ladder(True)
    ladder.seed(10.0, 5.0)
    level = ladder.enter(10.0, 2.0)
    assert ladder.top(1) == [(10.0, 7.0, 1)]
    ladder.leave(level, 2.0)
    assert ladder.top(1) == [(10.0, 5.0, 0)]


def test_depth_counts_the_best_levels_only() -> None:
    ladder = Ladder(False)
    for price, quantity in ((10.0, 1.0), (11.0, 2.0), (12.0, 4.0)):
        ladder.enter(price, quantity)
    assert [ladder.depth(levels_) for levels_ in (1, 2, 3, 10)] == [1.0, 3.0, 7.0, 7.0]


def test_a_book_with_hundreds_of_levels_keeps_them_in_order() -> None:
    ladder = Ladder(True)
    prices = [float(number * 37 % 500) for number in range(500)]
    entered = {price: ladder.enter(price, 1.0) for price in prices}
    for price in prices[::2]:
        ladder.leave(entered[price], 1.0)
    assert [price for price, _ in known(ladder)] == sorted(prices[1::2], reverse=True)[:100]


@pytest.mark.parametrize(
    ("is_bid", "quantity", "limit", "reached"),
    [
        (False, 1, math.nan, 101.0),
        (False, 5, math.nan, 101.0),
        (False, 6, math.nan, 102.0),
        (False, 99, math.nan, 103.0),
        (False, 99, 102.0, 102.0),
        (False, 99, 100.0, math.nan),
        (True, 6, 97.5, 98.0),
        (True, 99, math.nan, 97.0),
    ],
)
def test_an_order_reaches_the_last_level_it_would_take(
    is_bid: bool, quantity: float, limit: float, reached: float
) -> None:
    ladder = Ladder(is_bid)
    for distance in (1, 2, 3):
        ladder.enter(100.0 - distance if is_bid else 100.0 + distance, 5.0)
    assert ladder.reach(quantity, limit) == pytest.approx(reached, nan_ok=True)


@pytest.mark.parametrize(
    ("side", "price", "meets"),
    [(BUY_CODE, 10.1, True), (BUY_CODE, 10.0, False), (SELL_CODE, 9.9, True), (SELL_CODE, 10.0, False)],
)
def test_an_order_crosses_where_it_meets_the_other_side_s_best(side: int, price: float, meets: bool) -> None:
    book = Book()
    book.bids.enter(9.9, 1.0)
    book.asks.enter(10.1, 1.0)
    assert book.ladder(3 - side).meets(price) is meets


def test_a_restored_book_goes_on_as_the_one_it_was_taken_from() -> None:
    book, again = Book(), Book()
    level = book.bids.enter(9.9, 1.5)
    book.asks.seed(10.1, 4.0)
    again.restore(book.state())
    for one in (book, again):
        one.bids.leave(level, 1.5)
        one.bids.enter(9.8, 2.0)
        one.asks.take_seeded(10.1, 1.0)
    assert known(again.bids) == known(book.bids) == [(9.8, 2.0)]
    assert known(again.asks) == known(book.asks) == [(10.1, 3.0)]
