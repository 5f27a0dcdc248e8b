from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest_service.formats import FileReport, FormatError, FormatOptions, open_events

Rows = list[dict[str, object]]
Read = Callable[..., tuple[Rows, FileReport]]
Write = Callable[[str, str | bytes], Path]

NAME = "AAPL_2012-06-21_34200000_57600000_message_10.csv"
BOOK_NAME = NAME.replace("message", "orderbook")
OPEN_NS = 1_340_285_400_000_000_000  # 09:30 in New York, 13:30 UTC in summer

MEANINGS: dict[str, dict[str, object]] = {
    "1,77,18,5853300,1": {"kind": "NEW", "order_id": "77", "side": "BUY", "price": 585.33, "quantity": 18.0},
    "2,77,8,5853300,-1": {"kind": "CANCEL", "order_id": "77", "side": "SELL", "price": 585.33, "quantity": 8.0},
    "3,77,8,5853300,1": {
        "kind": "CANCEL",
        "order_id": "77",
        "side": "BUY",
        "price": 585.33,
        "quantity": 8.0,
        "leaves_quantity": 0.0,
    },
    "4,77,8,5853301,1": {
        "kind": "FILL",
        "order_id": "77",
        "side": "BUY",
        "price": 585.3301,
        "quantity": 8.0,
        "aggressor": False,
        "trade_id": "20120621-1",
    },
    "5,0,8,5853300,1": {
        "kind": "TRADE",
        "side": "SELL",
        "price": 585.33,
        "quantity": 8.0,
        "trade_id": "20120621-1",
    },
    "6,-1,8,5853300,-1": {"kind": "TRADE", "price": 585.33, "quantity": 8.0, "trade_id": "20120621-1"},
    "7,0,0,-1,-1": {"kind": "PHASE", "phase": "HALT"},
    "7,0,0,0,-1": {"kind": "PHASE", "phase": "AUCTION"},
    "7,0,0,1,-1": {"kind": "PHASE", "phase": "CONTINUOUS"},
}


@pytest.mark.parametrize("message", MEANINGS)
def test_a_message_is_the_event_it_stands_for(message: str, read: Read, write: Write) -> None:
    rows, report = read(write(NAME, f"34200.004241176,{message}\n"))
    assert rows == [
        {
            "event_time_ns": OPEN_NS + 4_241_176,
            "venue": "XNAS",
            "instrument": "AAPL",
            "source": report.source,
            "source_sequence": 1,
            **MEANINGS[message],
        }
    ]
    assert report.notes == ["no orderbook file beside it: the book begins empty"]


@pytest.mark.parametrize(("date", "hour"), [("2012-03-09", 14), ("2012-03-12", 13), ("2012-11-05", 14)])
def test_seconds_after_midnight_follow_new_yorks_summer_time(date: str, hour: int, read: Read, write: Write) -> None:
    rows, _ = read(write(NAME.replace("2012-06-21", date), "34200,1,77,18,5853300,1\n"))
    expected = datetime.fromisoformat(date).replace(hour=hour, minute=30, tzinfo=UTC)
    assert rows[0]["event_time_ns"] == int(expected.timestamp()) * 10**9


BAD = {
    "34200.0000000001,1,7,1,1,1": ("time", "BAD_NUMBER", "time: expected a decimal number of up to 9 places, found "),
    "86400.1,1,7,1,1,1": ("time", "OUT_OF_RANGE", "time: expected seconds of a day, found 86400100000000"),
    "34200,8,7,1,1,1": ("type", "OUT_OF_RANGE", "type: expected a type of 1 to 7, found 8"),
    "34200,1,7,1,1,0": ("direction", "OUT_OF_RANGE", "direction: expected 1 (buy) or -1 (sell), found 0"),
    "34200,1,7,x,1,1": ("size", "BAD_INTEGER", "size: expected an integer, found 'x'"),
    "34200,1,7,-3,1,1": ("quantity", "NEGATIVE_QUANTITY", "quantity: expected a quantity of 0 or more, found -3.0"),
    "34200,1,7,1,1": ("", "FIELD_COUNT", "expected 6 fields, found 5; is the line cut?"),
}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_message_is_refused_by_line(line: str, read: Read, write: Write) -> None:
    good = "34200,1,77,18,5853300,1\n"
    rows, report = read(write(NAME, f"{good}{line}\n{good}"))
    assert [row["source_sequence"] for row in rows] == [1, 3]
    assert [(fault.row, fault.field, fault.reason, fault.text) for fault in report.rejected] == [
        (2, *BAD[line][:2], line)
    ]
    assert report.rejected[0].message.startswith(BAD[line][2])


