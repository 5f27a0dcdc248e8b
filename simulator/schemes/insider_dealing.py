"""Insider dealing: a position is taken before an announcement that only insiders know of."""

from simulator.market import Behaviour
from simulator.matching import BUY, SELL
from simulator.randomness import SECOND_NS
from simulator.reference import Preparation
from simulator.schemes import sources
from simulator.schemes.conditions import followed
from simulator.schemes.play import POSITION, Play
from simulator.schemes.scheme import Ratio, Scheme

ORDER_MULTIPLE = 3.0
EXIT_AFTER_SECONDS = 960.0
FOLLOWERS = 120
NEWS = "Offer for all shares of the company"


def _prepare(preparation: Preparation) -> None:
    time_ns = preparation.start_time_ns + int(preparation.ratios["ahead"] * SECOND_NS)
    preparation.add("announcements", preparation.instrument.symbol, time_ns, NEWS)


def _play(play: Play) -> Behaviour:
    seat = play.seat
    announced_ns = seat.until_ns(play.value("ahead"))
    orders = max(1, round(play.value("position") / ORDER_MULTIPLE))
    holdings = play.holdings()
    play.tell(f"{play.crews[0][0].account} knows what will be announced and buys.")
    for _ in range(orders):
        account = play.account()
        holdings[account] += play.take(account, BUY, play.quantity(ORDER_MULTIPLE), POSITION, 1)
        yield play.wait(0.8 * play.value("ahead") / orders)
        if seat.now_ns >= announced_ns:
            break
    yield max(1, announced_ns - seat.now_ns)
    seat.listing.value_ticks *= 1.0 + play.value("move on the news") / 100.0
    play.tell(f"Announced: {NEWS.lower()}. {play.instrument.symbol} rises.")
    seat.beside(followed(play, FOLLOWERS))
    yield play.wait(EXIT_AFTER_SECONDS)
    yield from play.unwind(holdings, SELL, ORDER_MULTIPLE, 2.0)


INSIDER_DEALING = Scheme(
    name="insider_dealing",
    description="An owner takes a position out of line with what it used to trade, shortly before an announcement that "
    "moves the price its way.",
    ratios=(
        Ratio("position", 10.0, 120.0, "x a typical order", sources.CATALOGUE + ": out of line with own history"),
        Ratio("move on the news", 2.0, 12.0, "%", sources.CATALOGUE + ": an announcement that moves the price"),
        Ratio("ahead", 1_500.0, 300.0, "s", sources.CATALOGUE + ": ahead of an announcement"),
    ),
    axes=("size", "timing", "split", "mixed"),
    troupe="dormant",
    duration_seconds_max=3_000.0,
    play=_play,
    tables=("announcements",),
    prepare=_prepare,
    history_seconds=1_800.0,
)
