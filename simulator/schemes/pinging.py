"""Pinging: tiny orders ask what hides in the book, and a large one takes what they found."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.camouflage import AXES
from simulator.schemes.play import PROBE, Play
from simulator.schemes.probing import LARGE_ORDER, take_what_was_found
from simulator.schemes.scheme import Ratio, Scheme


def _play(play: Play) -> Behaviour:
    for _ in range(play.count("cycles")):
        side = play.side()
        for _ in range(play.count("pings", 4)):
            crumb = play.crumb(play.value("size of a ping"))
            ping = play.rest(play.account(), side, crumb, PROBE, -1 if play.has_room() else 0)
            yield play.quick(play.value("life of a ping"))
            if ping is not None:
                play.seat.cancel(ping)
            yield play.wait(play.value("pause between pings"))
        filled = yield from take_what_was_found(play, side)
        play.tell(f"{play.crews[0][0].account} has asked with tiny orders and takes {filled}.")
        yield play.wait(20.0)


PINGING = Scheme(
    name="pinging",
    description="Many tiny orders that are gone at once find out who reacts and what hides; a large order follows.",
    ratios=(
        Ratio("pings", 6, 30, "a cycle", sources.CATALOGUE + ": many small cancels, then size", is_count=True),
        Ratio("size of a ping", 0.3, 0.03, "x a typical order", sources.ANNEX),
        Ratio("life of a ping", 0.25, 0.02, "s", sources.CATALOGUE + ": gone within 100 ms"),
        Ratio("pause between pings", 1.5, 0.3, "s", sources.OURS),
        Ratio("pause before the large order", 6.0, 0.3, "s", sources.OURS),
        LARGE_ORDER,
        Ratio("cycles", 1, 4, "", sources.OURS, is_count=True),
    ),
    axes=AXES,
    troupe="single",
    duration_seconds_max=240.0,
    play=_play,
)
