"""The impact of a parent order, measured by playing the same seed with and without it.

A parent is worked at a steady pace by marketable slices. Its impact is the difference it makes to the middle price
at its end, averaged over seeds and both sides; the square-root law says that it grows with the root of its size.
"""

from collections.abc import Iterator, Sequence
from statistics import fmean

import numpy as np

from simulator.instrument import EQUITIES, Instrument
from simulator.market import Behaviour, Market, Seat
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import Account, populate
from simulator.randomness import SECOND_NS, stream
from simulator.simulation import DEFAULT_START_TIME_NS
from simulator.stylised_facts.statistics import NOTHING, Array
from simulator.traders.roster import cast, market_maker_count

SLICE_COUNTS = (4, 8, 16, 32, 64)
SLICE_SECONDS = 1.5
WARMUP_SECONDS = 60
SEEDS_PER_SIZE = 24
IMPACTS_MIN = 3
ERROR_FLOOR_TICKS = 0.01
ROWS_A_BATCH = 8_192
BUYER = Account("IMPACT", "IMPACT", "", "", "INSTITUTION", "", "", "IMPACT")


def impact_curve(
    seed: int, instrument: Instrument = EQUITIES[0], repetitions: int = SEEDS_PER_SIZE
) -> tuple[Array, Array, Array]:
    """Return (sizes in typical orders, mean impact in ticks, its standard error) for parents of growing size."""
    if not repetitions:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    impacts: dict[int, list[float]] = {count: [] for count in SLICE_COUNTS}
    for number in range(repetitions):
        one_seed = seed * 1_000 + number
        alone = _mids(one_seed, instrument, 0, 0, _end_seconds(SLICE_COUNTS[-1]))
        side = BUY if number % 2 else SELL
        for count in SLICE_COUNTS:
            end_seconds = _end_seconds(count)
            moved = _mids(one_seed, instrument, side, count, end_seconds)
            impacts[count].append(side * (moved[end_seconds] - alone[end_seconds]))
    sizes = np.array(SLICE_COUNTS, dtype=np.float64)
    means = np.array([fmean(impacts[count]) for count in SLICE_COUNTS])
    errors = np.array([np.std(impacts[count]) for count in SLICE_COUNTS]) / np.sqrt(repetitions)
    return sizes, means, errors


def impact_exponent(sizes: Array, impacts: Array, errors: Array) -> float:
    """Return the exponent of impact in size: least squares of logarithms, each weighted by how surely it is known.

    Impacts that are not positive are left out; NaN where fewer than three are left.
    """
    known = impacts > 0
    if np.count_nonzero(known) < IMPACTS_MIN:
        return NOTHING
    weights = impacts[known] / np.maximum(errors[known], ERROR_FLOOR_TICKS)
    return float(np.polyfit(np.log(sizes[known]), np.log(impacts[known]), 1, w=weights)[0])


def _end_seconds(slice_count: int) -> int:
    """Return the whole second at which a parent of so many slices is done."""
    return int(WARMUP_SECONDS + SLICE_SECONDS * slice_count)


def _mids(seed: int, instrument: Instrument, side: int, slice_count: int, end_seconds: int) -> Sequence[float]:
    """Return the middle price at every second, to the end, of a market in which a parent is worked; in ticks."""
    market = Market((instrument,), seed, DEFAULT_START_TIME_NS)
    listing = next(iter(market.listings.values()))
    cast(market, populate(seed, market_maker_count(1)), seed, 1.0)
    found: list[float] = []

    def watch() -> Behaviour:
        while True:
            found.append(listing.mid_ticks())
            yield SECOND_NS

    market.enter(watch())
    market.enter(_parent(Seat(market, listing, stream(seed, "parent")), side, slice_count), WARMUP_SECONDS * SECOND_NS)
    while market.advance(DEFAULT_START_TIME_NS + (end_seconds + 1) * SECOND_NS, ROWS_A_BATCH):
        market.tape.take()
    return found


def _parent(seat: Seat, side: int, slice_count: int) -> Iterator[int]:
    for _ in range(slice_count):
        seat.submit(BUYER, side, None, seat.instrument.typical_quantity, IMMEDIATE_OR_CANCEL)
        yield int(SLICE_SECONDS * SECOND_NS)
