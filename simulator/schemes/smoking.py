"""Smoking: a better price draws slow traders, is gone before they arrive, and they trade at the worse one behind it."""

from simulator.market import Behaviour
from simulator.matching import IMMEDIATE_OR_CANCEL, Order
from simulator.randomness import client_quantity
from simulator.schemes import sources
from simulator.schemes.camouflage import AXES
from simulator.schemes.play import DECEPTIVE, GENUINE, Play
from simulator.schemes.scheme import Ratio, Scheme

LOOK_SECONDS = 0.2
SECONDS_MAX = 420
BAIT_MULTIPLE = 1.0
DRAWN_SHARE = 0.5
DRAWN_SECONDS = 0.3
"""So many baits make somebody slow send an order at the market, which arrives so late."""
CATCH_MULTIPLE = 3.0


def _play(play: Play) -> Behaviour:
    side, baits, wanted = play.side(), 0, play.count("baits", 4)
    end_ns = play.seat.until_ns(SECONDS_MAX)
    catch: Order | None = None
    while baits < wanted and play.seat.now_ns < end_ns:
        catch = _catch(play, side, catch)
        if not play.has_room():
            yield play.wait(LOOK_SECONDS)
            continue
        bait = play.rest(play.account(), side, play.quantity(BAIT_MULTIPLE), DECEPTIVE, -1)
        if bait is not None and play.random.random() < DRAWN_SHARE:
            play.seat.beside(_drawn(play, -side))
        yield play.quick(play.value("life of a bait"))
        if bait is not None:
            play.seat.cancel(bait)
            baits += 1
        yield play.wait(play.value("pause"))
    if catch is not None:
        play.seat.cancel(catch)
    play.tell(f"{play.crews[0][0].account} has flashed better prices and been traded with behind them.")


def _drawn(play: Play, side: int) -> Behaviour:
    """Let a slow trader who has seen the better price take whatever there is when its order arrives."""
    honest = play.seat.honest(play.random)
    yield play.wait(DRAWN_SECONDS)
    quantity = client_quantity(play.random, honest.instrument, is_small=True)
    honest.submit(play.somebody_else(), side, None, quantity, IMMEDIATE_OR_CANCEL)


def _catch(play: Play, side: int, catch: Order | None) -> Order | None:
    """Keep a genuine order first behind the bait, at the best price."""
    best = play.seat.best(side)
    if catch is not None and catch.is_resting and catch.price == best:
        return catch
    if catch is not None:
        play.seat.cancel(catch)
    return play.rest(play.account(), side, play.quantity(CATCH_MULTIPLE), GENUINE)


SMOKING = Scheme(
    name="smoking",
    description="The best price of a side is improved and worsened again within fractions of a second; marketable "
    "orders sent at the sight of it trade at the worse price, where the same owner stands.",
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
