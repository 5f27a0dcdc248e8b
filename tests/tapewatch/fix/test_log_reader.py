import gzip
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tapewatch.fix import log_reader, log_scanner
from tapewatch.fix.codec import Field, Garbled, Message, encode
from tapewatch.fix.log_reader import LogReader, read_log
from tapewatch.fix.log_scanner import LogScanner
from tapewatch.fix.wire.logged import COMPILED, Flow
from tapewatch.market.frame import Frame
from tests.tapewatch.fix.fix_peer import report_fields


def line(
    msg_type: str, number: int, fields: list[Field], sender: str = "VENUE", target: str = "US", day: int = 5
) -> bytes:
    head: list[Field] = [(35, msg_type), (49, sender), (56, target), (34, number), (52, f"202601{day:02d}-09:00:00")]
    return encode("FIX.4.4", [*head, *fields])


ORDER = line("D", 1, [(11, "C1"), (55, "ABC"), (54, "1"), (38, 100), (40, "2"), (44, 10)], "US", "VENUE")
REPORTS = [line("8", number, report_fields(f"E{number}")) for number in (1, 2, 3)]


def read(tmp_path: Path, content: bytes, name: str = "a.log") -> LogReader:
    path = tmp_path / name
    path.write_bytes(content)
    return read_log(path)


def kinds(reader: LogReader) -> list[object]:
    return [row["kind"] for row in reader.rows()]


@pytest.mark.parametrize("delimiter", [b"\x01", b"|", b"^A", b";", b"<SOH>", b"\\x01"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"", b" trailing words\n"])
def test_any_delimiter_and_line_ending_reads(tmp_path: Path, delimiter: bytes, ending: bytes) -> None:
    lines = [b"09:00:00.123 INFO <== " + report.replace(b"\x01", delimiter) + ending for report in REPORTS]
    reader = read(tmp_path, b"# a log\n" + b"".join(lines))
    assert kinds(reader) == ["NEW"] * 3
    assert (reader.report.bad_checksum, reader.report.bad_length, sum(reader.report.garbled.values())) == (0, 0, 0)


def test_the_last_delimiter_may_be_missing(tmp_path: Path) -> None:
    lines = [report.replace(b"\x01", b"|")[:-1] for report in REPORTS]
    assert kinds(read(tmp_path, b"\n".join(lines))) == ["NEW"] * 3


@given(st.lists(st.integers(1, 400), max_size=6))
def test_a_line_may_be_split_anywhere(cuts: list[int]) -> None:
    content = b"".join(REPORTS)
    for cut in sorted(cuts, reverse=True):
        content = content[:cut] + b"\n" + content[cut:]
    scanner = LogScanner()
    found = scanner.feed(content) + scanner.finish()
    assert [item.raw for item in found if isinstance(item, Message)] == REPORTS


@given(st.integers(1, 50))
def test_the_pieces_it_is_read_in_do_not_matter(size: int) -> None:
    content = b"x\x00 " + b"".join(REPORTS) + b" y " + REPORTS[0].replace(b"\x01", b"|") + b"\n"
    scanner = LogScanner()
    found = [item for place in range(0, len(content), size) for item in scanner.feed(content[place : place + size])]
    found += scanner.finish()
    assert [item.raw for item in found if isinstance(item, Message)] == [*REPORTS, REPORTS[0]]


def test_edited_messages_are_kept_and_counted(tmp_path: Path) -> None:
    wrong_sum = REPORTS[0][:-4] + b"999\x01"
    wrong_length = REPORTS[1].replace(b"55=ABC", b"55=LONGER")
    reader = read(tmp_path, wrong_sum + b"\n" + wrong_length + b"\n")
    assert kinds(reader) == ["NEW"] * 2
    assert (reader.report.bad_checksum, reader.report.bad_length) == (2, 1)


def test_what_is_garbled_is_counted_with_the_reason_and_the_rest_is_read(tmp_path: Path) -> None:
    reader = read(tmp_path, REPORTS[0][:60] + b"\n" + REPORTS[1] + b"\n" + REPORTS[2][:30])
    assert kinds(reader) == ["NEW"]
    assert reader.report.garbled == Counter({"no CheckSum (10) before the next message or the end": 2})


