"""An investor with a price limit: it buys what is offered at its price or better until it has what it wants."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import Order
from simulator.population import INSTITUTION
from simulator.randomness import jittered_ns

DURATION_SECONDS = 660.0
WANTED_MULTIPLE = 120.0
SLICE_MULTIPLE = 5.0
REFILL_SECONDS = 1.5


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    side = some_side(seat)
    limit = seat.best(side)
    order: Order | None = None
    left = seat.instrument.typical(WANTED_MULTIPLE)
    end_ns = seat.until_ns(DURATION_SECONDS)
    while limit is not None and seat.now_ns < end_ns:
        if order is None or not order.is_resting:
            left -= order.filled if order is not None else 0
            if left <= 0:
                return
            order = seat.submit(people[0], side, limit, min(left, seat.instrument.typical(SLICE_MULTIPLE)))
        yield jittered_ns(seat.random, REFILL_SECONDS, 0.6)
    if order is not None:
        seat.cancel(order)


PRICE_LIMITED_INVESTOR = HardNegative(
    name="price_limited_investor",
    description="An institution refills an order at one price for eleven minutes and takes all that comes there.",
    resembles=("dominating_volume", "floor_ceiling"),
    play=_play,
    duration_seconds_max=DURATION_SECONDS + 30.0,
    account_type=INSTITUTION,
)
