"""Wash trades: volume without a change of ownership, by one account with itself or between accounts of one owner."""

from collections.abc import Sequence

from simulator.market import Behaviour
from simulator.population import Account
from simulator.schemes import sources
from simulator.schemes.play import Play
from simulator.schemes.prearranged import meet
from simulator.schemes.scheme import Ratio, Scheme

TRADES_MIN = 2


def _play_self(play: Play) -> Behaviour:
    yield from _wash(play, [play.crews[0][0]] * 2)


def _play_owner(play: Play) -> Behaviour:
    yield from _wash(play, play.crews[0])


def _wash(play: Play, accounts: Sequence[Account]) -> Behaviour:
    for _ in range(play.count("trades", TRADES_MIN)):
        resting, taking = play.random.sample(list(accounts), 2)
        side = play.side()
        quantity = play.quantity(play.value("size of each"))
        traded = yield from meet(play, resting, taking, side, quantity, play.value("gap between the legs"))
        if traded:
            whom = "itself" if resting is taking else taking.account
            play.tell(f"{resting.account} traded {quantity} {play.instrument.symbol} with {whom}.")
        yield play.wait(play.value("pause between trades"), 0.5)


_RATIOS = (
    Ratio("trades", 2, 8, "", sources.CATALOGUE, is_count=True),
    Ratio("size of each", 1.0, 10.0, "x a typical order", sources.CATALOGUE + ": the size is never the tell"),
    Ratio("gap between the legs", 1.5, 0.03, "s", sources.CATALOGUE + ": near-same time"),
    Ratio("pause between trades", 14.0, 3.0, "s", sources.OURS),
)

WASH_SELF = Scheme(
    name="wash_self",
    description="One account stands on both sides of its own trades.",
    ratios=_RATIOS,
    axes=("size", "timing", "layers", "mixed"),
    troupe="single",
    duration_seconds_max=300.0,
    play=_play_self,
    trades_with_itself=True,
)
WASH_OWNER = Scheme(
    name="wash_owner",
    description="Accounts of one beneficial owner trade with each other.",
    ratios=_RATIOS,
    axes=("size", "timing", "layers", "mixed"),
    troupe="linked",
    duration_seconds_max=300.0,
    play=_play_owner,
    trades_with_itself=True,
)
