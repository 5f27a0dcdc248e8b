"""Position concentration: an owner who holds much of a share's float buys more of it."""

from simulator.market import Behaviour
from simulator.matching import BUY
from simulator.reference import Preparation
from simulator.schemes import sources
from simulator.schemes.play import POSITION, Play
from simulator.schemes.scheme import Ratio, Scheme

ORDERS = 30
ORDER_MULTIPLE = 3.0
PAUSE_SECONDS = 8.0


def _prepare(preparation: Preparation) -> None:
    instrument = preparation.instrument
    bought = ORDERS * ORDER_MULTIPLE * instrument.typical_quantity
    held = preparation.ratios["held at the end"] * instrument.float_quantity - 0.8 * bought
    share = max(1, round(held / len(preparation.accounts)))
    for account in preparation.accounts:
        preparation.add("positions", account.account, instrument.symbol, share)


def _play(play: Play) -> Behaviour:
    held = play.value("held at the end")
    play.tell(f"{play.crews[0][0].account} holds nearly {held:.0%} of the float and buys more.")
    for _ in range(ORDERS):
        play.take(play.account(), BUY, play.quantity(ORDER_MULTIPLE), POSITION, 1)
        yield play.wait(PAUSE_SECONDS)


POSITION_CONCENTRATION = Scheme(
    name="position_concentration",
    description="An owner's holding of a share comes to so much of its float that it can set the price and squeeze "
    "those who are short.",
    ratios=(Ratio("held at the end", 0.15, 0.35, "of the float", sources.CATALOGUE + ": 20 %, high at 30 %"),),
    axes=("size", "timing", "split", "mixed"),
    troupe="single",
    duration_seconds_max=420.0,
    play=_play,
    tables=("positions",),
    prepare=_prepare,
    wants="float",
)