def test_an_order_seen_as_request_and_as_report_is_one_new(tmp_path: Path) -> None:
    assert kinds(read(tmp_path, ORDER + REPORTS[0])) == ["REQUEST", "NEW"]


def test_orders_are_the_events_where_there_are_no_reports(tmp_path: Path) -> None:
    (row,) = read(tmp_path, ORDER).rows()
    assert (row["kind"], row["source"], row["source_epoch"]) == ("NEW", "FIX.4.4:US->VENUE", 20260105000)


def test_numbers_used_again_after_a_reset_are_of_another_epoch(tmp_path: Path) -> None:
    logon: list[Field] = [(98, 0), (108, 30)]
    content = [
        line("A", 1, logon),
        REPORTS[1],
        line("A", 1, logon),
        REPORTS[1],
        line("8", 2, report_fields("E9"), day=6),
    ]
    epochs = [row["source_epoch"] for row in read(tmp_path, b"\n".join(content)).rows()]
    assert epochs == [20260105000, 20260105001, 20260106000]


def test_a_message_logged_twice_is_counted_and_keeps_its_identity(tmp_path: Path) -> None:
    reader = read(tmp_path, REPORTS[0] + b"\n" + REPORTS[0])
    first, again = reader.rows()
    assert first == again
    assert reader.report.repeated == 1


def test_messages_without_numbers_are_told_apart_by_their_place(tmp_path: Path) -> None:
    unnumbered = ORDER.replace(b"34=1\x01", b"")
    reader = read(tmp_path, unnumbered + unnumbered.replace(b"11=C1", b"11=C2"))
    assert [row["source_sequence"] for row in reader.rows()] == [1, 2]


def test_a_packed_log_reads_and_a_cut_one_reads_as_far_as_it_goes(tmp_path: Path) -> None:
    packed = gzip.compress(b"\n".join(REPORTS * 200))
    assert len(kinds(read(tmp_path, packed, "a.log.gz"))) == 600
    cut = read(tmp_path, packed[: len(packed) // 2], "b.log.gz")
    assert 0 < len(kinds(cut)) < 600
    assert any("compressed data" in reason for reason in cut.report.garbled)


# -- as batches, what is plain mapped where it lies

LOGON = line("A", 1, [(98, 0), (108, 30)])
PIECES = [
    *REPORTS,
    *(report.replace(b"\x01", b"|") for report in REPORTS),
    *(report.replace(b"\x01", b"\x02") for report in REPORTS),
    REPORTS[0].replace(b"\x01", b"^A"),
    REPORTS[1].replace(b"E2", b"\xc32"),
    ORDER,
    ORDER.replace(b"\x01", b"|"),
    LOGON,
    line("8", 2, report_fields("E9"), day=6),
    line("8", 4, [*report_fields("E4"), (95, 3), (96, b"a\x01b")]),
    line("8", 5, [*report_fields("E5"), (58, "a=b|c")]),
    line("8", 5, [*report_fields("E5"), (58, "a=b")]).replace(b"\x01", b"|"),
    line("8", 6, [*report_fields("E6"), (5008, "FIX"), (58, "\t")]).replace(b"\x01", b"|"),
    line("8", 7, [*report_fields("E7"), (99999, "x"), (1234567890, "y")]),
    line("AE", 8, [(571, "R"), (31, 1), (32, 2), (552, 2), (54, "1"), (54, "2")]),
    REPORTS[2].replace(b"150=0", b"150=\xff"),
    REPORTS[0][:40],
    REPORTS[0][:-4] + b"999\x01",
    REPORTS[1].replace(b"\x01", b"|")[:-2] + b"x|",
    b"\n", b"\r\n", b"8", b"8=FIX", b"8=FIX.4.4", b"09:00:00.123 INFO ", b"10=123\x01",
]  # fmt: skip


@settings(deadline=None, max_examples=80)
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.integers(1, 5), st.sampled_from([7, 100, 1 << 20]))
@example(PIECES, 3, 1 << 20)
def test_batches_hold_the_rows_and_the_report_of_the_items(pieces: list[bytes], rows_min: int, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_reader, "CHUNK_BYTES", size)
        path = Path(folder) / "a.log"
        path.write_bytes(b"".join(pieces))
        items = read_log(path)
        found = list(items)
        rows = [row for item in found for row in item.rows]
        places = [place for place, item in enumerate(found, 1) for _ in item.rows]
        reader = read_log(path)
        batches = list(reader.batches(rows_min))
    assert [row for batch in batches for row in batch.frame.rows()] == list(Frame.from_rows(rows).rows())
    assert [place for batch in batches for place in batch.places.tolist()] == places
    raws = [batch.raw(place) for batch in batches for place in batch.places.tolist()]
    assert raws == [found[place - 1].message.raw for place in places]
    assert reader.report == items.report
    assert all(batch.frame.row_count >= rows_min for batch in batches[:-1])


@pytest.mark.skipif(not COMPILED, reason="the core is not compiled: nothing is quick")
@pytest.mark.parametrize("delimiter", [b"\x01", b"|"])
def test_of_plain_messages_of_a_log_no_object_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delimiter: bytes
) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"".join(b"INFO " + line("8", n, report_fields(f"E{n}")) + b"\n" for n in range(1, 9)))
    path.write_bytes(path.read_bytes().replace(b"\x01", delimiter))
    made: list[Message | Garbled] = []
    flow_of = LogReader._flow_of

    def noting(reader: LogReader, item: Message | Garbled) -> Flow | None:
        made.append(item)
        return flow_of(reader, item)

    monkeypatch.setattr(LogReader, "_flow_of", noting)
    assert sum(batch.frame.row_count for batch in read_log(path).batches(100)) == 8
    assert [message.sequence for message in made if isinstance(message, Message)] == [1]


