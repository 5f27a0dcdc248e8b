"""Quote stuffing: a flood of orders that are gone at once makes everybody else slow."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.play import DECEPTIVE, Play
from simulator.schemes.scheme import Ratio, Scheme

BEHIND_TICKS = 4


def _play(play: Play) -> Behaviour:
    side = play.side()
    end_ns = play.seat.until_ns(play.value("flood lasts"))
    pause_seconds = 60.0 / play.count("orders a minute", 45)
    play.tell(f"{play.crews[0][0].account} floods {play.instrument.symbol} with orders that are gone at once.")
    while play.seat.now_ns < end_ns:
        behind = BEHIND_TICKS + int(3 * play.random.random())
        order = play.rest(play.account(), side, play.quantity(1.0), DECEPTIVE, behind)
        yield play.wait(min(play.value("life"), pause_seconds / 2))
        if order is not None:
            play.seat.cancel(order)
        yield play.wait(pause_seconds / 2)


QUOTE_STUFFING = Scheme(
    name="quote_stuffing",
    description="An account floods the venue with orders that are withdrawn within fractions of a second, to burden "
    "others and to hide what happens.",
    ratios=(
        Ratio("orders a minute", 60, 3000, "", sources.CATALOGUE + ": 45 a minute and more", is_count=True),
        Ratio("life", 0.3, 0.01, "s", sources.ANNEX),
        Ratio("flood lasts", 60.0, 60.0, "s", sources.OURS),
    ),
    axes=("size", "timing", "split", "layers", "mixed"),
    troupe="single",
    duration_seconds_max=90.0,
    play=_play,
)
