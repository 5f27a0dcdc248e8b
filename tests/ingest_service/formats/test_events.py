import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_service.formats import FileReport, FormatError, FormatOptions, open_events

Rows = list[dict[str, object]]
Read = Callable[..., tuple[Rows, FileReport]]
Write = Callable[[str, str | bytes], Path]

HEADER = "event_time_ns,kind,venue,instrument,order_id,side,price,quantity\n"
GOOD = "1700000000000000001,NEW,XNAS,AAPL,A1,BUY,101.25,100\n"
IDENTITY = ("source", "source_sequence")


def without_identity(rows: Rows) -> Rows:
    return [{name: value for name, value in row.items() if name not in IDENTITY} for row in rows]


def one_fault(report: FileReport) -> tuple[int, str, str, str]:
    assert len(report.rejected) == 1, report.rejected
    fault = report.rejected[0]
    return fault.row, fault.field, fault.reason, fault.message


def test_a_csv_row_becomes_an_event_named_by_its_file_and_row(read: Read, write: Write) -> None:
    rows, report = read(write("day.csv", HEADER + GOOD))
    assert rows == [
        {
            "event_time_ns": 1700000000000000001,
            "kind": "NEW",
            "venue": "XNAS",
            "instrument": "AAPL",
            "order_id": "A1",
            "side": "BUY",
            "price": 101.25,
            "quantity": 100.0,
            "source": report.source,
            "source_sequence": 1,
        }
    ]
    assert report.format == "events"
    assert report.decided == "its first line names the event columns event_time_ns, kind, venue, instrument"


def test_the_source_of_a_file_is_the_beginning_of_its_sha256(read: Read, write: Write) -> None:
    _, report = read(write("day.csv", "event_time_ns,kind,venue,instrument,phase\n1,PHASE,X,Y,OPEN\n"))
    assert report.source == "file:0c1a30a82125283d"


BAD_ROWS = {
    "abc,NEW,XNAS,AAPL,A1,BUY,1,1": (
        "event_time_ns",
        "BAD_INTEGER",
        "event_time_ns: expected an integer, nanoseconds since 1970 UTC, found 'abc'",
    ),
    "2021-07-25T17:00:17Z,NEW,XNAS,AAPL,A1,BUY,1,1": (
        "event_time_ns",
        "BAD_INTEGER",
        "event_time_ns: expected an integer, nanoseconds since 1970 UTC, found '2021-07-25T17:00:17Z'"
        "; convert dates to nanoseconds first",
    ),
    "1.7e18,NEW,XNAS,AAPL,A1,BUY,1,1": (
        "event_time_ns",
        "BAD_INTEGER",
        "event_time_ns: expected an integer, nanoseconds since 1970 UTC, found '1.7e18'",
    ),
    "0x10,NEW,XNAS,AAPL,A1,BUY,1,1": (
        "event_time_ns",
        "BAD_INTEGER",
        "event_time_ns: expected an integer, nanoseconds since 1970 UTC, found '0x10'",
    ),
    "-62135596800000000000,NEW,XNAS,AAPL,A1,BUY,1,1": (  # year 1 is beyond 64 bits
        "event_time_ns",
        "BAD_INTEGER",
        "event_time_ns: expected an integer, nanoseconds since 1970 UTC, found '-62135596800000000000'",
    ),
    "-1,NEW,XNAS,AAPL,A1,BUY,1,1": (
        "event_time_ns",
        "TIME_OUT_OF_RANGE",
        "expected nanoseconds since 1970, within 1970 to 2100, found -1",
    ),
    "17,NEWW,XNAS,AAPL,A1,BUY,1,1": (
        "kind",
        "UNKNOWN_KIND",
        "kind: expected one of NEW, REPLACE, CANCEL, FILL, REJECT, CANCEL_REJECT, EXPIRE, REQUEST, STATUS, TRADE, "
        "QUOTE, BOOK_LEVEL, BUST, CORRECT, PHASE, found 'NEWW'; did you mean 'NEW'?",
    ),
    "17,NEW,XNAS,AAPL,A1,buy,1,1": (
        "side",
        "UNKNOWN_SIDE",
        "side: expected one of BUY, SELL, found 'buy'; did you mean 'BUY'?",
    ),
    "17,NEW,XNAS,AAPL,A1,BUY,12;5,1": ("price", "BAD_NUMBER", "price: expected a decimal number, found '12;5'"),
    "17,NEW,XNAS,AAPL,A1,BUY,NaN,1": ("price", "NOT_FINITE", "price: expected a finite decimal number, found 'NaN'"),
    "17,NEW,XNAS,AAPL,A1,BUY,-inf,1": ("price", "NOT_FINITE", "price: expected a finite decimal number, found '-inf'"),
    "17,NEW,XNAS,AAPL,A1,BUY,1,1e400": (
        "quantity",
        "NOT_FINITE",
        "quantity: expected a finite decimal number, found '1e400'",
    ),
    "17,NEW,XNAS,AAPL,A1,BUY,1,-5": (
        "quantity",
        "NEGATIVE_QUANTITY",
        "quantity: expected a quantity of 0 or more, found -5.0",
    ),
    "17,NEW,XNAS,,A1,BUY,1,5": ("instrument", "MISSING", "instrument is empty"),
    "17,NEW,XNAS,AAPL,A1,BUY,1": ("", "FIELD_COUNT", "expected 8 fields, found 7; is the line cut?"),
    "17,NEW,XNAS,AAPL,A1,BUY,1,5,": ("", "FIELD_COUNT", "expected 8 fields, found 9; is the line cut?"),
    '17,NEW,XNAS,"AAPL,A1,BUY,1,5': (
        "",
        "MALFORMED_ROW",
        "expected a row of comma-separated values: unexpected end of data (a value can not hold a line end)",
    ),
}


