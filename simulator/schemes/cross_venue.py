"""Across venues: push the price on one venue, gain on another where the same thing is traded."""

from simulator.market import Behaviour
from simulator.schemes.leverage import RATIOS, push_here_gain_there
from simulator.schemes.play import Play
from simulator.schemes.related import listings_elsewhere
from simulator.schemes.scheme import Scheme


def _play(play: Play) -> Behaviour:
    there = play.random.choice(listings_elsewhere(play.seat))
    yield from push_here_gain_there(play, there)


CROSS_VENUE = Scheme(
    name="cross_venue",
    description="An owner pushes an instrument's price on one venue and trades out of a position on another at the "
    "price that follows.",
    ratios=RATIOS,
    axes=("size", "timing", "split", "slow", "mixed"),
    troupe="single",
    duration_seconds_max=420.0,
    play=_play,
    history_seconds=1_800.0,
    wants="venue",
)
