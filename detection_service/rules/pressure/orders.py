"""What the rules on pressing orders ask of a group alike, and how they cite what they found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from detection_service.engine.scene import Fill, Scene, Withdrawal, opposite


def traded_against(scene: Scene, orders: Sequence[Withdrawal], genuine: Sequence[Fill]) -> float:
    """What the group traded on the other side meanwhile, or the largest order it meant to fill if that is more."""
    fills = scene.fills(genuine[0].side, scene.pressure_since_ns(orders))
    return max(sum(fill.quantity for fill in fills), *(fill.order_quantity for fill in genuine))


def elsewhere(scene: Scene, orders: Sequence[Withdrawal]) -> float:
    """What the group withdrew on the other side meanwhile, and had standing there at most."""
    since = scene.pressure_since_ns(orders)
    withdrawn = sum(order.quantity for order in scene.withdrawals(opposite(orders[0].side), since))
    return withdrawn + max(order.opposite_open for order in orders)


def usual_spread(scene: Scene) -> float:
    """The market's usual spread as a share of its price; 0 before one was seen."""
    spreads = scene.market.spreads
    return float(spreads.median) / 1e6 if spreads.total else 0.0


def taken_up(scene: Scene, order: Withdrawal, within_s: float) -> float:
    """Share of a withdrawn order that the group traded on the order's own side soon after: what it meant after all."""
    last_ns = order.time_ns + within_s * 1e9
    fills = scene.fills(order.side, order.time_ns)
    return sum(fill.quantity for fill in fills if fill.time_ns <= last_ns) / order.quantity


def accounts_of(orders: Iterable[Withdrawal], fills: Iterable[Fill]) -> frozenset[str]:
    """Accounts behind orders and fills; a source without accounts has none."""
    return frozenset([*(order.account for order in orders), *(fill.account for fill in fills)]) - {""}


def events_of(orders: Iterable[Withdrawal], fills: Iterable[Fill]) -> frozenset[str]:
    """Ids of the events that entered and withdrew the orders, and of the fills."""
    ends = [event for order in orders for event in (order.entry_event_id, order.event_id)]
    return frozenset([*ends, *(fill.event_id for fill in fills)])


def order_ids_of(orders: Iterable[Withdrawal], fills: Iterable[Fill]) -> frozenset[str]:
    """Ids of the orders and of those behind the fills."""
    return frozenset([*(order.order_id for order in orders), *(fill.order_id for fill in fills)]) - {""}


def trade_ids_of(fills: Iterable[Fill]) -> frozenset[str]:
    """Ids of the trades."""
    return frozenset(fill.trade_id for fill in fills) - {""}