@pytest.mark.parametrize("line", BAD_ROWS)
def test_a_bad_csv_row_is_refused_by_line_and_the_good_ones_around_it_are_kept(
    line: str, read: Read, write: Write
) -> None:
    rows, report = read(write("day.csv", HEADER + GOOD + line + "\n" + GOOD.replace("A1", "A2")))
    assert [(row["order_id"], row["source_sequence"]) for row in rows] == [("A1", 1), ("A2", 3)]
    assert one_fault(report) == (3, *BAD_ROWS[line])
    assert report.rejected[0].text == line


def test_a_line_that_is_not_utf8_is_refused_and_shown_escaped(read: Read, write: Write) -> None:
    rows, report = read(write("day.csv", (HEADER + GOOD).encode() + b"17,NEW,XNAS,\xffPL,A1,BUY,1,1\n"))
    assert len(rows) == 1
    assert one_fault(report) == (3, "", "NOT_UTF8", "expected UTF-8 text, found byte 0xff at place 13")
    assert report.rejected[0].text == "17,NEW,XNAS,\\xffPL,A1,BUY,1,1"


def test_a_csv_cut_in_its_last_line_keeps_the_lines_before(read: Read, write: Write) -> None:
    rows, report = read(write("day.csv", HEADER + GOOD + GOOD[:30]))
    assert len(rows) == 1
    assert one_fault(report)[2:] == ("FIELD_COUNT", "expected 8 fields, found 4; is the line cut?")


def test_blank_lines_crlf_and_a_byte_order_mark_change_nothing(read: Read, write: Write) -> None:
    plain, _ = read(write("day.csv", HEADER + GOOD))
    dressed, report = read(write("other.csv", "\ufeff" + (HEADER + GOOD + "\n").replace("\n", "\r\n")))
    assert without_identity(dressed) == without_identity(plain)
    assert report.received == 1


def test_a_fault_keeps_its_text_only_while_there_is_room_but_is_always_counted(read: Read, write: Write) -> None:
    path = write("day.csv", HEADER + GOOD.replace("NEW", "NO") * 5)
    _, report = read(path, options=FormatOptions(faults_kept_max=2))
    assert [fault.row for fault in report.rejected] == [2, 3]
    assert report.rejected_by_reason == {"UNKNOWN_KIND": 5}


