import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.tuning.choice import Scale, Wish, choose, cost, front, knee, nearest_alike, paired_difference, same_as
from simulator.tuning.outcome import Outcome

SCALE = Scale(targets=10, days=2.0)


def outcome(found: int, surplus: int = 0, **changes: float) -> Outcome:
    """A setting that finds the first `found` scenarios with so many alerts beyond one each."""
    return Outcome(changes, frozenset(f"s{number}" for number in range(found)), found, surplus, 0)


outcomes = st.builds(outcome, st.integers(0, 10), st.integers(0, 50))


def test_the_front_is_what_no_other_beats() -> None:
    best = [outcome(2), outcome(8, 3, x=2), outcome(9, 20, x=1)]
    beaten = [outcome(1, 1, x=9), outcome(8, 5, x=8), outcome(9, 30, x=7)]
    assert front([*beaten, *best]) == best


@given(st.lists(outcomes, min_size=1, max_size=20))
def test_everything_tried_is_beaten_or_equalled_by_something_in_front(tried: list[Outcome]) -> None:
    ahead = front(tried)
    assert all(any(a.surplus <= b.surplus and len(a.found) >= len(b.found) for a in ahead) for b in tried)
    assert knee(ahead) in ahead


def test_the_knee_is_where_recall_stops_being_cheap() -> None:
    bend = outcome(9, 5, x=2)
    assert knee([outcome(2), bend, outcome(10, 100, x=1)]) == bend


@pytest.mark.parametrize("middle", [(6, 50), (5, 60)])
def test_a_straight_or_sagging_front_has_no_knee_and_most_recall_is_kept(middle: tuple[int, int]) -> None:
    most = outcome(10, 100)
    assert knee([outcome(2), outcome(*middle), most]) == most


def test_a_wished_recall_is_kept_at_the_least_surplus() -> None:
    now, wanted = outcome(9, 40), outcome(8, 3, x=2)
    assert choose([wanted, outcome(8, 9, x=3), outcome(5, 0, x=4)], now, Wish(recall_min=0.8), SCALE) == wanted
    assert choose([wanted], now, Wish(recall_min=0.95), SCALE) is None


def test_within_wished_alerts_most_is_found_and_finding_nothing_is_no_proposal() -> None:
    now, wanted = outcome(9, 41), outcome(7, 3, x=2)
    assert choose([wanted, outcome(6, 0, x=3)], now, Wish(alerts_a_day_max=5.0), SCALE) == wanted
    assert choose([outcome(0, 0, x=3)], now, Wish(alerts_a_day_max=5.0), SCALE) is None


def test_a_setting_that_is_no_better_leaves_the_values_as_they_are() -> None:
    now = outcome(9, 5)
    assert choose([outcome(9, 5, x=2), outcome(3, 5, x=3)], now, Wish(), SCALE) is now


def test_of_settings_alike_the_one_that_changes_least_is_taken() -> None:
    near = outcome(9, 5, x=6.0)
    found = nearest_alike(
        outcome(9, 5, x=20.0), [outcome(9, 5, x=20.0), near, outcome(9, 5, x=6.0, y=2.0)], {"x": 5.0, "y": 1.0}
    )
    assert found == near


def test_how_far_a_value_may_move_ends_where_something_changes() -> None:
    tried = [
        outcome(9, 7, x=4.0),
        outcome(9, 5, x=6.0),
        outcome(9, 5, x=8.0),
        outcome(9, 5, x=9.0),
        outcome(8, 5, x=12.0),
    ]
    assert same_as(tried[2], [outcome(9, 9), *tried, outcome(1, 1, y=1.0)], "x") == (6.0, 9.0)


def test_a_cost_says_what_is_gained_and_lost_with_intervals_around_it() -> None:
    before, after = outcome(8, 10), outcome(9, 2, x=2.0)
    found = cost(before, after, appear=1, disappear=8, scale=SCALE)
    assert (found.gained, found.lost, found.alerts_a_day) == (("s8",), (), -3.5)
    assert found.recall == pytest.approx(0.1)
    assert found.recall_interval.low < 0.1 < found.recall_interval.high
    assert found.alerts_a_day_interval.low < -3.5 < found.alerts_a_day_interval.high


def test_the_interval_of_a_paired_difference_is_that_of_agresti_and_min() -> None:
    # (4.5 - 1.5) / 52 and 1.96 * sqrt(6 - 9 / 52) / 52, by hand
    assert paired_difference(4, 1, 50) == pytest.approx((-0.0333, 0.1487), abs=1e-3)
    assert paired_difference(0, 0, 0) == (-1.0, 1.0)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 100))
def test_a_paired_difference_turned_round_is_the_same_the_other_way(gained: int, lost: int, rest: int) -> None:
    one, other = (
        paired_difference(gained, lost, gained + lost + rest),
        paired_difference(lost, gained, gained + lost + rest),
    )
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
