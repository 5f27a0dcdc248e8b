from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.auction import Clearing, clear
from simulator.matching import BUY, SELL
from simulator.matching_engine import AUCTION, AUCTION_END_TEXT, CLOSE, CONTINUOUS, PRE_OPEN, SESSION_END_TEXT
from tests.simulator.fakes import Venue


def test_an_auction_trades_where_the_most_volume_can_be_executed() -> None:
    assert clear([(102, 100), (101, 200), (100, 300)], [(99, 150), (101, 200), (103, 500)], 0, 0, 100) == Clearing(
        101, 300, -50
    )


def test_of_prices_with_the_same_volume_the_one_with_the_least_left_over_is_taken() -> None:
    assert clear([(102, 100)], [(100, 80), (101, 40)], 0, 0, 100) == Clearing(101, 100, -20)


def test_left_over_buyers_make_it_the_highest_such_price_and_sellers_the_lowest() -> None:
    assert clear([(103, 200)], [(100, 100)], 0, 0, 90) == Clearing(103, 100, 100)
    assert clear([(103, 100)], [(100, 200)], 0, 0, 110) == Clearing(100, 100, -100)


def test_where_nothing_is_left_over_the_price_is_the_nearest_to_the_reference() -> None:
    found = [clear([(103, 100)], [(100, 100)], 0, 0, reference) for reference in (99, 101, 110)]
    assert [clearing.price for clearing in found if clearing] == [100, 101, 103]


def test_market_orders_alone_meet_at_the_reference() -> None:
    assert clear([], [], 100, 70, 500) == Clearing(500, 70, 30)


def test_an_auction_in_which_nobody_meets_has_no_price() -> None:
    assert clear([(99, 100)], [(101, 100)], 0, 0, 100) is None


BOOK = st.lists(st.tuples(st.integers(95, 105), st.integers(1, 50)), max_size=12)


@settings(max_examples=150, deadline=None)
@given(BOOK, BOOK, st.integers(0, 60), st.integers(0, 60), st.integers(95, 105))
def test_no_other_price_would_trade_more(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]], bought: int, sold: int, reference: int
) -> None:
    def volume(price: int) -> int:
        demand = bought + sum(quantity for limit, quantity in bids if limit >= price)
        return min(demand, sold + sum(quantity for limit, quantity in asks if limit <= price))

    found = clear(bids, asks, bought, sold, reference)
    best = max(volume(price) for price in range(94, 107))
    if found is None:
        assert best == 0 or not (bids or asks)
    else:
        assert found.volume == volume(found.price) == best


def call(*orders: tuple[str, int, int | None, int]) -> Venue:
    venue = Venue()
    venue.engine.enter_phase(1, AUCTION)
    for name, side, price, quantity in orders:
        venue.engine.submit(2, name, side, price, quantity, self_match_key=name)
    return venue


def test_in_a_call_crossing_orders_rest_and_its_end_trades_them_at_one_price() -> None:
    venue = call(("a", BUY, 1005, 100), ("b", BUY, 1003, 100), ("c", SELL, 1000, 150))
    assert venue.fills() == []
    venue.engine.enter_phase(3, CONTINUOUS)
    assert {(fill.price, fill.aggressor, fill.event_time_ns) for fill in venue.fills()} == {(10.03, None, 3)}
    assert [(fill.account, fill.quantity) for fill in venue.fills()] == [
        ("a", 100.0), ("c", 100.0), ("b", 50.0), ("c", 50.0),
    ]  # fmt: skip
    assert venue.engine.bids.prices() == [(1003, 50, 50)]
    assert venue.engine.asks.best() is None
    assert venue.kinds()[-1] == "PHASE"


def test_market_orders_come_first_in_an_auction_and_what_is_left_of_them_expires() -> None:
    venue = call(("limit", BUY, 1010, 100), ("market", BUY, None, 100), ("seller", SELL, 1000, 60))
    venue.engine.enter_phase(3, CONTINUOUS)
    assert [fill.account for fill in venue.fills()] == ["market", "seller"]
    expired = [report for report in venue.reports if report.kind == "EXPIRE"]
    assert [(one.account, one.quantity, one.text) for one in expired] == [("market", 40.0, AUCTION_END_TEXT)]


def test_icebergs_trade_whole_in_an_auction() -> None:
    venue = Venue()
    venue.engine.enter_phase(1, PRE_OPEN)
    venue.engine.submit(2, "iceberg", BUY, 1000, 500, display=50)
    venue.engine.submit(2, "seller", SELL, 1000, 450)
    venue.engine.enter_phase(3, CONTINUOUS)
    assert [fill.quantity for fill in venue.fills()] == [450.0, 450.0]
    assert venue.engine.bids.prices() == [(1000, 50, 50)]


def test_owners_do_not_meet_themselves_in_an_auction() -> None:
    venue = call(("one", BUY, 1000, 100), ("one", SELL, 1000, 100))
    venue.engine.enter_phase(3, CONTINUOUS)
    assert venue.fills() == []


def test_a_close_trades_the_call_then_expires_what_rests_and_refuses_what_comes() -> None:
    venue = call(("a", BUY, 1000, 100), ("b", SELL, 1000, 60))
    venue.engine.enter_phase(3, CLOSE)
    late = venue.engine.submit(4, "late", BUY, 1000, 10)
    assert len(venue.fills()) == 2
    assert [report.text for report in venue.reports if report.kind == "EXPIRE"] == [SESSION_END_TEXT]
    assert (venue.reports[-1].kind, late.leaves) == ("REJECT", 0)


def test_a_phase_is_reported_with_its_instrument_and_nothing_of_an_order() -> None:
    venue = call()
    assert venue.reports[0].row() == {
        "event_time_ns": 1, "kind": "PHASE", "venue": "XTST", "instrument": "TEST", "phase": "AUCTION",
    }  # fmt: skip
