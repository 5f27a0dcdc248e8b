"""What a rule reads at a moment is about that moment, whatever else the same event gives cause for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.engine.scene import Scene
from detection_service.engine.triggers import MARKET
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.rule import Condition, Finding
from tapewatch.market.frame import Frame
from tests.detection_service.scenario import Market


class Ticker:
    """Reads how many trades the minute of a market had that has just gone by."""

    metadata = replace(RULE_BY_ID["volume_surge"].metadata, rule_id="ticker")
    triggers = MARKET

    def __init__(self) -> None:
        self.read: list[float] = []

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        return (Condition("market_trades_1m", at_least=1),)

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        self.read.append(scene.market_metric("trades_1m"))
        yield from ()


def test_a_market_s_minute_is_its_last_though_a_group_s_older_minute_ends_with_the_same_event() -> None:
    market = Market().at(5)
    for _ in range(4):
        market.cancel(market.new("sleeper", "BUY", 90.0, 100))
    for number in range(5):
        market.at(300 + number).trade(100.0, 10, "BUY")
    market.at(361).new("sleeper", "BUY", 90.0, 100)
    ticker = Ticker()
    engine = Engine(EngineConfiguration({"ticker": {}, "quote_stuffing": {}, "layering": {}}, brought=(ticker,)))
    engine.process(Frame.from_rows(market.rows))
    assert engine.faults == {}
    assert ticker.read == [5.0]
