"""Fat finger: an order with too many noughts, or at a price with a wrong digit, taken off when it is noticed."""

from simulator.market import Behaviour
from simulator.matching import SIDE_NAMES
from simulator.schemes import sources
from simulator.schemes.play import DECEPTIVE, Play
from simulator.schemes.scheme import Ratio, Scheme


def _play(play: Play) -> Behaviour:
    seat, side, account = play.seat, play.side(), play.account()
    opposite = seat.best(-side)
    if opposite is None:
        return
    quantity = play.quantity(play.value("size"))
    price = opposite + side * round(play.value("through the market") * play.usual_ticks(60.0))
    play.tell(f"{account.account} means something else and enters {SIDE_NAMES[side].lower()} {quantity}.")
    order = seat.submit(account, side, max(1, price), quantity, role=DECEPTIVE)
    yield play.quick(play.value("noticed after"))
    seat.cancel(order)
    play.tell(f"{account.account} notices and cancels: {order.filled} have traded.")


FAT_FINGER = Scheme(
    name="fat_finger",
    description="One order is entered by mistake that is many times the usual size, or reaches far through the market, "
    "and is taken off once it is noticed.",
    ratios=(
        Ratio("size", 15.0, 600.0, "x a typical order", sources.OURS + "; one nought too many is 10 x, two 100 x"),
        Ratio("through the market", 0.5, 10.0, "x the usual move of a minute", sources.CATALOGUE + ": by k"),
        Ratio("noticed after", 20.0, 4.0, "s", sources.OURS),
    ),
    axes=("slow",),
    troupe="single",
    duration_seconds_max=60.0,
    play=_play,
    history_seconds=900.0,
)
