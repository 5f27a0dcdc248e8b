"""Account volume spike: an owner suddenly trades many times what it trades in other hours, over all markets."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.play import GENUINE, Play
from simulator.schemes.scheme import Ratio, Scheme

WINDOW_SECONDS = 7_200.0
SPENT_SECONDS = 3_000.0
ORDER_MULTIPLE = 3.0


def _play(play: Play) -> Behaviour:
    seats = [play.seat.at(key) for key in play.seat.keys]
    orders = max(1, round(play.value("volume") * play.usual_orders(WINDOW_SECONDS) / ORDER_MULTIPLE))
    play.tell(f"{play.crews[0][0].account} begins to trade {play.value('volume'):.1f} times as much as it used to.")
    for _ in range(orders):
        seat = play.random.choice(seats)
        quantity = play.quantity_in(seat, ORDER_MULTIPLE)
        play.take(play.account(), play.side(), quantity, GENUINE, 1, seat)
        yield play.wait(SPENT_SECONDS / orders)


ACCOUNT_VOLUME_SPIKE = Scheme(
    name="account_volume_spike",
    description="Within an hour an owner trades many times what it traded in two hours before, over all markets.",
    ratios=(
        Ratio("volume", 2.0, 12.0, "x its usual two hours", sources.CATALOGUE + ": 4 x its level of twelve hours"),
    ),
    axes=("size", "timing", "split", "mixed"),
    troupe="modest",
    duration_seconds_max=4_200.0,
    play=_play,
    history_seconds=5 * 3_600.0,
)