HEADERS = {
    "event_time_ns,kind,venue,instrument,qty": "unknown column 'qty': ",
    "event_time_ns,kind,venue,instrument,quantiy": "unknown column 'quantiy': did you mean 'quantity'? "
    "Columns of your own must begin with 'x_'.",
    "event_time_ns,kind,venue,price": "required columns are missing: instrument; an event file needs event_time_ns, "
    "kind, venue, instrument, found event_time_ns, kind, venue, price",
    "event_time_ns,kind,venue,instrument,kind": "column 'kind' is there 2 times: keep one",
}


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_is_wrong_is_an_error_that_says_what_to_do(header: str, write: Write) -> None:
    path = write("day.csv", header + "\n")
    with pytest.raises(FormatError) as caught:
        open_events(path)
    assert str(caught.value).startswith(f"{path}: {HEADERS[header]}")


def test_columns_of_your_own_are_kept_as_text(read: Read, write: Write) -> None:
    rows, _ = read(write("day.csv", HEADER.replace("\n", ",x_desk\n") + GOOD.replace("\n", ",007\n")))
    assert rows[0]["x_desk"] == "007"


def test_a_row_that_names_its_source_keeps_it_and_others_get_the_files(read: Read, write: Write) -> None:
    header = "event_time_ns,kind,venue,instrument,phase,source,source_epoch,source_sequence,source_part,event_key\n"
    identities = ("gw1,3,77,2,", ",9,99,9,", "gw1,,,,k1", "gw1,,,,")
    lines = "".join(f"{time},PHASE,X,Y,OPEN,{identity}\n" for time, identity in enumerate(identities, start=1))
    rows, report = read(write("day.csv", header + lines))
    names = ("source", "source_epoch", "source_sequence", "source_part", "event_key")
    assert [tuple(row.get(name) for name in names) for row in rows] == [
        ("gw1", 3, 77, 2, None),
        (report.source, None, 2, None, None),
        ("gw1", None, None, None, "k1"),
    ]
    message = "a row that names its source needs a source_sequence from 1 or an event_key, found neither"
    assert one_fault(report) == (5, "source_sequence", "MISSING", message)


JSON_GOOD = {"event_time_ns": 17, "kind": "PHASE", "venue": "X", "instrument": "Y", "phase": "OPEN"}
BAD_JSON = {
    '{"event_time_ns": 18, ': ("", "MALFORMED_ROW", "expected a JSON object on the line: Expecting property name"),
    "[1]": ("", "MALFORMED_ROW", "expected a JSON object on the line, found a list"),
    '{"price": NaN}': ("", "MALFORMED_ROW", "expected a JSON object on the line: NaN is not a number of JSON"),
    '{"venue": "\\ud800"}': ("", "MALFORMED_ROW", "expected a JSON object on the line: 'utf-8' codec can't encode"),
    json.dumps(JSON_GOOD | {"prise": 1}): ("prise", "UNKNOWN_COLUMN", "unknown column 'prise': did you mean 'price'?"),
    json.dumps(JSON_GOOD | {"price": [1]}): ("price", "NESTED_VALUE", "price: expected one value, found a list"),
    json.dumps(JSON_GOOD | {"event_time_ns": 1.5}): (
        "event_time_ns",
        "BAD_INTEGER",
        "event_time_ns: expected an integer, nanoseconds since 1970 UTC, found '1.5'",
    ),
    json.dumps(JSON_GOOD | {"price": True}): ("price", "BAD_NUMBER", "price: expected a decimal number, found 'true'"),
    json.dumps(JSON_GOOD | {"aggressor": "maybe"}): (
        "aggressor",
        "BAD_BOOLEAN",
        "aggressor: expected one of true, false, found 'maybe'",
    ),
}


@pytest.mark.parametrize("line", BAD_JSON)
def test_a_bad_json_line_is_refused_and_the_good_ones_around_it_are_kept(line: str, read: Read, write: Write) -> None:
    good = json.dumps(JSON_GOOD)
    rows, report = read(write("day.jsonl", f"{good}\n{line}\n\n{good}\n"))
    assert [row["source_sequence"] for row in rows] == [1, 4]
    row, field, reason, message = one_fault(report)
    assert (row, field, reason) == (2, *BAD_JSON[line][:2])
    assert message.startswith(BAD_JSON[line][2])
    assert report.rejected[0].text == line


