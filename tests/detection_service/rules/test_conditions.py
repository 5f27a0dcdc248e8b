"""Which of a rule's conditions hold it back at which moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import FLOW, MARKET, OWNER
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.rule import Condition, Finding, conditions_of


class Conditional:
    """A rule that is all conditions."""

    metadata = RULE_BY_ID["spoofing"].metadata
    triggers = FLOW | MARKET | OWNER

    def __init__(self, *metrics: str) -> None:
        self._metrics = metrics

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        return tuple(Condition(metric, at_least=1.0) for metric in self._metrics)

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        yield from ()


def held_to(trigger: int, *metrics: str) -> list[str]:
    return [each.metric for each in conditions_of(Conditional(*metrics), trigger, {})]


def test_a_metric_that_groups_and_owners_both_have_holds_at_the_moments_of_both() -> None:
    assert held_to(FLOW, "fills_5m", "cancels_1m", "notional_2h") == ["fills_5m", "cancels_1m"]
    assert held_to(OWNER, "fills_5m", "cancels_1m", "notional_2h") == ["fills_5m", "notional_2h"]


def test_moments_of_a_market_are_held_to_its_own_metrics() -> None:
    assert held_to(MARKET, "market_volume_1m", "fills_5m") == ["market_volume_1m"]


def test_a_misspelt_metric_is_refused_naming_the_nearest() -> None:
    with pytest.raises(ValueError, match="unknown metric 'agressive_fills_5m': did you mean 'aggressive_fills_5m'"):
        held_to(FLOW, "agressive_fills_5m")
