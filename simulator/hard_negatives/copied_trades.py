"""Copied trades: small investors subscribe to a signal, and their orders follow its sender's within seconds."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import RETAIL
from simulator.randomness import jittered_ns

SIGNAL_COUNT = 8
FOLLOWER_COUNT = 6
FOLLOW_SECONDS = 0.5
HOLD_SECONDS = 20.0
SIZE_MULTIPLES = (0.3, 1.5)


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    for _ in range(SIGNAL_COUNT):
        side = some_side(seat)
        held = []
        for account in people:
            size = seat.instrument.typical(seat.random.uniform(*SIZE_MULTIPLES))
            held.append((account, seat.take(account, side, size, reach_ticks=1)))
            yield jittered_ns(seat.random, FOLLOW_SECONDS, 0.8)
        yield jittered_ns(seat.random, HOLD_SECONDS, 0.4)
        for account, quantity in held:
            seat.take(account, -side, quantity, reach_ticks=1)
            yield jittered_ns(seat.random, FOLLOW_SECONDS, 0.8)
        yield jittered_ns(seat.random, HOLD_SECONDS, 0.4)


COPIED_TRADES = HardNegative(
    name="copied_trades",
    description="Six small investors copy a signal's entries and exits within seconds, eight times.",
    resembles=("collusion", "front_running", "pump_and_dump", "wash_netting"),
    play=_play,
    duration_seconds_max=480.0,
    account_type=RETAIL,
    owner_count=1 + FOLLOWER_COUNT,
)
