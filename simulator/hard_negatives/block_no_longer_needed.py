"""A block no longer needed: a desk withdraws a large order as soon as another client brought the other side."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import rest, some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import INSTITUTION
from simulator.randomness import jittered_ns

TIMES = 2
SIZE_MULTIPLES = (12.0, 30.0)
BEFORE_SECONDS = 12.0
OTHER_MULTIPLE = 3.0
DECISION_SECONDS = 1.5
PAUSE_SECONDS = 120.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    account = people[0]
    for _ in range(TIMES):
        side = some_side(seat)
        block = rest(seat, account, side, seat.instrument.typical(seat.random.uniform(*SIZE_MULTIPLES)), behind_ticks=1)
        yield jittered_ns(seat.random, BEFORE_SECONDS, 0.5)
        seat.take(account, -side, seat.instrument.typical(OTHER_MULTIPLE), reach_ticks=1)
        yield jittered_ns(seat.random, DECISION_SECONDS, 0.6)
        if block is not None:
            seat.cancel(block)
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.4)


BLOCK_NO_LONGER_NEEDED = HardNegative(
    name="block_no_longer_needed",
    description="A desk shows a block; a second client brings the other side; the desk trades the "
    "difference and withdraws the block, twice.",
    resembles=("flipping", "spoofing"),
    play=_play,
    duration_seconds_max=360.0,
    account_type=INSTITUTION,
)
