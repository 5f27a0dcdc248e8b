"""The promised share of false alarms holds where fresh windows are like those calibrated on, and is told where not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection_service.anomaly.calibration import TAIL, Calibration
from detection_service.anomaly.drift import WINDOWS_MIN, drift
from detection_service.anomaly.model import ModelError
from detection_service.anomaly.training import train
from detection_service.engine.portrait import FEATURES
from detection_service.rules.scenarios.ordinary_model import made_up, ordinary_model

SCORES = st.lists(st.floats(0, 100), min_size=1, max_size=60)


@given(SCORES, SCORES)
def test_p_values_are_the_share_at_least_as_unusual(calibrated: list[float], asked: list[float]) -> None:
    found = Calibration.of(np.array(calibrated)).p_values(np.array(asked))
    for score, p_value in zip(asked, found, strict=True):
        above = sum(each >= score for each in calibrated)
        assert p_value == pytest.approx((1 + above) / (len(calibrated) + 1))


def test_beyond_the_scores_kept_whole_p_values_are_never_too_low() -> None:
    scores = np.random.default_rng(1).normal(size=5 * TAIL)
    found = Calibration.of(scores).p_values(scores)
    exact = (1 + (scores[None, :200] <= scores[:, None]).sum(axis=0)) / (len(scores) + 1)
    assert (found[:200] >= exact - 1e-12).all()
    assert (found[:200] <= exact + 2e-3).all()


@pytest.mark.parametrize("rate", [0.1, 0.02, 0.005])
def test_the_promised_rate_holds_on_fresh_windows(rate: float) -> None:
    told = [
        (train(made_up(3_000, seed), seed).p_values(made_up(3_000, seed + 50).rows) <= rate).mean() for seed in (1, 2)
    ]
    assert np.mean(told) <= 1.5 * rate
    assert np.mean(told) >= rate / 2


def test_a_market_as_before_has_not_drifted() -> None:
    found = drift(ordinary_model(), made_up(2_000, seed=8).rows)
    assert found.reasons() == []
    assert found.shifts[0].psi < 0.1
    assert found.strangeness.distance < 0.1


def test_a_shifted_market_is_noticed_and_what_has_shifted_is_named() -> None:
    rows = made_up(2_000, seed=8).rows.copy()
    shifted = ("order_size", "cancel_life", "order_to_trade", "burst")
    for name in shifted:
        rows[:, FEATURES.index(name)] = rows[:, FEATURES.index(name)] * 1.5 + 1.0
    found = drift(ordinary_model(), rows)
    assert {shift.name for shift in found.shifts[:4]} == {*shifted}
    first, *others = found.reasons()
    assert first.startswith("4 features have another distribution (PSI above 0.25): ")
    assert any("more unusual than when it was calibrated" in reason for reason in others)


def test_too_few_windows_to_compare_are_refused() -> None:
    with pytest.raises(ModelError, match=f"expected at least {WINDOWS_MIN} windows to compare, found 10"):
        drift(ordinary_model(), made_up(10, seed=8).rows)
