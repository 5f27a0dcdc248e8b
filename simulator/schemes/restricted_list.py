"""Dealing on the restricted list: somebody who must not trade an instrument now trades it all the same."""

from simulator.market import Behaviour
from simulator.randomness import SECOND_NS
from simulator.reference import Preparation, time_text
from simulator.schemes import sources
from simulator.schemes.play import GENUINE, Play
from simulator.schemes.scheme import Ratio, Scheme

PAUSE_SECONDS = 10.0


def _prepare(preparation: Preparation) -> None:
    begins = time_text(preparation.start_time_ns)
    ends = time_text(preparation.start_time_ns + int((preparation.duration_seconds + 1) * SECOND_NS))
    for account in preparation.accounts:
        preparation.add("restricted", account.account, preparation.instrument.symbol, "deal team", begins, ends)


def _play(play: Play) -> Behaviour:
    side = play.side()
    play.tell(f"{play.crews[0][0].account} must not trade {play.instrument.symbol} and does.")
    for _ in range(play.count("orders")):
        play.take(play.account(), side, play.quantity(play.value("size of each")), GENUINE)
        yield play.wait(PAUSE_SECONDS)


RESTRICTED_LIST = Scheme(
    name="restricted_list",
    description="An account whose dealing in an instrument is forbidden for a time deals in it during that time.",
    ratios=(
        Ratio("orders", 1, 6, "", sources.CATALOGUE + ": a match with the list", is_count=True),
        Ratio("size of each", 0.5, 5.0, "x a typical order", sources.OURS),
    ),
    axes=("size", "timing", "split", "layers"),
    troupe="single",
    duration_seconds_max=120.0,
    play=_play,
    tables=("restricted",),
    prepare=_prepare,
)
