"""A recording tells an order's life, the trades of both kinds of feed, and the book, from rows alone."""

from typing import Any

import numpy as np
import pytest

from simulator.simulation import SimulationConfig, simulate
from simulator.stylised_facts.recording import Recording, record

SECOND_NS = 1_000_000_000
FULL_BOOK = (("b", "BUY", 9.99, 100.0), ("a", "SELL", 10.02, 100.0))


def row(
    kind: str, seconds: float, order_id: str, side: str, price: float | None, quantity: float, **more: Any
) -> dict[str, Any]:
    values = {
        "event_time_ns": int(seconds * SECOND_NS), "kind": kind, "venue": "V", "instrument": "I", "order_id": order_id,
        "side": side, "price": price, "quantity": quantity, **more,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value is not None}


def recorded(*rows: dict[str, Any]) -> Recording:
    start = [row("NEW", 0.0, order_id, side, price, quantity) for order_id, side, price, quantity in FULL_BOOK]
    return record([*start, *rows])["V I"]


def test_a_cancelled_order_has_a_life_a_size_and_a_distance_from_its_own_best() -> None:
    one = recorded(
        row("NEW", 1.0, "x", "BUY", 9.97, 50.0), row("CANCEL", 3.5, "x", "BUY", 9.97, 50.0, leaves_quantity=0.0)
    )
    assert one.order_life.tolist() == [2.5]
    assert one.order_untraded.tolist() == [True]
    assert one.order_size.tolist() == [50.0]
    assert one.order_distance.tolist() == pytest.approx([0.02])
    assert one.entered == 3


def test_fills_of_one_aggressive_order_are_one_trade_and_the_rest_of_it_rests() -> None:
    one = recorded(
        row("NEW", 1.0, "x", "BUY", 10.02, 130.0),
        row("FILL", 1.0, "x", "BUY", 10.02, 60.0, aggressor=True, leaves_quantity=70.0),
        row("FILL", 1.0, "a", "SELL", 10.02, 60.0, aggressor=False, leaves_quantity=40.0),
        row("FILL", 1.0, "x", "BUY", 10.02, 40.0, aggressor=True, leaves_quantity=30.0),
        row("FILL", 1.0, "a", "SELL", 10.02, 40.0, aggressor=False, leaves_quantity=0.0),
        row("NEW", 2.0, "s", "SELL", 10.05, 10.0),
    )
    assert one.trade_size.tolist() == [100.0]
    assert one.trade_sign.tolist() == [1]
    assert one.quote_bid[-1] == 10.02
    assert one.quote_ask[-1] == 10.05


def test_a_feed_of_resting_fills_only_gives_trades_with_the_aggressors_sign() -> None:
    one = recorded(
        row("FILL", 1.0, "b", "BUY", 9.99, 30.0, aggressor=False),
        row("FILL", 1.0, "c", "BUY", 9.99, 5.0, aggressor=False),
    )
    assert one.trade_size.tolist() == [35.0]
    assert one.trade_sign.tolist() == [-1]


def test_depth_before_the_source_began_can_be_taken_off() -> None:
    one = record(
        [
            row("BOOK_LEVEL", 0.0, "", "BUY", 9.99, 10.0),
            row("BOOK_LEVEL", 0.0, "", "SELL", 10.01, 10.0),
            row("BOOK_LEVEL", 0.0, "", "BUY", 9.98, 10.0),
            row("CANCEL", 1.0, "never seen", "BUY", 9.99, 10.0),
        ]
    )["V I"]
    assert one.quote_bid.tolist() == [9.99, 9.98]


def test_the_book_of_a_simulated_market_is_never_crossed_and_its_orders_end() -> None:
    recordings = record(simulate(SimulationConfig(seed=7, minutes=2.0)))
    for one in recordings.values():
        assert np.all(one.quote_bid < one.quote_ask)
        assert len(one.order_life) > 100
        assert np.all(one.order_life >= 0.0)
        assert len(one.trade_ns) > 20
