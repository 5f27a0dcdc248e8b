"""Marking the close: trade so much at a reference moment that its price is one's own."""

from simulator.market import Behaviour
from simulator.randomness import SECOND_NS
from simulator.reference import next_fixing_ns
from simulator.schemes import sources
from simulator.schemes.play import PUSH, Play
from simulator.schemes.scheme import Ratio, Scheme

PAUSE_SECONDS = 2.0
LEAD_SECONDS_MAX = 300
PUSH_MULTIPLE_MAX = 12.0


def _play(play: Play) -> Behaviour:
    seat, side = play.seat, play.side()
    holdings = play.holdings()
    moment_ns = _moment_ns(play)
    lead_ns = int(play.value("begins before") * SECOND_NS)
    yield max(1, moment_ns - lead_ns - seat.now_ns)
    play.tell(f"{play.crews[0][0].account} begins to move the price at which {play.instrument.symbol} is fixed.")
    share, before, own = play.value("share of the volume"), play.traded(), 0
    start, move = seat.listing.mid_ticks(), play.value("price moved by") * play.usual_ticks(lead_ns / SECOND_NS)
    while seat.now_ns < moment_ns:
        reached = side * (seat.listing.mid_ticks() - start)
        behind = max(0.0, move * (1.0 - (moment_ns - seat.now_ns) / lead_ns) - reached)
        others = play.traded() - before - own
        wanted = share / (1.0 - share) * others - own
        reach = max(play.reach_ticks(), round(behind))
        if behind > 1.0:
            wanted = max(wanted, seat.depth(-side, round(behind)))
        quantity = min(play.quantity(PUSH_MULTIPLE_MAX), play.instrument.whole_lots(max(1.0, wanted)))
        account = play.account()
        filled = play.take(account, side, quantity, PUSH, reach)
        holdings[account] += filled
        own += filled
        yield min(play.wait(PAUSE_SECONDS), max(1, moment_ns - seat.now_ns))
    play.tell(f"The moment is over at {seat.price_text(seat.listing.mid_ticks())}.")
    yield play.quick(play.value("turned after"))
    yield from play.unwind(holdings, -side, 4.0, 2.0)


def _moment_ns(play: Play) -> int:
    """Return the close or the fixing that comes next, far enough away to begin before it."""
    earliest_ns = play.seat.until_ns(LEAD_SECONDS_MAX)
    close_ns, fixing_ns = play.seat.close_ns, next_fixing_ns(earliest_ns)
    if close_ns is not None and close_ns >= earliest_ns:
        return min(close_ns, fixing_ns)
    return fixing_ns


MARKING_THE_CLOSE = Scheme(
    name="marking_the_close",
    description="In the last moments before a close or a fixing one owner trades aggressively on one side, makes much "
    "of the volume and moves the price that will be the reference.",
    ratios=(
        Ratio("share of the volume", 0.25, 0.75, "", sources.CATALOGUE + ": 40 %; " + sources.ATHENA + ": 70 %"),
        Ratio("price moved by", 1.0, 9.0, "x its usual move", sources.OURS),
        Ratio("begins before", 240.0, 60.0, "s", sources.OPTIVER + ": minutes; " + sources.ATHENA + ": seconds"),
        Ratio("turned after", 120.0, 15.0, "s", sources.CATALOGUE + ": reversal"),
    ),
    axes=("size", "timing", "split", "slow", "mixed"),
    troupe="single",
    duration_seconds_max=2_700.0,
    play=_play,
    history_seconds=5_400.0,
)
