"""What a bust or correction makes of the executions it names, and of no others."""

from __future__ import annotations

import pytest

from detection_service.corrections.amendments import AMENDMENTS_MAX, Amendments
from tapewatch.market.frame import Frame
from tests.detection_service.scenario import Row

PLACE: Row = {"venue": "XTST", "instrument": "ACME", "source": "feed"}
FILL: Row = {**PLACE, "kind": "FILL", "account": "a", "order_id": "o1", "side": "BUY", "price": 10.0, "quantity": 50.0}
OF_ORDER: Row = {"account": "a", "order_id": "o1"}


def frame(*rows: Row) -> Frame:
    numbered = [{"event_time_ns": number, "source_sequence": number, **row} for number, row in enumerate(rows, 1)]
    return Frame.decode(Frame.from_rows(numbered).encode())


def amended(executions: list[Row], *amendments: Row) -> list[Row]:
    """What is left of the executions."""
    held = Amendments()
    held.take(frame(*({**PLACE, **each} for each in amendments)))
    return list(held.apply(frame(*executions))[0].rows())


def ids(rows: list[Row]) -> list[object]:
    return [row.get("execution_id") or row.get("trade_id") for row in rows]


def test_a_bust_takes_out_the_execution_it_names_and_no_other() -> None:
    fills = [{**FILL, "execution_id": f"e{number}"} for number in range(3)]
    assert ids(amended(fills, {"kind": "BUST", "reference_execution_id": "e1", **OF_ORDER})) == ["e0", "e2"]


@pytest.mark.parametrize("change", [{"venue": "XOTH"}, {"instrument": "BETA"}, {"kind": "NEW"}])
def test_the_same_id_elsewhere_is_another_execution(change: Row) -> None:
    fills = [{**FILL, "execution_id": "e1", **change}]
    assert ids(amended(fills, {"kind": "BUST", "reference_execution_id": "e1"})) == ["e1"]


def test_a_bust_of_a_report_leaves_a_trade_of_the_same_number() -> None:
    rows: list[Row] = [
        {**FILL, "execution_id": "7", "trade_id": "t1"},
        {**FILL, "execution_id": "8", "trade_id": "7"},
        {**PLACE, "kind": "TRADE", "price": 10.0, "quantity": 50.0, "trade_id": "7"},
    ]
    assert ids(amended(rows, {"kind": "BUST", "reference_execution_id": "7", **OF_ORDER})) == ["8", "7"]


def test_a_bust_of_a_trade_takes_out_its_print_and_both_fills() -> None:
    rows: list[Row] = [
        {**FILL, "execution_id": "e1", "trade_id": "t1"},
        {**FILL, "execution_id": "e2", "trade_id": "t1", "side": "SELL"},
        {**PLACE, "kind": "TRADE", "price": 10.0, "quantity": 50.0, "trade_id": "t1"},
        {**PLACE, "kind": "TRADE", "price": 10.0, "quantity": 50.0, "trade_id": "t2"},
    ]
    assert ids(amended(rows, {"kind": "BUST", "reference_execution_id": "t1"})) == ["t2"]
    assert ids(amended(rows, {"kind": "BUST", "trade_id": "t1"})) == ["t2"]


def test_a_correction_changes_what_it_says_and_what_is_left_open() -> None:
    fill = {**FILL, "execution_id": "e1", "leaves_quantity": 30.0}
    correct: Row = {"kind": "CORRECT", "reference_execution_id": "e1", "quantity": 20.0, **OF_ORDER}
    (row,) = amended([fill], correct)
    assert (row["price"], row["quantity"], row["leaves_quantity"]) == (10.0, 20.0, 60.0)
    (row,) = amended([fill], correct | {"price": 11.0, "quantity": None})
    assert (row["price"], row["quantity"], row["leaves_quantity"]) == (11.0, 50.0, 30.0)


def test_the_latest_amendment_wins_whatever_came_first() -> None:
    fill = {**FILL, "execution_id": "e1"}
    late: Row = {"kind": "CORRECT", "reference_execution_id": "c1", "quantity": 5.0, "event_time_ns": 9, **OF_ORDER}
    early: Row = {"kind": "CORRECT", "reference_execution_id": "e1", "execution_id": "c1", "quantity": 20.0, **OF_ORDER}
    (row,) = amended([fill], late, early)
    assert row["quantity"] == 5.0
    assert amended([fill], late | {"kind": "BUST"}, early) == []


def test_an_execution_amended_before_it_came_is_recognised_when_it_does() -> None:
    held = Amendments()
    (bust,) = held.take(frame({**PLACE, "kind": "BUST", "reference_execution_id": "e1"}))
    held.searched.add(bust.name)
    assert held.touches(frame({**FILL, "execution_id": "e1"}))
    assert not held.touches(frame({**FILL, "execution_id": "e2"}))


def test_what_was_kept_is_restored_and_bounded() -> None:
    held, again = Amendments(), Amendments()
    for number in range(3):
        held.take(frame({**PLACE, "kind": "BUST", "reference_execution_id": f"e{number}"}))
    again.restore(held.state())
    assert again.effects == held.effects
    rows = [{**PLACE, "kind": "BUST", "reference_execution_id": f"f{number}"} for number in range(1_000)]
    many = frame(*rows)
    for _ in range(AMENDMENTS_MAX // 1_000):
        held.take(many)
    assert len(held) == AMENDMENTS_MAX
    assert ("XTST", "ACME", "e0") not in held.effects
