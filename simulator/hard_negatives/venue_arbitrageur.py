"""An arbitrageur across venues: it quotes where its hedge pays for it, and hedges at once where it was filled.

Its quotes on one venue follow the best prices of the other and are moved at every change there; a fill is hedged on
the other venue within milliseconds, so that it trades both ways and on both venues all the time. Where a share is
listed once, it arbitrages against the value that other venues, which are not in the feed, tell it.
"""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import Ladder
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import BUY, SELL
from simulator.population import PROPRIETARY
from simulator.randomness import jittered_ns

DURATION_SECONDS = 420
LOOK_SECONDS = 0.15
HEDGE_SECONDS = 0.02
EDGE_HALF_SPREADS = 1.2
"""What a fill has to earn against the other venue's price."""
QUOTE_MULTIPLE = 2.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    other = _other_venue(seat)
    ladder = Ladder(seat, people[0])
    hedged = 0
    end_ns = seat.until_ns(DURATION_SECONDS)
    while seat.now_ns < end_ns:
        unhedged = ladder.inventory - hedged
        if unhedged:
            yield jittered_ns(seat.random, HEDGE_SECONDS, 0.5)
            hedge_side = SELL if unhedged > 0 else BUY
            hedged += -hedge_side * (other.take(people[0], hedge_side, abs(unhedged), 3) if other else abs(unhedged))
        edge = EDGE_HALF_SPREADS * seat.instrument.half_spread_ticks
        there = other.listing.mid_ticks() if other else seat.listing.value_ticks
        for side in (BUY, SELL):
            ladder.show(side, 0, round(there - side * edge), seat.instrument.typical(QUOTE_MULTIPLE))
        yield jittered_ns(seat.random, LOOK_SECONDS, 0.6)
    for side in (BUY, SELL):
        ladder.clear(side)


def _other_venue(seat: SchemeSeat) -> SchemeSeat | None:
    """Return this trader's seat where the same thing is listed elsewhere."""
    for key in seat.keys:
        other = seat.at(key)
        if other.instrument.symbol == seat.instrument.symbol and other.instrument.venue != seat.instrument.venue:
            return other
    return None


VENUE_ARBITRAGEUR = HardNegative(
    name="venue_arbitrageur",
    description="An arbitrageur moves its quotes with the price of another venue and hedges every fill there at once.",
    resembles=("cancel_to_fill", "cross_venue", "flipping", "layering", "quote_stuffing", "spoofing"),
    play=_play,
    duration_seconds_max=DURATION_SECONDS + 10.0,
    account_type=PROPRIETARY,
    wants_two_venues=True,
)
