"""Front running within one owner: a firm's own account ahead of its client's order, which is known until it trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detection_service.engine.owner_scene import LargeOrder
from detection_service.engine.scene import Fill, Scene
from detection_service.rules.owners.chance import at_least_once, poisson_tail
from detection_service.rules.owners.incidents import Incident, incident_of, trips_of
from tapewatch.market.event import Side

SIDES = (Side.BUY, Side.SELL)
ANY_GAIN = {"gain_min": 0.0, "gain_usual_min": 0.0}
CLOSE_S = 0.25
"""Times that are told are no better than this."""


def incidents(scene: Scene, parameters: Mapping[str, float], fills: Sequence[Fill]) -> list[Incident]:
    """Where the account that traded last was ahead of large orders of its owner's other accounts, oldest first.

    Such an order is known from its entry, and preceded until it first trades. Any gain counts: it lasts seconds.
    """
    found = [_incident(scene, {**parameters, **ANY_GAIN}, fills, order) for order in _orders(scene, fills)]
    return [each for each in found if each is not None and each.gain > 0]


def _incident(
    scene: Scene, parameters: Mapping[str, float], fills: Sequence[Fill], order: LargeOrder
) -> Incident | None:
    """What the account did around one order: since it was entered, or else since shortly before."""
    own = [fill for fill in fills if fill.account == fills[-1].account]
    traded = _at_its_trade(order, fills)
    pending = {**parameters, "lead_max_s": (traded.time_ns - order.time_ns) / 1e9}
    tried = (trips_of(scene, each, own) for each in (pending, parameters))
    return next(filter(None, (incident_of(trips, own, traded) for trips in tried)), None)


def _orders(scene: Scene, fills: Sequence[Fill]) -> list[LargeOrder]:
    """The large orders of the owner's other accounts."""
    orders = [order for side in SIDES for order in scene.own_large_orders(side, 0)]
    other = [order for order in orders if order.account != fills[-1].account]
    return sorted(other, key=lambda order: order.time_ns)


def _at_its_trade(order: LargeOrder, fills: Sequence[Fill]) -> LargeOrder:
    """The order as of its first trade; as of its entry where none is known."""
    traded = [fill.time_ns for fill in fills if order.order_id and fill.order_id == order.order_id]
    return order._replace(time_ns=max(order.time_ns, min(traded, default=order.time_ns)))


def expected(scene: Scene, fills: Sequence[Fill], found: Sequence[Incident]) -> float:
    """How often chance would have one of the owner's other accounts ahead of so many of these orders.

    Its fills come at their usual rate: once more on each side than they did otherwise since the market is seen. The
    first of an incident was so near to the order's entry or to its trade, the last one so near to its trade.
    """
    suspicious = {fill.event for each in found for fill in each.fills}
    usual = [fill for fill in fills if fill.account == fills[-1].account and fill.event not in suspicious]
    seconds = max(1.0, (scene.now_ns - max(scene.market_since_ns(), scene.held_since_ns())) / 1e9)
    rate = {side: (sum(fill.side is side for fill in usual) + 1) / seconds for side in SIDES}
    orders = {order.order_id: order for order in _orders(scene, fills)}
    likely = [_likelihood(each, orders[each.order.order_id].time_ns, rate) for each in found]
    accounts = len({fill.account for fill in fills})
    return max(1, accounts - 1) * poisson_tail(len(found), len(orders) * sum(likely) / len(likely))


def _likelihood(incident: Incident, entered_ns: int, rate: Mapping[Side, float]) -> float:
    """Probability that fills at these rates come as near to one order; near to its entry or its trade is two ways."""
    came_ns, traded_ns = incident.before[0].time_ns, incident.order.time_ns
    into_s = max(CLOSE_S, min(abs(came_ns - entered_ns), traded_ns - came_ns) / 1e9)
    out_s = max(CLOSE_S, (incident.after[-1].time_ns - traded_ns) / 1e9)
    into, out = incident.before[0].side, incident.after[0].side
    return min(1.0, 2 * at_least_once(rate[into], into_s)) * at_least_once(rate[out], out_s)
