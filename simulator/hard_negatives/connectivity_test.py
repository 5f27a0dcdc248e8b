"""A connectivity test: one-lot orders far from the market, entered and cancelled to see that the line works."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import PROPRIETARY
from simulator.randomness import jittered_ns

TEST_COUNT = 36
DISTANCE_SHARES = (0.03, 0.08)
LIFE_SECONDS = 0.6
PAUSE_SECONDS = 5.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    for _ in range(TEST_COUNT):
        side = some_side(seat)
        away = seat.listing.mid_ticks() * seat.random.uniform(*DISTANCE_SHARES)
        price = max(1, round(seat.listing.mid_ticks() - side * away))
        order = seat.submit(people[0], side, price, seat.instrument.lot_size)
        yield jittered_ns(seat.random, LIFE_SECONDS, 0.5)
        seat.cancel(order)
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.4)


CONNECTIVITY_TEST = HardNegative(
    name="connectivity_test",
    description="A technician enters and cancels orders of one lot far from the market, three dozen times.",
    resembles=("cancel_to_fill", "no_intent_orders", "quote_stuffing"),
    play=_play,
    duration_seconds_max=300.0,
    account_type=PROPRIETARY,
)
