"""Smoking: a better price draws slow traders, and is revised to a less generous one before they arrive."""

from simulator.market import Behaviour
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.randomness import client_quantity
from simulator.schemes import sources
from simulator.schemes.camouflage import AXES
from simulator.schemes.play import DECEPTIVE, GENUINE, Play
from simulator.schemes.scheme import Ratio, Scheme

LOOK_SECONDS = 0.2
SECONDS_MAX = 420
BAIT_MULTIPLE = 1.0
DRAWN_SHARE = 0.5
DRAWN_SECONDS = 0.6
"""So many baits make somebody slow send an order at the market, which arrives so late: later than most baits live."""
CATCH_MULTIPLE = 3.0


def _play(play: Play) -> Behaviour:
    side, baits, wanted = play.side(), 0, play.count("baits", 4)
    end_ns = play.seat.until_ns(SECONDS_MAX)
    while baits < wanted and play.seat.now_ns < end_ns:
        better_ticks = _better_ticks(play)
        if not better_ticks:
            yield play.wait(LOOK_SECONDS)
            continue
        bait = play.rest(play.account(), side, play.quantity(BAIT_MULTIPLE), DECEPTIVE, -better_ticks)
        if bait is not None and play.random.random() < DRAWN_SHARE:
            play.seat.beside(_drawn(play, -side))
        yield play.quick(play.value("life of a bait"))
        if bait is not None:
            play.seat.cancel(bait)
            baits += 1
        catch = play.rest(play.account(), side, play.quantity(CATCH_MULTIPLE), GENUINE, 1 - better_ticks)
        yield play.wait(play.value("pause"))
        if catch is not None:
            play.seat.cancel(catch)
    play.tell(f"{play.crews[0][0].account} has flashed better prices and been traded with at worse ones.")


def _better_ticks(play: Play) -> int:
    """Return by how much a bait improves the best price: enough for its revision to be the best, where there is room.

    It does not come to the other side's best price: 0 where there is no room at all.
    """
    bid, ask = play.seat.best(BUY), play.seat.best(SELL)
    return 0 if bid is None or ask is None else min(2, ask - bid - 1)


def _drawn(play: Play, side: int) -> Behaviour:
    """Let a slow trader who has seen the better price take whatever there is when its order arrives."""
    honest = play.seat.honest(play.random)
    yield play.wait(DRAWN_SECONDS)
    quantity = client_quantity(play.random, honest.instrument, is_small=True)
    honest.submit(play.somebody_else(), side, None, quantity, IMMEDIATE_OR_CANCEL)


SMOKING = Scheme(
    name="smoking",
    description="The best price of a side is improved and revised to a less generous one within fractions of a "
    "second; marketable orders sent at the sight of it trade at that, with the same owner.",
    ratios=(
        Ratio("baits", 10, 60, "", sources.OURS, is_count=True),
        Ratio("life of a bait", 0.8, 0.05, "s", sources.CATALOGUE + ": gone within 500 ms"),
        Ratio("pause", 5.0, 2.0, "s", sources.OURS),
    ),
    axes=AXES,
    troupe="single",
    duration_seconds_max=440.0,
    play=_play,
)
