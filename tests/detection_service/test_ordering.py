"""What is released is a function of the journal alone, in the order of event time."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from detection_service.ordering import PIECES_MAX, Ordering
from tapewatch.market.frame import Frame
from tests.detection_service.scenario import Row

SOURCES = ("east", "west", "north")
# A source's clock mostly goes on by a step and sometimes jumps back.
JOURNAL = st.lists(st.tuples(st.sampled_from(SOURCES), st.integers(-3, 6)), min_size=1, max_size=40)


def row(source: str, time_ns: int, number: int, venue: str = "XTST") -> Row:
    return {
        "event_time_ns": time_ns,
        "kind": "STATUS",
        "venue": venue,
        "instrument": "ACME",
        "source": source,
        "source_sequence": number,
    }


def journal_of(steps: list[tuple[str, int]]) -> list[Row]:
    clocks = dict.fromkeys(SOURCES, 10)
    rows = []
    for number, (source, step) in enumerate(steps, start=1):
        clocks[source] = max(1, clocks[source] + step)
        rows.append(row(source, clocks[source], number))
    return rows


def taken(ordering: Ordering, rows: list[Row]) -> list[Row]:
    return [each for part in ordering.take(Frame.from_rows(rows)) for each in part.rows()]


def ended(ordering: Ordering, *sources: str) -> list[Row]:
    return [each for source in sources for part in ordering.source_quiet(source) for each in part.rows()]


def numbers(rows: list[Row]) -> list[object]:
    return [each["source_sequence"] for each in rows]


@settings(max_examples=300, deadline=None)
@given(JOURNAL, st.lists(st.integers(1, 39), max_size=6))
def test_the_order_released_does_not_depend_on_how_the_journal_was_cut(
    steps: list[tuple[str, int]], cuts: list[int]
) -> None:
    rows = journal_of(steps)
    whole, cut = Ordering(), Ordering()
    edges = sorted({0, *(each for each in cuts if each < len(rows)), len(rows)})
    released = taken(whole, rows)
    in_parts = [each for start, stop in itertools.pairwise(edges) for each in taken(cut, rows[start:stop])]
    one_by_one = Ordering()
    assert numbers(in_parts) == numbers(released)
    assert numbers([row_ for each in rows for row_ in taken(one_by_one, [each])]) == numbers(released)
    assert cut.pending_by_source() == whole.pending_by_source()
    assert numbers(ended(cut, *SOURCES)) == numbers(ended(whole, *SOURCES))


def test_a_frame_of_venues_with_one_source_each_passes_whole_and_one_of_two_sources_does_not() -> None:
    rows = [row("east", 10 + number, number, f"X{number % 3}") for number in range(1, 7)]
    ordering, one_by_one = Ordering(), Ordering()
    assert [part.row_count for part in ordering.take(Frame.from_rows(rows))] == [6]
    assert [number for each in rows for number in numbers(taken(one_by_one, [each]))] == [1, 2, 3, 4, 5, 6]
    assert ordering.state() == one_by_one.state()
    more = [row("west", 18, 7, "X1"), row("east", 19, 8, "X2"), row("east", 20, 9, "X1")]
    assert numbers(taken(ordering, more)) == [8, 7]
    assert numbers(ended(ordering, "west")) == [9]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SOURCES), st.integers(0, 2)), max_size=40), st.integers(1, 12), JOURNAL)
def test_sources_in_one_order_of_time_are_released_alike_together_and_one_by_one(
    steps: list[tuple[str, int]], rows_a_frame: int, before: list[tuple[str, int]]
) -> None:
    rows = journal_of(before)
    time_ns = max(int(str(each["event_time_ns"])) for each in rows)
    for source, step in steps:
        time_ns += step
        rows.append(row(source, time_ns, len(rows) + 1))
    together, one_by_one = Ordering(), Ordering()
    released = [
        each
        for start in range(0, len(rows), rows_a_frame)
        for each in taken(together, rows[start : start + rows_a_frame])
    ]
    assert numbers([found for each in rows for found in taken(one_by_one, [each])]) == numbers(released)
    assert together.pending_by_source() == one_by_one.pending_by_source()
    assert numbers(ended(together, *SOURCES)) == numbers(ended(one_by_one, *SOURCES))


@settings(max_examples=200, deadline=None)
@given(JOURNAL)
def test_nothing_is_lost_or_doubled_and_pending_counts_the_rest(steps: list[tuple[str, int]]) -> None:
    rows = journal_of(steps)
    ordering = Ordering()
    released = taken(ordering, rows)
    assert len(released) + ordering.pending_rows == len(rows)
    assert sum(ordering.pending_by_source().values()) == ordering.pending_rows
    released += ended(ordering, *SOURCES)
    assert sorted(map(int, map(str, numbers(released)))) == list(range(1, len(rows) + 1))
    assert ordering.pending_rows == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SOURCES), st.integers(0, 6)), min_size=1, max_size=40))
def test_sources_in_order_are_released_by_time_and_then_position(steps: list[tuple[str, int]]) -> None:
    opening = [row(source, 1, -number) for number, source in enumerate(SOURCES, start=1)]
    ordering = Ordering()
    released = [*taken(ordering, opening), *taken(ordering, journal_of(steps)), *ended(ordering, *SOURCES)]
    by_time = sorted([*opening, *journal_of(steps)], key=lambda each: int(str(each["event_time_ns"])))
    assert numbers(released) == numbers(by_time)


def test_a_venue_of_one_source_passes_straight_through() -> None:
    ordering = Ordering()
    rows = [row("east", time_ns, number) for number, time_ns in enumerate((5, 9, 7))]
    assert taken(ordering, rows) == list(Frame.from_rows(rows).rows())
    assert ordering.pending_rows == 0


def test_what_comes_late_within_a_batch_is_not_brought_forward() -> None:
    ordering = Ordering()
    taken(ordering, [row("east", 10, 1), row("west", 20, 2)])
    assert numbers(taken(ordering, [row("east", 12, 3), row("east", 3, 4)])) == [3, 4]


def test_a_venue_waits_for_its_slowest_source() -> None:
    ordering = Ordering()
    taken(ordering, [row("east", 10, 1), row("west", 10, 2)])
    assert numbers(taken(ordering, [row("east", 20, 3)])) == []
    assert numbers(taken(ordering, [row("west", 15, 4)])) == [4]
    assert ordering.pending_by_source() == {"east": 1}
    assert numbers(taken(ordering, [row("west", 21, 5)])) == [3]


def test_a_source_that_ended_or_is_idle_is_waited_for_no_longer() -> None:
    ordering = Ordering()
    taken(ordering, [row("east", 10, 1), row("west", 10, 2), row("east", 20, 3)])
    (part,) = ordering.source_quiet("west")
    assert numbers(list(part.rows())) == [3]
    assert numbers(taken(ordering, [row("east", 30, 4)])) == [4]


def test_a_silent_source_counts_again_when_it_speaks() -> None:
    ordering = Ordering()
    taken(ordering, [row("east", 10, 1), row("west", 10, 2)])
    ended(ordering, "west")
    assert numbers(taken(ordering, [row("west", 12, 3)])) == []
    assert numbers(taken(ordering, [row("east", 20, 4)])) == [3]
    assert ordering.pending_by_source() == {"east": 1}


def test_a_mark_of_an_unknown_source_releases_nothing() -> None:
    ordering = Ordering()
    taken(ordering, [row("east", 10, 1), row("west", 10, 2), row("east", 20, 3)])
    assert ended(ordering, "nobody") == []


def test_venues_do_not_wait_for_each_other() -> None:
    ordering = Ordering()
    taken(ordering, [row("east", 10, 1), row("west", 10, 2)])
    rows = [row("east", 20, 3), row("east", 20, 4, venue="XOTH")]
    assert numbers(taken(ordering, rows)) == [4]


def test_a_restored_ordering_releases_what_the_first_would_have() -> None:
    ordering, again = Ordering(), Ordering()
    taken(ordering, [row("east", 10, 1), row("west", 10, 2), row("east", 20, 3)])
    again.restore(ordering.state())
    later = [row("west", 25, 4), row("east", 26, 5)]
    assert numbers(taken(again, later)) == numbers(taken(ordering, later)) == [3, 4]
    assert again.pending_by_source() == ordering.pending_by_source() == {"east": 1}


def test_hundreds_of_pieces_held_are_joined_and_released_in_order() -> None:
    ordering = Ordering()
    taken(ordering, [row("east", 1, 1), row("west", 1, 2)])
    rows = [row("east", 1_000 - number % 7 + number, 3 + number) for number in range(PIECES_MAX + 50)]
    for each in rows:
        assert taken(ordering, [each]) == []
    assert ordering.pending_rows == len(rows)
    assert len(ordering.state()["XTST"]["held"]) <= PIECES_MAX
    by_time = sorted(rows, key=lambda each: int(str(each["event_time_ns"])))
    assert numbers(ended(ordering, "west")) == numbers(by_time)


@settings(max_examples=300, deadline=None)
@given(JOURNAL, st.lists(st.integers(1, 39), max_size=6), st.integers(1, 12))
def test_a_bound_on_what_is_held_is_kept_and_met_at_the_same_row_however_the_journal_was_cut(
    steps: list[tuple[str, int]], cuts: list[int], held_rows_max: int
) -> None:
    rows = journal_of(steps)
    whole, cut = Ordering(held_rows_max), Ordering(held_rows_max)
    edges = sorted({0, *(each for each in cuts if each < len(rows)), len(rows)})
    released, in_parts = taken(whole, rows), list[Row]()
    for start, stop in itertools.pairwise(edges):
        in_parts += taken(cut, rows[start:stop])
        assert cut.pending_rows <= held_rows_max
    assert numbers(in_parts) == numbers(released)
    assert cut.left_behind == whole.left_behind
    rest = numbers(ended(whole, *SOURCES))
    assert {*numbers(released), *rest} == {*numbers(rows)}


def test_the_slowest_source_is_not_waited_for_beyond_the_bound_until_it_speaks_again() -> None:
    ordering = Ordering(held_rows_max=3)
    taken(ordering, [row("west", 10, 1)])
    assert numbers(taken(ordering, [row("east", 20 + number, 2 + number) for number in range(3)])) == []
    assert numbers(taken(ordering, [row("east", 23, 5)])) == [2, 3, 4, 5]
    assert ordering.left_behind == {"west": 1}
    assert numbers(taken(ordering, [row("east", 24, 6)])) == [6]
    assert numbers(taken(ordering, [row("west", 15, 7), row("east", 25, 8)])) == [7]
    assert ordering.pending_rows == 1
