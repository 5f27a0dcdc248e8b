"""Spoofing without accounts: the same large order shown again and again, gone as soon as the other side traded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from detection_service.engine.scene import Fill, Scene, Withdrawal, opposite
from detection_service.engine.triggers import UNNAMED
from detection_service.rules import needs, regulations
from detection_service.rules.pressure import orders as pressing
from detection_service.rules.rule import Finding, Metadata, Parameter, excess
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="spoofing_anonymous",
    version="1.0.0",
    title="Spoofing, where no accounts are shown",
    typology="SPOOFING",
    description=(
        "For public order-by-order feeds. An order of one size, large for the instrument and its side of the book and "
        "near the best price, is shown on one side several times within minutes; each time the other side's best "
        "orders trade while it stands, and it goes untouched just after that and does not come back at once. A large "
        "order that is withdrawn is ordinary; so is one that is moved, and sizes shown on both sides alike."
    ),
    needs=(needs.UNNAMED_ORDERS, needs.FILLS),
    parameters=(
        Parameter("life_max_s", 30.0, "s", 0.1, 600, "orders left standing longer are exposed to be traded"),
        Parameter("size_multiple_min", 10.0, "x median", 2, 1000, "far above what the instrument usually sees"),
        Parameter("depth_share_min", 0.2, "share", 0.05, 1, "enough of the best ten levels to move the imbalance"),
        Parameter("near_max", 5.0, "x spread", 0, 100, "far orders press little"),
        Parameter("withdraw_within_s", 2.0, "s", 0.01, 60, "the order goes as soon as the other side has traded"),
        Parameter("genuine_ratio_min", 3.0, "x", 1, 1000, "the pressure dwarfs what trades on the other side"),
        Parameter("same_size_share", 0.02, "share", 0, 0.5, "one hand shows one size: all that is known of it"),
        Parameter("repeats_min", 4.0, "orders", 2, 50, "without accounts only repetition tells a hand from chance"),
        Parameter("back_within_s", 1.0, "s", 0, 60, "an order back at once was moved, not withdrawn"),
        Parameter("memory_s", 300.0, "s", 10, 600, "repetitions of one hand come within minutes"),
        Parameter("one_sided_min", 3.0, "x", 1, 100, "against orders of half that size on the other side"),
    ),
    regulations=(
        regulations.MAR_FALSE_SIGNALS,
        regulations.MAR_ORDERS_DISTURB,
        regulations.ANNEX_I_WITHDRAWN,
        regulations.LAYERING,
        regulations.CEA_SPOOFING,
    ),
    known_false_positives=(
        "A market maker of one usual size that withdraws one side whenever the other trades: its habit, seen half.",
        "Different people who happen to use one round size.",
    ),
    known_gaps=(
        "Who did it is not known: the subject is the market.",
        "Sizes varied from order to order, or fewer repetitions, are not found.",
    ),
    triage_steps=(
        "Ask the venue whose orders these are, and who sold to or bought from those that traded.",
        "Replay the book: did the best prices move while the orders stood, and back after they went?",
    ),
    episode_gap_s=300,
    episode_max_s=3600,
)


class Shown(NamedTuple):
    """A large order that was shown and went, and the other side's fills it went after."""

    order: Withdrawal
    paid: tuple[Fill, ...]


class SpoofingAnonymous:
    """Asked a second after a large order without account was withdrawn."""

    metadata = METADATA
    triggers = UNNAMED

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where orders of the last one's size did the same several times."""
        side = scene.pressure_side
        since = scene.now_ns - int(parameters["memory_s"] * 1e9)
        size_min = parameters["size_multiple_min"] * scene.market.sizes.median
        withdrawn = scene.withdrawals(side, since, size_min)
        if len(withdrawn) < parameters["repeats_min"]:
            return
        size, slack = withdrawn[-1].quantity, parameters["same_size_share"]
        alike = [order for order in withdrawn if abs(order.quantity - size) <= slack * size]
        others = scene.withdrawals(opposite(side), since, size / 2)
        if len(alike) < max(parameters["repeats_min"], parameters["one_sided_min"] * len(others)):
            return
        fills = [fill for fill in scene.market_fills(since) if fill.side is opposite(side) and not fill.aggressor]
        shown = [each for order in alike if (each := _shown(scene, parameters, order, alike, fills)) is not None]
        if len(shown) >= parameters["repeats_min"] and shown[-1].order is alike[-1]:
            yield _finding(scene, parameters, shown)


def _shown(
    scene: Scene, parameters: Mapping[str, float], order: Withdrawal, alike: list[Withdrawal], fills: list[Fill]
) -> Shown | None:
    """The order with the fills it went after; None where it is too small, far or old, was moved, or nothing traded."""
    if order.life_s > parameters["life_max_s"] or order.depth_share < parameters["depth_share_min"]:
        return None
    if order.distance > parameters["near_max"] * pressing.usual_spread(scene):
        return None
    back_ns = order.time_ns + parameters["back_within_s"] * 1e9
    if any(order.time_ns <= other.entry_time_ns <= back_ns for other in alike if other is not order):
        return None
    paid = tuple(fill for fill in fills if order.entry_time_ns <= fill.time_ns <= order.time_ns)
    if not paid or order.time_ns - paid[-1].time_ns > parameters["withdraw_within_s"] * 1e9:
        return None
    traded = sum(fill.quantity for fill in paid)
    return Shown(order, paid) if order.quantity >= parameters["genuine_ratio_min"] * traded else None


def _finding(scene: Scene, parameters: Mapping[str, float], shown: list[Shown]) -> Finding:
    orders, fills = [each.order for each in shown], [fill for each in shown for fill in each.paid]
    usual, last, traded = scene.market.sizes.median, orders[-1], sum(fill.quantity for fill in fills)
    lives = sorted(order.life_s for order in orders)
    measures = (
        ("repeats", float(len(shown)), "repeats_min", "orders"),
        ("size_multiple", last.quantity / usual, "size_multiple_min", "x median"),
        ("depth_share", min(order.depth_share for order in orders), "depth_share_min", "share"),
    )
    score = 0.3 + 0.3 * sum(excess(seen, parameters[limit]) for _, seen, limit, _ in measures) / len(measures)
    return Finding(
        owners=frozenset(),
        accounts=frozenset(),
        severity=Severity.MEDIUM,
        score=score,
        start_time_ns=orders[0].entry_time_ns,
        end_time_ns=last.time_ns,
        explanation=(
            f"No account is known: {len(shown)} {last.side.name.lower()} orders of {last.quantity:g}, "
            f"{last.quantity / usual:.1f} times the usual order, were each shown for {lives[len(lives) // 2]:.2f} s "
            f"(the middle one) and gone just after the other side's best orders traded ({traded:g} in all); such "
            f"orders usually go without that, or trade."
        ),
        measurements=tuple(Measurement(name, seen, parameters[limit], unit) for name, seen, limit, unit in measures),
        opening=frozenset({orders[0].entry_event_id}),
        evidence=pressing.events_of(orders, fills),
        order_ids=pressing.order_ids_of(orders, ()),
        trade_ids=pressing.trade_ids_of(fills),
    )
