"""What the reducers make of single events: books, unknown orders, renamed orders, volume, identities."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection_service.engine.engine import Engine
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL, BookSide, MatchingEngine, Numbering, Order
from simulator.report import Report
from tapewatch.market.frame import Frame
from tapewatch.market.identity import event_id
from tests.detection_service.scenario import SOURCE, START_NS, Market, Row
from tests.simulator.fakes import SHARE

Levels = list[tuple[float, float]]


def fed(rows: list[Row]) -> Engine:
    engine = Engine()
    engine.process(Frame.from_rows(rows).encode())
    return engine


def book(engine: Engine, instrument: str = "ACME") -> tuple[Levels, Levels]:
    """Bids and asks as (price, quantity), best first."""
    ladders = engine.core.market_named("XTST", instrument).book
    return levels(ladders.bids), levels(ladders.asks)


def levels(ladder: Any) -> Levels:
    return [(price, quantity) for price, quantity, _ in ladder.top(1_000)]


def volume(engine: Engine) -> float:
    """Quantity traded in the market of ACME so far."""
    window = engine.core.market_named("XTST", "ACME").minute
    return float(window.traded(0, window.newest))


def unknown(engine: Engine) -> int:
    return int(engine.status()["sources"][SOURCE]["unknown_order"])


@pytest.mark.parametrize("pieces", [(0.01, 0.01, 0.007), (0.1,) * 10, (1e6 / 3,) * 3])
def test_an_order_traded_in_pieces_leaves_the_book_though_they_add_up_to_it_only_nearly(
    pieces: tuple[float, ...],
) -> None:
    market = Market()
    order = market.new("A", "SELL", 50_000.5, round(sum(pieces), 9))
    for piece in pieces:
        market.fill(order, 50_000.5, piece)
    assert book(fed(market.rows)) == ([], [])


CHOICE, PRICE, QUANTITY = st.integers(0, 30), st.integers(997, 1003), st.integers(1, 50)
REQUEST = st.one_of(
    st.tuples(st.sampled_from(["submit", "immediate"]), st.sampled_from([BUY, SELL]), PRICE, QUANTITY),
    st.tuples(st.just("cancel"), CHOICE),
    st.tuples(st.just("replace"), CHOICE, PRICE, QUANTITY),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(REQUEST, min_size=1, max_size=40))
def test_the_book_is_the_venue_s_after_every_request(requests: list[tuple[Any, ...]]) -> None:
    reports: list[Report] = []
    venue, orders = MatchingEngine(SHARE, Numbering(), reports.append), list[Order]()
    engine = Engine()
    for number, request in enumerate(requests):
        ask(venue, orders, START_NS + 2 * number, request)
        rows = [report.row() for report in reports] + [status(START_NS + 2 * number + 1)]
        reports.clear()
        for row in rows:
            engine.process(Frame.from_rows([row]))
        assert book(engine, "TEST") == (of_venue(venue.bids), of_venue(venue.asks))
    assert engine.status()["live_orders"] == sum(order.leaves > 0 for order in orders)
    assert unknown_of(engine) == 0


def ask(venue: MatchingEngine, orders: list[Order], time_ns: int, request: tuple[Any, ...]) -> None:
    verb, *arguments = request
    if verb in ("submit", "immediate"):
        force = IMMEDIATE_OR_CANCEL if verb == "immediate" else "DAY"
        orders.append(venue.submit(time_ns, "A", *arguments, time_in_force=force))
    elif orders and verb == "cancel":
        venue.cancel(time_ns, orders[arguments[0] % len(orders)])
    elif orders:
        venue.replace(time_ns, orders[arguments[0] % len(orders)], *arguments[1:])


def status(time_ns: int) -> Row:
    """A later event of no consequence, after which a crossing order rests."""
    return {"event_time_ns": time_ns, "kind": "STATUS", "venue": "XTST", "instrument": "TEST"}


def of_venue(side: BookSide) -> Levels:
    return [(price / 100, float(quantity)) for price, _, quantity in side.prices()]


def unknown_of(engine: Engine) -> int:
    return sum(source["unknown_order"] for source in engine.status()["sources"].values())


def test_a_crossing_order_rests_only_after_its_fills_of_the_same_time() -> None:
    market = Market().at(1)
    maker = market.new("m", "SELL", 10.0, 5)
    taker = market.at(2).new("t", "BUY", 10.0, 8)
    assert book(fed(market.rows)) == ([], [(10.0, 5.0)])
    market.match(taker, maker, 10.0, 5)
    assert book(fed(market.rows)) == ([], [])
    assert book(fed(market.tick(3).rows)) == ([(10.0, 3.0)], [])


def test_a_crossing_order_that_is_cancelled_at_its_own_time_never_rests() -> None:
    market = Market().at(1)
    market.new("m", "SELL", 10.0, 5)
    market.cancel(market.new("t", "BUY", 10.0, 8))
    assert book(fed(market.tick(2).rows)) == ([], [(10.0, 5.0)])


def test_an_order_of_another_instrument_does_not_make_a_crossing_order_rest() -> None:
    market, other = Market().at(1), Market("OTHER").at(2)
    maker = market.new("m", "SELL", 10.0, 5)
    taker = market.at(2).new("t", "BUY", 10.0, 5)
    before = list(market.rows)
    other.new("x", "BUY", 1.0, 1)
    market.match(taker, maker, 10.0, 5)
    assert book(fed([*before, *other.rows, *market.rows[len(before) :]])) == ([], [])


def test_market_orders_never_rest_and_leave_with_their_expiry() -> None:
    market = Market().at(1)
    order = market.new("m", "BUY", None, 5)
    engine = fed(market.rows)
    assert (book(engine), engine.status()["live_orders"]) == (([], []), 1)
    market.row("EXPIRE", order_id=order, side="BUY")
    assert fed(market.rows).status()["live_orders"] == 0


@pytest.mark.parametrize(
    ("more", "left"),
    [({}, []), ({"quantity": 3.0}, [(10.0, 5.0)]), ({"leaves_quantity": 2.0}, [(10.0, 2.0)])],
    ids=["all", "a part", "down to what the venue says"],
)
def test_a_cancel_takes_off_what_it_says(more: dict[str, float], left: Levels) -> None:
    market = Market().at(1)
    market.cancel(market.new("m", "BUY", 10.0, 8), **more)
    assert book(fed(market.rows))[0] == left


def test_what_the_venue_says_is_left_wins_over_what_would_be_left() -> None:
    market = Market().at(1)
    order = market.new("m", "BUY", 10.0, 8)
    market.fill(order, 10.0, 3, leaves_quantity=4.0)
    assert book(fed(market.rows))[0] == [(10.0, 4.0)]


def test_an_order_told_twice_counts_once() -> None:
    market = Market().at(1)
    market.new("m", "BUY", 10.0, 8)
    again = market.rows[0] | {"source_sequence": 2}
    engine = fed([*market.rows, again])
    assert book(engine)[0] == [(10.0, 8.0)]
    assert engine.status()["sources"][SOURCE]["evaluated"] == 2


def test_a_replace_moves_the_order_and_keeps_what_was_filled() -> None:
    market = Market().at(1)
    order = market.new("m", "BUY", 10.0, 8)
    market.fill(order, 10.0, 3)
    market.replace(order, 9.5, 10)
    assert book(fed(market.rows))[0] == [(9.5, 7.0)]


def test_a_replace_down_to_what_is_filled_closes_the_order() -> None:
    market = Market().at(1)
    order = market.new("m", "BUY", 10.0, 8)
    market.fill(order, 10.0, 3)
    market.replace(order, 10.0, 3)
    engine = fed(market.rows)
    assert (book(engine)[0], engine.status()["live_orders"]) == ([], 0)


def test_a_renamed_order_is_known_by_its_new_name_and_account() -> None:
    market = Market().at(1)
    market.row("NEW", client_order_id="c1", account="m", side="BUY", price=10.0, quantity=8.0)
    market.row("REPLACE", client_order_id="c2", previous_order_id="c1", side="BUY", price=9.5, quantity=6.0)
    engine = fed(market.rows)
    assert (book(engine)[0], engine.status()["live_orders"], unknown(engine)) == ([(9.5, 6.0)], 1, 0)
    market.row("CANCEL", client_order_id="c3", previous_order_id="c2", side="BUY")
    engine = fed(market.rows)
    assert (book(engine)[0], engine.status()["live_orders"], unknown(engine)) == ([], 0, 0)


def test_the_old_name_of_a_renamed_order_is_free_again() -> None:
    market = Market().at(1)
    market.row("NEW", client_order_id="c1", account="m", side="BUY", price=10.0, quantity=8.0)
    market.row("REPLACE", client_order_id="c2", previous_order_id="c1", side="BUY", price=9.5, quantity=6.0)
    market.row("NEW", client_order_id="c1", account="m", side="BUY", price=9.0, quantity=1.0)
    engine = fed(market.rows)
    assert (book(engine)[0], unknown(engine)) == ([(9.5, 6.0), (9.0, 1.0)], 0)


def test_orders_of_one_id_in_two_instruments_are_two_orders() -> None:
    one, other = Market().at(1), Market("OTHER").at(1)
    order = one.new("m", "BUY", 10.0, 8)
    other.new("m", "BUY", 20.0, 3)
    one.cancel(order)
    engine = fed([one.rows[0], *other.rows, one.rows[1]])
    assert (book(engine), book(engine, "OTHER")) == (([], []), ([(20.0, 3.0)], []))


def test_reports_of_an_order_never_seen_are_counted_and_take_no_known_order_s_quantity() -> None:
    market = Market().at(1)
    market.new("m", "BUY", 10.0, 8)
    market.row("CANCEL", order_id="ghost", side="BUY", price=10.0, quantity=5.0)
    market.row("EXPIRE", order_id="ghost", side="BUY", price=10.0, quantity=5.0)
    market.row("FILL", order_id="ghost", side="BUY", price=10.0, quantity=5.0)
    engine = fed(market.rows)
    assert (unknown(engine), book(engine)[0]) == (3, [(10.0, 8.0)])


def test_an_order_first_heard_of_with_something_left_is_taken_up() -> None:
    market = Market().at(1)
    market.row("FILL", order_id="ghost", side="BUY", price=10.0, quantity=5.0, leaves_quantity=3.0, aggressor=False)
    engine = fed(market.rows)
    assert (unknown(engine), book(engine)[0]) == (1, [(10.0, 3.0)])
    market.row("CANCEL", order_id="ghost", side="BUY")
    engine = fed(market.rows)
    assert (unknown(engine), book(engine)[0]) == (1, [])


def test_an_unknown_order_whose_state_is_told_is_created_and_counted_and_a_known_one_left_alone() -> None:
    market = Market().at(1)
    for leaves in (3.0, 9.0):
        market.row("STATUS", order_id="ghost", side="BUY", price=10.0, quantity=8.0, leaves_quantity=leaves)
    market.row("STATUS", order_id="gone", side="BUY", price=10.0, quantity=8.0, leaves_quantity=0.0)
    engine = fed(market.rows)
    assert (unknown(engine), book(engine)[0]) == (1, [(10.0, 3.0)])


def test_fills_of_orders_never_seen_show_no_orders_to_the_rules() -> None:
    market = Market().at(1)
    market.row("FILL", order_id="ghost", account="A", side="BUY", price=10.0, quantity=5.0)
    assert "does not show orders" in fed(market.rows).status()["not_applicable"]["spoofing"]
    market.row("CANCEL", order_id="ghost", account="A", side="BUY", price=10.0, quantity=5.0)
    assert "spoofing" not in fed(market.rows).status()["not_applicable"]


def test_a_rejected_order_is_closed_and_an_unknown_rejection_is_no_unknown_order() -> None:
    market = Market().at(1)
    order = market.new("m", "BUY", 10.0, 8)
    market.row("REJECT", order_id=order, side="BUY")
    market.row("REJECT", order_id="never entered", side="BUY")
    engine = fed(market.rows)
    assert (book(engine)[0], unknown(engine)) == ([], 0)


def test_a_rejected_cancel_leaves_the_order() -> None:
    market = Market().at(1)
    order = market.new("m", "BUY", 10.0, 8)
    market.row("CANCEL_REJECT", order_id=order, side="BUY")
    assert book(fed(market.rows))[0] == [(10.0, 8.0)]


def test_seeded_quantity_is_taken_by_unknown_orders_only() -> None:
    market = Market().at(1)
    market.row("BOOK_LEVEL", side="BUY", price=10.0, quantity=20.0)
    known = market.new("m", "BUY", 10.0, 8)
    market.row("CANCEL", order_id="ghost", side="BUY", price=10.0, quantity=5.0)
    assert book(fed(market.rows))[0] == [(10.0, 23.0)]
    market.cancel(known)
    assert book(fed(market.rows))[0] == [(10.0, 15.0)]
    market.row("CANCEL", order_id="ghost-2", side="BUY", price=10.0, quantity=50.0)
    assert book(fed(market.rows)) == ([], [])


def test_a_level_told_anew_replaces_what_was_anonymous_there() -> None:
    market = Market().at(1)
    market.row("BOOK_LEVEL", side="SELL", price=10.0, quantity=20.0)
    market.row("BOOK_LEVEL", side="SELL", price=10.0, quantity=7.0)
    market.row("BOOK_LEVEL", side="SELL", price=11.0, quantity=1.0)
    market.row("BOOK_LEVEL", side="SELL", price=11.0, quantity=0.0)
    assert book(fed(market.rows))[1] == [(10.0, 7.0)]


def test_a_quote_is_kept() -> None:
    market = Market().at(1)
    market.row("QUOTE", bid_price=9.0, bid_quantity=1.0, ask_price=11.0, ask_quantity=1.0)
    state = fed(market.rows).core.market_named("XTST", "ACME")
    assert (state.bid_price, state.ask_price) == (9.0, 11.0)


def matched(market: Market, **more: object) -> tuple[str, str]:
    """A sell and a buy order that meet; the order ids, taker first."""
    maker = market.at(1).new("m", "SELL", 10.0, 5)
    return market.new("t", "BUY", 10.0, 5, **more), maker


def test_both_sides_of_a_match_and_its_print_are_one_trade() -> None:
    for order in ("TFF", "FTF", "FFT"):
        market = Market()
        taker, maker = matched(market)
        sides = iter((taker, maker))
        for kind in order:
            if kind == "T":
                market.trade(10.0, 5, "BUY", trade_id="t1")
            else:
                market.fill(next(sides), 10.0, 5, trade_id="t1")
        assert volume(fed(market.rows)) == 5.0, order


def test_one_trade_id_in_two_instruments_is_two_trades() -> None:
    one, other = Market().at(1), Market("OTHER").at(1)
    one.trade(10.0, 5, trade_id="t1")
    other.trade(10.0, 7, trade_id="t1")
    assert volume(fed([*other.rows, *one.rows])) == 5.0


def test_without_ids_the_aggressor_s_fills_are_the_volume() -> None:
    market = Market()
    taker, maker = matched(market)
    market.fill(taker, 10.0, 5, aggressor=True, contra_account="m")
    market.fill(maker, 10.0, 5, aggressor=False, contra_account="t")
    assert volume(fed(market.rows)) == 5.0


def test_a_selling_aggressor_s_match_counts_once_too() -> None:
    market = Market().at(1)
    maker, taker = market.new("m", "BUY", 10.0, 5), market.new("t", "SELL", 10.0, 5)
    market.fill(taker, 10.0, 5, aggressor=True, contra_account="m")
    market.fill(maker, 10.0, 5, aggressor=False, contra_account="t")
    assert volume(fed(market.rows)) == 5.0


def test_without_ids_and_aggressor_fills_with_a_known_other_side_count_once() -> None:
    market = Market()
    taker, maker = matched(market)
    market.fill(taker, 10.0, 5, contra_account="m")
    market.fill(maker, 10.0, 5, contra_account="t")
    assert volume(fed(market.rows)) == 5.0


def test_without_ids_prints_are_the_volume_where_there_are_prints() -> None:
    market = Market()
    market.at(0).trade(10.0, 1, "BUY")
    taker, maker = matched(market)
    market.trade(10.0, 5, "BUY")
    market.fill(taker, 10.0, 5, aggressor=True)
    market.fill(maker, 10.0, 5, aggressor=False)
    assert volume(fed(market.rows)) == 6.0


def test_prints_without_ids_are_the_volume_beside_fills_with_ids() -> None:
    market = Market()
    market.at(0).trade(10.0, 1, "BUY")
    taker, maker = matched(market)
    market.trade(10.0, 5, "BUY")
    market.match(taker, maker, 10.0, 5)
    assert volume(fed(market.rows)) == 6.0


def test_prints_whose_ids_are_not_those_of_the_fills_are_the_volume() -> None:
    market = Market()
    market.at(0).trade(10.0, 1, "BUY", trade_id="print-0")
    taker, maker = matched(market)
    market.match(taker, maker, 10.0, 5)
    market.trade(10.0, 5, "BUY", trade_id="print-1")
    assert volume(fed(market.rows)) == 6.0


def test_where_prints_bear_the_ids_of_fills_a_fill_without_a_print_counts() -> None:
    market = Market()
    taker, maker = matched(market)
    trade_id = market.match(taker, maker, 10.0, 5)
    market.trade(10.0, 5, "BUY", trade_id=trade_id)
    market.deal("b", "s", 10.0, 3)
    assert volume(fed(market.rows)) == 8.0


def test_both_sides_of_a_match_learn_whom_they_met() -> None:
    market = Market()
    taker, maker = matched(market)
    market.match(taker, maker, 10.0, 5)
    core = fed(market.rows).core
    met = {}
    for account in ("t", "m"):
        (fill,) = core.fills_of(core.find_activity(f"account:{account}", 0), 0)
        met[account] = fill.contra
    assert met == {"t": "m", "m": "t"}


def test_the_earliest_times_are_as_good_as_others() -> None:
    rows: list[Row] = [
        {
            "event_time_ns": time_ns,
            "kind": "TRADE",
            "venue": "XTST",
            "instrument": "ACME",
            "price": price,
            "quantity": 1.0,
        }
        for time_ns, price in ((1, 10.0), (6_000_000_000, 11.0), (400_000_000_000, 12.0))
    ]
    engine = fed(rows)
    assert volume(engine) == 3.0
    assert engine.finish() == []


def test_an_event_behind_its_venue_is_late_and_one_at_the_same_time_is_not() -> None:
    market = Market().at(5)
    market.new("m", "BUY", 10.0, 1)
    market.new("m", "BUY", 10.0, 2)
    market.at(4).new("m", "BUY", 10.0, 4)
    engine = fed(market.rows)
    source = engine.status()["sources"][SOURCE]
    assert (source["evaluated"], source["late"], book(engine)[0]) == (2, 1, [(10.0, 3.0)])


def test_another_venue_s_time_makes_nothing_late() -> None:
    here, there = Market().at(5), Market(venue="XOTH").at(4)
    here.new("m", "BUY", 10.0, 1)
    there.new("m", "BUY", 10.0, 1)
    assert fed([*here.rows, *there.rows]).status()["sources"][SOURCE]["late"] == 0


WORD = st.integers(-(1 << 63), (1 << 63) - 1)
NAME = st.text(max_size=20)


@settings(max_examples=40, deadline=None)
@given(NAME, WORD, WORD, WORD, NAME)
def test_the_core_gives_an_event_the_identity_the_library_gives_it(
    source: str, epoch: int, sequence: int, part: int, key: str
) -> None:
    row: Row = {
        "event_time_ns": 1,
        "kind": "FILL",
        "venue": "V",
        "instrument": "I",
        "side": "BUY",
        "price": 1.0,
        "quantity": 1.0,
    }
    row |= {"source_epoch": epoch, "source_sequence": sequence, "source_part": part}
    core = fed([row | {name: text for name, text in (("source", source), ("event_key", key)) if text}]).core
    assert f"{core.event_high:016x}{core.event_low:016x}" == event_id(source, epoch, sequence, part, key)


def live(orders: Any) -> list[Any]:
    """Copies of the open orders."""
    return [order for order in map(orders.get, range(orders.arena.used)) if order.side]


def test_depth_share_is_the_order_s_share_of_its_side_s_best_ten_levels() -> None:
    market = Market().at(1)
    for number in range(12):
        market.new("m", "BUY", 10.0 - number, 1)
    market.new("big", "BUY", 10.0, 10)
    orders = fed(market.rows).core.orders
    shares = {order.quantity: order.depth_share for order in live(orders)}
    assert shares[10.0] == 10 / 20
    assert not any(math.isnan(share) for share in shares.values())


def test_a_renamed_market_order_has_no_share_of_the_book_from_whoever_had_its_place_before() -> None:
    market = Market().at(1)
    one, other = market.new("m", "BUY", 10.0, 8), market.new("m", "BUY", 10.0, 8)
    market.cancel(one)
    market.cancel(other)
    market.row("NEW", client_order_id="c1", account="m", side="BUY", quantity=8.0)
    market.row("REPLACE", client_order_id="c2", previous_order_id="c1", side="BUY", quantity=6.0)
    orders = fed(market.rows).core.orders
    (order,) = live(orders)
    assert (order.quantity, order.depth_share) == (6.0, 0.0)
