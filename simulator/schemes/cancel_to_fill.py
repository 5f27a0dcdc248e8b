"""Excessive cancels: for half an hour orders come and go on one side, and next to none trades."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.play import DECEPTIVE, GENUINE, Play
from simulator.schemes.scheme import Ratio, Scheme

MINUTES = 30.0
BEHIND_TICKS = 2


def _play(play: Play) -> Behaviour:
    side, cancels, due = play.side(), 0, play.count("cancels a fill", 6)
    end_ns = play.seat.until_ns(MINUTES * 60)
    play.tell(f"{play.crews[0][0].account} begins to enter orders and to take them off again.")
    while play.seat.now_ns < end_ns:
        order = play.rest(play.account(), side, play.quantity(1.5), DECEPTIVE, BEHIND_TICKS)
        yield play.quick(play.value("life"))
        if order is not None:
            play.seat.cancel(order)
            cancels += 1
        if cancels >= due:
            play.take(play.account(), side, play.quantity(1.0), GENUINE)
            cancels = 0
        yield play.wait(60.0 / play.count("orders a minute", 1))


CANCEL_TO_FILL = Scheme(
    name="cancel_to_fill",
    description="For half an hour orders are entered on one side and cancelled within moments, far more for each fill "
    "than the market is used to.",
    ratios=(
        Ratio("cancels a fill", 10, 150, "", sources.CATALOGUE + ": 6 and more over 30 min", is_count=True),
        Ratio("orders a minute", 3, 20, "", sources.CATALOGUE + ": 20 messages and more in 30 min", is_count=True),
        Ratio("life", 1.5, 0.1, "s", sources.OURS),
    ),
    axes=("size", "timing", "split", "layers", "slow", "mixed"),
    troupe="single",
    duration_seconds_max=1_860.0,
    play=_play,
)
