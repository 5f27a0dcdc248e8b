"""A negotiated block: two institutions agree by telephone, and their broker enters both orders inside the spread."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import INSTITUTION
from simulator.randomness import jittered_ns

BLOCK_COUNT = 2
SIZE_MULTIPLES = (20.0, 40.0)
LEG_SECONDS = 0.03
LOOK_SECONDS = 0.3
WAIT_SECONDS_MAX = 60.0
PAUSE_SECONDS = 90.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    side = some_side(seat)
    for _ in range(BLOCK_COUNT):
        end_ns = seat.until_ns(WAIT_SECONDS_MAX)
        bid, ask = seat.best(side), seat.best(-side)
        while (bid is None or ask is None or side * (ask - bid) < 2) and seat.now_ns < end_ns:
            yield jittered_ns(seat.random, LOOK_SECONDS, 0.5)
            bid, ask = seat.best(side), seat.best(-side)
        if bid is not None:
            quantity = seat.instrument.typical(seat.random.uniform(*SIZE_MULTIPLES))
            first = seat.submit(people[0], side, bid + side, quantity)
            yield jittered_ns(seat.random, LEG_SECONDS, 0.4)
            second = seat.submit(people[1], -side, bid + side, first.leaves or quantity)
            yield jittered_ns(seat.random, LOOK_SECONDS, 0.4)
            seat.cancel(first)
            seat.cancel(second)
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.3)


NEGOTIATED_BLOCK = HardNegative(
    name="negotiated_block",
    description="Two institutions agree on a block and their broker enters both orders inside the spread, twice.",
    resembles=("fat_finger", "matched_orders", "painting_the_tape", "wash_volume"),
    play=_play,
    duration_seconds_max=330.0,
    account_type=INSTITUTION,
    owner_count=2,
)
