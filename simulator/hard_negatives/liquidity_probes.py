"""A liquidity-seeking algorithm: it asks inside the spread with one lot before it trades its parent, as routers do."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.randomness import jittered_ns

PARENT_COUNT = 7
PROBES = (3, 8)
PROBE_SECONDS = 0.06
PROBE_GAP_SECONDS = 0.25
PARENT_MULTIPLES = (5.0, 12.0)
PAUSE_SECONDS = 40.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    account = people[0]
    for _ in range(PARENT_COUNT):
        side = some_side(seat)
        for _ in range(seat.random.randint(*PROBES)):
            best, opposite = seat.best(side), seat.best(-side)
            if best is None or opposite is None:
                break
            price = best + side if abs(opposite - best) > 1 else best
            probe = seat.submit(account, side, price, seat.instrument.lot_size)
            yield jittered_ns(seat.random, PROBE_SECONDS, 0.4)
            seat.cancel(probe)
            yield jittered_ns(seat.random, PROBE_GAP_SECONDS, 0.6)
        seat.take(account, side, seat.instrument.typical(seat.random.uniform(*PARENT_MULTIPLES)), reach_ticks=2)
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.5)


LIQUIDITY_PROBES = HardNegative(
    name="liquidity_probes",
    description="An algorithm asks with one lot inside the spread for a moment, several times, then trades.",
    resembles=("phishing", "pinging", "smoking"),
    play=_play,
    duration_seconds_max=400.0,
)
