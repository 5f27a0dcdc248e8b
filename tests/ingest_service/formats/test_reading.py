import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_service.formats import FileReport, FormatError, FormatOptions, open_events
from ingest_service.formats.events import PARQUET_BATCH_ROWS

Rows = list[dict[str, object]]
Read = Callable[..., tuple[Rows, FileReport]]
Write = Callable[[str, str | bytes], Path]

HEADER = "event_time_ns,kind,venue,instrument,order_id,side,quantity\n"


def lines_of(times: list[int]) -> str:
    rows = (f"{time},NEW,X,Y,order-{place},BUY,{place}" for place, time in enumerate(times, start=1))
    return HEADER + "\n".join(rows) + "\n"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 5), min_size=1, max_size=30), st.integers(1, 40))
def test_the_size_of_frames_never_changes_the_rows(read: Read, write: Write, times: list[int], size: int) -> None:
    path = write("day.csv", lines_of(times))
    file = open_events(path)
    frames = list(file.frames(size))
    assert all(frame.row_count == size for frame in frames[:-1])
    assert 1 <= frames[-1].row_count <= size
    assert [row for frame in frames for row in frame.rows()] == read(path)[0]
    ranked = sorted(range(len(times)), key=times.__getitem__)  # Python's sort is stable
    assert [row["source_sequence"] for frame in frames for row in frame.rows()] == [place + 1 for place in ranked]


def test_frames_of_any_size_are_the_same_rows_over_many_batches(tmp_path: Path) -> None:
    count = 2 * PARQUET_BATCH_ROWS + 17
    table = pa.table(
        {
            "event_time_ns": range(1, count + 1),
            "kind": ["STATUS"] * count,
            "venue": ["X"] * count,
            "instrument": ["Y"] * count,
            "order_id": [str(place) for place in range(count)],
        }
    )
    pq.write_table(table, tmp_path / "day.parquet")
    file = open_events(tmp_path / "day.parquet")
    for size in (1000, 100_000, count):
        frames = list(file.frames(size))
        ids = [frame.strings[index] for frame in frames for index in frame.columns["order_id"].tolist()]
        assert ids == [str(place) for place in range(count)]
        assert [frame.row_count for frame in frames] == [size] * (count // size) + [count % size] * (count % size > 0)


def test_reading_a_file_twice_gives_the_same_frames_and_one_report(write: Write) -> None:
    file = open_events(write("day.csv", lines_of([1, 2, 3]).replace(",2\n", ",-2\n")))
    first = [frame.encode() for frame in file.frames()]
    assert [frame.encode() for frame in file.frames()] == first
    assert (file.report.accepted, file.report.received, len(file.report.rejected)) == (2, 3, 1)


def test_rows_out_of_time_order_are_sorted_and_the_report_says_so(read: Read, write: Write) -> None:
    rows, report = read(write("day.csv", lines_of([5, 3, 4, 3])))
    assert [(row["event_time_ns"], row["source_sequence"]) for row in rows] == [(3, 2), (3, 4), (4, 3), (5, 1)]
    assert report.notes == [
        "row 2 is earlier than the row before it (event_time_ns 3): the 4 events were sorted by event time, "
        "ties in file order"
    ]


@pytest.mark.parametrize("times", [[5, 3, 6, 7], [5, 6, 7, 3]])
def test_a_file_too_long_to_be_sorted_must_be_in_order(times: list[int], read: Read, write: Write) -> None:
    path = write("day.csv", lines_of(times))
    with pytest.raises(FormatError) as caught:
        read(path, options=FormatOptions(sort_rows_max=3))
    assert str(caught.value) == (
        f"{path}: row {times.index(3) + 1} is earlier than the row before it (event_time_ns 3); only files of at most "
        "3 events are put in order here. Sort the file by event time first, split it, or raise sort_rows_max."
    )
    ordered, report = read(write("ordered.csv", lines_of(sorted(times))), options=FormatOptions(sort_rows_max=3))
    assert (len(ordered), report.notes) == (4, [])


def test_a_file_that_changes_while_it_is_read_is_an_error(write: Write) -> None:
    path = write("day.csv", lines_of([1, 2, 3]))
    frames = open_events(path).frames(1)
    next(frames)
    os.utime(path, ns=(1, 1))
    with pytest.raises(
        FormatError, match=r"day.csv: the file changed while it was read; read it again when it is whole"
    ):
        list(frames)


def test_a_frame_of_no_rows_can_not_be_asked_for(write: Write) -> None:
    with pytest.raises(ValueError, match="rows_per_frame: expected 1 to 1048576, found 0"):
        next(open_events(write("day.csv", lines_of([1]))).frames(0))


def test_a_file_with_a_header_alone_gives_no_frames(read: Read, write: Write) -> None:
    for header in (HEADER, HEADER.strip()):
        rows, report = read(write("day.csv", header))
        assert (rows, report.received) == ([], 0)
