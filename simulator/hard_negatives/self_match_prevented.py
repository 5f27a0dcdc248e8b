"""A benign self-match prevented: two desks of one firm meet in the book and the venue takes the resting order off."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import Ladder, some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import BUY, SELL
from simulator.randomness import jittered_ns

DURATION_SECONDS = 360.0
PAUSE_SECONDS = 2.0
TAKE_SHARE = 0.35
QUOTE_MULTIPLE = 3.0
TAKE_MULTIPLE = 1.2


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    quoting, taking = people[0], people[1]
    ladder = Ladder(seat, quoting)
    end_ns = seat.until_ns(DURATION_SECONDS)
    while seat.now_ns < end_ns:
        for side in (BUY, SELL):
            best = seat.best(side)
            if best is not None:
                ladder.show(side, 0, best, seat.instrument.typical(QUOTE_MULTIPLE))
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.6)
        if seat.random.random() < TAKE_SHARE:
            size = seat.instrument.typical(TAKE_MULTIPLE * (0.5 + seat.random.random()))
            seat.take(taking, some_side(seat), size, reach_ticks=1)
    for side in (BUY, SELL):
        ladder.clear(side)


SELF_MATCH_PREVENTED = HardNegative(
    name="self_match_prevented",
    description="One desk of a firm quotes and another takes for its clients; where they would meet, the venue expires "
    "the resting order.",
    resembles=("matched_orders", "spoofing", "wash_owner", "wash_self"),
    play=_play,
    duration_seconds_max=DURATION_SECONDS + 30.0,
    with_all_accounts=True,
)
