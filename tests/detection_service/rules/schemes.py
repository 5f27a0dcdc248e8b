"""One scheme a rule that it must find: market, reference data and the moment nothing more happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.detection_service.scenario import Market

OWNERS = ({"account": "w1", "owner": "Wanda"}, {"account": "w2", "owner": "Wanda"})


@dataclass(frozen=True)
class Scheme:
    """What is played and who is behind it; no owners where the subject is the market."""

    play: Callable[[], Market]
    owners: tuple[str, ...]
    accounts: tuple[dict[str, str], ...] = ()


def spoof(
    market: Market, start_s: float, *, large: float = 1500, genuine: float = 100, life_s: float = 2, account: str = "S"
) -> Market:
    """A large buy order, a sale against the best bid, and a second later the large order goes."""
    order = market.at(start_s).new(account, "BUY", 99.98, large)
    bid = market.new("bidder", "BUY", 99.99, genuine)
    market.at(start_s + life_s - 1)
    market.match(market.new(account, "SELL", 99.99, genuine), bid, 99.99, genuine)
    market.at(start_s + life_s).cancel(order)
    return market


def layer(
    market: Market,
    start_s: float,
    *,
    layers: int = 4,
    each: float = 400,
    genuine: float = 100,
    apart_s: float = 0.1,
    account: str = "L",
) -> Market:
    """Buy orders at falling prices, a sale after one second, and from the second second on the layers go."""
    market.at(start_s)
    orders = [market.new(account, "BUY", round(99.98 - number / 100, 2), each) for number in range(layers)]
    bid = market.new("bidder", "BUY", 99.99, genuine)
    market.at(start_s + 1)
    market.match(market.new(account, "SELL", 99.99, genuine), bid, 99.99, genuine)
    for number, order in enumerate(orders):
        market.at(start_s + 2 + number * apart_s).cancel(order)
    return market


def back_and_forth(market: Market, start_s: float, *, trades: int = 8, apart_s: float = 10) -> Market:
    """Two accounts sell the same 50 to each other by turns."""
    for number in range(trades):
        one, other = ("p", "q") if number % 2 else ("q", "p")
        market.at(start_s + number * apart_s).deal(one, other, 100.0, 50)
    return market


def quiet_hours(market: Market, minutes: int) -> Market:
    """A print of 100 every 20 s around 100.00, bought and sold by turns."""
    for number in range(minutes * 3):
        market.at(number * 20).trade(100 + (0.0, 0.03, -0.02, 0.01)[number % 4], 100, ("BUY", "SELL")[number % 2])
    return market


def pump(market: Market, start_s: float, *, rise: float = 0.08, volume: float = 200, side: str = "BUY") -> Market:
    """A hundred prints in two hundred seconds, each higher than the one before."""
    for number in range(1, 101):
        market.at(start_s + number * 2).trade(round(100 * (1 + rise * number / 100), 4), volume, side)
    return market


def dump(market: Market, start_s: float, *, top: float = 108, bottom: float = 101) -> Market:
    """Twenty prints in a hundred seconds, each lower than the one before."""
    for number in range(1, 21):
        market.at(start_s + number * 5).trade(round(top - (top - bottom) * number / 20, 4), 500, "SELL")
    return market


def spike(market: Market, start_s: float, *, move: float = 0.03, trades: int = 8) -> Market:
    """The price leaps within some seconds and stays."""
    for number in range(1, trades + 1):
        market.at(start_s + number * 5).trade(round(100 * (1 + move * number / trades), 4), 50, "BUY")
    return market


PUMP_S = 7_200
SPIKE_S = 3_600

SCHEMES = {
    "spoofing": Scheme(lambda: spoof(Market().crowd(), 10).tick(1_000), ("S",)),
    "layering": Scheme(lambda: layer(Market().crowd(), 10).tick(1_000), ("L",)),
    "wash_self": Scheme(lambda: washed("w1", "w1"), ("w1",)),
    "wash_owner": Scheme(lambda: washed("w1", "w2"), ("Wanda",), OWNERS),
    "ping_pong": Scheme(lambda: back_and_forth(Market().crowd(), 10).tick(2_000), ("p", "q")),
    "pump_and_dump": Scheme(
        lambda: dump(pump(quiet_hours(Market(), 120), PUMP_S), PUMP_S + 200).tick(PUMP_S + 20_000), ()
    ),
    "price_spike": Scheme(lambda: spike(quiet_hours(Market(), 60), SPIKE_S).tick(SPIKE_S + 2_000), ()),
}
"""By rule id."""


def washed(buyer: str, seller: str, times: int = 3) -> Market:
    """A buyer takes a seller's order whole, some times, among a crowd that trades too."""
    market = Market().crowd()
    for number in range(30):
        market.at(10 + number / 2).deal(f"ordinary-{number}", f"other-{number}", 100.0, 100)
    for number in range(times):
        market.at(30 + 10 * number).deal(buyer, seller, 100.0, 50)
    return market.tick(5_000)
