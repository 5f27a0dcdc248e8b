"""The anomaly model as a rule: several rare minutes on end, and never without a calibrated model."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detection_service.anomaly.model import ForestModel
from detection_service.anomaly.training import train
from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from tapewatch.alert import Alert, Anomaly, Severity
from tapewatch.market.frame import Frame
from tests.detection_service.anomaly.windows import windows
from tests.detection_service.scenario import Market


class Ranks:
    """A scorer that finds every minute so rare."""

    model_id = "m"

    def __init__(self, rarity: float) -> None:
        self._rarity = rarity

    def rarities(self, windows: Sequence[Sequence[float]]) -> list[float]:
        return [self._rarity for _ in windows]

    def score(self, windows: list[list[float]]) -> Anomaly | None:
        return None


def played(scorer: Ranks | ForestModel | None, minutes: int = 8) -> list[Alert]:
    """Ten orders a minute of one account."""
    market = Market().crowd()
    for number in range(minutes * 10):
        market.at(number * 6).new("odd", "BUY", 99.0, 10)
    engine = Engine(EngineConfiguration({"anomaly": {}}), scorer)
    made = engine.process(Frame.from_rows(market.rows)) + engine.finish()
    return [alert for alert in made if alert.closed]


def test_minutes_rare_on_end_are_found_and_only_low() -> None:
    (alert,) = played(Ranks(0.9995))
    assert (alert.rule_id, alert.owners, alert.severity) == ("anomaly", ("odd",), Severity.LOW)
    assert "In each of the last 4 minutes" in alert.explanation


@pytest.mark.parametrize("rarity", [0.5, 0.998])
def test_ordinary_minutes_are_not_found(rarity: float) -> None:
    assert played(Ranks(rarity)) == []


def test_too_few_minutes_are_not_found() -> None:
    assert played(Ranks(1.0), minutes=3) == []


def test_without_a_model_the_rule_can_not_apply() -> None:
    assert played(None) == []
    engine = Engine(EngineConfiguration({"anomaly": {}}))
    assert "a calibrated anomaly model" in engine.not_applicable(0xFF)["anomaly"]
    engine.use_scorer(Ranks(1.0))
    assert engine.not_applicable(0xFF) == {}


def test_a_trained_model_is_calibrated_on_its_training_windows() -> None:
    trained = windows(400)
    model = train(trained, seed=3)
    rarities = model.rarities(trained)
    assert min(rarities) < 0.01
    assert 0.45 < sorted(rarities)[200] < 0.55
    assert max(rarities) == 1.0
    assert model.rarities([]) == []
    assert ForestModel.from_json(model.to_json()).rarities(trained) == rarities
    content = model.to_json()
    uncalibrated = ForestModel.of(
        {name: values for name, values in model.arrays.items() if name != "quantiles"}, model.normaliser, 400
    )
    assert uncalibrated.rarities(trained) == []
    assert content["model_id"] != uncalibrated.model_id
