import json
import lzma
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest_service.formats import FileReport, FormatOptions

Rows = list[dict[str, object]]
Read = Callable[..., tuple[Rows, FileReport]]
Write = Callable[[str, str | bytes], Path]

HEADER = "id,timestamp,exchange.timestamp,price,volume,action,direction\n"
FIRST = "7,1430438404518,1430438404000,236.47,200000000,created,bid"

MEANINGS = {
    "7,1430438404600,1,236.47,150000000,changed,bid": ("FILL", 0.5, 1.5, None),
    "7,1430438404600,1,236.48,200000000,changed,bid": ("REPLACE", 2.0, 2.0, None),
    "7,1430438404600,1,236.47,250000000,changed,bid": ("REPLACE", 2.5, 2.5, None),
    "7,1430438404600,1,236.47,200000000,changed,bid": ("STATUS", None, 2.0, None),
    "7,1430438404600,1,236.47,200000000,deleted,bid": ("CANCEL", 2.0, 0.0, None),
    "7,1430438404600,1,236.47,0,deleted,bid": ("FILL", 2.0, 0.0, None),
    "8,1430438404600,1,236.47,100000000,changed,bid": ("STATUS", None, 1.0, "first seen when changed"),
    "8,1430438404600,1,236.47,100000000,deleted,bid": ("CANCEL", 1.0, 0.0, None),
    "8,1430438404600,1,236.47,0,deleted,bid": ("STATUS", None, 0.0, "filled, how much is not known"),
}


@pytest.mark.parametrize("line", MEANINGS)
def test_a_row_is_the_event_it_stands_for(line: str, read: Read, write: Write) -> None:
    rows, report = read(write("orders.csv", f"{HEADER}{FIRST}\n{line}\n"))
    assert rows[0] == {
        "event_time_ns": 1_430_438_404_518_000_000,
        "kind": "NEW",
        "venue": "BITSTAMP",
        "instrument": "BTC-USD",
        "order_id": "7",
        "side": "BUY",
        "price": 236.47,
        "quantity": 2.0,
        "leaves_quantity": 2.0,
        "source": report.source,
        "source_sequence": 1,
    }
    last = rows[1]
    found = last["kind"], last.get("quantity"), last["leaves_quantity"], last.get("text")
    assert found == MEANINGS[line]
    assert (last["event_time_ns"], last["order_id"]) == (1_430_438_404_600_000_000, line[0])


def test_an_orders_quantity_counts_what_was_filled_when_it_is_repriced(read: Read, write: Write) -> None:
    lines = [
        FIRST,
        "7,1430438404600,1,236.47,150000000,changed,bid",
        "7,1430438404601,1,236.5,120000000,changed,bid",
        "7,1430438404602,1,236.5,0,deleted,bid",
    ]
    rows, _ = read(write("orders.csv", HEADER + "\n".join(lines)))
    assert [(row["kind"], row["quantity"], row["leaves_quantity"]) for row in rows] == [
        ("NEW", 2.0, 2.0),
        ("FILL", 0.5, 1.5),
        ("REPLACE", 1.7, 1.2),
        ("FILL", 1.2, 0.0),
    ]


BAD = {
    "7,x,1,236.47,1,created,bid": ("timestamp", "BAD_INTEGER", "timestamp: expected an integer, found 'x'"),
    "7,9223372036854775807,1,2,1,created,bid": (
        "event_time_ns",
        "TIME_OUT_OF_RANGE",
        "expected nanoseconds since 1970, within 1970 to 2100, found 9223372036854775807",
    ),
    "7,1430438404518,1,1,-1,created,bid": ("volume", "NEGATIVE_QUANTITY", "volume: expected 0 or more, found -1"),
    "7,1430438404518,1,1,1,made,bid": (
        "action",
        "UNKNOWN_CODE",
        "action: expected one of created, changed, deleted, found 'made'",
    ),
    "7,1430438404518,1,1,1,created,": ("direction", "UNKNOWN_CODE", "direction: expected one of bid, ask, found None"),
    ",1430438404518,1,1,1,created,bid": ("id", "MISSING", "id is empty"),
}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_row_is_refused_by_line_and_moves_no_order(line: str, read: Read, write: Write) -> None:
    after = "7,1430438404600,1,236.47,150000000,changed,bid"
    rows, report = read(write("orders.csv", f"{HEADER}{FIRST}\n{line}\n{after}\n"))
    assert [(row["kind"], row["leaves_quantity"]) for row in rows] in (
        [("NEW", 2.0), ("FILL", 1.5)],
        [("NEW", 2.0), ("REPLACE", 1.5)],  # a row refused for its time alone was a whole row of its order
    )
    fault = report.rejected[0]
    assert (fault.row, fault.field, fault.reason, fault.message, fault.text) == (3, *BAD[line], line)


