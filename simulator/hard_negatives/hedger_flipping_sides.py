"""A hedger flipping sides: the option book it hedges turns round, and with it the side on which it needs to trade."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import rest, some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import PROPRIETARY
from simulator.randomness import jittered_ns

DURATION_SECONDS = 400.0
PAUSE_SECONDS = 15.0
TURN_SECONDS = 2.5
DECISION_SECONDS = 0.25
TURN_SHARE = 0.6
SIZE_MULTIPLES = (4.0, 14.0)


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    account = people[0]
    end_ns = seat.until_ns(DURATION_SECONDS)
    while seat.now_ns < end_ns:
        side = some_side(seat)
        needed = seat.instrument.typical(seat.random.uniform(*SIZE_MULTIPLES))
        order = rest(seat, account, side, needed)
        yield jittered_ns(seat.random, TURN_SECONDS, 0.6)
        if order is not None:
            unfilled = order.leaves
            seat.cancel(order)
            if seat.random.random() < TURN_SHARE:
                yield jittered_ns(seat.random, DECISION_SECONDS, 0.5)
                seat.take(account, -side, seat.instrument.typical(seat.random.uniform(*SIZE_MULTIPLES)), reach_ticks=3)
            else:
                seat.take(account, side, unfilled, reach_ticks=3)
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.6)


HEDGER_FLIPPING_SIDES = HardNegative(
    name="hedger_flipping_sides",
    description="A hedger withdraws a large order because what it hedges has turned round, and takes the other side.",
    resembles=("flipping", "momentum_ignition", "spoofing"),
    play=_play,
    duration_seconds_max=DURATION_SECONDS + 60.0,
    account_type=PROPRIETARY,
)
