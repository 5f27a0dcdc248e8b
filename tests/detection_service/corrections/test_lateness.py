"""Late is what is behind what its venue has released, whatever frames it came in."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from detection_service.corrections.lateness import Lateness
from tapewatch.market.frame import Frame
from tests.detection_service.scenario import Row


def row(venue: str, time_ns: int) -> Row:
    return {"event_time_ns": time_ns, "kind": "STATUS", "venue": venue, "instrument": "ACME"}


def late(lateness: Lateness, rows: list[Row]) -> list[bool]:
    flags = lateness.late(Frame.from_rows(rows))
    return [False] * len(rows) if flags is None else flags.tolist()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 9)), min_size=1, max_size=12))
def test_rows_of_several_venues_are_late_as_each_would_be_alone(steps: list[tuple[str, int]]) -> None:
    rows = [row(venue, time_ns) for venue, time_ns in steps]
    together, alone = Lateness(), Lateness()
    assert late(together, rows) == [flag for each in rows for flag in late(alone, [each])]
    assert together.newest == alone.newest
