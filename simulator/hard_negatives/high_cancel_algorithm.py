"""An algorithm that cancels 97 % of its orders: a few small orders pegged behind the best price, moved at every tick.

An execution algorithm keeps a place in the queue on both sides of a long parent order's price range and re-enters
its orders when the best price moves, as venues without a peg order type make it do.
"""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import BUY, SELL, Order
from simulator.population import PROPRIETARY
from simulator.randomness import jittered_ns, ordinary_quantity

DURATION_SECONDS = 420
LOOK_SECONDS = 0.12
SLOT_COUNT = 3
"""Orders on each side, a tick apart, the first one just behind the best price."""


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    slots: dict[tuple[int, int], Order] = {}
    end_ns = seat.until_ns(DURATION_SECONDS)
    while seat.now_ns < end_ns:
        for side in (BUY, SELL):
            best = seat.best(side)
            for index in range(SLOT_COUNT if best is not None else 0):
                price = max(1, (best or 0) - side * (1 + index))
                order = slots.get((side, index))
                if order is not None and order.is_resting and order.price == price:
                    continue
                if order is not None:
                    seat.cancel(order)
                slots[side, index] = seat.submit(
                    people[0], side, price, ordinary_quantity(seat.random, seat.instrument)
                )
        yield jittered_ns(seat.random, LOOK_SECONDS, 0.5)
    for order in slots.values():
        seat.cancel(order)


HIGH_CANCEL_ALGORITHM = HardNegative(
    name="high_cancel_algorithm",
    description="An execution algorithm pegs small orders behind the best prices and cancels 97 % of them untraded.",
    resembles=("cancel_to_fill", "quote_stuffing", "layering", "no_intent_orders"),
    play=_play,
    duration_seconds_max=DURATION_SECONDS,
    account_type=PROPRIETARY,
)
