"""Ramping: step by step one's own trades lift the price, and others pay it."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.followers import follow
from simulator.schemes.play import PUSH, Play
from simulator.schemes.scheme import Ratio, Scheme

TRIES_A_STEP = 8
PUSH_MULTIPLE = 6.0


def _play(play: Play) -> Behaviour:
    side, seat = play.side(), play.seat
    holdings = play.holdings()
    steps = play.count("steps", 5)
    target = play.value("move") * play.usual_ticks(60.0 * 5)
    level = seat.listing.mid_ticks()
    play.tell(f"{play.crews[0][0].account} begins to move {play.instrument.symbol} step by step.")
    for step in range(steps):
        level += side * target / steps
        for _ in range(TRIES_A_STEP):
            if side * (seat.listing.mid_ticks() - level) >= 0:
                break
            account = play.account()
            quantity = min(play.quantity(PUSH_MULTIPLE), max(play.instrument.lot_size, seat.depth(-side, 1)))
            holdings[account] += play.take(account, side, quantity, PUSH, 1)
            yield play.wait(1.0)
        if step < steps - 1:
            yield play.wait(play.value("pause between steps"))
    play.tell(f"It has brought the price to {seat.price_text(seat.listing.mid_ticks())}.")
    seat.beside(follow(play, side, sum(holdings.values())))
    yield play.quick(play.value("turned after"))
    yield from play.unwind(holdings, -side, 4.0, 1.5)


RAMPING = Scheme(
    name="ramping",
    description="Over minutes one owner's own aggressive trades set step after step of a move that the news does not "
    "explain; the position is then closed at the better price.",
    ratios=(
        Ratio("move", 1.5, 6.0, "x the usual move of five minutes", sources.CATALOGUE + ": own trades lead the price"),
        Ratio("steps", 10, 30, "", sources.CATALOGUE + ": stepwise", is_count=True),
        Ratio("pause between steps", 20.0, 6.0, "s", sources.OURS),
        Ratio("turned after", 90.0, 5.0, "s", sources.CATALOGUE + ": opposite trade after"),
    ),
    axes=("size", "timing", "split", "layers", "slow", "mixed"),
    troupe="single",
    duration_seconds_max=1_200.0,
    play=_play,
    history_seconds=900.0,
    wants="thin",
)
