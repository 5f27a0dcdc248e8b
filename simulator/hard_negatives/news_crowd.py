"""Crowding into news: many traders withdraw what stands on the wrong side and take the other, all at once."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import rest, some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import Order
from simulator.population import Account
from simulator.randomness import jittered_ns, ordinary_quantity

PEOPLE_COUNT = 14
BEFORE_SECONDS = 20.0
REACTION_SECONDS = 0.8
MOVE_SHARES = (0.006, 0.015)
"""How much the news is worth, as a share of the price."""
TAKES_MAX = 4
TAKE_GAP_NS = 20_000_000
PROFIT_SHARE = 0.4
"""So many of them take their profit within minutes."""
PROFIT_SECONDS = 60.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    news_side = some_side(seat)
    resting = [(account, _wait_in_the_book(seat, account)) for account in people]
    yield jittered_ns(seat.random, BEFORE_SECONDS, 0.3)
    seat.listing.value_ticks *= 1.0 + news_side * seat.random.uniform(*MOVE_SHARES)
    seat.tell(f"News about {seat.instrument.symbol}: everybody acts at once, and honestly.")
    reactions = sorted((jittered_ns(seat.random, REACTION_SECONDS, 0.8), place) for place in range(len(resting)))
    passed_ns = 0
    bought: list[tuple[Account, int]] = []
    for reaction_ns, place in reactions:
        yield max(0, reaction_ns - passed_ns)
        passed_ns = max(passed_ns, reaction_ns)
        account, order = resting[place]
        if order is not None and order.side != news_side:
            seat.cancel(order)
        for _ in range(seat.random.randint(1, TAKES_MAX)):
            size = seat.instrument.typical(0.5 + 3.0 * seat.random.random())
            bought.append((account, seat.take(account, news_side, size, reach_ticks=seat.random.randint(0, 4))))
            yield TAKE_GAP_NS
            passed_ns += TAKE_GAP_NS
    for _, order in resting:
        if order is not None:
            seat.cancel(order)
    yield from _take_profits(seat, bought, news_side)


def _wait_in_the_book(seat: SchemeSeat, account: Account) -> Order | None:
    quantity = 2 * ordinary_quantity(seat.random, seat.instrument)
    return rest(seat, account, some_side(seat), quantity, behind_ticks=seat.random.randint(0, 3))


def _take_profits(seat: SchemeSeat, bought: list[tuple[Account, int]], news_side: int) -> Behaviour:
    for account, quantity in bought:
        if seat.random.random() < PROFIT_SHARE:
            yield jittered_ns(seat.random, PROFIT_SECONDS / len(bought), 0.8)
            seat.take(account, -news_side, quantity, reach_ticks=1)


NEWS_CROWD = HardNegative(
    name="news_crowd",
    description="News comes: fourteen traders cancel orders on the wrong side and take the other within seconds; some "
    "take a profit a minute later.",
    resembles=("collusion", "momentum_ignition", "price_spike", "pump_and_dump", "ramping", "spoofing", "volume_surge"),
    play=_play,
    duration_seconds_max=240.0,
    owner_count=PEOPLE_COUNT,
)
