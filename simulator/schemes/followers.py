"""Those who follow a move: without them nobody could sell at the price to which it was pushed."""

from simulator.market import Behaviour
from simulator.matching import IMMEDIATE_OR_CANCEL
from simulator.randomness import client_quantity, wait_ns
from simulator.schemes.play import Play

FOLLOWING_SECONDS = 60.0
"""For so long after a push others trade the same way."""
FOLLOWED_SHARE = 1.0
"""Of what the schemer holds: so much they are ready to take."""
MEAN_MULTIPLE = 1.5
"""Of a typical order: the mean size of an ordinary one."""


def follow(play: Play, side: int, quantity: float) -> Behaviour:
    """Let others take on a side for a while, about so much in all, a little through the book."""
    honest = play.seat.honest(play.random)
    orders = max(1, round(FOLLOWED_SHARE * quantity / (MEAN_MULTIPLE * play.instrument.typical_quantity)))
    for _ in range(orders):
        yield wait_ns(play.random, FOLLOWING_SECONDS / orders)
        opposite = honest.best(-side)
        if opposite is not None:
            price = max(1, opposite + side * play.reach_ticks())
            size = client_quantity(play.random, honest.instrument, is_small=True)
            honest.submit(play.somebody_else(), side, price, size, IMMEDIATE_OR_CANCEL)
