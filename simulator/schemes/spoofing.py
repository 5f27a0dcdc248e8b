"""Spoofing: one large order that is not meant to trade, a genuine fill opposite, and the large order is gone."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.camouflage import AXES
from simulator.schemes.play import Play
from simulator.schemes.pressure import SEEN, Pressure, press
from simulator.schemes.scheme import Ratio, Scheme


def _play(play: Play) -> Behaviour:
    plan = Pressure(
        layer_count=1,
        distance_ticks=play.random.randint(1, 3),
        step_ticks=1,
        size_multiple=play.value("size"),
        depth_share=play.value("share of its side"),
        depth_share_min=SPOOFING.ratio("share of its side").low,
        life_seconds=play.value("life at most"),
        withdrawal_seconds=play.value("withdrawn after the fill"),
        rounds=play.count("rounds"),
    )
    yield from press(play, plan)


SPOOFING = Scheme(
    name="spoofing",
    description="A large order that is not meant to trade moves the book; a genuine order on the other side fills; "
    "the large order is cancelled.",
    ratios=(
        Ratio("size", 3.0, 40.0, "x a typical order", sources.CATALOGUE + ": 10 x the median is large"),
        Ratio("share of its side", 0.1, 0.5, "of ten levels", SEEN),
        Ratio("life at most", 9.0, 2.5, "s", sources.CATALOGUE + ": 5 to 10 s; Coscia's stood for hundreds of ms"),
        Ratio("withdrawn after the fill", 1.5, 0.06, "s", sources.COSCIA + ": at once"),
        Ratio("rounds", 1, 4, "", sources.COSCIA + ": again and again", is_count=True),
    ),
    axes=AXES,
    troupe="single",
    duration_seconds_max=120.0,
    play=_play,
)
