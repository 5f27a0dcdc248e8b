"""An accumulator that follows the volume of the day: its slices grow towards the close because everybody's do."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side, work
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import INSTITUTION
from simulator.randomness import SECOND_NS, jittered_ns

DURATION_SECONDS = 600.0
PAUSE_SECONDS = (16.0, 2.5)
"""Between slices, at the beginning and at the close."""
SLICE_MULTIPLES = (1.0, 3.5)
PATIENCE_SECONDS = 1.5


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    side = some_side(seat)
    end_ns = seat.until_ns(DURATION_SECONDS - 6.0)
    while seat.now_ns < end_ns:
        late = max(0.0, 1.0 - (end_ns - seat.now_ns) / (DURATION_SECONDS * SECOND_NS)) ** 2
        multiple = SLICE_MULTIPLES[0] + late * (SLICE_MULTIPLES[1] - SLICE_MULTIPLES[0])
        yield from work(seat, people[0], side, seat.instrument.typical(multiple), PATIENCE_SECONDS, multiple)
        pause_seconds = PAUSE_SECONDS[0] + late * (PAUSE_SECONDS[1] - PAUSE_SECONDS[0])
        yield min(max(0, end_ns - seat.now_ns), jittered_ns(seat.random, pause_seconds, 0.4))


VOLUME_AVERAGE_CLOSE = HardNegative(
    name="volume_average_close",
    description="An algorithm buys (sells) in step with the volume of the day, most of it before the close.",
    resembles=("account_volume_spike", "dominating_volume", "marking_the_close", "ramping"),
    play=_play,
    duration_seconds_max=DURATION_SECONDS,
    account_type=INSTITUTION,
    at_close=True,
)
