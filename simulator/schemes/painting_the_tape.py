"""Painting the tape: a circle prints small trades at ever better prices for others to see."""

from simulator.market import Behaviour
from simulator.matching import BUY, SELL
from simulator.schemes import sources
from simulator.schemes.play import PUSH, Play
from simulator.schemes.prearranged import meet
from simulator.schemes.scheme import Ratio, Scheme

ATTEMPTS_MAX = 8
CLEARED_MULTIPLE = 3.0
CLEARED_EACH = 3
"""Only where the market does not follow is an offer of others taken, every so many prints."""


def _play(play: Play) -> Behaviour:
    seat = play.seat
    printed = round(seat.listing.mid_ticks())
    for number in range(play.count("prints", 4)):
        wanted = printed + 1 + number % 2
        painter, friend = play.account(0), play.account(1 + play.random.randrange(len(play.crews) - 1))
        ask = seat.best(SELL)
        if ask is not None and ask <= wanted and number % CLEARED_EACH == 0:
            room = min(seat.depth(SELL, 1), play.quantity(CLEARED_MULTIPLE))
            play.take(painter, BUY, room, PUSH)
            yield play.wait(0.5)
        size = play.quantity(play.value("size of a print"))
        if (yield from meet(play, friend, painter, SELL, size, 0.15, wanted, ATTEMPTS_MAX)):
            last = seat.listing.engine.last_price
            printed = max(printed, wanted if last is None else last)
            play.tell(f"{painter.account} buys {size} from {friend.account} at {seat.price_text(printed)}.")
        yield play.wait(play.value("pause between prints"), 0.5)


PAINTING_THE_TAPE = Scheme(
    name="painting_the_tape",
    description="A group buys small quantities from friends at ever higher prices, which the tape shows to everybody, "
    "at little risk to itself.",
    ratios=(
        Ratio("prints", 8, 30, "", sources.OURS, is_count=True),
        Ratio("size of a print", 1.0, 0.4, "x a typical order", sources.CATALOGUE + ": small matched trades"),
        Ratio("pause between prints", 30.0, 8.0, "s", sources.OURS),
    ),
    axes=("size", "timing", "split", "layers", "mixed"),
    troupe="strangers",
    strangers=3,
    duration_seconds_max=600.0,
    play=_play,
    trades_with_itself=True,
)
