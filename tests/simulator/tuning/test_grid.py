import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.tuning.grid import counts, values_to_try


def test_values_lie_in_equal_ratios_around_the_current_one() -> None:
    assert values_to_try(8.0, 1.0, 1000.0, 7) == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]


def test_values_stay_in_the_allowed_range_and_zero_is_tried_where_it_is_allowed() -> None:
    assert values_to_try(0.8, 0.0, 1.0, 3) == [0.0, 0.1, 0.316, 0.8, 1.0]


def test_without_a_positive_current_value_they_lie_evenly() -> None:
    assert values_to_try(0.0, -1.0, 1.0, 5) == [-1.0, -0.5, 0.0, 0.5, 1.0]


def test_counts_are_whole() -> None:
    assert values_to_try(3.0, 2.0, 50.0, 5, is_count=True) == [2.0, 3.0, 4.0, 7.0, 13.0, 24.0]


@pytest.mark.parametrize(
    ("unit", "default", "minimum", "is_count"),
    [
        ("orders", 12, 1, True),
        ("x median", 5, 1, False),
        ("s", 30, 0, False),
        ("share", 1, 0, False),
        ("trades", 2.5, 1, False),
    ],
)
def test_what_counts_things_is_told_by_unit_and_numbers(
    unit: str, default: float, minimum: float, is_count: bool
) -> None:
    assert counts(unit, float(default), minimum) is is_count


@given(st.floats(0.01, 1e6), st.floats(0, 0.01), st.floats(1e6, 1e9), st.integers(2, 20), st.booleans())
def test_values_are_ascending_within_range_and_have_the_current_one(
    current: float, minimum: float, maximum: float, points: int, is_count: bool
) -> None:
    values = values_to_try(current, minimum, maximum, points, is_count=is_count)
    assert current in values
    assert values == sorted(set(values))
    assert minimum <= values[0]
    assert values[-1] <= maximum
    assert len(values) <= points + 2
