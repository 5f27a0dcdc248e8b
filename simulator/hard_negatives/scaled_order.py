"""A scaled order: bids stepped down the book are taken off as a whole when their parent is done."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import rest, some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.randomness import jittered_ns

PARENT_COUNT = 3
LEVEL_COUNT = 6
LEVEL_MULTIPLE = 4.0
FILL_SHARE = 0.15
"""With so much filled, or its time over, the parent takes the rest at once and the ladder comes off."""
PATIENCE_SECONDS = 45.0
LOOK_SECONDS = 0.5
PAUSE_SECONDS = 60.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    account = people[0]
    for _ in range(PARENT_COUNT):
        side = some_side(seat)
        quantity = seat.instrument.typical(LEVEL_MULTIPLE)
        ladder = [rest(seat, account, side, quantity, behind_ticks=level) for level in range(LEVEL_COUNT)]
        orders = [order for order in ladder if order is not None]
        end_ns = seat.until_ns(PATIENCE_SECONDS)
        while seat.now_ns < end_ns and sum(order.filled for order in orders) < FILL_SHARE * LEVEL_COUNT * quantity:
            yield jittered_ns(seat.random, LOOK_SECONDS, 0.5)
        seat.take(account, side, 2 * quantity, reach_ticks=2)
        for order in orders:
            seat.cancel(order)
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.4)


SCALED_ORDER = HardNegative(
    name="scaled_order",
    description="Six orders stepped down the book are cancelled together as soon as their parent is done, three times.",
    resembles=("layering", "no_intent_orders", "spoofing"),
    play=_play,
    duration_seconds_max=400.0,
)
