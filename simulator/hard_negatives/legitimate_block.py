"""A legitimate block: an institution shows all it wants to trade, follows the price for minutes and takes the rest."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import rest, some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import INSTITUTION
from simulator.randomness import jittered_ns

PATIENCE_SECONDS = 240.0
FOLLOW_SECONDS = 15.0
SIZE_MULTIPLES = (20.0, 50.0)
REST_TAKEN_SHARE = 0.35
"""What the institution still takes at once when its patience is over; it leaves the remainder for another day."""


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    account, side = people[0], some_side(seat)
    quantity = seat.instrument.typical(seat.random.uniform(*SIZE_MULTIPLES))
    order = rest(seat, account, side, quantity, behind_ticks=seat.random.randint(0, 2))
    if order is None:
        return
    end_ns = seat.until_ns(PATIENCE_SECONDS)
    while order.is_resting and seat.now_ns < end_ns:
        yield jittered_ns(seat.random, FOLLOW_SECONDS, 0.5)
        best = seat.best(side)
        if best is not None and order.price is not None and side * (best - order.price) >= 2:
            seat.replace(order, best, order.quantity)
    unfilled = order.leaves
    seat.cancel(order)
    lot = seat.instrument.lot_size
    seat.take(account, side, int(unfilled * REST_TAKEN_SHARE) // lot * lot, reach_ticks=1)


LEGITIMATE_BLOCK = HardNegative(
    name="legitimate_block",
    description="An institution shows a block whole, follows the price, then takes a part and withdraws the rest.",
    resembles=("spoofing", "fat_finger", "floor_ceiling", "dominating_volume"),
    play=_play,
    duration_seconds_max=PATIENCE_SECONDS + 60.0,
    account_type=INSTITUTION,
)