def test_the_feed_gives_the_events_of_the_table_and_the_prints(read: Read, write: Write) -> None:
    order = {"price": "236.47", "amount": "2.00000000", "datetime": "1430438404", "id": 7, "order_type": 1}
    lines = [
        "1430438404518 order_created " + json.dumps(order),
        '1430438404519 order_book {"bids": [], "asks": []}',
        '1430438404520 trade {"price": 236.47, "amount": 0.21144331, "id": 8111041}',
        "1430438404521 order_changed " + json.dumps(order | {"amount": "1.78855669"}),
        "1430438404522 order_deleted " + json.dumps(order | {"amount": "0.00000000"}),
    ]
    rows, report = read(write("feed.log.xz", lzma.compress("\n".join(lines).encode())))
    found = [(row["kind"], row.get("side"), row["quantity"], row.get("leaves_quantity")) for row in rows]
    assert found == [
        ("NEW", "SELL", 2.0, 2.0),
        ("TRADE", None, 0.21144331, None),
        ("FILL", "SELL", 0.21144331, 1.78855669),
        ("FILL", "SELL", 1.78855669, 0.0),
    ]
    assert [(row.get("order_id"), row.get("trade_id")) for row in rows[:2]] == [("7", None), (None, "8111041")]
    assert [row["source_sequence"] for row in rows] == [1, 3, 4, 5]
    assert report.notes == ["1 order_book snapshots were left out: the orders themselves are read"]


BAD_FEED = {
    "hello": "expected milliseconds, one of order_created, order_changed, order_deleted, trade, order_book, and JSON",
    "1 trade {": "expected JSON with price, amount and id: ValueError expected a JSON object on the line: ",
    '1 trade {"price": 1, "amount": 1}': "expected JSON with price, amount and id: KeyError 'id'",
    '1 order_created {"price": 1, "amount": 1, "id": 1, "order_type": 2}': "expected JSON with price, amount and id",
    '1 trade {"price": "nan", "amount": 1, "id": 1}': "expected a finite price and an amount of up to 8 places",
    '1 trade {"price": 1, "amount": 1e-9, "id": 1}': "expected a finite price and an amount of up to 8 places",
    '1 trade {"price": 1, "amount": "1e999999", "id": 1}': "expected JSON with price, amount and id: Overflow",
    '1 trade {"price": 1, "amount": 1e99, "id": 1}': "expected a finite price and an amount of up to 8 places",
    '9999999999999999999 trade {"price": 1, "amount": 1, "id": 1}': "expected milliseconds, one of order_created",
    '1 trade {"price": "?", "amount": 1, "id": 1}': "expected JSON with price, amount and id: InvalidOperation",
}


@pytest.mark.parametrize("line", BAD_FEED)
def test_a_bad_line_of_the_feed_is_refused(line: str, read: Read, write: Write) -> None:
    good = '1430438404520 trade {"price": 236.47, "amount": 0.2, "id": 8111041}'
    rows, report = read(write("feed.log", f"{good}\n{line}\n\n{good}"))
    assert len(rows) == 2
    assert [(fault.row, fault.reason, fault.text) for fault in report.rejected] == [(2, "MALFORMED_ROW", line)]
    assert report.rejected[0].message.startswith(BAD_FEED[line])


def test_the_options_replace_venue_and_instrument(read: Read, write: Write) -> None:
    path = write("orders.csv", f"{HEADER}{FIRST}\n")
    rows, _ = read(path, options=FormatOptions(venue="BTSP", instrument="BTCUSD"))
    assert (rows[0]["venue"], rows[0]["instrument"]) == ("BTSP", "BTCUSD")


ORDERS = {"NEW": 24894, "CANCEL": 24338, "FILL": 1120, "REPLACE": 36, "STATUS": 26}


def test_every_row_of_the_recorded_table_is_an_event(read: Read, recorded_data: Path) -> None:
    rows, report = read(recorded_data / "bitstamp" / "orders.csv")
    assert (len(rows), report.rejected) == (50_414, [])
    assert Counter(row["kind"] for row in rows) == ORDERS
    assert report.notes == ["209 rows name orders not open in this file (4 changed, 205 deleted): kept"]


def test_the_recorded_feed_gives_the_same_orders_and_the_prints(read: Read, recorded_data: Path) -> None:
    feed, report = read(recorded_data / "bitstamp" / "2015-05-01.log.xz")
    table, _ = read(recorded_data / "bitstamp" / "orders.csv")
    assert Counter(row["kind"] for row in feed) == ORDERS | {"TRADE": 575}
    assert report.rejected == []
    orders = [row for row in feed if row["kind"] != "TRADE"]
    exact = ("event_time_ns", "kind", "order_id", "side", "price")
    assert [[row[name] for name in exact] for row in orders] == [[row[name] for name in exact] for row in table]
    for name in ("quantity", "leaves_quantity"):  # whoever made the table cut some volumes by one unit
        volumes = [float(str(row.get(name, -1.0))) for row in orders]
        assert volumes == pytest.approx([float(str(row.get(name, -1.0))) for row in table], rel=0, abs=2.5e-8)
