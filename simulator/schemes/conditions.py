"""What conditions of the market have in common: nobody is to blame, so their labels name a time and no account."""

from simulator.market import Behaviour
from simulator.randomness import SECOND_NS
from simulator.schemes.play import Play
from simulator.schemes.scheme import Troupe

NOBODY: Troupe = "nobody"


def news(play: Play, ticks: float) -> None:
    """Let the value of the instrument change at once: those who know it follow."""
    listing = play.seat.listing
    listing.value_ticks = max(1.0, listing.value_ticks + ticks)
    play.seat.scenario.happen(play.seat.now_ns)


def lasting(play: Play, seconds: float) -> Behaviour:
    """Let the condition hold for some time."""
    end_ns = play.seat.now_ns + int(seconds * SECOND_NS)
    while play.seat.now_ns < end_ns:
        play.seat.scenario.happen(play.seat.now_ns)
        yield min(SECOND_NS, end_ns - play.seat.now_ns) + 1
    play.seat.scenario.happen(play.seat.now_ns)
