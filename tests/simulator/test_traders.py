"""The ordinary habits that look like abuse and are not: each is what its name says."""

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

import pytest

from simulator.instrument import EQUITIES
from simulator.market import Behaviour, Market, Seat
from simulator.matching import BUY, SELL
from simulator.matching_engine import AUCTION
from simulator.population import RETAIL, Account, populate
from simulator.randomness import SECOND_NS, ordinary_quantity, stream
from simulator.report import Report
from simulator.traders.auctioneers import meet_imbalance
from simulator.traders.belief import Belief
from simulator.traders.hedger import hedge
from simulator.traders.institution import show_block, slice_block
from simulator.traders.intention import Intentions
from simulator.traders.market_maker import make_market
from simulator.traders.pegger import peg
from simulator.traders.roster import cast, market_maker_count
from simulator.traders.takers import take
from tests.simulator.fakes import SHARE, START_NS, account, quiet_market


def reports_of(trader: Callable[[Seat], Behaviour], minutes: float, seed: int = 5) -> list[Report]:
    """What the venue reports about account X, whose trader acts in a whole market."""
    market = Market(EQUITIES, seed, START_NS)
    cast(market, populate(seed, market_maker_count(len(EQUITIES))), seed, 1.0)
    market.enter(trader(Seat(market, market.listings["NRDL"], stream(seed, "X"))), SECOND_NS)
    end_ns = START_NS + int(minutes * 60 * SECOND_NS)
    return [report for report in market.reports(end_ns) if report.account == "X"]


X = account("X")


def test_a_pegging_algorithm_cancels_nearly_all_of_its_orders_and_shows_one_at_a_time() -> None:
    reports = reports_of(lambda seat: peg(seat, X), minutes=10)
    entered = [report for report in reports if report.kind == "NEW"]
    cancelled = [report for report in reports if report.kind == "CANCEL"]
    assert len(entered) > 80
    assert 0.96 <= len(cancelled) / len(entered) < 1.0
    open_orders: set[str] = set()
    for report in reports:
        (open_orders.add if report.leaves_quantity else open_orders.discard)(report.order_id)
        assert len(open_orders) <= 1


def test_a_hedger_takes_the_other_side_soon_after_a_cancel_and_trades_both() -> None:
    reports = reports_of(lambda seat: hedge(seat, X), minutes=15)
    flips = [
        later
        for earlier, later in pairwise(reports)
        if earlier.kind == "CANCEL" and later.kind == "NEW" and later.side != earlier.side
    ]
    assert len(flips) >= 3
    assert {report.side for report in reports if report.kind == "FILL"} == {"BUY", "SELL"}


def test_an_institution_works_its_block_on_one_side_at_a_time() -> None:
    reports = reports_of(lambda seat: slice_block(seat, (X,), Intentions()), minutes=15)
    fills = [report for report in reports if report.kind == "FILL"]
    turns = sum(before.side != after.side for before, after in pairwise(fills))
    assert len(fills) >= 10
    assert turns <= len(fills) / 5


def test_blocks_are_genuine_they_rest_for_long_or_trade_and_some_show_a_part_only() -> None:
    reports = reports_of(lambda seat: show_block(seat, (X,), Intentions()), minutes=60)
    lives: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        lives[report.order_id].append(report)
    assert len(lives) >= 10
    for life in lives.values():
        if life[-1].kind == "CANCEL":
            assert life[-1].event_time_ns - life[0].event_time_ns >= 150 * SECOND_NS
    shown = [life[0].display_quantity for life in lives.values()]
    assert any(quantity is None for quantity in shown)
    assert any(quantity is not None for quantity in shown)


def test_a_market_maker_quotes_both_sides_and_never_takes() -> None:
    market = Market((SHARE,), 1, START_NS)
    listing = market.listings["TEST"]
    market.enter(make_market(Seat(market, listing, stream(1, "X")), X, 0.5))
    market.enter(take(Seat(market, listing, stream(1, "takers")), (account("taker"),), Intentions(), 2.0))
    reports = list(market.reports(START_NS + 60 * SECOND_NS))
    own = [report for report in reports if report.account == "X"]
    assert {report.side for report in own if report.kind == "NEW"} == {"BUY", "SELL"}
    assert not [report for report in own if report.aggressor]
    bid, ask = listing.engine.bids.best(), listing.engine.asks.best()
    assert bid is not None
    assert ask is not None
    assert 0 < ask - bid <= 10


def test_a_market_maker_that_bought_too_much_lowers_its_quotes() -> None:
    def mid_after(side: int) -> float:
        market = Market((SHARE,), 1, START_NS)
        listing = market.listings["TEST"]
        market.enter(make_market(Seat(market, listing, stream(1, "X")), X, 0.5))

        def unload() -> Behaviour:
            seat = Seat(market, listing, stream(1, "unload"))
            for _ in range(20):
                seat.submit(account("client"), side, None, 1000)
                yield SECOND_NS

        market.enter(unload(), SECOND_NS)
        for _ in market.reports(START_NS + 30 * SECOND_NS):
            pass
        return listing.mid_ticks()

    assert mid_after(SELL) < SHARE.start_price_ticks < mid_after(BUY)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_an_opinion_follows_a_one_sided_book_and_the_flow_of_takers(side: int) -> None:
    _, _, honest, (one, *_) = quiet_market()
    belief = Belief(honest)
    calm = belief.fair_ticks(0)
    honest.submit(one, side, 998 if side == BUY else 1002, 20_000)
    leaning = belief.fair_ticks(0)
    honest.submit(one, side, None, 1_000)
    taken = belief.fair_ticks(0)
    assert side * (leaning - calm) > 0.5
    assert side * (taken - leaning) > 0.1
    assert belief.fair_ticks(100_000) < belief.fair_ticks(0) < belief.fair_ticks(-100_000)


