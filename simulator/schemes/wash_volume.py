"""Washed volume: a crowd of accounts trades with itself until the market looks busy, at a price that stands still."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.play import Play
from simulator.schemes.prearranged import meet
from simulator.schemes.scheme import Ratio, Scheme

MINUTES = 16.0
ATTEMPTS_MAX = 6


def _play(play: Play) -> Behaviour:
    end_ns = play.seat.until_ns(MINUTES * 60)
    middle = play.seat.listing.mid_ticks()
    made = play.more_orders_a_second(play.value("volume"))
    multiple = made * play.value("pause between trades")
    play.tell(f"{len(play.crews)} owners begin to make volume in {play.instrument.symbol}.")
    while play.seat.now_ns < end_ns:
        first, second = play.random.sample(range(len(play.crews)), 2)
        accounts = play.account(first), play.account(second)
        wanted = round(middle + play.random.choice((-1, 0, 1)))
        yield from meet(play, *accounts, play.side(), play.quantity(multiple), 0.1, wanted, ATTEMPTS_MAX)
        yield play.wait(play.value("pause between trades"))


WASH_VOLUME = Scheme(
    name="wash_volume",
    description="Accounts of several owners trade among themselves for a quarter of an hour, bought and sold alike, at "
    "an unchanged price, until the market seems far busier than it is.",
    ratios=(
        Ratio("volume", 1.5, 10.0, "x the usual", sources.CONG + ": 70 % of the volume is 3.3 x the real one"),
        Ratio("pause between trades", 4.0, 1.0, "s", sources.OURS),
    ),
    axes=("size", "timing", "split", "mixed"),
    troupe="strangers",
    strangers=6,
    duration_seconds_max=1_020.0,
    play=_play,
    trades_with_itself=True,
    history_seconds=4 * 3_600.0,
)
