"""The statistics find what was put into the numbers."""

import numpy as np
import pytest

from simulator.stylised_facts.statistics import (
    autocorrelation,
    branching_ratio,
    decay_exponent,
    excess_kurtosis,
    fano,
    hill,
)

SECOND_NS = 1_000_000_000


def poisson_times(rate: float, seconds: int, seed: int = 1) -> np.ndarray:
    gaps = np.random.default_rng(seed).exponential(1.0 / rate, int(rate * seconds))
    return (np.cumsum(gaps) * SECOND_NS).astype(np.int64)


@pytest.mark.parametrize("exponent", [1.5, 3.0])
def test_hill_finds_the_exponent_of_a_pareto_tail(exponent: float) -> None:
    values = np.random.default_rng(1).pareto(exponent, 50_000) + 1.0
    assert hill(values) == pytest.approx(exponent, rel=0.1)


def test_a_poisson_process_has_variance_equal_to_its_mean_and_provokes_nothing() -> None:
    times = poisson_times(5.0, 4_000)
    assert fano(times, 10 * SECOND_NS) == pytest.approx(1.0, abs=0.2)
    assert branching_ratio(times, 10 * SECOND_NS) < 0.1


def test_a_branching_ratio_is_found_in_clusters_of_events() -> None:
    random = np.random.default_rng(2)
    starts = poisson_times(1.0, 20_000)
    sizes = random.geometric(0.5, len(starts))
    times = np.sort(np.repeat(starts, sizes))
    assert 0.35 < branching_ratio(times, 30 * SECOND_NS) < 0.55


def test_a_power_law_of_correlations_gives_its_exponent() -> None:
    lags = np.array([1, 2, 4, 8, 16, 32])
    assert decay_exponent(lags, 0.3 * lags**-0.6) == pytest.approx(0.6)
    assert np.isnan(decay_exponent(lags, np.full(6, -0.1)))


def test_kurtosis_is_none_for_a_normal_and_large_for_a_heavy_tail() -> None:
    random = np.random.default_rng(3)
    assert excess_kurtosis(random.normal(size=50_000)) == pytest.approx(0.0, abs=0.1)
    assert excess_kurtosis(random.standard_t(4, size=50_000)) > 2.0


def test_too_few_values_say_nothing() -> None:
    few = np.array([1.0, 2.0, 3.0])
    assert np.isnan(hill(few))
    assert np.isnan(excess_kurtosis(few))
    assert np.isnan(autocorrelation(few, np.array([1]))[0])
    assert np.isnan(fano(np.array([1, 2, 3]), SECOND_NS))
