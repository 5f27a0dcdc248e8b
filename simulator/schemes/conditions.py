"""What conditions of the market have in common: nobody is to blame, so their labels name a time and no account."""

from simulator.market import Behaviour
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.randomness import SECOND_NS, ordinary_quantity
from simulator.schemes.play import Play
from simulator.schemes.scheme import Troupe

NOBODY: Troupe = "nobody"
FOLLOWER_MULTIPLE = 4
FOLLOWER_PAUSE_SECONDS = 0.25


def news(play: Play, ticks: float) -> None:
    """Let the value of the instrument change at once: those who know it follow."""
    listing = play.seat.listing
    listing.value_ticks = max(1.0, listing.value_ticks + ticks)
    play.seat.scenario.happen(play.seat.now_ns)


def followed(play: Play, orders: int) -> Behaviour:
    """Let people who read the news take what is offered at the old price, so many orders at most."""
    honest = play.seat.honest(play.random)
    for _ in range(orders):
        value, mid = honest.listing.value_ticks, honest.listing.mid_ticks()
        side = BUY if value > mid else SELL
        opposite = honest.best(-side)
        if opposite is None or side * (value - opposite) < honest.instrument.half_spread_ticks:
            return
        quantity = FOLLOWER_MULTIPLE * ordinary_quantity(play.random, honest.instrument)
        reader = play.random.choice(play.population.clients)
        honest.submit(reader, side, max(1, round(value - side)), quantity, IMMEDIATE_OR_CANCEL)
        yield play.wait(FOLLOWER_PAUSE_SECONDS)


def lasting(play: Play, seconds: float) -> Behaviour:
    """Let the condition hold for some time."""
    end_ns = play.seat.until_ns(seconds)
    while play.seat.now_ns < end_ns:
        play.seat.scenario.happen(play.seat.now_ns)
        yield min(SECOND_NS, end_ns - play.seat.now_ns) + 1
    play.seat.scenario.happen(play.seat.now_ns)
