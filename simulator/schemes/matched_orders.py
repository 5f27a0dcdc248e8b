"""Matched orders: two owners agree beforehand, and enter the two sides of a trade within moments of each other."""

from simulator.market import Behaviour
from simulator.matching import SELL
from simulator.schemes import sources
from simulator.schemes.play import Play
from simulator.schemes.prearranged import meet
from simulator.schemes.scheme import Ratio, Scheme


def _play(play: Play) -> Behaviour:
    for _ in range(play.count("meetings", 3)):
        accounts = play.account(0), play.account(1)
        quantity = play.quantity(play.value("size of each"), spread=0.4)
        if (yield from meet(play, *accounts, SELL, quantity, play.value("gap between the entries"))):
            play.tell(f"As agreed, {accounts[0].account} sells {quantity} to {accounts[1].account}.")
        yield play.wait(play.value("pause between meetings"), 0.5)


MATCHED_ORDERS = Scheme(
    name="matched_orders",
    description="Two owners enter a buy and a sell at one size and price within moments, as agreed; money passes from "
    "one to the other in the shape of trades.",
    ratios=(
        Ratio("meetings", 3, 12, "", sources.CATALOGUE + ": a pair repeats beyond chance", is_count=True),
        Ratio("size of each", 1.5, 12.0, "x a typical order", sources.OURS),
        Ratio("gap between the entries", 2.0, 0.05, "s", sources.CATALOGUE + ": within N seconds"),
        Ratio("pause between meetings", 90.0, 20.0, "s", sources.OURS),
    ),
    axes=("size", "timing", "split", "layers", "mixed"),
    troupe="strangers",
    strangers=2,
    duration_seconds_max=900.0,
    play=_play,
    trades_with_itself=True,
)
