"""A wide spread: market makers grow cautious and quote far apart. A condition, not a scheme."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.conditions import NOBODY, lasting
from simulator.schemes.play import Play
from simulator.schemes.scheme import Ratio, Scheme


def _play(play: Play) -> Behaviour:
    listing = play.seat.listing
    play.tell(f"The market makers of {play.instrument.symbol} grow cautious and quote far apart.")
    listing.caution = play.value("spread")
    yield from lasting(play, play.value("lasts"))
    listing.caution = 1.0


WIDE_SPREAD = Scheme(
    name="wide_spread",
    description="Those who quote move away from each other for minutes: the best bid and offer stay far apart.",
    ratios=(
        Ratio("spread", 2.0, 10.0, "x the usual", sources.CATALOGUE + ": z above 3"),
        Ratio("lasts", 90.0, 240.0, "s", sources.OURS),
    ),
    axes=(),
    troupe=NOBODY,
    duration_seconds_max=270.0,
    play=_play,
    history_seconds=3_600.0,
)
