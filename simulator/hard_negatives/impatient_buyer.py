"""An impatient buyer in a thin book: it pays for its haste, moves the price, and keeps what it bought."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.randomness import jittered_ns

ORDER_COUNT = 30
SIZE_MULTIPLES = (1.0, 5.0)
REACH_TICKS_MAX = 4
PAUSE_SECONDS = 3.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    side = some_side(seat)
    for _ in range(ORDER_COUNT):
        quantity = seat.instrument.typical(seat.random.uniform(*SIZE_MULTIPLES))
        seat.take(people[0], side, quantity, reach_ticks=seat.random.randint(0, REACH_TICKS_MAX))
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.7)


IMPATIENT_BUYER = HardNegative(
    name="impatient_buyer",
    description="Somebody buys (sells) thirty times in two minutes, through levels of a thin book, and keeps it.",
    resembles=(
        "account_volume_spike",
        "dominating_volume",
        "momentum_ignition",
        "price_spike",
        "pump_and_dump",
        "ramping",
    ),
    play=_play,
    duration_seconds_max=200.0,
    wants_thin_market=True,
)
