"""A stop-loss cascade: one honest sale reaches the first stop orders, and each one that is triggered reaches the next.

Brokers hold the stops, so that the venue sees only the market orders they become.
"""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import IMMEDIATE_OR_CANCEL
from simulator.population import Account
from simulator.randomness import jittered_ns

PEOPLE_COUNT = 16
FIRST_SALE_MULTIPLE = 8.0
FIRST_SALE_ORDERS_MAX = 40
STOPS_REACHED = 2
"""The seller, who knows of no stops, happens to be done after so many."""
STOP_MULTIPLES = (4.0, 14.0)
STOP_SPACING_HALF_SPREADS = 0.6
"""Mean distance from one stop to the next: they sit close together under round prices."""
LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 120.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    seller, holders = people[0], people[1:]
    side = some_side(seat)
    stops = _stops(seat, holders, side)
    for _ in range(FIRST_SALE_ORDERS_MAX):
        if side * (seat.listing.mid_ticks() - stops[STOPS_REACHED][0]) >= 0:
            break
        seat.take(seller, side, seat.instrument.typical(FIRST_SALE_MULTIPLE), reach_ticks=2)
        yield jittered_ns(seat.random, LOOK_SECONDS, 0.5)
    end_ns = seat.until_ns(PATIENCE_SECONDS)
    while stops and seat.now_ns < end_ns:
        mid = seat.listing.mid_ticks()
        for level, account in [stop for stop in stops if side * (mid - stop[0]) >= 0]:
            quantity = seat.instrument.typical(seat.random.uniform(*STOP_MULTIPLES))
            seat.submit(account, side, None, quantity, IMMEDIATE_OR_CANCEL)
            stops.remove((level, account))
            yield jittered_ns(seat.random, 0.02, 0.8)
        yield jittered_ns(seat.random, LOOK_SECONDS, 0.5)


def _stops(seat: SchemeSeat, holders: People, side: int) -> list[tuple[float, Account]]:
    level = seat.listing.mid_ticks() + side * 2.0 * seat.instrument.half_spread_ticks
    stops = []
    for account in holders:
        level += side * seat.random.expovariate(1.0 / (STOP_SPACING_HALF_SPREADS * seat.instrument.half_spread_ticks))
        stops.append((level, account))
    return stops


STOP_LOSS_CASCADE = HardNegative(
    name="stop_loss_cascade",
    description="A large sale reaches the stops of other people one after another; their market orders move the price "
    "on.",
    resembles=("collusion", "momentum_ignition", "price_spike", "pump_and_dump", "ramping", "volatility_burst"),
    play=_play,
    duration_seconds_max=150.0,
    owner_count=PEOPLE_COUNT,
)
