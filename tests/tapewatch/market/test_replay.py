"""The book an analyst steps through is the engine's, after every event."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from detection_service.engine.engine import Engine
from tapewatch.market.frame import Frame
from tapewatch.market.replay import BUY, SELL, BookReplay, Level, apply
from tests.detection_service.engine.event_file import generated
from tests.detection_service.engine.rough_stream import rough_rows

Levels = dict[tuple[int, float], Level]


def market_of(row: dict[str, Any]) -> tuple[str, str]:
    return row["venue"], row["instrument"]


def engine_book(engine: Engine, market: tuple[str, str]) -> list[list[tuple[float, float, int]]]:
    (found,) = [each for each in engine.core.markets if (each.venue_name, each.instrument_name) == market]
    return [found.book.bids.top(10_000), found.book.asks.top(10_000)]


def sides(replay: BookReplay) -> list[list[tuple[float, float, int]]]:
    return [[(each.price, each.quantity, each.orders) for each in replay.side(side)] for side in (BUY, SELL)]


def time_of(row: Any) -> int:
    return int(row["event_time_ns"])


def in_order(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows by time, as a window of the journal is read."""
    return list(Frame.from_rows(sorted(rows, key=time_of)).rows())


@pytest.mark.parametrize("seed", range(6))
def test_after_every_event_of_a_rough_stream_the_book_is_the_engine_s(seed: int) -> None:
    rows = in_order(rough_rows(seed, 300))
    engine, books = Engine(), dict[tuple[str, str], BookReplay]()
    for row in rows:
        engine.process(Frame.from_rows([row]))
        replay = books.setdefault(market_of(row), BookReplay())
        replay.take(row)
        assert sides(replay) == engine_book(engine, market_of(row)), row


def test_after_every_event_of_a_market_with_schemes_the_changes_lead_to_the_engine_s_book() -> None:
    rows = in_order(generated(7, 600))
    engine, replay, levels = Engine(), BookReplay(frozenset({"account-3"})), Levels()
    own = 0
    for row in rows:
        engine.process(Frame.from_rows([row]))
        changes = replay.take(row)
        apply(levels, changes)
        own += any(change.level.subject_quantity for change in changes)
        for side, ladder in zip((BUY, SELL), engine_book(engine, market_of(row)), strict=True):
            stepped = sorted((price for at, price in levels if at == side), reverse=side == BUY)
            assert [(price, levels[side, price].quantity, levels[side, price].orders) for price in stepped] == ladder
    assert own > 0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("cut", [37, 180])
def test_a_book_opened_in_the_middle_goes_on_as_the_whole_one(seed: int, cut: int) -> None:
    rows = [row for row in in_order(rough_rows(seed, 300)) if market_of(row) == ("V0", "I0")]
    whole = BookReplay(frozenset({"a1", "a2"}))
    for row in rows[: cut // 6]:
        whole.take(row)
    opened = BookReplay.open(whole.opening(), {"a1", "a2"})
    assert [opened.side(side) for side in (BUY, SELL)] == [whole.side(side) for side in (BUY, SELL)]
    for row in rows[cut // 6 :]:
        assert opened.take(row) == whole.take(row)
    assert opened.opening() == whole.opening()


def test_the_subject_s_part_of_a_level_is_told() -> None:
    def row(sequence: int, **values: Any) -> dict[str, Any]:
        usual = {"event_time_ns": sequence, "kind": "NEW", "side": "BUY", "price": 10.0, "order_id": f"o{sequence}"}
        return usual | values

    replay = BookReplay(frozenset({"crook"}))
    replay.take(row(1, account="crowd", quantity=5.0))
    (change,) = replay.take(row(2, account="crook", quantity=40.0))
    assert change.level == Level(10.0, 45.0, 2, 40.0)
    (change,) = replay.take(row(3, kind="CANCEL", order_id="o2", quantity=15.0))
    assert change.level == Level(10.0, 30.0, 2, 25.0)
    moved = replay.take(row(4, kind="REPLACE", order_id="o2", price=9.0))
    assert [each.level for each in moved] == [Level(10.0, 5.0, 1), Level(9.0, 25.0, 1, 25.0)]
    assert replay.opening()["orders"][1]["price"] == 9.0


def test_a_market_order_has_no_price_in_the_opening() -> None:
    replay = BookReplay()
    assert replay.take({"event_time_ns": 1, "kind": "NEW", "side": "BUY", "order_id": "o", "quantity": 5.0}) == []
    opening = replay.opening()
    assert opening["orders"][0]["price"] is None
    assert math.isnan(BookReplay.open(opening)._orders["o"][0].price)
