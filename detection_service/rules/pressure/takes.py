"""Takes: the fills of one order that took liquidity, as one."""

from __future__ import annotations

from dataclasses import dataclass

from detection_service.engine.scene import Fill, Scene
from tapewatch.market.event import Side


@dataclass(frozen=True, slots=True)
class Take:
    """One order's aggressive fills, oldest first."""

    fills: tuple[Fill, ...]

    @property
    def time_ns(self) -> int:
        """When it first took."""
        return self.fills[0].time_ns

    @property
    def side(self) -> Side:
        """Which side took."""
        return self.fills[0].side

    @property
    def order_quantity(self) -> float:
        """Size of the order behind it."""
        return max(fill.order_quantity for fill in self.fills)


def takes_of(scene: Scene, since_ns: int) -> list[Take]:
    """The acting group's takes since a time, oldest first; a fill without order id is a take of its own."""
    orders: dict[str, list[Fill]] = {}
    for side in (Side.BUY, Side.SELL):
        for fill in scene.fills(side, since_ns):
            if fill.aggressor:
                orders.setdefault(fill.order_id or fill.event_id, []).append(fill)
    takes = [Take(tuple(fills)) for fills in orders.values()]
    return sorted(takes, key=lambda take: (take.time_ns, take.fills[0].event))
