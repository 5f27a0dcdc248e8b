"""Off-market price: two friends report a trade at a price at which nobody else could have traded."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.play import WASH, Play
from simulator.schemes.scheme import Ratio, Scheme

PAUSE_SECONDS = 30.0


def _play(play: Play) -> Behaviour:
    side = play.side()
    for _ in range(play.count("trades")):
        away = side * max(1, round(play.value("away from the market") * play.usual_ticks(60.0)))
        price = max(1, round(play.seat.listing.mid_ticks()) + away)
        quantity = play.quantity(play.value("size of each"))
        buyer, seller = play.account(0), play.account(1)
        play.seat.negotiate(buyer, seller, price, quantity, WASH)
        play.tell(f"{buyer.account} and {seller.account} report {quantity} at {play.seat.price_text(price)}.")
        yield play.wait(PAUSE_SECONDS)


OFF_MARKET_PRICE = Scheme(
    name="off_market_price",
    description="Two owners report trades they agreed on at prices far from the market, to move money between them.",
    ratios=(
        Ratio("away from the market", 4.0, 60.0, "x the usual move of a minute", sources.CATALOGUE + ": by k"),
        Ratio("size of each", 1.0, 10.0, "x a typical order", sources.OURS),
        Ratio("trades", 1, 4, "", sources.OURS, is_count=True),
    ),
    axes=("size", "timing", "split", "layers", "mixed"),
    troupe="strangers",
    strangers=2,
    duration_seconds_max=150.0,
    play=_play,
    history_seconds=900.0,
)
