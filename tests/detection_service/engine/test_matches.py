"""What is kept of matches: chains by pair, growth that forgets nothing young, and its limits."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from detection_service.engine.matches import MatchLog, MatchTable
from detection_service.engine.texts import LongTexts

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
MATCHES_MAX = 4_096
TEXTS = LongTexts()
SPREAD = 0x9E3779B97F4A7C15
PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(6, 9), st.integers(0, 30)), min_size=1, max_size=300)


def key(pair: int) -> int:
    return pair * SPREAD & 0xFFFFFFFFFFFFFFFF


def add(log: MatchLog, pair: int, time_ns: int, buyer: int = 1, seller: int = 2) -> int:
    number: int = log.add(key(pair), buyer, seller, time_ns, 100.0, 5.0, pair, 1, 1)
    return number


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_the_log_tells_a_pair_s_matches_as_a_plain_list_would(matches: list[tuple[int, int, int]]) -> None:
    log, plain, now = MatchLog(), list[tuple[int, int]](), 0
    for pair, buyer, wait_s in matches:
        now += wait_s * SECOND_NS
        add(log, pair, now, buyer)
        plain.append((pair, buyer))
    for pair in range(6):
        expected = [buyer for each, buyer in plain if each == pair]
        assert [row[1] for row in log.pair_rows(key(pair), 0, 1_000, TEXTS)] == expected
    assert [row[1] for row in log.rows(0, 1_000, TEXTS)] == [buyer for _, buyer in plain]


def test_a_log_grows_while_its_oldest_match_is_young_and_stops_at_its_limit() -> None:
    log = MatchLog()
    for number in range(MATCHES_MAX + 100):
        add(log, number % 7, number)
    assert log.size == MATCHES_MAX
    rows = log.rows(0, 10_000, TEXTS)
    assert [row[0] for row in rows] == list(range(100, MATCHES_MAX + 100))
    expected = sum(number % 7 == 3 for number in range(100, MATCHES_MAX + 100))
    assert len(log.pair_rows(key(3), 0, 10_000, TEXTS)) == expected


def test_a_log_does_not_grow_for_matches_of_the_past() -> None:
    log = MatchLog()
    for number in range(1_000):
        add(log, 1, number * HOUR_NS)
    assert log.size == 64


def test_recent_matches_count_only_where_the_buyer_may_have_changed_often() -> None:
    log = MatchLog()
    for number in range(6):
        add(log, 1, number * SECOND_NS, buyer=number % 2)
        add(log, 2, number * SECOND_NS, buyer=0)
    assert (log.recent(key(1), 0, 0.6), log.recent(key(1), 4 * SECOND_NS, 0.6), log.recent(key(2), 0, 0.6)) == (6, 2, 0)


def test_what_the_other_side_tells_is_added_to_its_match_unless_that_is_gone() -> None:
    log = MatchLog()
    first = add(log, 1, 0)
    log.complete(first, 7, 8, 2 * SECOND_NS, 0.9)
    assert log.rows(0, 10, TEXTS)[0][6:11] == ((7, 8), b"", 1, 2 * SECOND_NS, 0.9)
    for number in range(64):
        add(log, 2, (number + 2) * HOUR_NS)
    log.complete(first, 9, 9, 1, 1.0)
    assert all(row[6] == (0, 0) for row in log.rows(0, 100, TEXTS))


def test_meetings_within_a_group_are_no_measure_of_what_others_do() -> None:
    log = MatchLog()
    for seller, gap_ns in ((2, 0), (2, 5 * SECOND_NS), (1, 0), (2, -1)):
        log.complete(add(log, seller, 0, 1, seller), 0, 0, gap_ns, 1.0)
    assert log.arranged(0, SECOND_NS, 0.9) == (2, 1)


def test_a_restored_log_goes_on_as_the_one_it_was_taken_of() -> None:
    log, other = MatchLog(), MatchLog()
    for number in range(200):
        add(log, number % 5, number)
    other.restore(log.state())
    for each in (log, other):
        add(each, 3, 200)
    assert other.state() == log.state()


def test_a_side_that_waits_makes_the_table_grow_and_a_match_that_is_over_does_not() -> None:
    table = MatchTable()
    place = table.place_for(5, SECOND_NS)
    waiting = table.rows.get(place)
    waiting.account = 42
    table.rows.put(table.find(5), waiting)
    other = table.place_for(5 + 64, SECOND_NS)
    assert (table.size, table.rows.get(table.find(5)).account, table.rows.get(other).account) == (128, 42, -1)
    waiting.paired = True
    table.rows.put(table.find(5), waiting)
    table.place_for(5 + 128, 3 * SECOND_NS)
    assert (table.size, table.find(5)) == (128, -1)


def test_a_table_stops_growing_at_its_limit() -> None:
    table = MatchTable()
    for number in range(1, 20_000):
        table.place_for(number, SECOND_NS)
    assert table.size == 4_096
    assert table.find(19_999) >= 0