def test_a_json_number_may_be_text_and_an_id_may_be_a_number(read: Read, write: Write) -> None:
    line = json.dumps(JSON_GOOD | {"price": "236.47", "order_id": 65595247, "aggressor": False})
    rows, _ = read(write("day.jsonl", line + "\n"))
    assert (rows[0]["price"], rows[0]["order_id"], rows[0]["aggressor"]) == (236.47, "65595247", False)


text = st.one_of(
    st.none(), st.text(st.characters(codec="utf-8", exclude_characters='\r\n\x00"'), min_size=1, max_size=6)
)
event = st.fixed_dictionaries(
    {
        "event_time_ns": st.integers(1, 4_102_444_799_999_999_999),
        "kind": st.sampled_from(["NEW", "FILL"]),
        "venue": st.sampled_from(["XNAS", "XLON"]),
        "instrument": st.sampled_from(["AAPL", "Ü, Ltd"]),
        "order_id": st.sampled_from(["1", "order 2"]),
        "side": st.sampled_from(["BUY", "SELL"]),
        "price": st.floats(-1e12, 1e12),
        "quantity": st.floats(1e-12, 1e12),
        "leaves_quantity": st.one_of(st.none(), st.floats(0, 1e12)),
        "aggressor": st.sampled_from([None, True, False]),
        "account": text,
        "receive_time_ns": st.integers(1, 4_102_444_799_999_999_999),
    }
)


def csv_of(rows: list[dict[str, Any]]) -> str:
    def field(value: object) -> str:
        return "" if value is None else f'"{value}"' if isinstance(value, str) else repr(value)

    names = list(rows[0])
    lines = [",".join(field(row[name]) for name in names) for row in rows]
    return "\n".join([",".join(names), *lines, ""])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(event, min_size=1, max_size=12))
def test_the_same_rows_as_csv_parquet_and_json_lines_give_the_same_events(
    read: Read, write: Write, events: list[dict[str, Any]]
) -> None:
    events.sort(key=lambda row: row["event_time_ns"])
    expected = [{name: value for name, value in row.items() if value is not None} for row in events]
    csv = csv_of(events)
    lines = "".join(json.dumps(row) + "\n" for row in events)
    parquet = write("rows.parquet", b"")
    pq.write_table(pa.Table.from_pylist(events), parquet)
    files = [
        write("rows.csv", csv),
        write("rows.csv.gz", gzip.compress(csv.encode())),
        write("rows.jsonl", lines),
        write("rows.jsonl.xz", lzma.compress(lines.encode())),
        write("careful.jsonl", lines + "\n"),
        parquet,
    ]
    for path in files:
        rows, report = read(path)
        assert without_identity(rows) == expected, path
        assert [row["source_sequence"] for row in rows] == list(range(1, len(events) + 1))
        assert not report.rejected


def test_a_parquet_row_that_is_bad_is_named_by_its_row(read: Read, tmp_path: Path) -> None:
    table = pa.Table.from_pylist([JSON_GOOD, JSON_GOOD | {"phase": "OPENING"}, JSON_GOOD | {"kind": "PHAZE"}])
    pq.write_table(table, tmp_path / "day.parquet")
    rows, report = read(tmp_path / "day.parquet")
    assert len(rows) == 1
    assert [(fault.row, fault.field, fault.reason) for fault in report.rejected] == [
        (2, "phase", "UNKNOWN_PHASE"),
        (3, "kind", "UNKNOWN_KIND"),
    ]
    assert report.rejected[0].text == "event_time_ns=17, kind='PHASE', venue='X', instrument='Y', phase='OPENING'"


