"""Momentum ignition: start a move with a burst, sell into those who follow it."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.followers import follow
from simulator.schemes.play import POSITION, PUSH, Play
from simulator.schemes.scheme import Ratio, Scheme

POSITION_ORDERS = 15
POSITION_MULTIPLE = 4.0
BURST_SECONDS_MAX = 90


def _play(play: Play) -> Behaviour:
    side, seat = play.side(), play.seat
    holdings = play.holdings()
    for _ in range(POSITION_ORDERS):
        account = play.account()
        holdings[account] += play.take(account, side, play.quantity(POSITION_MULTIPLE), POSITION)
        yield play.wait(3.0)
    start = seat.listing.mid_ticks()
    target = play.value("move") * play.usual_range_ticks(60.0)
    end_ns = seat.until_ns(BURST_SECONDS_MAX)
    play.tell(f"{play.crews[0][0].account} holds a position and starts a move with a burst of orders.")
    while side * (seat.listing.mid_ticks() - start) < target and seat.now_ns < end_ns:
        account = play.account()
        quantity = play.quantity(play.value("size of a push"))
        holdings[account] += play.take(account, side, quantity, PUSH, play.reach_ticks())
        yield play.wait(play.value("pause between pushes"))
    play.tell(f"The price has moved to {seat.price_text(seat.listing.mid_ticks())}; it trades out against followers.")
    seat.beside(follow(play, side, sum(holdings.values())))
    yield play.quick(play.value("turned after"))
    yield from play.unwind(holdings, -side, 8.0, 0.4)


MOMENTUM_IGNITION = Scheme(
    name="momentum_ignition",
    description="A burst of aggressive orders on one side starts or worsens a move; a position taken before is closed "
    "into those who follow, within minutes.",
    ratios=(
        Ratio("move", 1.5, 6.0, "x the usual range of a minute", sources.IGNITION),
        Ratio("size of a push", 3.0, 12.0, "x a typical order", sources.OURS),
        Ratio("pause between pushes", 2.5, 0.15, "s", sources.ANNEX),
        Ratio("turned after", 30.0, 2.0, "s", sources.CATALOGUE + ": fills opposite within minutes"),
    ),
    axes=("size", "timing", "split", "slow", "mixed"),
    troupe="single",
    duration_seconds_max=420.0,
    play=_play,
    history_seconds=900.0,
    wants="thin",
)
