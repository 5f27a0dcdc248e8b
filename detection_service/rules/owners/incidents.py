"""What a group traded around one large order, where that looks like front running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from detection_service.engine.owner_scene import LargeOrder
from detection_service.engine.scene import Fill, Scene, TripTerms, opposite
from detection_service.engine.trips import Trips
from tapewatch.market.event import Side

_LIMITS: Final = (
    "exit_share_min", "one_sided_min", "size_ratio_min", "own_size_min", "gain_min", "gain_usual_min",
)  # fmt: skip


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


def trips_of(scene: Scene, parameters: Mapping[str, float], fills: Sequence[Fill]) -> Trips:
    """Fills of a group, oldest first, to be looked at around large orders."""
    trips = Trips(trip_terms(scene, parameters))
    trips.read(list(fills))
    return trips


def around_others(
    scene: Scene,
    parameters: Mapping[str, float],
    moments: Sequence[tuple[int, Side]],
    quantity: float,
    since_ns: int = 0,
) -> tuple[int, int, int]:
    """How often all other groups together were ahead of an order of so much at moments, with their fills since a time;
    how many groups with how many fills there are."""
    return scene.others_around(trip_terms(scene, parameters), moments, quantity, since_ns)


def trip_terms(scene: Scene, parameters: Mapping[str, float]) -> TripTerms:
    """What makes a trip around an order an incident, in this market."""
    lead_ns, exit_ns = (int(parameters[name] * 1e9) for name in ("lead_max_s", "exit_max_s"))
    limits = (parameters[name] for name in _LIMITS)
    return TripTerms._make((lead_ns, exit_ns, *limits, scene.market.usual_range))


def incident_of(trips: Trips, fills: Sequence[Fill], order: LargeOrder) -> Incident | None:
    """What the group traded, oldest first, around a large order, if that looks like front running."""
    trip = trips.around(order.time_ns, order.side, order.quantity)
    return None if trip is None else incident(fills, order, *trip)


def incident(fills: Sequence[Fill], order: LargeOrder, begin: int, turn: int, end: int, gain: float) -> Incident:
    """An incident of fills by the places of a trip around an order."""
    after = [fill for fill in fills[turn:end] if fill.side is opposite(order.side)]
    return Incident(order, list(fills[begin:turn]), after, gain)


def quantity_of(fills: list[Fill]) -> float:
    """All that was traded."""
    return sum(fill.quantity for fill in fills)
