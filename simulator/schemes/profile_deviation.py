"""Profile deviation: a client who hardly trades suddenly trades like a house."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.play import GENUINE, Play
from simulator.schemes.scheme import Ratio, Scheme

WINDOW_SECONDS = 10_800.0
ORDER_MULTIPLE = 3.0
PAUSE_SECONDS = 12.0
TURN_SHARE = 0.3


def _play(play: Play) -> Behaviour:
    seats = [play.seat.at(key) for key in play.seat.keys]
    orders = max(1, round(play.value("volume") * play.usual_orders(WINDOW_SECONDS) / ORDER_MULTIPLE))
    side = play.side()
    play.tell(f"{play.crews[0][0].account}, who hardly trades, begins to trade like a house.")
    for _ in range(orders):
        seat = play.random.choice(seats)
        side = -side if play.random.random() < TURN_SHARE else side
        play.take(play.account(), side, play.quantity_in(seat, ORDER_MULTIPLE), GENUINE, 1, seat)
        yield play.wait(PAUSE_SECONDS)


PROFILE_DEVIATION = Scheme(
    name="profile_deviation",
    description="An account trades many times what its stored profile says for so much time.",
    ratios=(
        Ratio("volume", 6.0, 60.0, "x the profile's three hours", sources.CATALOGUE + ": 12 x and 250,000 in 3 h"),
    ),
    axes=("size", "timing", "split", "mixed"),
    troupe="dormant",
    duration_seconds_max=3_600.0,
    play=_play,
)
