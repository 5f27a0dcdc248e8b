"""Dominating volume: for minutes one owner is party to most of what is traded."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.play import PUSH, Play
from simulator.schemes.scheme import Ratio, Scheme

LASTS_SECONDS = 360
PAUSE_SECONDS = 2.0
MULTIPLE_MAX = 15.0
TURN_SHARE = 0.1


def _play(play: Play) -> Behaviour:
    seat, side = play.seat, play.side()
    end_ns = seat.until_ns(LASTS_SECONDS)
    share, before, own = play.value("share of the volume"), play.traded(), 0
    play.tell(f"{play.crews[0][0].account} takes over most of the trading in {play.instrument.symbol}.")
    while seat.now_ns < end_ns:
        side = -side if play.random.random() < TURN_SHARE else side
        wanted = share / (1.0 - share) * (play.traded() - before - own) - own
        quantity = min(play.quantity(MULTIPLE_MAX), play.instrument.whole_lots(max(1.0, wanted)))
        own += play.take(play.account(), side, quantity, PUSH, 1)
        yield play.wait(PAUSE_SECONDS)


DOMINATING_VOLUME = Scheme(
    name="dominating_volume",
    description="For minutes one owner trades more than all others together, in many trades with many of them.",
    ratios=(Ratio("share of the volume", 0.4, 0.8, "", sources.CATALOGUE + ": more than 50 % in a window"),),
    axes=("size", "timing", "split", "mixed"),
    troupe="single",
    duration_seconds_max=390.0,
    play=_play,
    history_seconds=5_400.0,
)
