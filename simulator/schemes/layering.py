"""Layering: several orders at stepped prices on one side, a genuine fill opposite, and all of them are gone."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.camouflage import AXES
from simulator.schemes.play import Play
from simulator.schemes.pressure import SEEN, Pressure, press
from simulator.schemes.scheme import Ratio, Scheme

LAYERS_MIN = 2


def _play(play: Play) -> Behaviour:
    plan = Pressure(
        layer_count=play.count("layers", LAYERS_MIN),
        distance_ticks=play.random.randint(2, 3),
        step_ticks=play.random.randint(1, 2),
        size_multiple=play.value("size of each"),
        depth_share=play.value("share of their side"),
        depth_share_min=LAYERING.ratio("share of their side").low,
        life_seconds=play.value("life at most"),
        withdrawal_seconds=play.value("withdrawn after the fill"),
        rounds=play.count("rounds"),
    )
    yield from press(play, plan)


LAYERING = Scheme(
    name="layering",
    description="Several orders at stepped prices on one side feign interest; a genuine order on the other side "
    "fills; the layers are cancelled together.",
    ratios=(
        Ratio("layers", 3, 6, "prices", sources.CATALOGUE + ": 3 to 5; " + sources.SARAO + ": 4 to 6", is_count=True),
        Ratio("size of each", 1.5, 16.0, "x a typical order", sources.CATALOGUE),
        Ratio("share of their side", 0.1, 0.5, "of ten levels", SEEN),
        Ratio("life at most", 15.0, 4.0, "s", sources.CATALOGUE + ": within 90 to 120 s"),
        Ratio("withdrawn after the fill", 2.0, 0.1, "s", sources.SARAO + ": more than 99 % cancelled"),
        Ratio("rounds", 1, 3, "", sources.OURS, is_count=True),
    ),
    axes=AXES,
    troupe="single",
    duration_seconds_max=160.0,
    play=_play,
)
