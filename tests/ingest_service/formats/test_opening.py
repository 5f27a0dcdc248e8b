import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_service.formats import FORMATS, EventFile, FormatError, FormatOptions, open_events

Write = Callable[[str, str | bytes], Path]

FIRST_LINES = {
    "event_time_ns,kind,venue,instrument": "events",
    '{"event_time_ns": 1, "kind": "PHASE", "venue": "X", "instrument": "Y"}': "events",
    "symbol,timestamp,datetime,side,price,amount,btc_volume": "trades",
    '"Id","Price","Qty","Time","IsBuyerMaker"': "trades",
    "id,timestamp,exchange.timestamp,price,volume,action,direction": "bitstamp",
    '1430438404645 trade {"price": 236.47, "amount": 0.2, "id": 8111041}': "bitstamp",
    '{"type": "order", "ts": "2026-11-21T04:08:41Z"}': "simple",
}


@pytest.mark.parametrize("line", FIRST_LINES)
def test_a_format_is_told_by_content_whatever_the_file_is_called(line: str, write: Write) -> None:
    file = open_events(write("unnamed.bin", line + "\n"))
    assert file.report.format == FIRST_LINES[line]
    assert file.report.decided.startswith("it")


def test_an_unknown_format_is_an_error_with_the_formats_and_the_first_bytes(write: Write) -> None:
    path = write("notes.txt", "MIT License\n")
    with pytest.raises(FormatError) as caught:
        open_events(path)
    assert str(caught.value) == (
        f"{path}: its format is not known: it begins with b'MIT License\\n'. Choose one of events, lobster, bitstamp, "
        "trades, simple with the format option, or give it the columns of the event table."
    )


def test_a_line_nested_beyond_all_measure_is_not_a_known_format(write: Write) -> None:
    with pytest.raises(FormatError, match="its format is not known"):
        open_events(write("day.jsonl", '{"kind":' * 8000))


def test_an_empty_file_is_an_error_that_says_so(write: Write) -> None:
    with pytest.raises(FormatError, match=r"day.csv: the file is empty; an event file has at least a header"):
        open_events(write("day.csv", ""))


def test_a_folder_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="expected a file, found a folder"):
        open_events(tmp_path)


def test_a_format_of_no_such_name_is_an_error_that_lists_them(write: Write) -> None:
    with pytest.raises(FormatError, match="unknown format 'lobstre': expected auto, events, lobster, bitstamp, trades"):
        open_events(write("day.csv", "x"), "lobstre")


class Greedy:
    """Takes every file for its own."""

    name = "greedy"

    def sniff(self, path: Path, head: bytes) -> str | None:
        return f"it has {len(head)} bytes"

    def open(self, path: Path, options: FormatOptions) -> EventFile:
        return FORMATS["events"].open(path, options)


first = st.sampled_from([*FIRST_LINES, "34200,1,77,18,5853300,1", "PAR1", ""])
pieces = st.sampled_from([*',;"\n\r\0{}[]:.-', "1e999", "nan", "0x1", "9" * 30, "\xff", "null", "17", "NEW", "trade "])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first, st.lists(pieces, max_size=40), st.sampled_from(sorted(FORMATS)))
def test_whatever_a_file_holds_it_is_read_refused_by_row_or_refused_whole(
    write: Write, first: str, pieces: list[str], format: str
) -> None:
    path = write("X_2012-06-21_message.csv", f"{first}\n{''.join(pieces)}".encode("latin-1"))
    with contextlib.suppress(FormatError):
        file = open_events(path, format)
        count = sum(frame.row_count for frame in file.frames())
        assert count == file.report.accepted
        assert all(fault.message and fault.reason for fault in file.report.rejected)


def test_a_format_given_from_outside_is_tried_with_the_others(write: Write) -> None:
    header = "event_time_ns,kind,venue,instrument\n"
    file = open_events(write("day.csv", header), "greedy", extra_formats={"greedy": Greedy()})
    assert file.report.decided == "named by the caller"
    with pytest.raises(
        FormatError, match=r"ambiguous: it may be events, for its first line .*; greedy, for it has 36 bytes"
    ):
        open_events(write("day.csv", header), extra_formats={"greedy": Greedy()})
    with pytest.raises(FormatError, match="its format is not known"):
        open_events(write("notes.txt", "hello"))
    assert open_events(write("2.csv", header)).report.format == "events"