def test_a_log_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.log"):
        read_log(tmp_path / "none.log")


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_scanner(data: bytes) -> None:
    scanner = LogScanner()
    found = scanner.feed(data + REPORTS[0][:50]) + scanner.feed(data) + scanner.finish()
    assert all(item.raw for item in found)


# -- recorded logs

RECORDED = [
    ("FIX42-CoyTrade-BCExchange-MarketDataRequest.log", {"V": 1}, {}),
    ("FIX42-CoyTrade-BCExchange-MessagesSplitBetweenMultipleLines.log", {"A": 2, "5": 2}, {}),
    ("FIX42-CoyTrade-BCExchange-NoMessagesInLog.log", {}, {}),
    ("FIX42-CoyTrade-BCExchange-PipeDelimeter.log", {"D": 1}, {"NEW": 1}),
    (
        "FIX42-CoyTrade-BCExchange-SenderAndTargetInSameLogFile.log",
        {"A": 2, "D": 1, "8": 1, "5": 2},
        {"REQUEST": 1, "NEW": 1},
    ),
    ("FIX42-CoyTrade-BCExchange-SenderMessagePerLine.log", {"A": 1, "D": 2, "0": 1}, {"NEW": 2}),
    ("FIX42-CoyTrade-BCExchange-SenderMessagePerLineMixedWithOtherText.log", {"A": 1, "D": 3, "0": 2}, {"NEW": 3}),
    ("FIX42-CoyTrade-BCExchange-SenderMessagePerLineNoExtraLoggingInfo.log", {"A": 1, "D": 2, "0": 1}, {"NEW": 2}),
    ("FIX42-CoyTrade-BCExchange-TargetMessagePerLine.log", {"0": 1, "8": 5}, {"EXPIRE": 5}),
    ("FIX42-CoyTrade-BCExchange-TargetMessagePerLineNoExtraLoggingInfo.log", {"0": 1, "8": 5}, {"EXPIRE": 5}),
    ("FIX44-FXSpot-WithSubparties.log", {"AE": 1}, {"FILL": 1}),
    ("ieiss_README.txt", {}, {}),
    ("ieiss_fixlog_fixt11.bin", {"A": 1, "X": 2507}, {}),
]


