"""What a rule asks of the core where nobody acts is refused, not read from memory of something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from detection_service.engine.core import Core
from detection_service.engine.engine import Engine
from detection_service.engine.scene import Scene
from tapewatch.market.event import Side
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tests.detection_service.scenario import Market

ASKED: dict[str, Callable[[Scene], Any]] = {
    "group": lambda scene: scene.group,
    "standing": lambda scene: scene.standing(Side.BUY),
    "took": lambda scene: scene.took(Side.BUY, 0),
    "takings": lambda scene: scene.takings(Side.BUY, 0),
    "small takes": lambda scene: scene.small_takes(0, 1.0),
    "executed orders": lambda scene: scene.executed_orders(1.0),
    "withdrawn together": lambda scene: scene.withdrawn_together(Side.BUY, 0),
    "withdrawn orders": lambda scene: scene.withdrawn_orders(Side.BUY, 1.0),
    "far withdrawn": lambda scene: scene.far_withdrawn(0, 1.0, 1.0),
    "gone together": lambda scene: scene.gone_together(Side.BUY, 0, 1.0, 1, 1),
    "run": lambda scene: scene.run,
    "entry": lambda scene: scene.entry,
    "owner fills": lambda scene: scene.owner_fills(0),
    "owner notional": lambda scene: scene.owner_notional(0, 1),
    "position": lambda scene: scene.position(),
    "large orders": lambda scene: scene.large_orders(Side.BUY),
}


def core_of(market: Market) -> Core:
    engine = Engine()
    engine.process(Frame.from_rows(market.rows))
    return engine.core


@pytest.mark.parametrize("what", ASKED)
def test_where_nobody_acts_nothing_is_told(what: str) -> None:
    scene = Scene(core_of(Market().crowd().tick(1)), Reference.of())
    with pytest.raises(LookupError, match="expected"):
        ASKED[what](scene)


def test_who_acted_at_an_event_is_not_who_acts_at_the_next() -> None:
    market = Market().crowd().at(1)
    for _ in range(16):
        market.cancel(market.new("anna", "BUY", 99.95, 100))
    core = core_of(market)
    core.acting = 0
    market.tick(70).rows[-1]["source_sequence"] = 1
    again = Engine()
    again.process(Frame.from_rows(market.rows))
    assert again.core.acting == -1


def test_a_circle_of_any_size_can_be_asked_for() -> None:
    market = Market().at(0)
    for second in range(40):
        market.at(second).deal(f"buyer{second}", f"seller{second}", 100.0 + second, 5)
    core = core_of(market)
    everybody = list(range(len(core.group_names)))
    assert core.steps(0, 256, 1, everybody) == (39.0, 39.0, 39)
    assert core.steps(0, 256, 1, everybody[:4]) == (1.0, 39.0, 1)
