"""Ping pong: two accounts hand the same quantity back and forth."""

from simulator.market import Behaviour
from simulator.matching import SELL
from simulator.schemes import sources
from simulator.schemes.play import Play
from simulator.schemes.prearranged import meet
from simulator.schemes.scheme import Ratio, Scheme

TRADES_MIN = 4


def _play(play: Play) -> Behaviour:
    seller, buyer = 0, 1
    for _ in range(play.count("trades", TRADES_MIN)):
        accounts = play.account(seller), play.account(buyer)
        quantity = play.quantity(play.value("size of each"), spread=0.0)
        traded = yield from meet(play, *accounts, SELL, quantity, play.value("gap between the legs"))
        if traded:
            play.tell(f"{accounts[0].account} passes {quantity} {play.instrument.symbol} to {accounts[1].account}.")
            seller, buyer = buyer, seller
        yield play.wait(play.value("pause between trades"), 0.3)


PING_PONG = Scheme(
    name="ping_pong",
    description="Two accounts of different owners trade the same quantity back and forth.",
    ratios=(
        Ratio("trades", 6, 16, "", sources.CATALOGUE + ": 6 trades of a pair in 120 s", is_count=True),
        Ratio("size of each", 1.0, 8.0, "x a typical order", sources.OURS),
        Ratio("gap between the legs", 1.0, 0.05, "s", sources.CATALOGUE + ": entered within moments"),
        Ratio("pause between trades", 8.0, 2.5, "s", sources.CATALOGUE + ": 6 trades of a pair in 120 s"),
    ),
    axes=("size", "timing", "split", "layers", "mixed"),
    troupe="strangers",
    strangers=2,
    duration_seconds_max=300.0,
    play=_play,
    trades_with_itself=True,
)