SEEDED = {
    "1,77,18,5853300,1": [("SELL", 585.94, 200.0), ("BUY", 585.3, 50.0)],  # it made the whole level
    "1,77,8,5853300,1": [("SELL", 585.94, 200.0), ("BUY", 585.33, 10.0), ("BUY", 585.3, 50.0)],
    "4,77,8,5859400,-1": [("SELL", 585.94, 208.0), ("BUY", 585.33, 18.0), ("BUY", 585.3, 50.0)],
    "3,77,8,5853400,1": [("SELL", 585.94, 200.0), ("BUY", 585.33, 18.0), ("BUY", 585.3, 50.0), ("BUY", 585.34, 8.0)],
    "5,0,8,5853400,1": [("SELL", 585.94, 200.0), ("BUY", 585.33, 18.0), ("BUY", 585.3, 50.0)],
}


@pytest.mark.parametrize("message", SEEDED)
def test_the_book_before_the_first_message_comes_first(message: str, read: Read, write: Write) -> None:
    write(BOOK_NAME, "5859400,200,5853300,18,9999999999,0,5853000,50\n")
    rows, report = read(write(NAME, f"34200.5,{message}\n34201,1,78,5,5850000,1\n"))
    seeds = [row for row in rows if row["kind"] == "BOOK_LEVEL"]
    assert [(row["side"], row["price"], row["quantity"]) for row in seeds] == SEEDED[message]
    assert {(row["event_time_ns"], row["text"]) for row in seeds} == {
        (OPEN_NS + 500_000_000, "depth before the first message")
    }
    identities = [(row["source_sequence"], row.get("source_part", 0)) for row in rows]
    assert identities == [*((1, part) for part in range(len(seeds) + 1)), (2, 0)]
    assert rows[: len(seeds)] == seeds
    assert report.notes == [f"{len(seeds)} levels of the book before the first message come from {BOOK_NAME}"]


def test_a_bad_first_message_does_not_take_the_book_with_it(read: Read, write: Write) -> None:
    write(BOOK_NAME, "5859400,200,5853300,18\n")
    rows, report = read(write(NAME, "noon,1,77,18,5853300,1\n34201,1,78,5,5850000,1\n"), "lobster")
    assert [row["kind"] for row in rows] == ["BOOK_LEVEL", "NEW"]
    assert [(fault.row, fault.field) for fault in report.rejected] == [(1, "time")]


def test_the_orderbook_file_is_part_of_the_source(read: Read, write: Write) -> None:
    path = write(NAME, "34200,1,77,18,5853300,1\n")
    _, alone = read(path)
    write(BOOK_NAME, "5859400,200,5853300,18\n")
    _, with_book = read(path)
    assert alone.source != with_book.source


def test_an_orderbook_of_another_session_is_an_error(read: Read, write: Write) -> None:
    write(BOOK_NAME, "5859400,200,5853300,18\n")
    with pytest.raises(FormatError, match="line 1 does not follow from message 1: are these files of one session"):
        read(write(NAME, "34200,1,77,19,5853300,1\n"))


def test_the_orderbook_file_alone_is_an_error_that_asks_for_the_other(write: Write) -> None:
    with pytest.raises(FormatError, match="this is LOBSTER's orderbook file: give the _message_ file"):
        open_events(write(BOOK_NAME, "5859400,200,5853300,18,5859800,200,5853000,150\n"))


def test_a_name_without_a_day_is_an_error_unless_the_options_say_it(read: Read, write: Write) -> None:
    path = write("messages.csv", "34200,1,77,18,5853300,1\n")
    with pytest.raises(FormatError, match="rename it, or give the options instrument and date"):
        open_events(path)
    rows, _ = read(path, options=FormatOptions(instrument="MSFT", date="2012-06-21", venue="XNYS"))
    assert (rows[0]["instrument"], rows[0]["venue"], rows[0]["event_time_ns"]) == ("MSFT", "XNYS", OPEN_NS)
    with pytest.raises(FormatError, match=r"expected a day such as 2012-06-21, found '21.6.2012'"):
        open_events(path, options=FormatOptions(instrument="MSFT", date="21.6.2012"))


def test_the_recorded_session_is_read_whole(read: Read, recorded_data: Path) -> None:
    rows, report = read(recorded_data / "lobster" / NAME)
    assert Counter(row["kind"] for row in rows) == {
        "NEW": 471,
        "CANCEL": 369,
        "FILL": 98,
        "TRADE": 61,
        "BOOK_LEVEL": 19,
    }
    assert (report.received, report.rejected) == (1018, [])
    volume = sum(float(str(row["quantity"])) for row in rows if row["kind"] in ("FILL", "TRADE"))
    assert volume == sum(
        int(line.split(",")[3])
        for line in (recorded_data / "lobster" / NAME).read_text().splitlines()
        if line.split(",")[1] in "456"
    )
