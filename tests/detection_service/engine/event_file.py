"""A generated market: random flow with schemes in it now and then."""

from __future__ import annotations

import random

from tests.detection_service.rules.schemes import back_and_forth, layer, pump, spoof
from tests.detection_service.scenario import Market, Row


def generated(seed: int, row_count: int) -> list[Row]:
    """At least so many rows: orders entered, moved, filled and cancelled at random, and schemes now and then."""
    picked = random.Random(seed)
    market = Market()
    market.trade(100.0, 1, "BUY", trade_id="first of all")
    market.crowd()
    orders: list[tuple[str, float]] = []
    now_s, schemes = 10.0, 0
    while len(market.rows) < row_count:
        now_s += picked.expovariate(1.0)
        market.at(now_s)
        _act(market, picked, orders)
        if len(market.rows) > 2_000 * (schemes + 1):
            schemes += 1
            now_s = _scheme(market, schemes, now_s + 1)
    return market.rows


def _act(market: Market, picked: random.Random, orders: list[tuple[str, float]]) -> None:
    quantity = round(picked.lognormvariate(4.5, 0.8), picked.choice([0, 3])) or 1.0
    price = round(100 + picked.gauss(0, 0.06), 2)
    account = f"account-{picked.randrange(40)}"
    match picked.randrange(10):
        case 0 | 1 | 2 | 3:
            side = picked.choice(["BUY", "SELL"])
            orders.append((market.new(account, side, price, quantity), quantity))
        case 4 | 5 | 6 if orders:
            market.cancel(orders.pop(picked.randrange(len(orders)))[0])
        case 7 if orders:
            market.replace(picked.choice(orders)[0], price, quantity)
        case 8 if len(orders) > 1:
            one, other = picked.sample(orders, 2)
            market.match(one[0], other[0], price, min(one[1], other[1]) / 2)
        case 9:
            _market_wide(market, picked, price, quantity)
        case _:
            market.trade(price, quantity, picked.choice(["BUY", "SELL", None]), contra_account=account)


def _market_wide(market: Market, picked: random.Random, price: float, quantity: float) -> None:
    """What is told of nobody known: prints with ids, levels, quotes, and reports of orders never seen."""
    side = picked.choice(["BUY", "SELL"])
    ghost = f"ghost-{picked.randrange(50)}"
    match picked.randrange(5):
        case 0:
            market.trade(price, quantity, side, trade_id=f"t{picked.randrange(200)}")
        case 1:
            market.row("BOOK_LEVEL", side=side, price=price, quantity=picked.choice([0.0, quantity]))
        case 2:
            market.row("QUOTE", bid_price=price - 0.01, bid_quantity=1.0, ask_price=price + 0.01, ask_quantity=1.0)
        case 3:
            market.row("FILL", order_id=ghost, side=side, price=price, quantity=quantity, leaves_quantity=1.5)
        case _:
            market.row(picked.choice(["CANCEL", "EXPIRE"]), order_id=ghost, side=side, price=price, quantity=quantity)


def _scheme(market: Market, number: int, start_s: float) -> float:
    account = f"crook-{number}"
    match number % 5:
        case 0:
            spoof(market, start_s, large=5_000, account=account)
        case 1:
            layer(market, start_s, each=900, account=account)
        case 2:
            back_and_forth(market, start_s)
        case 3:
            market.at(start_s).deal("w1", "w2", 100.0, 70.5)
            market.deal(account, account, 100.0, 33.25)
        case _:
            pump(market, start_s, volume=5_000)
    return start_s + 300