def test_parquet_dictionaries_large_text_small_integers_and_nan_are_taken(read: Read, tmp_path: Path) -> None:
    table = pa.table(
        {
            "event_time_ns": pa.array([17, 18], pa.uint64()),
            "kind": pa.array(["NEW", "NEW"]).dictionary_encode(),
            "venue": pa.array(["X", "X"], pa.large_string()),
            "instrument": ["Y", "Y"],
            "order_id": pa.array([1, 2], pa.int32()),
            "side": ["BUY", "SELL"],
            "price": pa.array([1.5, float("nan")], pa.float32()),
            "quantity": pa.array([1, 2], pa.int16()),
            "__index_level_0__": [5, 6],
        }
    )
    pq.write_table(table, tmp_path / "day.parquet")
    rows, report = read(tmp_path / "day.parquet")
    assert [(row["order_id"], row.get("price"), row["quantity"]) for row in rows] == [("1", 1.5, 1.0), ("2", None, 2.0)]
    assert report.notes == ["column __index_level_0__ (the index of a pandas frame) was left out"]


def test_parquet_dictionaries_of_several_row_groups_give_the_rows_that_went_in(read: Read, tmp_path: Path) -> None:
    base = {"event_time_ns": 17, "kind": "NEW", "venue": "X", "instrument": "Y", "side": "BUY", "quantity": 1.0}
    accounts = [None, "A", "", "B", "A", None, "C"]
    events = [base | {"order_id": f"o{place}", "account": account} for place, account in enumerate(accounts)]
    pq.write_table(pa.Table.from_pylist(events), tmp_path / "day.parquet", row_group_size=3)
    for rows_per_frame in (1, 2, 7):
        rows, report = read(tmp_path / "day.parquet", rows_per_frame=rows_per_frame)
        assert not report.rejected
        assert [(row["order_id"], row.get("account")) for row in rows] == [
            (event["order_id"], event["account"] or None) for event in events
        ]


def test_text_that_is_not_utf8_is_refused_in_parquet_and_json_lines_too(read: Read, write: Write) -> None:
    bad = pa.array([b"Y", b"\xffY"]).view(pa.string())
    table = pa.table({"event_time_ns": [1, 2], "kind": ["STATUS"] * 2, "venue": ["X"] * 2, "instrument": bad})
    path = write("day.parquet", b"")
    pq.write_table(table, path)
    rows, report = read(path)
    message = "instrument: expected UTF-8 text, found other bytes"
    assert (len(rows), one_fault(report)) == (1, (2, "instrument", "NOT_UTF8", message))
    line = json.dumps(JSON_GOOD).encode() + b"\n"
    rows, report = read(write("day.jsonl", line + line.replace(b'"Y"', b'"\xffY"')))
    assert (len(rows), one_fault(report)[:3]) == (1, (2, "", "MALFORMED_ROW"))


def test_a_parquet_column_of_the_wrong_type_is_an_error_with_advice(tmp_path: Path) -> None:
    stamps = pa.array([17], pa.timestamp("us"))
    pq.write_table(
        pa.table({**{k: [v] for k, v in JSON_GOOD.items()}, "event_time_ns": stamps}), tmp_path / "a.parquet"
    )
    with pytest.raises(
        FormatError, match=r"column 'event_time_ns': expected 64-bit integers, found timestamp\[us\]; cast"
    ):
        open_events(tmp_path / "a.parquet")


def test_a_cut_parquet_file_is_an_error_that_says_nothing_of_it_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    pq.write_table(pa.Table.from_pylist([JSON_GOOD] * 50), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(
        FormatError, match=r"day.parquet: not a whole Parquet file: .*nothing of a cut file can be read"
    ):
        open_events(path)


def test_a_cut_gzip_file_is_read_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "day.csv.gz"
    lines = (GOOD.replace("A1", f"order-{index * 7919 % 1009}-{index}") for index in range(200_000))
    path.write_bytes(gzip.compress((HEADER + "".join(lines)).encode(), compresslevel=1)[:-1000])
    file = open_events(path)
    for _ in range(2):
        read = sum(frame.row_count for frame in file.frames())
        assert 100_000 < read < 200_000
        assert f"day.csv.gz: the compressed file is cut within line {read + 2}" in file.report.cut
