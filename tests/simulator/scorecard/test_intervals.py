import math

import numpy as np
import pytest

from simulator.scorecard.intervals import bootstrap, poisson, wilson


def test_wilson_agrees_with_the_published_table() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263 and 15 of 148, score method.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(29, 29) == pytest.approx((0.8830, 1.0), abs=5e-5)


def test_no_trials_tell_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert poisson(0, 0) == (0.0, math.inf)


def test_nothing_in_a_million_leaves_up_to_three_point_seven() -> None:
    assert poisson(0, 1.0) == pytest.approx((0.0, -math.log(0.025)))
    assert poisson(0, 10.0)[1] == pytest.approx(0.3689, abs=5e-5)


@pytest.mark.parametrize(("count", "low", "high"), [(1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (10, 4.7954, 18.3904)])
def test_poisson_limits_agree_with_garwood(count: int, low: float, high: float) -> None:
    assert poisson(count, 1.0) == pytest.approx((low, high), abs=1e-3)


def test_a_large_count_has_the_normal_interval() -> None:
    low, high = poisson(10_000, 1.0)
    assert (low, high) == pytest.approx((10_000 - 196, 10_000 + 196), abs=3)


def test_the_bootstrap_draws_whole_units_and_repeats_itself() -> None:
    counts = np.array([[1.0, 1.0]] * 5 + [[1.0, 0.0]] * 5)

    def share(sums: np.ndarray) -> np.ndarray:
        return np.asarray(sums[:, 1] / sums[:, 0])

    low, high = bootstrap(counts, share)
    assert (low, high) == bootstrap(counts, share)
    assert low == pytest.approx(0.2, abs=0.1)
    assert high == pytest.approx(0.8, abs=0.1)
    assert bootstrap(np.array([[4.0, 3.0]] * 3), share) == (0.75, 0.75)
    assert math.isnan(bootstrap(np.zeros((0, 2)), share).low)
