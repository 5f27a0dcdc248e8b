"""A day trader: in and out of one share all the time, flat at the end of each turn and not much the richer for it."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import RETAIL
from simulator.randomness import jittered_ns

TURN_COUNT = 16
SIZE_MULTIPLES = (1.0, 3.0)
HOLD_SECONDS = 12.0
PAUSE_SECONDS = 12.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    for _ in range(TURN_COUNT):
        side = some_side(seat)
        size = seat.instrument.typical(seat.random.uniform(*SIZE_MULTIPLES))
        held = seat.take(people[0], side, size, reach_ticks=1)
        yield jittered_ns(seat.random, HOLD_SECONDS, 0.6)
        while held:
            sold = seat.take(people[0], -side, held, reach_ticks=1)
            held -= sold
            yield jittered_ns(seat.random, 1.0, 0.5)
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.6)


DAY_TRADER = HardNegative(
    name="day_trader",
    description="A day trader buys and sells the same quantity sixteen times within minutes and ends flat.",
    resembles=("momentum_ignition", "ping_pong", "wash_netting"),
    play=_play,
    duration_seconds_max=540.0,
    account_type=RETAIL,
    wants_thin_market=True,
)
