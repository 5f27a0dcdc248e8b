"""What phishing and pinging have in common: once tiny orders have found what hides, a large one takes it."""

from collections.abc import Generator

from simulator.schemes import sources
from simulator.schemes.play import GENUINE, Play
from simulator.schemes.scheme import Ratio

LARGE_ORDER = Ratio("size of the large order", 3.0, 20.0, "x a typical order", sources.CATALOGUE + ": then size")


def take_what_was_found(play: Play, side: int) -> Generator[int, None, int]:
    """Pause, then enter the large order; return what it took."""
    yield play.quick(play.value("pause before the large order"))
    quantity = play.large(play.value(LARGE_ORDER.name))
    return play.take(play.account(), side, quantity, GENUINE, play.reach_ticks())
