"""A price spike: news nobody expected moves the value within seconds. A condition, not a scheme."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.conditions import NOBODY, followed, lasting, news
from simulator.schemes.play import Play
from simulator.schemes.scheme import Ratio, Scheme

STEPS = 6
FOLLOWERS_A_STEP = 10
STEP_SECONDS = 4.0
LASTS_SECONDS = 60.0


def _play(play: Play) -> Behaviour:
    ticks = play.side() * play.value("move") * play.usual_ticks(60.0)
    play.tell(f"News about {play.instrument.symbol} that nobody expected: it is worth {ticks:+.0f} ticks more.")
    for _ in range(STEPS):
        news(play, ticks / STEPS)
        yield from followed(play, FOLLOWERS_A_STEP)
        yield play.wait(STEP_SECONDS / 2)
    yield from followed(play, 10 * FOLLOWERS_A_STEP)
    yield from lasting(play, LASTS_SECONDS)


PRICE_SPIKE = Scheme(
    name="price_spike",
    description="The price moves within half a minute by many times what is usual in a minute, as on news.",
    ratios=(
        Ratio(
            "move", 4.0, 60.0, "x the usual move of a minute",
            sources.CATALOGUE + ": z above 3, 4, 5; " + sources.LULD,
        ),
    ),
    axes=(),
    troupe=NOBODY,
    duration_seconds_max=120.0,
    play=_play,
    history_seconds=3_600.0,
)  # fmt: skip
