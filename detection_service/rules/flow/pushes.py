"""Who moved a price: new highs (or lows) set by aggressive trades, and whose they were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detection_service.engine.scene import Fill, Scene, opposite
from tapewatch.market.event import Side


@dataclass(frozen=True, slots=True)
class Push:
    """What a group's aggressive fills of one side did to the price, beside everybody's.

    `own_move` and `all_move` are the distances by which new extremes were set, in price; `pushing` are the own fills
    that set one. Quantities are of aggressive fills on the side.
    """

    own: tuple[Fill, ...]
    pushing: tuple[Fill, ...]
    own_move: float
    all_move: float
    own_quantity: float
    all_quantity: float

    @property
    def move_share(self) -> float:
        """Share of the move that the group's own trades made."""
        return self.own_move / self.all_move if self.all_move > 0 else 0.0

    @property
    def quantity_share(self) -> float:
        """Its share of what was taken on the side."""
        return self.own_quantity / self.all_quantity if self.all_quantity > 0 else 0.0

    @property
    def push_rate(self) -> float:
        """Share of its aggressive fills that set a new extreme."""
        return len(self.pushing) / len(self.own) if self.own else 0.0


def push_of(fills: Iterable[Fill], group: str, side: Side, from_price: float) -> Push:
    """What a group did among fills of a market (oldest first), from a price on."""
    sign = 1 if side is Side.BUY else -1
    extreme = from_price
    own: list[Fill] = []
    pushing: list[Fill] = []
    own_move = all_move = all_quantity = 0.0
    for fill in fills:
        if fill.side is not side or not fill.aggressor:
            continue
        beyond = max(0.0, sign * (fill.price - extreme))
        all_quantity += fill.quantity
        all_move += beyond
        if fill.group == group:
            own.append(fill)
            own_move += beyond
            if beyond > 0:
                pushing.append(fill)
        if beyond > 0:
            extreme = fill.price
    own_quantity = sum(fill.quantity for fill in own)
    return Push(tuple(own), tuple(pushing), own_move, all_move, own_quantity, all_quantity)


def mean_price(fills: Sequence[Fill]) -> float:
    """Mean price of fills by quantity; NaN without any."""
    quantity = sum(fill.quantity for fill in fills)
    return sum(fill.price * fill.quantity for fill in fills) / quantity if quantity else float("nan")


def exits(scene: Scene, side: Side, after_ns: int) -> list[Fill]:
    """The acting group's fills against a push since a time."""
    return scene.fills(opposite(side), after_ns)
