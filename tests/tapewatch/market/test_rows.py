"""Flat records in one piece: zeros at first, and the same after a restore."""

from __future__ import annotations

from typing import Any

import pytest

from tapewatch.market.records import Order
from tapewatch.market.rows import Rows


def rows_of(*prices: float) -> Rows:
    rows = Rows(Order, 4)
    for place, price in enumerate(prices):
        order: Any = Order()
        order.price = price
        rows.put(place, order)
    return rows


def prices(rows: Rows) -> list[float]:
    return [rows.get(place).price for place in range(rows.count)]


def test_what_was_not_written_is_zero() -> None:
    assert prices(rows_of(5.0)) == [5.0, 0.0, 0.0, 0.0]


def test_restored_rows_are_those_the_state_was_taken_of() -> None:
    rows, again = rows_of(1.0, 0.0, 3.0), rows_of(9.0, 9.0)
    again.restore(rows.state())
    assert (prices(again), again.state()) == (prices(rows), rows.state())
    assert len(again.state()) == 4 * Order.FORMAT.size


@pytest.mark.parametrize("place", [-1, 4, 1 << 40])
def test_a_place_that_is_not_there_is_refused(place: int) -> None:
    rows = rows_of(1.0)
    with pytest.raises(IndexError, match=f"the place of a Order below 4, found {place}"):
        rows.get(place)
    with pytest.raises(IndexError, match="below 4"):
        rows.put(place, Order())
