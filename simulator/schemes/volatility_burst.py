"""A burst of volatility: for minutes nobody knows what the thing is worth. A condition, not a scheme."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.conditions import NOBODY, followed, news
from simulator.schemes.play import Play
from simulator.schemes.scheme import Ratio, Scheme

LASTS_SECONDS = 300.0
STEP_SECONDS = 2.0
FOLLOWERS_A_STEP = 4
REVERSION_SHARE = 0.05


def _play(play: Play) -> Behaviour:
    end_ns = play.seat.until_ns(LASTS_SECONDS)
    play.tell(f"Nobody is sure any more what {play.instrument.symbol} is worth.")
    size, moved = play.value("volatility") * play.usual_ticks(STEP_SECONDS), 0.0
    while play.seat.now_ns < end_ns:
        step = size * play.random.gauss(0.0, 1.0) - REVERSION_SHARE * moved
        moved += step
        news(play, step)
        yield from followed(play, FOLLOWERS_A_STEP)
        yield play.wait(STEP_SECONDS)
    news(play, -moved)


VOLATILITY_BURST = Scheme(
    name="volatility_burst",
    description="For five minutes the price swings up and down many times wider than it usually does.",
    ratios=(Ratio("volatility", 2.0, 15.0, "x the usual", sources.CATALOGUE + ": 4.5 sigma against 80 trades"),),
    axes=(),
    troupe=NOBODY,
    duration_seconds_max=330.0,
    play=_play,
    history_seconds=4 * 3_600.0,
)
