"""A wide spread: market makers grow cautious and quote far apart. A condition, not a scheme."""

from statistics import median

from simulator.market import Behaviour
from simulator.matching import BUY, SELL
from simulator.randomness import SECOND_NS
from simulator.schemes import sources
from simulator.schemes.conditions import NOBODY
from simulator.schemes.play import Play
from simulator.schemes.scheme import Ratio, Scheme

USUAL_SECONDS = 60
CAUTION_STEP = 1.05
CAUTION_MAX_MULTIPLE = 6.0
"""Others quote between the makers, who go further apart until the market's spread is what it should be."""


def _play(play: Play) -> Behaviour:
    listing, usual = play.seat.listing, []
    for _ in range(USUAL_SECONDS):
        usual.append(_spread_ticks(play))
        yield SECOND_NS
    wanted = play.value("spread") * median(usual)
    play.tell(f"The market makers of {play.instrument.symbol} grow cautious and quote far apart.")
    listing.caution = play.value("spread")
    end_ns = play.seat.until_ns(play.value("lasts"))
    while play.seat.now_ns < end_ns:
        play.seat.scenario.happen(play.seat.now_ns)
        if _spread_ticks(play) < wanted:
            listing.caution = min(listing.caution * CAUTION_STEP, CAUTION_MAX_MULTIPLE * play.value("spread"))
        yield min(SECOND_NS, end_ns - play.seat.now_ns) + 1
    play.seat.scenario.happen(play.seat.now_ns)
    listing.caution = 1.0


def _spread_ticks(play: Play) -> int:
    """Return how far apart the best bid and offer are; 0 where one is missing."""
    bid, ask = play.seat.best(BUY), play.seat.best(SELL)
    return ask - bid if bid is not None and ask is not None else 0


WIDE_SPREAD = Scheme(
    name="wide_spread",
    description="Those who quote move away from each other for minutes: the best bid and offer stay far apart.",
    ratios=(
        Ratio("spread", 2.0, 10.0, "x the usual", sources.CATALOGUE + ": z above 3"),
        Ratio("lasts", 240.0, 1_200.0, "s", sources.CRASH),
    ),
    axes=(),
    troupe=NOBODY,
    duration_seconds_max=1_290.0,
    play=_play,
    history_seconds=3_600.0,
)
