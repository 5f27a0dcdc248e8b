"""Spoofing pays only where others read the book: the same moment is played with and without the deceptive order."""

from functools import cache
from statistics import fmean, stdev

from simulator.instrument import EQUITIES
from simulator.market import Behaviour, Market, Seat
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import populate
from simulator.randomness import MILLISECOND_NS, SECOND_NS, stream
from simulator.traders.roster import cast, market_maker_count
from tests.simulator.fakes import START_NS, account

SHARE = EQUITIES[0]
SEEDS = tuple(range(41, 91))
SPOOF_MULTIPLE = 40
BEHIND_TICKS = 2
SHOWN_SECONDS = 3


@cache
def paid_ticks(seed: int, side: int, is_read: bool, is_spoofed: bool) -> float:
    """What a genuine order paid (a seller: was short of), in ticks, after a deceptive one had stood on the other side.

    The deceptive order is gone as soon as the genuine one has traded.
    """
    market = Market((SHARE,), seed, START_NS)
    cast(market, populate(seed, market_maker_count(1)), seed, 1.0)
    (listing,) = market.listings.values()
    listing.is_read = is_read
    paid: list[float] = []

    def spoof() -> Behaviour:
        seat = Seat(market, listing, stream(seed, "spoofer"))
        deceptive = None
        opposite_best = seat.best(-side)
        assert opposite_best is not None
        if is_spoofed:
            price = opposite_best + side * BEHIND_TICKS
            deceptive = seat.submit(account("spoofer"), -side, price, SPOOF_MULTIPLE * SHARE.typical_quantity)
        yield SHOWN_SECONDS * SECOND_NS
        best = seat.best(-side)
        assert best is not None
        genuine = seat.submit(account("hand of the spoofer"), side, best, SHARE.lot_size, IMMEDIATE_OR_CANCEL)
        assert genuine.filled
        paid.append(float(side * best))
        yield 50 * MILLISECOND_NS
        if deceptive is not None:
            seat.cancel(deceptive)

    market.enter(spoof(), 20 * SECOND_NS)
    for _ in market.reports(START_NS + (21 + SHOWN_SECONDS) * SECOND_NS):
        pass
    return paid[0]


def gains_ticks(is_read: bool) -> list[float]:
    """What the deceptive order saved the genuine one, in ticks, at many moments."""
    return [
        paid_ticks(seed, side, is_read, False) - paid_ticks(seed, side, is_read, True)
        for seed in SEEDS
        for side in (BUY, SELL)
    ]


def test_a_deceptive_order_pays_where_traders_react_to_the_book() -> None:
    gains = gains_ticks(is_read=True)
    error = stdev(gains) / len(gains) ** 0.5
    print(f"gain {fmean(gains):.2f} ticks, standard error {error:.2f}")
    assert fmean(gains) > 3 * error > 0


def test_a_deceptive_order_gains_next_to_nothing_where_nobody_reads_the_book() -> None:
    gains = gains_ticks(is_read=False)
    print(f"gain {fmean(gains):.2f} ticks, standard error {stdev(gains) / len(gains) ** 0.5:.2f}")
    assert sum(gain == 0.0 for gain in gains) >= 0.9 * len(gains)
    assert abs(fmean(gains)) < 0.1 < 0.4 * fmean(gains_ticks(is_read=True))
