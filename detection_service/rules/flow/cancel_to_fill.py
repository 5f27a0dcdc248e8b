"""Cancels to fills: far more orders withdrawn for every fill than groups that quote in this market usually do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene, Withdrawal
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="cancel_to_fill",
    version="1.1.0",
    title="Cancels out of proportion to fills",
    typology="EXCESSIVE_CANCELS",
    description=(
        "Over half an hour a group withdraws many times more orders for each fill than the groups that quote in this "
        "market usually do (one at the least), most of them within a second. A group that quotes both sides alike "
        "makes a market, and is allowed several times as much."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS, needs.FILLS),
    parameters=(
        Parameter("multiple_min", 8.0, "x usual", 2, 1000, "against the middle of the groups that quote here"),
        Parameter("cancels_min", 100.0, "orders", 5, 1e6, "three a minute for half an hour: fewer say nothing"),
        Parameter("ratio_min", 20.0, "cancels a fill", 1, 1e6, "where hardly anybody cancels, this is still ordinary"),
        Parameter("fleeting_share_min", 0.6, "share", 0, 1, "orders meant to trade stand for longer than a second"),
        Parameter("two_sided_min", 0.5, "share", 0, 1, "orders on the smaller side to those on the larger: a maker's"),
        Parameter("maker_allowance", 6.0, "x", 1, 100, "makers reprice at every move and trade seldom"),
    ),
    regulations=(regulations.MAR_FALSE_SIGNALS, regulations.MAR_ORDERS_DISTURB, regulations.FINRA_BONA_FIDE),
    known_false_positives=(
        "A one-sided quoting algorithm, as of an arbitrageur that hedges on another venue.",
        "A pegged order that a venue reports as a cancel and a new order at every tick.",
    ),
    known_gaps=(
        "A market where fewer than a dozen half hours of quoting groups have been seen has no usual ratio.",
        "Whoever enters orders on both sides alike is taken for a maker until far beyond the others.",
        "Where most of those who quote cancel as much, nobody stands out.",
    ),
    triage_steps=(
        "Is the group a registered market maker or a client of one?",
        "Look at which side it cancels on, and what its fills gained on the other.",
        "Compare its other days and instruments.",
    ),
    episode_gap_s=1800,
    episode_max_s=14_400,
)
HALF_HOUR_NS = 1_800_000_000_000
USUAL_LEAST = 1.0
"""Where most who send orders take liquidity, fewer cancels than fills are usual; that says nothing of who quotes."""


class CancelToFill:
    """Asked when a group's minute went by or its messages doubled, far beyond others' cancels a fill."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """What the core checks before it asks."""
        return (
            Condition("cancels_30m", at_least=parameters["cancels_min"]),
            Condition("cancel_to_fill_30m", at_least=parameters["ratio_min"]),
            Condition("cancel_multiple_30m", at_least=parameters["multiple_min"]),
            Condition("fleeting_share_30m", at_least=parameters["fleeting_share_min"]),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the multiple is beyond what a group of its kind is allowed."""
        allowed = parameters["multiple_min"]
        if _two_sided(scene) >= parameters["two_sided_min"]:
            allowed *= parameters["maker_allowance"]
        multiple = min(scene.metric("cancel_multiple_30m"), scene.metric("cancel_to_fill_30m") / USUAL_LEAST)
        if multiple < allowed:
            return
        orders = [order for side in (Side.BUY, Side.SELL) for order in scene.withdrawals(side, _since(scene))]
        if orders:
            yield _finding(scene, parameters, sorted(orders, key=_when), multiple, allowed)


def _since(scene: Scene) -> int:
    return scene.now_ns - HALF_HOUR_NS


def _when(order: Withdrawal) -> tuple[int, tuple[int, int]]:
    return order.time_ns, order.event


def _two_sided(scene: Scene) -> float:
    """Orders entered on the smaller side as a share of those on the larger."""
    buys, sells = scene.metric("orders_buy_30m"), scene.metric("orders_sell_30m")
    return min(buys, sells) / max(1.0, buys, sells)


def _finding(
    scene: Scene, parameters: Mapping[str, float], orders: list[Withdrawal], multiple: float, allowed: float
) -> Finding:
    cancels, fills = scene.metric("cancels_30m"), scene.metric("fills_30m")
    ratio, fleeting = scene.metric("cancel_to_fill_30m"), scene.metric("fleeting_share_30m")
    lopsided = 1.0 - _two_sided(scene)
    score = 0.3 + 0.4 * excess(multiple, allowed) + 0.1 * lopsided + 0.1 * excess(cancels, parameters["cancels_min"])
    accounts = frozenset(order.account for order in orders)
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.3, Severity.LOW), (0.5, Severity.MEDIUM), (0.8, Severity.HIGH)),
        score=score,
        start_time_ns=orders[0].entry_time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"Withdrew {cancels:g} orders for {fills:g} fills in half an hour, {ratio:.0f} for each and "
            f"{multiple:.1f} times what groups that quote here usually do ({ratio / multiple:.1f}); {fleeting:.0%} of "
            f"them went within a second, where most orders that are meant to trade stand."
        ),
        measurements=(
            Measurement("cancel_multiple", multiple, allowed, "x usual"),
            Measurement("cancel_to_fill", ratio, parameters["ratio_min"], "cancels a fill"),
            Measurement("fleeting_share", fleeting, parameters["fleeting_share_min"], "share"),
            Measurement("two_sided", 1.0 - lopsided, parameters["two_sided_min"], "share"),
        ),
        opening=frozenset({orders[0].entry_event_id}),
        evidence=frozenset(each for order in orders for each in (order.entry_event_id, order.event_id)),
        order_ids=frozenset(order.order_id for order in orders) - {""},
    )
