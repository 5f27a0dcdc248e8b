from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from tapewatch.cli.merge import in_event_order
from tapewatch.market.frame import Frame

Stream = list[int]
streams = st.lists(st.lists(st.integers(0, 12).map(lambda time: 1_000 + time), max_size=30), min_size=1, max_size=4)


def frames(number: int, times: Stream, rows_per_frame: int) -> Iterator[Frame]:
    rows = [
        {"event_time_ns": time, "kind": "NEW", "source": f"s{number}", "source_sequence": place}
        for place, time in enumerate(sorted(times), 1)
    ]
    for start in range(0, len(rows), rows_per_frame):
        yield Frame.from_rows(rows[start : start + rows_per_frame])


def merged(chosen: list[Stream], rows_per_frame: int) -> list[tuple[object, ...]]:
    parts = [frames(number, times, rows_per_frame) for number, times in enumerate(chosen)]
    rows = (row for frame in in_event_order(parts) for row in frame.rows())
    return [(row["event_time_ns"], row["source"], row["source_sequence"]) for row in rows]


@given(chosen=streams, rows_per_frame=st.integers(1, 9))
def test_rows_come_by_time_then_file_then_place_whatever_the_frames(chosen: list[Stream], rows_per_frame: int) -> None:
    expected = sorted(
        (time, f"s{number}", place)
        for number, times in enumerate(chosen)
        for place, time in enumerate(sorted(times), 1)
    )
    assert merged(chosen, rows_per_frame) == expected
