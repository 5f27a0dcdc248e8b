"""What the rules on pressing orders ask of a group alike, and how they cite what they found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from detection_service.engine.market_state import FAST_BUCKET_NS, FAST_BUCKETS
from detection_service.engine.scene import Fill, Scene, Withdrawal, opposite
from detection_service.rules.owners.chance import at_least_once, poisson_tail
from tapewatch.market.event import Side

LATELY_NS: Final = 120_000_000_000
SECOND_NS: Final = 1_000_000_000
CLOSE_NS: Final = 250_000_000
"""Times that are told are no better than this."""
SLOW_NS: Final = 300_000_000_000
ASKED_MAX: Final = 256
"""Of so many other groups at most it is looked at whether they do alike."""
HALF: Final = 0.5
UNHEARD: Final = 4.0


def large_from(scene: Scene, parameters: Mapping[str, float]) -> float:
    """From which quantity on an order is large here: one of the largest, and so many medians at least."""
    sizes, share = scene.market.sizes, parameters["large_share"]
    return max(parameters["size_multiple_min"] * float(sizes.median), float(sizes.quantile(1.0 - share)))


def traded_against(scene: Scene, orders: Sequence[Withdrawal], genuine: Sequence[Fill]) -> float:
    """What the group traded on the other side meanwhile, or the largest order it meant to fill if that is more."""
    fills = scene.fills(genuine[0].side, scene.pressure_since_ns(orders))
    return max(sum(fill.quantity for fill in fills), *(fill.order_quantity for fill in genuine))


def elsewhere(scene: Scene, orders: Sequence[Withdrawal]) -> float:
    """What the group withdrew on the other side meanwhile, or had standing there if that is more."""
    since = scene.pressure_since_ns(orders)
    withdrawn = sum(order.quantity for order in scene.withdrawals(opposite(orders[0].side), since))
    return max(withdrawn, *(order.opposite_open for order in orders))


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


def by_chance(
    scene: Scene,
    side: Side,
    spans: Sequence[tuple[int, int]],
    within_ns: float,
    after_ns: float = 0.0,
    ordinary: Sequence[tuple[int, int]] = (),
    earlier: Sequence[tuple[int, int]] = (),
) -> float:
    """Probability that so many of the group's orders went so soon around its fills on a side by chance.

    `spans` are from when to when its orders stood (ns), those without a fill among them; a fill counts that came at
    most `within_ns` before an order went or `after_ns` after. Null model: fills come as often as they do outside of
    these windows, which are as narrow as holds all that were found, or as they do around the group's `ordinary` orders
    that went. Fills of one order count once. What came around `earlier` orders of the kind in question is no more usual
    for it: who does the same every few minutes would make itself ordinary.
    """
    nearest = [_nearest(scene, side, span, within_ns, after_ns) for span in spans]
    found = [each for each in nearest if each is not None]
    if not found:
        return 1.0
    reach_ns = max(CLOSE_NS, *(gap_ns for gap_ns, _ in found))
    before_ns, behind_ns = min(reach_ns, int(within_ns)), min(reach_ns, int(after_ns))
    windows = [(max(stood, gone - before_ns), gone + behind_ns) for stood, gone in spans]
    habit = [_nearest(scene, side, span, before_ns, behind_ns) for span in ordinary]
    usual = sum(each is not None for each in habit) / (len(habit) + 1)
    aside = [*windows, *((max(stood, gone - int(within_ns)), gone + int(after_ns)) for stood, gone in earlier)]
    rate = max(_usual_rate(scene, side, aside), _lately_rate(scene, side, aside))
    expected = sum(max(usual, at_least_once(rate, (last - first) / 1e9)) for first, last in windows)
    return poisson_tail(min(len(found), len({order for _, order in found})), expected)


def is_beyond_chance(
    scene: Scene, likelihood: float, chance_max: float, coincidence_max: float, quantity: float, life_max_s: float
) -> bool:
    """Whether fills came too close to withdrawals for chance, given how likely chance makes the fills.

    Where they alone say too little, but no more than `coincidence_max` is left to chance, it counts how many others
    here do such a thing at all, if it is four times as large as but a hundredth of the orders are: who withdraws so
    soon what hardly anybody else ever enters, and trades on the other side at that moment, is a coincidence of two.
    """
    if likelihood <= chance_max:
        return True
    if quantity < UNHEARD * scene.market.sizes.high:
        return False
    return likelihood <= coincidence_max and likelihood * _done_by_others(scene, quantity, life_max_s) <= chance_max


def _done_by_others(scene: Scene, quantity: float, life_max_s: float) -> float:
    """Share of the other groups that withdraw orders here who lately took off as much at one time within as short a
    life, at least half of it; half a group more, for what is not yet known of a young market."""
    others = [group for group in scene.groups() if group != scene.group]
    most = [_withdrawn_at_once(scene, group, life_max_s) for group in others[:: len(others) // ASKED_MAX + 1]]
    known = [each for each in most if each is not None]
    return (sum(each >= HALF * quantity for each in known) + HALF) / (len(known) + 1)


def _withdrawn_at_once(scene: Scene, group: str, life_max_s: float) -> float | None:
    """The most a group took off a side within a second, of orders of a life; None where it withdrew nothing at all."""
    sides = [scene.withdrawals(side, 0, group=group) for side in (Side.BUY, Side.SELL)]
    most = 0.0
    for withdrawn in sides:
        at_ns, together = 0, 0.0
        for order in withdrawn:
            if order.life_s <= life_max_s:
                together = together + order.quantity if order.time_ns - at_ns <= SECOND_NS else order.quantity
                at_ns, most = order.time_ns, max(most, together)
    return most if any(sides) else None


def _nearest(
    scene: Scene, side: Side, span: tuple[int, int], within_ns: float, after_ns: float
) -> tuple[int, str] | None:
    """How near the nearest fill was to an order's going, ns, and the fill's order."""
    stood, gone = span
    found = [
        (abs(gone - fill.time_ns), fill.order_id or fill.event_id)
        for fill in scene.fills(side, max(stood, gone - int(within_ns)))
        if fill.time_ns <= gone + after_ns
    ]
    return min(found, default=None)


def _outside(scene: Scene, side: Side, windows: Sequence[tuple[int, int]], since_ns: int) -> tuple[int, float]:
    """Orders of the group filled on a side outside of windows since a time, and how many seconds that is."""
    fills = [
        fill.order_id or fill.event_id
        for fill in scene.fills(side, since_ns)
        if not any(first <= fill.time_ns <= last for first, last in windows)
    ]
    return len({*fills}), max(1.0, (scene.now_ns - since_ns - _covered_ns(windows, since_ns)) / 1e9)


def _covered_ns(windows: Sequence[tuple[int, int]], since_ns: int) -> int:
    """How much of the time since a time lies within windows, which may overlap."""
    covered_ns, reached_ns = 0, since_ns
    for first, last in sorted(windows):
        covered_ns += max(0, last - max(first, reached_ns))
        reached_ns = max(reached_ns, last)
    return covered_ns


def _usual_rate(scene: Scene, side: Side, windows: Sequence[tuple[int, int]]) -> float:
    """Fills a second of the group outside of windows, as far as they are held; of one seldom seen, as of others."""
    orders, seconds = _outside(scene, side, windows, max(scene.held_since_ns(scene.group), _begun_ns(scene)))
    others = _others_rate(scene)
    return (orders + 1) / (seconds + 1 / others) if others > 0 else orders / seconds


def _lately_rate(scene: Scene, side: Side, windows: Sequence[tuple[int, int]]) -> float:
    """The same of the last two minutes, without others."""
    orders, seconds = _outside(scene, side, windows, max(scene.now_ns - LATELY_NS, _begun_ns(scene)))
    return orders / seconds


def _begun_ns(scene: Scene) -> int:
    """Since when the market is seen to trade, of the last day."""
    begun_ns, lately = scene.market_since_ns(), _lately(scene)
    return max(begun_ns, lately[0][0] * FAST_BUCKET_NS) if lately and begun_ns > scene.now_ns - SLOW_NS else begun_ns


def _others_rate(scene: Scene) -> float:
    """Fills a second on one side of each of the other groups, in the mean of the market's last twenty minutes."""
    lately = _lately(scene)
    if not lately:
        return 0.0
    first, last = lately[0][0], scene.now_ns // FAST_BUCKET_NS
    trades = int(scene.market.fast.count(first, last)) - len(scene.fills(None, first * FAST_BUCKET_NS))
    return max(0, trades) / max(1, scene.groups_present()) / ((last + 1 - first) * FAST_BUCKET_NS / 1e9)


def _lately(scene: Scene) -> Sequence[tuple[int, float, float, float, float, float]]:
    """The market's bars of five seconds of the last twenty minutes."""
    last = scene.now_ns // FAST_BUCKET_NS
    return list(scene.market.fast.bars(last - FAST_BUCKETS + 2, last))
