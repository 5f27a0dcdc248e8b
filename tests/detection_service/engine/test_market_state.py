"""What a market keeps of minutes that are over."""

from __future__ import annotations

from detection_service.engine.engine import Engine
from detection_service.engine.metrics import METRICS
from detection_service.engine.scene import Scene
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tests.detection_service.scenario import Market

MINUTE_S = 60


def messages_of_an_hour(engine: Engine) -> float:
    """Of the market, as of the minute that anna was last active in."""
    scene = Scene(engine.core, Reference.of())
    return scene.group_metrics("account:anna")("market_messages_60m")


def test_a_minute_long_over_has_the_same_messages_after_a_restore() -> None:
    market = Market()
    for minute in range(1, 61):
        market.at(minute * MINUTE_S).new("bert", "BUY", 99.0, 1)
    market.at(60 * MINUTE_S + 1).new("anna", "BUY", 99.0, 1)
    for minute in range(61, 121, 2):
        market.at(minute * MINUTE_S).new("bert", "BUY", 99.0, 1)
    first, again = Engine(), Engine()
    first.process(Frame.from_rows(market.rows[:61]))
    before = messages_of_an_hour(first)
    first.process(Frame.from_rows(market.rows[61:]))
    again.restore(first.snapshot())
    again.core.market = again.core.market_named("XTST", "ACME")
    assert messages_of_an_hour(first) == messages_of_an_hour(again)
    assert before == 61.0
    assert len(first.core.flows.values) == len(METRICS)
