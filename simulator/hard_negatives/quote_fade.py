"""A quote fade after news: a ladder on one side vanishes at once, just after its owner was filled on the other."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import Ladder, some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import PROPRIETARY
from simulator.randomness import jittered_ns

ROUND_COUNT = 3
LEVEL_COUNT = 5
LEVEL_MULTIPLE = 5.0
OTHER_MULTIPLE = 1.0
QUOTING_SECONDS = 25.0
LOOK_SECONDS = 0.4
PAUSE_SECONDS = 40.0
NEWS_SHARE = 0.003
REACTION_SECONDS = 0.15


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    account, large = people[0], some_side(seat)
    ladder = Ladder(seat, account)
    for _ in range(ROUND_COUNT):
        end_ns = seat.until_ns(QUOTING_SECONDS)
        while seat.now_ns < end_ns:
            for side, count, multiple in ((large, LEVEL_COUNT, LEVEL_MULTIPLE), (-large, 1, OTHER_MULTIPLE)):
                best = seat.best(side)
                for level in range(count if best is not None else 0):
                    price = (best or 0) - side * (level + (side == large))
                    ladder.show(side, level, price, seat.instrument.typical(multiple))
            yield jittered_ns(seat.random, LOOK_SECONDS, 0.5)
        seat.listing.value_ticks *= 1.0 - large * NEWS_SHARE
        yield jittered_ns(seat.random, REACTION_SECONDS, 0.5)
        ladder.clear(large)
        seat.take(account, -large, seat.instrument.typical(2 * OTHER_MULTIPLE), reach_ticks=1)
        yield jittered_ns(seat.random, LOOK_SECONDS, 0.5)
        ladder.clear(-large)
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.4)


QUOTE_FADE = HardNegative(
    name="quote_fade",
    description="A maker with more to do on one side quotes five levels there; news makes it withdraw them and take "
    "the other side.",
    resembles=("flipping", "layering", "spoofing"),
    play=_play,
    duration_seconds_max=300.0,
    account_type=PROPRIETARY,
)
