"""Every impossible value is named; good rows pass."""

from __future__ import annotations

import pytest

from tapewatch import alert
from tapewatch.market.frame import Frame
from tapewatch.market.validate import NAME_CHARACTERS_MAX, validate

GOOD: dict[str, object] = {
    "event_time_ns": 1_700_000_000_000_000_000,
    "kind": "NEW",
    "venue": "XTST",
    "instrument": "ACME",
    "order_id": "1",
    "side": "BUY",
    "price": 10.0,
    "quantity": 5.0,
}


def test_a_good_row_passes() -> None:
    assert validate(Frame.from_rows([GOOD])) == []


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"event_time_ns": -62_135_596_800_000_000_000 // 1000}, "event_time_ns", "TIME_OUT_OF_RANGE"),
        ({"event_time_ns": 2**63 - 1}, "event_time_ns", "TIME_OUT_OF_RANGE"),
        ({"venue": ""}, "venue", "MISSING"),
        ({"quantity": -1.0}, "quantity", "NEGATIVE_QUANTITY"),
        ({"quantity": 0.0}, "quantity", "NOT_POSITIVE"),
        ({"quantity": None}, "quantity", "MISSING"),
        ({"quantity": float("inf")}, "quantity", "NOT_FINITE"),
        ({"price": float("-inf")}, "price", "NOT_FINITE"),
        ({"side": None}, "side", "MISSING"),
        ({"order_id": None}, "order_id", "MISSING"),
        ({"kind": "FILL", "price": None}, "price", "MISSING"),
        ({"kind": "PHASE", "phase": "LUNCH"}, "phase", "UNKNOWN_PHASE"),
    ],
)
def test_a_bad_value_is_rejected_and_its_neighbours_pass(change: dict[str, object], field: str, reason: str) -> None:
    rejections = validate(Frame.from_rows([GOOD, GOOD | change, GOOD]))
    assert [(r.row, r.field, r.reason) for r in rejections] == [(1, field, reason)]


def test_a_missing_required_column_rejects_every_row() -> None:
    rows = [{name: value for name, value in GOOD.items() if name != "venue"}] * 2
    assert [(r.row, r.field) for r in validate(Frame.from_rows(rows))] == [(0, "venue"), (1, "venue")]


@pytest.mark.parametrize("name", ["order_id", "account", "trade_id", "contra_account"])
@pytest.mark.parametrize("text", ["x" * 201, "with\0nul"])
def test_a_name_no_alert_could_carry_is_rejected_and_its_neighbours_pass(name: str, text: str) -> None:
    rejections = validate(Frame.from_rows([GOOD, GOOD | {name: text}, GOOD]))
    assert [(r.row, r.field, r.reason) for r in rejections] == [(1, name, "BAD_NAME")]
    assert "expected at most 200 characters" in rejections[0].message
    assert len(rejections[0].message) < 200


def test_the_longest_name_an_alert_may_carry_passes() -> None:
    assert NAME_CHARACTERS_MAX == alert.NAME_CHARACTERS_MAX
    assert validate(Frame.from_rows([GOOD | {"order_id": "é" * NAME_CHARACTERS_MAX, "text": "x" * 5_000}])) == []