def test_ordinary_sizes_are_whole_lots_mostly_near_typical_with_a_heavy_tail() -> None:
    random = stream(1, "sizes")
    sizes = sorted(ordinary_quantity(random, SHARE) for _ in range(20_000))
    assert all(size > 0 and size % SHARE.lot_size == 0 for size in sizes)
    assert 0.5 <= sizes[10_000] / SHARE.typical_quantity <= 2.0
    assert sizes[19_800] / sizes[10_000] > 4
    assert sizes[-1] / sizes[10_000] > 20


@pytest.mark.parametrize("seed", [1, 2])
def test_a_population_has_owners_with_several_accounts_and_links_between_owners(seed: int) -> None:
    population = populate(seed, 9)
    names = [one.account for one in population.accounts]
    groups = population.groups()
    assert len(names) == len(set(names))
    assert {len(group) for group in groups} == {1, 2, 3}
    assert all(len({one.owner for one in group}) == 1 for group in groups)
    assert sum(bool(one.linked_accounts) for one in population.accounts) >= 10
    assert len(population.of_type("MARKET_MAKER")) == 9


def test_a_stream_belongs_to_its_seed_and_name() -> None:
    draws = {(seed, name): stream(seed, name).random() for seed in (1, 2) for name in ("a", "b")}
    assert len(set(draws.values())) == 4
    assert stream(1, "a").random() == draws[1, "a"] == pytest.approx(0.0, abs=1.0)


def test_accounts_are_told_apart_by_their_owner_only_in_the_reference_data() -> None:
    one = populate(1, 3).clients[0]
    assert isinstance(one, Account)
    assert one.owner not in one.account


def test_an_owner_is_on_one_side_for_a_while_with_all_of_its_accounts() -> None:
    market, _, seat, _ = quiet_market()
    one, other = account("one", "house"), account("other", "house")
    intentions = Intentions()
    assert intentions.someone(seat, (one,), BUY) is one
    assert intentions.someone(seat, (other,), SELL) is None
    assert intentions.someone(seat, (other,), BUY) is other
    market.enter(iter((36_000 * SECOND_NS, SECOND_NS)))
    for _ in market.reports(START_NS + 36_001 * SECOND_NS):
        pass
    assert intentions.someone(seat, (other,), SELL) is other
    assert intentions.someone(seat, (one,), BUY) is None


def test_in_a_whole_market_hardly_a_client_bids_and_offers_within_a_minute() -> None:
    market = Market(EQUITIES, 7, START_NS)
    population = populate(7, market_maker_count(len(EQUITIES)))
    cast(market, population, 7, 1.0)
    retail = {one.account for one in population.of_type(RETAIL)}
    entered = [
        report
        for report in market.reports(START_NS + 600 * SECOND_NS)
        if report.kind == "NEW" and report.account in retail and report.instrument == "NRDL"
    ]
    last: dict[str, Report] = {}
    turned = 0
    for report in entered:
        before = last.get(report.account)
        turned += bool(
            before and before.side != report.side and report.event_time_ns - before.event_time_ns < 60 * SECOND_NS
        )
        last[report.account] = report
    assert len(entered) > 100
    assert turned <= len(entered) / 50


@pytest.mark.parametrize(("side", "price"), [(SELL, 950), (BUY, 1050)])
def test_a_market_maker_takes_what_was_left_far_on_the_wrong_side_of_its_prices(side: int, price: int) -> None:
    market = Market((SHARE,), 1, START_NS)
    listing = market.listings["TEST"]
    sleeper = Seat(market, listing, stream(1, "sleeper")).submit(account("sleeper"), side, price, 100)
    market.enter(make_market(Seat(market, listing, stream(1, "X")), X, 0.5))
    reports = list(market.reports(START_NS + 8 * SECOND_NS))
    assert sleeper.filled == 100
    assert min(report.event_time_ns for report in reports if report.aggressor) >= START_NS + 5 * SECOND_NS
    assert [report.account for report in reports if report.aggressor] == ["X"]


def test_an_imbalance_in_a_call_is_met_near_the_value_from_the_other_side() -> None:
    market, _, seat, (one, *_) = quiet_market()
    listing = seat.listing
    listing.engine.enter_phase(market.now_ns, AUCTION)
    seat.submit(one, BUY, None, 20_000)
    market.enter(meet_imbalance(Seat(market, listing, stream(1, "meet")), (account("late"),), 1.0))
    reports = list(market.reports(market.now_ns + 60 * SECOND_NS))
    met = [report for report in reports if report.account == "late"]
    assert met
    assert {report.side for report in met} == {"SELL"}
