"""What is usual: robust against the few buckets that are not."""

from __future__ import annotations

import math

import pytest

from detection_service.engine.scene import Move
from detection_service.rules.price import usual


def bar(number: int, low: float, high: float) -> usual.Bar:
    return (number, low, high, low, high, 1.0)


def test_one_bar_in_a_hundred_may_be_wider() -> None:
    bars = [bar(number, 100, 101) for number in range(99)] + [bar(99, 100, 200)]
    assert usual.widest(bars) == pytest.approx(0.01)


def test_of_few_bars_the_widest_is_the_usual_widest() -> None:
    assert usual.widest([bar(0, 100, 101), bar(1, 100, 103)]) == pytest.approx(0.03)


def test_without_bars_nothing_is_usual() -> None:
    assert (usual.widest([]), usual.high_share([], 10, 0.05), usual.deviations(1.0, [], 0.5)) == (0.0, 0.0, 0.0)


def test_buckets_without_a_value_count_as_none_exceeding() -> None:
    assert usual.high_share([5.0, 4.0, 3.0], 40, 0.05) == 3.0


def test_deviations_are_of_the_logarithm_and_do_not_mind_an_outlier() -> None:
    past = [90.0, 95.0, 100.0, 105.0, 110.0]
    assert usual.deviations(400.0, past, 0.5) == pytest.approx(math.log(4) / 0.5)
    assert usual.deviations(400.0, [*past, 1e9], 0.5) == pytest.approx(math.log(4) / 0.5, rel=0.1)


def test_wide_numbers_make_deviations_small() -> None:
    past = [1.0, 10.0, 100.0, 1_000.0, 10_000.0]
    assert usual.deviations(1_000.0, past, 0.5) == pytest.approx(1 / usual.TO_SIGMA)


def test_driving_trades_are_those_that_took_the_price_further() -> None:
    moves = [Move(number, price, 1.0, str(number)) for number, price in enumerate([100, 101, 100.5, 102, 101.5])]
    assert [move.price for move in usual.driving(moves, 1)] == [100, 101, 102]
    assert [move.price for move in usual.driving(moves, -1)] == [100]
