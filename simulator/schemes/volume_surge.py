"""A surge of volume: a crowd comes at once, buyers and sellers. A condition, not a scheme."""

from simulator.market import Behaviour, Seat
from simulator.matching import IMMEDIATE_OR_CANCEL
from simulator.randomness import ordinary_quantity, wait_ns
from simulator.schemes import sources
from simulator.schemes.conditions import NOBODY
from simulator.schemes.play import Play
from simulator.schemes.scheme import Ratio, Scheme

LASTS_SECONDS = 330.0


def _play(play: Play) -> Behaviour:
    honest = play.seat.honest(play.random)
    end_ns = play.seat.until_ns(LASTS_SECONDS)
    more = play.more_orders_a_second(play.value("volume"))
    play.tell(f"A crowd comes to {play.instrument.symbol}, to buy and to sell.")
    while play.seat.now_ns < end_ns:
        play.seat.scenario.happen(play.seat.now_ns)
        _trade(play, honest)
        yield wait_ns(play.random, 1.0 / more)


def _trade(play: Play, honest: Seat) -> None:
    side = play.side()
    opposite = honest.best(-side)
    if opposite is not None:
        quantity = min(ordinary_quantity(play.random, play.instrument), max(1, honest.depth(-side, 1)))
        honest.submit(play.anyone(), side, opposite, quantity, IMMEDIATE_OR_CANCEL)


VOLUME_SURGE = Scheme(
    name="volume_surge",
    description="For five minutes many times the usual volume is traded, by many and on both sides.",
    ratios=(
        Ratio("volume", 2.0, 12.0, "x the usual", sources.CATALOGUE + ": z above 3, 4, 5; 3 x in a published pump"),
    ),
    axes=(),
    troupe=NOBODY,
    duration_seconds_max=360.0,
    play=_play,
    history_seconds=3 * 3_600.0,
)
