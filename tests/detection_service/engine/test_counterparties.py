"""The two sides of a match, however late the second comes."""

from __future__ import annotations

from detection_service.engine.engine import Engine
from tapewatch.market.frame import Frame
from tests.detection_service.scenario import Market

TEN_MINUTES_S = 600
HOURS_LATER_S = 24_001


def sided(market: Market, seconds: float, account: str, side: str, trade_id: str) -> None:
    order_id = f"{account}-{seconds}"
    market.at(seconds).row(
        "FILL", account=account, order_id=order_id, side=side, price=100.0, quantity=5.0, trade_id=trade_id,
        leaves_quantity=0.0, aggressor=side == "BUY",
    )  # fmt: skip


def test_a_side_hours_late_meets_one_whose_group_was_forgotten() -> None:
    market = Market()
    sided(market, 0, "dora", "BUY", "t1")
    sided(market, 1, "anna", "BUY", "t2")
    for tick in range(1, 40):
        market.at(tick * TEN_MINUTES_S).row("STATUS")
    sided(market, HOURS_LATER_S, "bert", "SELL", "t2")
    sided(market, HOURS_LATER_S + 1, "carl", "SELL", "t1")
    engine = Engine()
    engine.process(Frame.from_rows(market.rows))
    core = engine.core
    met = {name: core.fills_made(core.find_activity(name, 0)) for name in ("account:bert", "account:carl")}
    names = {name: (count, [core.account_names[other] for other in others]) for name, (count, others) in met.items()}
    assert core.forgotten == 2
    assert names == {"account:bert": (1, ["anna"]), "account:carl": (1, ["dora"])}


def test_orders_of_no_size_are_of_no_alike_size() -> None:
    market = Market().at(0)
    orders = [market.new(account, side, 100.0, 10) for account, side in (("anna", "SELL"), ("bert", "BUY"))]
    for order in orders:
        market.at(1).replace(order, 99.0 if order == orders[1] else 101.0, 0.0, leaves_quantity=5.0)
    market.at(2).match(orders[1], orders[0], 100.0, 5.0)
    engine = Engine()
    engine.process(Frame.from_rows(market.rows))
    assert engine.core.match_size_ratio == 0.0
    assert engine.core.match_entry_gap >= 0
