"""Two brokers' clients who trade with each other often by chance: in a thin share few others quote and few take."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import Ladder, some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import BUY, SELL
from simulator.randomness import jittered_ns

DURATION_SECONDS = 480.0
PAUSE_SECONDS = 4.0
QUOTE_MULTIPLE = 2.0
TAKE_MULTIPLES = (0.5, 2.0)


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    quoting, taking = people
    ladder = Ladder(seat, quoting)
    end_ns = seat.until_ns(DURATION_SECONDS)
    while seat.now_ns < end_ns:
        for side in (BUY, SELL):
            best, opposite = seat.best(side), seat.best(-side)
            if best is not None:
                improves = opposite is not None and abs(opposite - best) > 1
                ladder.show(side, 0, best + side * improves, seat.instrument.typical(QUOTE_MULTIPLE))
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.7)
        seat.take(taking, some_side(seat), seat.instrument.typical(seat.random.uniform(*TAKE_MULTIPLES)))
        yield jittered_ns(seat.random, PAUSE_SECONDS / 4, 0.7)
    for side in (BUY, SELL):
        ladder.clear(side)


CHANCE_COUNTERPARTIES = HardNegative(
    name="chance_counterparties",
    description="In a thin share one client quotes the best prices and another trades both ways; they meet often, like "
    "everybody who trades then.",
    resembles=("matched_orders", "painting_the_tape", "ping_pong", "wash_netting", "wash_ring"),
    play=_play,
    duration_seconds_max=DURATION_SECONDS + 30.0,
    owner_count=2,
    wants_thin_market=True,
)
