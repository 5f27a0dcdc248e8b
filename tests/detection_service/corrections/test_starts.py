"""Which states are kept to begin corrections from."""

from __future__ import annotations

import itertools
from pathlib import Path

from detection_service.checkpoint import Checkpoint
from detection_service.corrections.starts import BEGINNING, DAY_NS, STARTS_MAX, Starts
from detection_service.frozen import Frozen

MINUTE_NS = 60 * 10**9


def checkpoint(position: int, newest_ns: int) -> Checkpoint:
    return Checkpoint(
        position, Frozen.of({}), {}, 0, {}, corrections={"newest": {"XTST": newest_ns, "XOTH": 5}, "pending": []}
    )


def kept(directory: Path, times_ns: list[int]) -> Starts:
    starts = Starts(directory)
    for position, newest_ns in enumerate(times_ns, 1):
        starts.write(checkpoint(position, newest_ns))
    return starts


def test_the_newest_comes_first_and_the_beginning_last(tmp_path: Path) -> None:
    starts = kept(tmp_path, [10, 20])
    assert [each.position for each in starts.newest_first()] == [2, 1, 0]
    assert starts.newest_first()[0].load() == checkpoint(2, 20)
    assert Starts(tmp_path / "none").newest_first() == [BEGINNING]


def test_the_further_back_the_wider_apart(tmp_path: Path) -> None:
    found = kept(tmp_path, [number * MINUTE_NS for number in range(1, 1_000)]).newest_first()[:-1]
    ages = [(found[0].newest_ns - each.newest_ns) // MINUTE_NS for each in found]
    assert len(found) == STARTS_MAX
    assert ages[-1] == 998
    assert all(later <= 8 * max(1, earlier) for earlier, later in itertools.pairwise(ages))


def test_beyond_three_days_only_the_newest_is_kept_and_the_beginning_is_out_of_reach(tmp_path: Path) -> None:
    found = kept(tmp_path, [number * DAY_NS for number in range(1, 8)]).newest_first()
    assert [each.newest_ns // DAY_NS for each in found] == [7, 6, 5, 4, 3]


def test_a_state_thrown_away_is_not_offered_again(tmp_path: Path) -> None:
    starts = kept(tmp_path, [10, 20])
    starts.discard(starts.newest_first()[0])
    assert [each.position for each in starts.newest_first()] == [1, 0]
