"""Average-price allocation: a broker works one parent for several clients and gives each its part at one price.

The broker's account buys in the market and then hands the shares over through the book, within the spread, as some
venues ask: both orders of each hand-over are entered at once at one price and one size.
"""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side, work
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import IMMEDIATE_OR_CANCEL
from simulator.randomness import jittered_ns

CLIENT_COUNT = 4
PARENT_MULTIPLE = 30.0
SLICE_MULTIPLE = 1.5
SLICE_SECONDS = 5.0
LOOK_SECONDS = 0.2
SPREAD_TICKS_MIN = 2
WAIT_SECONDS_MAX = 60.0
"""So long the broker waits for a spread with room inside."""


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    broker, clients = people[0], people[1:]
    side = some_side(seat)
    quantity = seat.instrument.typical(PARENT_MULTIPLE)
    done = yield from work(seat, broker, side, quantity, SLICE_SECONDS, SLICE_MULTIPLE)
    lot = seat.instrument.lot_size
    part = done // len(clients) // lot * lot
    for client in clients if part else ():
        give_up_ns = seat.until_ns(WAIT_SECONDS_MAX)
        while (price := _inside(seat, side)) is None and seat.now_ns < give_up_ns:
            yield jittered_ns(seat.random, LOOK_SECONDS, 0.5)
        if price is not None:
            given = seat.submit(broker, -side, price, part)
            seat.submit(client, side, price, part, IMMEDIATE_OR_CANCEL)
            seat.cancel(given)
        yield jittered_ns(seat.random, LOOK_SECONDS, 0.5)


def _inside(seat: SchemeSeat, side: int) -> int | None:
    best, opposite = seat.best(side), seat.best(-side)
    if best is None or opposite is None or side * (opposite - best) < SPREAD_TICKS_MIN:
        return None
    return (best + opposite) // 2 if (best + opposite) % 2 == 0 else best + side


AVERAGE_PRICE_ALLOCATION = HardNegative(
    name="average_price_allocation",
    description="A broker works a parent order for four clients and hands each its part through the book at one price.",
    resembles=("collusion", "matched_orders", "painting_the_tape", "wash_netting", "wash_volume"),
    play=_play,
    duration_seconds_max=360.0,
    owner_count=1 + CLIENT_COUNT,
)
