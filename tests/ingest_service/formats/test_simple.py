import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest_service.formats import FileReport, FormatOptions
from ingest_service.formats.content import shortened

Rows = list[dict[str, object]]
Read = Callable[..., tuple[Rows, FileReport]]
Write = Callable[[str, str | bytes], Path]

TIME = {"ts": "2026-11-21T04:08:41.2Z"}
ORDER = {"type": "order", "order_ref": "O1", "account": "A1", "instrument": "XYZ", "side": "buy", "qty": 100, **TIME}
CANCEL = {"type": "cancel", "order_ref": "O1", "account": "A1", **TIME}
TRADE = {
    "type": "trade",
    "meta": {"buy_account": "A1", "sell_account": "A2"},
    "instrument": "XYZ",
    "qty": 100,
    "related_to": {"buy_order": "O1", "sell_order": "O2"},
    **TIME,
}
TIME_NS = 1_795_234_121_200_000_000


def lines_of(*bodies: object) -> str:
    return "".join(json.dumps(body) + "\n" for body in bodies)


def test_orders_trades_and_cancels_are_the_events_they_stand_for(read: Read, write: Write) -> None:
    rows, report = read(write("day.jsonl", lines_of(ORDER, TRADE, CANCEL)))
    common = {"event_time_ns": TIME_NS, "venue": "SIMPLE", "instrument": "XYZ", "source": report.source}
    fill = {"kind": "FILL", "quantity": 100.0, "price": 1.0, "x_price": "assumed", "trade_id": "trade-2"}
    bought = {"side": "BUY", "account": "A1", "contra_account": "A2", "order_id": "O1", "source_sequence": 2}
    sold = {"side": "SELL", "account": "A2", "contra_account": "A1", "order_id": "O2", "source_sequence": 2}
    order = {"kind": "NEW", "order_id": "O1", "account": "A1", "side": "BUY", "quantity": 100.0, "order_type": "MARKET"}
    assert rows == [
        common | order | {"source_sequence": 1},
        common | fill | bought,
        common | fill | sold | {"source_part": 1},
        common | {"kind": "CANCEL", "order_id": "O1", "account": "A1", "leaves_quantity": 0.0, "source_sequence": 3},
    ]
    assert report.notes == ["fills that state no price carry 1, and say so in x_price"]


def test_a_price_that_is_stated_is_used_and_the_assumed_one_is_an_option(read: Read, write: Write) -> None:
    path = write("day.jsonl", lines_of(TRADE | {"price": 9.5}, TRADE, ORDER | {"price": 7}))
    rows, _ = read(path, options=FormatOptions(assumed_price=3.0, venue="V"))
    assert [(row["price"], row.get("x_price"), row["venue"]) for row in rows[::2]] == [
        (9.5, None, "V"),
        (3.0, "assumed", "V"),
        (7.0, None, "V"),
    ]


BAD: dict[str, tuple[object, str, str, str]] = {
    "type": (
        ORDER | {"type": "custody_transfer"},
        "type",
        "UNKNOWN_TYPE",
        "type: expected one of order, trade, cancel, found 'custody_transfer': no order moves",
    ),
    "list": ([1], "", "MALFORMED_ROW", "expected a JSON object on the line, found a list"),
    "order": (
        CANCEL | {"order_ref": "O9"},
        "order_ref",
        "UNKNOWN_ORDER",
        "a cancel names no instrument and order 'O9' was not seen",
    ),
    "side": (ORDER | {"side": "long"}, "side", "UNKNOWN_SIDE", "side: expected buy or sell, found 'long'"),
    "qty": (ORDER | {"qty": "many"}, "qty", "BAD_NUMBER", "qty: expected a number, found 'many'"),
    "huge": (ORDER | {"qty": 10**400}, "qty", "BAD_NUMBER", f"qty: expected a number, found {10**400}"),
    "account": (ORDER | {"account": None}, "account", "MISSING", "account: expected text, found None"),
    "meta": (TRADE | {"meta": [1]}, "meta", "MALFORMED_ROW", "meta and related_to: expected JSON objects"),
    "ts": (
        ORDER | {"ts": "soon"},
        "ts",
        "BAD_TIME",
        "ts: expected ISO 8601 such as 2026-11-21T04:08:41Z, found 'soon'",
    ),
    "zone": (
        ORDER | {"ts": "2026-11-21T04:08:41"},
        "ts",
        "BAD_TIME",
        "ts: expected a time with its zone such as ...Z, found '2026-11-21T04:08:41'",
    ),
    "year": (
        ORDER | {"ts": "0001-01-01T00:00:00Z"},
        "ts",
        "BAD_TIME",
        "ts: expected a time of 1970 to 2100, found '0001-01-01T00:00:00Z'",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_line_that_gives_no_event_is_refused_with_its_reason(name: str, read: Read, write: Write) -> None:
    body, field, reason, message = BAD[name]
    rows, report = read(write("day.jsonl", lines_of(ORDER, body, ORDER)))
    assert [row["source_sequence"] for row in rows] == [1, 3]
    found = [(fault.row, fault.field, fault.reason, fault.message, fault.text) for fault in report.rejected]
    assert found == [(2, field, reason, message, shortened(json.dumps(body)))]


RECORDED = {
    "benign": ({"NEW": 239, "FILL": 352, "CANCEL": 59}, {}),
    "layering": ({"NEW": 376, "CANCEL": 224}, {}),
    "wash_trade": ({"NEW": 300, "FILL": 300, "CANCEL": 150}, {}),
    "custody_shuffle": ({}, {"UNKNOWN_TYPE": 600}),
}


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_scenario_is_read(name: str, read: Read, recorded_data: Path) -> None:
    rows, report = read(recorded_data / "simple_jsonl" / f"{name}.jsonl")
    assert (Counter(row["kind"] for row in rows), report.rejected_by_reason) == RECORDED[name]
