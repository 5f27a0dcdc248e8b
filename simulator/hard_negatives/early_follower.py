"""An early follower: a fast trader sees a buyer come back slice after slice, buys too, and is right.

It knows nothing that the tape does not show: the institution then puts the rest of its order in whole, and the
follower sells into the end of the move.
"""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import rest, some_side, work
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.randomness import jittered_ns

PARENT_COUNT = 2
SLICES_SEEN_MULTIPLE = 6.0
SLICE_MULTIPLE = 1.5
SLICE_SECONDS = 2.0
FOLLOW_MULTIPLE = 2.5
WHOLE_MULTIPLE = 30.0
HOLD_SECONDS = 18.0
PAUSE_SECONDS = 60.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    institution, follower = people
    for _ in range(PARENT_COUNT):
        side = some_side(seat)
        seen = seat.instrument.typical(SLICES_SEEN_MULTIPLE)
        yield from work(seat, institution, side, seen, SLICE_SECONDS, SLICE_MULTIPLE)
        held = seat.take(follower, side, seat.instrument.typical(FOLLOW_MULTIPLE), reach_ticks=1)
        yield jittered_ns(seat.random, SLICE_SECONDS, 0.5)
        seat.take(institution, side, seat.instrument.typical(4 * SLICE_MULTIPLE), reach_ticks=4)
        rest_of_it = rest(seat, institution, side, seat.instrument.typical(WHOLE_MULTIPLE))
        yield jittered_ns(seat.random, HOLD_SECONDS, 0.4)
        seat.take(follower, -side, held, reach_ticks=2)
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.4)
        if rest_of_it is not None:
            seat.cancel(rest_of_it)


EARLY_FOLLOWER = HardNegative(
    name="early_follower",
    description="A fast trader reads the first slices of a large order off the tape, follows, and leaves in time.",
    resembles=("front_running", "momentum_ignition", "spoofing"),
    play=_play,
    duration_seconds_max=330.0,
    owner_count=2,
)
