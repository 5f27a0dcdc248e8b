"""Netting wash: a position goes to a friend in clips and comes back in others; an hour later nothing has changed."""

from simulator.market import Behaviour
from simulator.matching import BUY, SELL
from simulator.schemes import sources
from simulator.schemes.play import EXIT, Play
from simulator.schemes.prearranged import meet
from simulator.schemes.scheme import Ratio, Scheme, Step

CLIPS_MIN = 2
CLIPS_MAX = 4


def _play(play: Play) -> Behaviour:
    for number in range(play.count("round trips", 2)):
        total = play.quantity(play.value("volume one way"))
        for side in (SELL, BUY):
            yield from _pass(play, side, total)
            yield play.wait(play.value("pause between legs"), 0.5)
        for crew in (0, 1):
            _settle(play, crew)
        play.tell(f"{play.crews[0][0].account} is back where it was, for the {number + 1}. time.")


def _settle(play: Play, crew: int) -> None:
    """Trade away what third parties left an owner with."""
    names = {account.account for account in play.crews[crew]}
    net = sum(order.side * order.filled for order in play.seat.scenario.orders if order.account in names)
    if net:
        play.take(play.account(crew), SELL if net > 0 else BUY, abs(net), EXIT, 2)


def _pass(play: Play, side: int, total: int) -> Step:
    """Trade the whole quantity with the friend in a few clips of different sizes."""
    left, clips = total, play.random.randint(CLIPS_MIN, CLIPS_MAX)
    while left > 0:
        share = total / clips * (0.6 + 0.8 * play.random.random())
        quantity = min(left, play.instrument.whole_lots(share))
        if (
            yield from meet(play, play.account(0), play.account(1), side, quantity, play.value("gap between the legs"))
        ):
            left -= quantity
        else:
            return False
        yield play.wait(play.value("pause between clips"), 0.5)
    return True


WASH_NETTING = Scheme(
    name="wash_netting",
    description="Within an hour a position is sold to a friend in clips and bought back in others, several times: "
    "volume is made, the net change is next to nothing.",
    ratios=(
        Ratio("round trips", 2, 5, "", sources.CATALOGUE + ": 2 and more an hour", is_count=True),
        Ratio("volume one way", 6.0, 60.0, "x a typical order", sources.CONG + ": up to 70 % of a market's volume"),
        Ratio("gap between the legs", 1.5, 0.05, "s", sources.CATALOGUE),
        Ratio("pause between clips", 25.0, 6.0, "s", sources.OURS),
        Ratio("pause between legs", 120.0, 30.0, "s", sources.CATALOGUE + ": within an hour"),
    ),
    axes=("size", "timing", "split", "layers", "mixed"),
    troupe="strangers",
    strangers=2,
    duration_seconds_max=1_800.0,
    play=_play,
    trades_with_itself=True,
)
