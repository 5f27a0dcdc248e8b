"""A two-sided market maker that reprices: it moves its ladders at every tick and leans against what it holds.

Registered market makers cancel more than nine in ten of their quotes. One that was filled lowers its bids and offers
more, and beyond its limit it shows one side only until somebody has taken the position off its hands.
"""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import Ladder
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import BUY, SELL
from simulator.population import PROPRIETARY
from simulator.randomness import jittered_ns

DURATION_SECONDS = 420
REACTION_SECONDS = 0.12
LEVEL_COUNT = 4
LIMIT_MULTIPLE = 12.0
SKEW_TICKS = 3.0
"""How far the ladders are moved when the position is at its limit."""


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    ladder = Ladder(seat, people[0])
    limit = seat.instrument.typical(LIMIT_MULTIPLE)
    end_ns = seat.until_ns(DURATION_SECONDS)
    while seat.now_ns < end_ns:
        share = max(-1.5, min(1.5, ladder.inventory / limit))
        fair = seat.listing.mid_ticks() - SKEW_TICKS * share + seat.listing.imbalance()
        for side in (BUY, SELL):
            if side * share >= 1.0:
                ladder.clear(side)
                continue
            for level in range(LEVEL_COUNT):
                away = seat.instrument.half_spread_ticks + level
                size = seat.instrument.typical((1.0 + level) * (1.0 - 0.7 * side * share))
                ladder.show(side, level, round(fair - side * away), size)
        yield jittered_ns(seat.random, REACTION_SECONDS, 0.5)
    for side in (BUY, SELL):
        ladder.clear(side)


MARKET_MAKER_REPRICING = HardNegative(
    name="market_maker_repricing",
    description="A market maker moves four levels on both sides at every tick, leans against its position and shows "
    "one side only beyond its limit.",
    resembles=("cancel_to_fill", "layering", "quote_stuffing", "smoking", "spoofing"),
    play=_play,
    duration_seconds_max=DURATION_SECONDS,
    account_type=PROPRIETARY,
)
