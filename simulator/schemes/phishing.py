"""Phishing: tiny trades uncover hidden interest, and a large order uses it."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.camouflage import AXES
from simulator.schemes.play import PROBE, Play
from simulator.schemes.probing import LARGE_ORDER, take_what_was_found
from simulator.schemes.scheme import Ratio, Scheme


def _play(play: Play) -> Behaviour:
    for _ in range(play.count("cycles")):
        side = play.side()
        for _ in range(play.count("probes", 3)):
            play.take(play.account(), side, play.crumb(play.value("size of a probe")), PROBE)
            yield play.wait(play.value("pause between probes"))
        filled = yield from take_what_was_found(play, side)
        play.tell(f"{play.crews[0][0].account} has felt for hidden orders with tiny trades and takes {filled}.")
        yield play.wait(30.0)


PHISHING = Scheme(
    name="phishing",
    description="Series of tiny trades uncover the orders of others; a large order then takes advantage of them.",
    ratios=(
        Ratio("probes", 5, 16, "a cycle", sources.ANNEX, is_count=True),
        Ratio("size of a probe", 0.3, 0.03, "x a typical order", sources.ANNEX),
        Ratio("pause between probes", 4.0, 0.8, "s", sources.OURS),
        Ratio("pause before the large order", 5.0, 0.2, "s", sources.OURS),
        LARGE_ORDER,
        Ratio("cycles", 2, 5, "", sources.OURS, is_count=True),
    ),
    axes=AXES,
    troupe="single",
    duration_seconds_max=320.0,
    play=_play,
)
