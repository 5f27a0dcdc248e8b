"""Interval sets against plain sets."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service import intervals
from ingest_service.intervals import IntervalSet

BATCHES = st.lists(st.lists(st.integers(1, 60), max_size=20), max_size=12)


@given(BATCHES)
def test_claiming_answers_as_a_plain_set_does(batches: list[list[int]]) -> None:
    numbers, plain = IntervalSet(), set[int]()
    for batch in batches:
        expected = []
        for number in batch:
            expected.append(number in plain)
            plain.add(number)
        known = numbers.claim(np.array(batch, dtype=np.int64))
        assert (known.tolist() if known is not None else [False] * len(batch)) == expected
        edges = list(zip(numbers.starts, numbers.ends, strict=True))
        assert all(start <= end for start, end in edges)
        assert all(before[1] + 1 < after[0] for before, after in pairwise(edges))
        assert {number for start, end in edges for number in range(start, end + 1)} == plain
        assert len(numbers) == len(plain)
        assert numbers.highest == max(plain, default=0)
        assert numbers.missing == (max(plain) - min(plain) + 1 - len(plain) if plain else 0)


def test_a_source_without_gaps_is_one_interval_however_it_is_cut() -> None:
    numbers = IntervalSet()
    for start in range(1, 100_001, 1_000):
        assert numbers.claim(np.arange(start, start + 1_000)) is None
    assert (list(numbers.starts), list(numbers.ends)) == ([1], [100_000])
    known = numbers.claim(np.arange(99_999, 100_003))
    assert known is not None
    assert known.tolist() == [True, True, False, False]


def test_the_largest_number_does_not_overflow() -> None:
    numbers = IntervalSet()
    highest = 2**63 - 1
    assert numbers.claim(np.array([1, highest])) is None
    known = numbers.claim(np.array([highest - 1, highest]))
    assert known is not None
    assert known.tolist() == [False, True]


def test_beyond_the_limit_the_lowest_gap_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "INTERVALS_MAX", 3)
    numbers = IntervalSet()
    numbers.claim(np.array([1, 3, 5, 7, 9]))
    assert list(zip(numbers.starts, numbers.ends, strict=True)) == [(1, 5), (7, 7), (9, 9)]
