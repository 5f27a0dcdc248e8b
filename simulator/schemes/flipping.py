"""Flipping: a large order draws others to its side, is withdrawn, and its owner trades against them at once."""

from simulator.market import Behaviour
from simulator.matching import SIDE_NAMES
from simulator.randomness import SECOND_NS
from simulator.schemes import sources
from simulator.schemes.camouflage import AXES
from simulator.schemes.play import DECEPTIVE, GENUINE, Play
from simulator.schemes.pressure import LOOK_SECONDS, is_next
from simulator.schemes.scheme import Ratio, Scheme, Step

ATTEMPTS_MAX = 30
SETTLE_SECONDS = 12.0


def _play(play: Play) -> Behaviour:
    side, flips = play.side(), 0
    for _ in range(ATTEMPTS_MAX):
        if flips == play.count("flips", 2):
            break
        if (yield from _flip(play, side)):
            flips, side = flips + 1, -side
        yield play.wait(SETTLE_SECONDS)


def _flip(play: Play, side: int) -> Step:
    """Show a large order at the best price, take it off before it trades, and take the other side."""
    account = play.account()
    size = max(play.large(play.value("size")), play.instrument.whole_lots(play.seat.depth(side, 1)))
    order = play.rest(account, side, size, DECEPTIVE)
    if order is None:
        return False
    play.tell(f"{account.account} shows {order.quantity} to {SIDE_NAMES[side].lower()} at the best price.")
    until_ns = play.seat.now_ns + play.quick(play.value("shown for"))
    while play.seat.now_ns < until_ns and order.is_resting and not is_next(play, order):
        yield min(until_ns - play.seat.now_ns, int(LOOK_SECONDS * SECOND_NS)) + 1
    shown, wanted = order.leaves, order.quantity  # a withdrawn order is what was filled of it
    play.seat.cancel(order)
    if not shown:
        return False
    yield play.quick(play.value("turned within"))
    filled = play.take(play.account(), -side, wanted, GENUINE, play.reach_ticks())
    play.tell(f"{account.account} flips and trades {filled} with those who came.")
    return filled > 0


FLIPPING = Scheme(
    name="flipping",
    description="A large order at the best price is withdrawn and its owner at once takes the other side at a similar "
    "size, against those whom the order had drawn; again and again.",
    ratios=(
        Ratio("size", 3.0, 20.0, "x a typical order", sources.OYSTACHER + ": at least doubled what stood at the price"),
        Ratio("shown for", 6.0, 1.0, "s", sources.OYSTACHER + ": seconds or less"),
        Ratio("turned within", 1.0, 0.01, "s", sources.CATALOGUE + ": 10 ms to 1 s"),
        Ratio("flips", 2, 6, "", sources.OYSTACHER + ": again and again", is_count=True),
    ),
    axes=AXES,
    troupe="single",
    duration_seconds_max=240.0,
    play=_play,
)
