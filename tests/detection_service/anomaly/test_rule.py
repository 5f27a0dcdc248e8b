"""The anomaly model as a rule: told at the promised rate, at the end of a minute, and never without a model."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import AnomalyScorer, Engine
from detection_service.engine.facts import Unusual
from detection_service.engine.portrait import FEATURES
from detection_service.rules.scenarios.ordinary_model import ordinary_model
from tapewatch.alert import Alert, Anomaly, Severity
from tapewatch.market.frame import Frame
from tests.detection_service.scenario import Market


class Says:
    """A scorer that finds every window so unusual, and keeps what it was asked about."""

    model_id = "m"

    def __init__(self, p_value: float) -> None:
        self._p_value = p_value
        self.asked: list[list[float]] = []

    def judge(self, portrait: Sequence[float]) -> Unusual:
        self.asked.append([*portrait])
        return Unusual(self._p_value, lambda: ("it is odd",))

    def view(self, portraits: Sequence[Sequence[float]]) -> Anomaly | None:
        return None


def played(scorer: AnomalyScorer | None, minutes: int = 8, rate: float = 0.001, batch: int = 10_000) -> list[Alert]:
    """Ten orders a minute of one account."""
    market = Market().crowd()
    for number in range(minutes * 10):
        market.at(number * 6).new("odd", "BUY", 99.0, 10)
    engine = Engine(EngineConfiguration({"anomaly": {"false_alarm_rate": rate}}), scorer)
    frames = [Frame.from_rows(market.rows[at : at + batch]) for at in range(0, len(market.rows), batch)]
    made = [alert for frame in frames for alert in engine.process(frame)] + engine.finish()
    return [alert for alert in made if alert.closed]


def test_a_window_as_rare_as_the_rate_is_told_once_and_only_low() -> None:
    (alert,) = played(Says(0.001))
    assert (alert.rule_id, alert.owners, alert.severity) == ("anomaly", ("odd",), Severity.LOW)
    assert alert.explanation.startswith("Of usual windows of five minutes, at most one in 1,000 is as unusual")
    assert alert.explanation.endswith("it is odd.")


@pytest.mark.parametrize("p_value", [0.5, 0.0011])
def test_a_window_less_rare_than_the_rate_is_not_told(p_value: float) -> None:
    assert played(Says(p_value)) == []


def test_a_model_is_asked_once_a_minute_that_is_over_whatever_the_batches() -> None:
    whole, cut = Says(1.0), Says(1.0)
    played(whole)
    played(cut, batch=7)
    assert 3 <= len(whole.asked) <= 7
    assert whole.asked == cut.asked
    share = [portrait[FEATURES.index("cancelled_share")] for portrait in whole.asked]
    assert share == [0.0] * len(share)


def test_a_model_that_can_not_promise_the_rate_tells_nothing() -> None:
    model = ordinary_model()
    assert played(model, rate=model.calibration.p_value_min / 2) == []


def test_without_a_model_the_rule_can_not_apply() -> None:
    assert played(None) == []
    engine = Engine(EngineConfiguration({"anomaly": {}}))
    assert "a calibrated anomaly model" in engine.not_applicable(0xFF)["anomaly"]
    engine.use_scorer(Says(1.0))
    assert engine.not_applicable(0xFF) == {}
