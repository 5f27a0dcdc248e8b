"""What a group that moved a price traded back, and at what price."""

from __future__ import annotations

from collections.abc import Sequence

from detection_service.engine.scene import Fill, Scene, opposite
from tapewatch.market.event import Side


def mean_price(fills: Sequence[Fill]) -> float:
    """Mean price of fills by quantity; NaN without any."""
    quantity = sum(fill.quantity for fill in fills)
    return sum(fill.price * fill.quantity for fill in fills) / quantity if quantity else float("nan")


def exits(scene: Scene, side: Side, after_ns: int) -> list[Fill]:
    """The acting group's fills against a push since a time."""
    return scene.fills(opposite(side), after_ns)
