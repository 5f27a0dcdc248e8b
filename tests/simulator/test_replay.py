"""The simulated feed, played into the book of `tapewatch.market`: two books that share no code must agree."""

from collections import defaultdict

import pytest

from simulator.market import Market
from simulator.order_book import BookSide
from simulator.population import populate
from simulator.randomness import SECOND_NS
from simulator.report import Report
from simulator.simulation import DEFAULT_START_TIME_NS
from simulator.traders.roster import cast, market_maker_count
from simulator.venues import market_of
from tapewatch.market.book import Book, Ladder

MINUTES = 1.5
COMPARED_EVERY = 200


class Replayed:
    """A book rebuilt from what the venue reports about one listing, in the venue's own ticks."""

    def __init__(self, ticks_per_unit: int) -> None:
        self.ticks_per_unit = ticks_per_unit
        self.book = Book()
        self.limits: dict[str, float] = {}
        self.resting: dict[str, tuple[Ladder, int, float]] = {}

    def take(self, report: Report) -> None:
        if report.kind in ("PHASE", "REJECT", "CANCEL_REJECT"):
            return
        if report.kind in ("NEW", "REPLACE") and report.price is not None:
            self.limits[report.order_id] = report.price
        if report.order_id in self.resting:
            ladder, level, leaves = self.resting.pop(report.order_id)
            ladder.leave(level, leaves)
        if report.leaves_quantity and report.order_id in self.limits:
            ladder = self.book.ladder(1 if report.side == "BUY" else 2)
            level = ladder.enter(self.limits[report.order_id], report.leaves_quantity)
            self.resting[report.order_id] = (ladder, level, report.leaves_quantity)

    def levels(self, ladder: Ladder) -> list[tuple[int, float]]:
        return [(round(price * self.ticks_per_unit), quantity) for price, quantity, _ in ladder.top(100_000)]


def venue_levels(side: BookSide) -> list[tuple[int, float]]:
    return [(price, float(quantity)) for price, _, quantity in side.prices()]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_book_rebuilt_from_the_feed_is_the_venue_s_through_calls_auctions_and_the_close(seed: int) -> None:
    instruments = market_of("whole", "fitted", DEFAULT_START_TIME_NS, MINUTES)
    market = Market(instruments, seed, DEFAULT_START_TIME_NS)
    cast(market, populate(seed, market_maker_count(len(instruments))), seed, 1.0)
    replayed = {(one.venue, one.symbol): Replayed(one.ticks_per_unit) for one in instruments}
    end_ns = DEFAULT_START_TIME_NS + int(MINUTES * 60 * SECOND_NS)
    steps = compared = 0
    traded: dict[str, float] = defaultdict(float)
    while market.step(end_ns):
        for report in market.tape.reports():
            replayed[report.venue, report.instrument].take(report)
            if report.kind == "FILL":
                traded[report.side] += report.quantity or 0.0
        steps += 1
        if steps % COMPARED_EVERY == 0:
            compared += 1
            for listing in market.listings.values():
                rebuilt = replayed[listing.instrument.venue, listing.instrument.symbol]
                assert rebuilt.levels(rebuilt.book.bids) == venue_levels(listing.engine.bids)
                assert rebuilt.levels(rebuilt.book.asks) == venue_levels(listing.engine.asks)
    assert compared > 30
    assert traded["BUY"] == traded["SELL"] > 0
    closed = [one for one in market.listings.values() if one.engine.is_closed]
    assert [venue_levels(one.engine.bids) for one in closed] == [[]] * 5