@pytest.mark.parametrize(("name", "types", "events"), RECORDED)
def test_every_recorded_log_reads(
    recorded_data: Path, name: str, types: dict[str, int], events: dict[str, int]
) -> None:
    reader = read_log(recorded_data / "fix_logs" / name)
    rows = list(reader.rows())
    assert reader.report.messages_by_type == types
    assert reader.report.events_by_kind == events
    assert len(rows) == sum(events.values())
    assert not reader.report.garbled


def test_every_recorded_log_is_in_the_table(recorded_data: Path) -> None:
    assert {path.name for path in (recorded_data / "fix_logs").iterdir()} == {name for name, _, _ in RECORDED}


def test_the_recorded_market_data_says_why_none_of_it_maps(recorded_data: Path) -> None:
    reader = read_log(recorded_data / "fix_logs" / "ieiss_fixlog_fixt11.bin")
    assert list(reader.rows()) == []
    assert reader.report.unmapped["35=X has no market data entries (268)"] == 2507


def test_the_recorded_trade_with_nested_parties_reads_in_depth(recorded_data: Path) -> None:
    (row,) = read_log(recorded_data / "fix_logs" / "FIX44-FXSpot-WithSubparties.log").rows()
    found = {
        name: row[name] for name in ("instrument", "side", "price", "quantity", "account", "contra_account", "currency")
    }
    assert found == {
        "instrument": "EUR/USD", "side": "BUY", "price": 1.202, "quantity": 10000.0,
        "account": "TARGET ACCOUNT", "contra_account": "TARGET", "currency": "EUR",
    }  # fmt: skip


@st.composite
def rough_logs(draw: st.DrawFn) -> bytes:
    """Messages of a log with text around them, in several layouts, a byte changed here and there."""
    parts = []
    for message in draw(st.lists(st.sampled_from([*REPORTS, ORDER]), max_size=6)):
        between = draw(st.sampled_from([b"\x01", b"\x01", b"|", b"|", b";", b"~", b"^A", b"\n"]))
        before = draw(st.sampled_from([b"", b"09:00 IN ", b"8\n", b"x8=FI\r\n", b"\n\n", b"8=FIX is read: "]))
        parts.append(before + message.replace(b"\x01", between) + draw(st.sampled_from([b"", b"\n", b" out\r\n"])))
    data = bytearray(b"".join(parts))
    for _ in range(draw(st.integers(0, 2)) if data else 0):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.sampled_from(b"\x01|=\n8"))
    return bytes(data)


def scanned_in_pieces(content: bytes, size: int) -> tuple[list[object], int, int]:
    scanner = LogScanner()
    found = [item for place in range(0, len(content), size) for item in scanner.feed(content[place : place + size])]
    found += scanner.finish()
    read: list[object] = [(m.raw, m.msg_type, dict(m.values)) if isinstance(m, Message) else repr(m) for m in found]
    return read, scanner.bad_checksum, scanner.bad_length


@settings(deadline=None)
@given(rough_logs(), st.integers(20, 600))
def test_the_quick_way_through_a_log_finds_what_the_careful_one_finds(content: bytes, size: int) -> None:
    quick = scanned_in_pieces(content, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_scanner, "COMPILED", False)
        assert quick == scanned_in_pieces(content, size)


def test_batches_hold_the_rows_of_the_items_and_count_the_same(tmp_path: Path) -> None:
    back = [line("D", number, [(11, f"C{number}"), (55, "A")], "US", "VENUE") for number in (1, 2, 2)]
    content = b"\n".join([*REPORTS, *back, b"junk 8=FIX.4.4", REPORTS[0].replace(b"34=1\x01", b"")] * 3)
    items, batches = read(tmp_path, content, "a.log"), read(tmp_path, content, "b.log")
    expected = list(Frame.from_rows(list(items.rows())).rows())
    found = list(batches.batches(5))
    assert [row for batch in found for row in batch.frame.rows()] == expected
    assert [batch.frame.row_count for batch in found] == [5, 5, 5, 5, 1]
    assert batches.report == items.report
    assert [batch.raw(place)[:9] for batch in found for place in batch.places.tolist()] == [b"8=FIX.4.4"] * 21
