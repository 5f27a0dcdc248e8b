"""What a group traded around one large order, where that looks like front running."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from statistics import median
from typing import Final

from detection_service.engine.owner_scene import LargeOrder
from detection_service.engine.scene import Fill, Scene, opposite
from tapewatch.market.event import Side

_TIME: Final = attrgetter("time_ns")


@dataclass(frozen=True, slots=True)
class Incident:
    """One large order with what the group traded before and after; `gain` as a share of the price."""

    order: LargeOrder
    before: list[Fill]
    after: list[Fill]
    gain: float

    @property
    def furthest_ns(self) -> int:
        """How far its first fill was before the order, or its last one after, whichever is more."""
        return max(self.order.time_ns - self.before[0].time_ns, self.after[-1].time_ns - self.order.time_ns)

    @property
    def fills(self) -> list[Fill]:
        """All its fills."""
        return [*self.before, *self.after]


def incident_of(scene: Scene, parameters: Mapping[str, float], fills: list[Fill], order: LargeOrder) -> Incident | None:
    """What the group traded, oldest first, around a large order, if that looks like front running."""
    lead_ns, exit_ns = (int(parameters[name] * 1e9) for name in ("lead_max_s", "exit_max_s"))
    first = bisect_left(fills, order.time_ns - lead_ns, key=_TIME)
    turn = bisect_left(fills, order.time_ns, first, key=_TIME)
    if first == turn:
        return None
    ahead, later = fills[first:turn], fills[turn : bisect_right(fills, order.time_ns + exit_ns, turn, key=_TIME)]
    before, after = _last_of(ahead, order.side), [fill for fill in later if fill.side is opposite(order.side)]
    if not before or not after:
        return None
    taken, given = quantity_of(before), quantity_of(after)
    if given < parameters["exit_share_min"] * taken:
        return None
    passive = sum(fill.quantity for fill in before if fill.aggressor is False)
    if given < parameters["one_sided_min"] * quantity_of(later) or passive > taken / 2:
        return None
    if order.quantity < parameters["size_ratio_min"] * taken:
        return None
    if taken < parameters["own_size_min"] * median(fill.quantity for fill in fills):
        return None
    entry, out = (sum(fill.price * fill.quantity for fill in part) / quantity_of(part) for part in (before, after))
    gain = (out / entry - 1) * (1 if order.side is Side.BUY else -1)
    usual = scene.market.usual_range / entry
    if gain < max(parameters["gain_min"], parameters["gain_usual_min"] * usual):
        return None
    return Incident(order, before, after, gain)


def _last_of(fills: list[Fill], side: Side) -> list[Fill]:
    """What was traded on a side since the last fill on the other: what came before that is another matter."""
    start = next((place for place in range(len(fills), 0, -1) if fills[place - 1].side is not side), 0)
    return fills[start:]


def quantity_of(fills: list[Fill]) -> float:
    """All that was traded."""
    return sum(fill.quantity for fill in fills)
