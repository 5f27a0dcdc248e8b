"""Floor or ceiling: one owner takes up everything that comes at a level, so that the price can not cross it."""

from simulator.market import Behaviour
from simulator.matching import BUY, Order
from simulator.randomness import SECOND_NS
from simulator.schemes import sources
from simulator.schemes.play import GENUINE, Play
from simulator.schemes.scheme import Ratio, Scheme

LOOK_SECONDS = 0.2
"""Who holds a level renews its order at once: between two of them nobody is to get through."""
PRESSURE_SECONDS = 5.0
PRESSURE_SHARE = 0.15
"""What presses against the level: every few seconds the value moves by this much of its usual move, that way."""


def _play(play: Play) -> Behaviour:
    seat, side = play.seat, play.side()
    level, word = seat.best(side), "below"
    if side != BUY:
        word = "above"
    order: Order | None = None
    end_ns = seat.until_ns(play.value("held for") * 60)
    if level is None:
        return
    play.tell(f"{play.crews[0][0].account} will not let {play.instrument.symbol} go {word} {seat.price_text(level)}.")
    next_press_ns = seat.now_ns
    while seat.now_ns < end_ns:
        if seat.now_ns >= next_press_ns:
            if side * (seat.listing.value_ticks - level) > -play.usual_ticks(60.0):
                seat.listing.value_ticks -= side * PRESSURE_SHARE * play.usual_ticks(PRESSURE_SECONDS)
            next_press_ns += int(PRESSURE_SECONDS * SECOND_NS)
        if order is None or not order.is_resting:
            order = seat.submit(play.account(), side, level, play.quantity(play.value("size of each")), role=GENUINE)
        yield play.wait(LOOK_SECONDS)
    if order is not None:
        seat.cancel(order)


FLOOR_CEILING = Scheme(
    name="floor_ceiling",
    description="For many minutes one owner renews its order at one price and takes up all that presses against it: "
    "the price meets the level again and again and does not cross it.",
    ratios=(
        Ratio("size of each", 4.0, 20.0, "x a typical order", sources.CATALOGUE + ": a high share of the volume"),
        Ratio("held for", 11.0, 25.0, "min", sources.ANNEX),
    ),
    axes=("size", "timing", "split", "mixed"),
    troupe="single",
    duration_seconds_max=1_560.0,
    play=_play,
    history_seconds=5_400.0,
)
