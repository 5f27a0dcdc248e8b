"""Across products: push the underlying, gain in the derivative, or the other way round."""

from simulator.market import Behaviour
from simulator.schemes.leverage import RATIOS, push_here_gain_there
from simulator.schemes.play import Play
from simulator.schemes.related import products_related
from simulator.schemes.scheme import Scheme


def _play(play: Play) -> Behaviour:
    there = play.random.choice(products_related(play.seat))
    yield from push_here_gain_there(play, there)


CROSS_PRODUCT = Scheme(
    name="cross_product",
    description="An owner moves an instrument by its own trades and, while the move lasts, trades out of a position in "
    "a product that follows it.",
    ratios=RATIOS,
    axes=("size", "timing", "split", "slow", "mixed"),
    troupe="single",
    duration_seconds_max=420.0,
    play=_play,
    history_seconds=1_800.0,
    wants="product",
)
