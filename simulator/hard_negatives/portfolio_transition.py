"""A portfolio transition: a pension fund changes its manager, and one account sells what the old one held."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side, work
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import INSTITUTION
from simulator.randomness import jittered_ns

DURATION_SECONDS = 540.0
CLIP_MULTIPLE = 6.0
SLICE_MULTIPLE = 1.5
SLICE_SECONDS = 1.5
PAUSE_SECONDS = 4.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    side = some_side(seat)
    end_ns = seat.until_ns(DURATION_SECONDS)
    while seat.now_ns < end_ns:
        size = seat.instrument.typical(CLIP_MULTIPLE)
        yield from work(seat, seat.random.choice(people), side, size, SLICE_SECONDS, SLICE_MULTIPLE)
        yield jittered_ns(seat.random, PAUSE_SECONDS, 0.6)


PORTFOLIO_TRANSITION = HardNegative(
    name="portfolio_transition",
    description="A transition manager sells (buys) one share for nine minutes with a fifth and more of its volume.",
    resembles=("account_volume_spike", "dominating_volume", "profile_deviation", "ramping"),
    play=_play,
    duration_seconds_max=DURATION_SECONDS + 60.0,
    account_type=INSTITUTION,
    wants_thin_market=True,
)
