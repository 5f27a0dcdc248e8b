"""Orders without intent to trade: far from the market, gone within seconds, again and again."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.camouflage import AXES
from simulator.schemes.play import DECEPTIVE, Play
from simulator.schemes.scheme import Ratio, Scheme


def _play(play: Play) -> Behaviour:
    distance = max(2, round(play.value("distance") * play.usual_ticks(60.0)))
    side = play.side()
    play.tell(f"{play.crews[0][0].account} enters orders {distance} ticks from the market that nobody can reach.")
    for _ in range(play.count("orders", 5)):
        behind = round(distance * (0.9 + 0.2 * play.random.random()))
        order = play.rest(play.account(), side, play.quantity(2.0), DECEPTIVE, behind)
        yield play.quick(play.value("life"))
        if order is not None:
            play.seat.cancel(order)
        yield play.wait(play.value("pause"))


NO_INTENT_ORDERS = Scheme(
    name="no_intent_orders",
    description="Orders are entered where the market can not come to them while they stand, and withdrawn, again and "
    "again: activity is shown where none is meant.",
    ratios=(
        Ratio("distance", 3.0, 30.0, "x the usual move of a minute", sources.CATALOGUE + ": more than k sigma away"),
        Ratio("life", 8.0, 0.5, "s", sources.CATALOGUE + ": fleeting"),
        Ratio("orders", 12, 60, "", sources.CATALOGUE + ": again and again", is_count=True),
        Ratio("pause", 9.0, 3.0, "s", sources.OURS),
    ),
    axes=AXES,
    troupe="single",
    duration_seconds_max=300.0,
    play=_play,
)
