"""Wash ring: A sells to B, B to C, C to A; nobody's position changes."""

from simulator.market import Behaviour
from simulator.matching import SELL
from simulator.schemes import sources
from simulator.schemes.play import Play
from simulator.schemes.prearranged import meet
from simulator.schemes.scheme import Ratio, Scheme

MEMBERS = 3


def _play(play: Play) -> Behaviour:
    members = len(play.crews)
    for _ in range(play.count("rounds", 2)):
        quantity = play.quantity(play.value("size of each"))
        for seller in range(members):
            buyer = (seller + 1) % members
            accounts = play.account(seller), play.account(buyer)
            if (yield from meet(play, *accounts, SELL, quantity, play.value("gap between the legs"))):
                play.tell(f"{accounts[0].account} sells {quantity} to {accounts[1].account}.")
            yield play.wait(play.value("pause between trades"), 0.5)


WASH_RING = Scheme(
    name="wash_ring",
    description="Three owners without a known link sell the same quantity round in a circle.",
    ratios=(
        Ratio("rounds", 2, 6, "", sources.CATALOGUE + ": cycles that net to nothing", is_count=True),
        Ratio("size of each", 1.0, 10.0, "x a typical order", sources.OURS),
        Ratio("gap between the legs", 1.5, 0.05, "s", sources.CATALOGUE),
        Ratio("pause between trades", 40.0, 8.0, "s", sources.OURS),
    ),
    axes=("size", "timing", "split", "layers", "mixed"),
    troupe="strangers",
    strangers=MEMBERS,
    duration_seconds_max=900.0,
    play=_play,
    trades_with_itself=True,
)
