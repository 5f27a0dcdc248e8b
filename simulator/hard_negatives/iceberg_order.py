"""An iceberg: a large order that shows a part of itself, moved with the price, filled again and again at one place."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import INSTITUTION
from simulator.randomness import jittered_ns

PATIENCE_SECONDS = 400.0
FOLLOW_SECONDS = 8.0
SIZE_MULTIPLES = (40.0, 90.0)
SHOWN_MULTIPLE = 1.5


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    side = some_side(seat)
    best = seat.best(side)
    if best is None:
        return
    quantity = seat.instrument.typical(seat.random.uniform(*SIZE_MULTIPLES))
    order = seat.submit(people[0], side, best, quantity, display=seat.instrument.typical(SHOWN_MULTIPLE))
    end_ns = seat.until_ns(PATIENCE_SECONDS)
    while order.is_resting and seat.now_ns < end_ns:
        yield jittered_ns(seat.random, FOLLOW_SECONDS, 0.5)
        best = seat.best(side)
        if best is not None and order.price is not None and side * (best - order.price) >= 1:
            seat.replace(order, best, order.quantity)
    seat.cancel(order)


ICEBERG_ORDER = HardNegative(
    name="iceberg_order",
    description="An institution rests an iceberg at the best price for minutes and withdraws what is left of it.",
    resembles=("spoofing", "dominating_volume", "floor_ceiling", "wash_netting"),
    play=_play,
    duration_seconds_max=PATIENCE_SECONDS + 60.0,
    account_type=INSTITUTION,
)
