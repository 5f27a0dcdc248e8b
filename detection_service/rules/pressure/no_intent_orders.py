"""Orders without intent: entered where they cannot trade, taken off at once, again and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from detection_service.engine.scene import Scene, Withdrawal
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.pressure import orders as pressing
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

WINDOW_S = 300.0
RANGES_KNOWN: Final = 10
MOVED_WITHIN_NS: Final = 100_000_000
"""An order entered so soon after another went takes its place."""
METADATA = Metadata(
    rule_id="no_intent_orders",
    version="1.2.0",
    title="Orders without intent to trade",
    typology="NO_INTENT_ORDERS",
    description=(
        "Within five minutes a group enters many orders so far from the market that it could not come to them in the "
        "seconds they stand, measured by what the instrument usually moves in a minute, and that is most of what it "
        "does. Orders that stay, however far, or are at once followed by another, as quotes that move with the market "
        "are, and a group that trades, do not count."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS),
    parameters=(
        Parameter("orders_min", 20.0, "orders", 3, 64, "again and again: about one in fifteen seconds"),
        Parameter("life_max_s", 5.0, "s", 0.01, 5, "gone before the market could come to them"),
        Parameter("ranges_min", 5.0, "x usual minute", 1, 1000, "in 5 s a price hardly moves five usual minutes"),
        Parameter("spreads_min", 10.0, "x spread", 4, 1000, "where little moves, the spread is the measure"),
        Parameter("share_min", 0.5, "share", 0, 1, "most of what the group enters in that time"),
        Parameter("fills_share_max", 0.1, "fills an order", 0, 1, "who trades here means at least a part"),
    ),
    regulations=(
        regulations.MAR_FALSE_SIGNALS,
        regulations.ANNEX_I_WITHDRAWN,
        regulations.NO_INTENTION,
        regulations.FINRA_BONA_FIDE,
    ),
    known_false_positives=(
        "A connectivity test that enters and cancels orders far from the market.",
        "A market maker's stub quotes while its system restarts again and again.",
    ),
    known_gaps=(
        "More than the last 64 withdrawals of a group are not looked at.",
        "Somebody who enters the next order at the moment of withdrawing the last: there is always one to trade with.",
        "A market that has not traded in ten minutes yet: nobody knows how far it goes.",
        "Orders near the touch that are never meant to trade are spoofing's, layering's and smoking's.",
    ),
    triage_steps=(
        "Ask what the orders are for: a test, a latency probe, a fault?",
        "Did the messages slow the venue, or hide something else the group did in that time?",
    ),
    episode_gap_s=300,
    episode_max_s=7200,
)


class NoIntentOrders:
    """Asked at moments of a group with many far and fleeting orders."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Many orders taken off within five seconds far from the touch, within five minutes."""
        return (
            Condition("far_withdrawn_5m", at_least=parameters["orders_min"]),
            Condition("far_share_5m", at_least=parameters["share_min"] / 2),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the market could not have come to them, and the group does little else."""
        since = scene.now_ns - int(WINDOW_S * 1e9)
        if scene.market.ranges_seen < RANGES_KNOWN:
            return  # nobody knows yet how far this market goes
        reach = _reach(scene, parameters)
        if scene.far_withdrawn(since, parameters["life_max_s"], reach) < parameters["orders_min"]:
            return
        withdrawn = [order for side in (Side.BUY, Side.SELL) for order in scene.withdrawals(side, since)]
        fleeting = _fleeting(withdrawn, parameters["life_max_s"])
        far = [order for order in fleeting if order.distance >= reach]
        if len(far) < parameters["orders_min"]:
            return
        far.sort(key=lambda order: (order.time_ns, order.event))
        share = len(far) / max(len(withdrawn), min(64.0, scene.metric("orders_5m")))
        fills = scene.metric("fills_5m")
        if share >= parameters["share_min"] and fills <= parameters["fills_share_max"] * scene.metric("orders_5m"):
            yield _finding(scene, parameters, far, share, reach)


def _fleeting(withdrawn: list[Withdrawal], life_max_s: float) -> list[Withdrawal]:
    """Orders that were gone soon, and with them what the group had there.

    Who enters the next order as it takes the last one off has moved a quote that stands on: it is as old as the first.
    """
    quotes: dict[Side, list[list[Withdrawal]]] = {Side.BUY: [], Side.SELL: []}
    for order in sorted(withdrawn, key=lambda order: (order.entry_time_ns, order.event)):
        moved = [quote for quote in quotes[order.side] if _follows(quote, order)]
        for quote in moved:
            quotes[order.side].remove(quote)
        quotes[order.side].append([*(each for quote in moved for each in quote), order])
    return [
        order
        for quote in (*quotes[Side.BUY], *quotes[Side.SELL])
        if max(each.time_ns for each in quote) - quote[0].entry_time_ns <= life_max_s * 1e9
        for order in quote
    ]


def _follows(quote: list[Withdrawal], order: Withdrawal) -> bool:
    """Whether an order was entered at the moment at which one of a quote went."""
    return any(abs(order.entry_time_ns - each.time_ns) <= MOVED_WITHIN_NS for each in quote)


def _reach(scene: Scene, parameters: Mapping[str, float]) -> float:
    """How far from the touch an order cannot trade within its life, as a share of the price."""
    market = scene.market
    moved: float = market.usual_range / abs(market.last_price)
    return max(parameters["ranges_min"] * moved, parameters["spreads_min"] * pressing.usual_spread(scene))


def _finding(
    scene: Scene, parameters: Mapping[str, float], far: list[Withdrawal], share: float, reach: float
) -> Finding:
    distances = sorted(order.distance for order in far)
    distance = distances[len(distances) // 2]
    lives = sorted(order.life_s for order in far)
    score = 0.3 + 0.5 * (excess(len(far), parameters["orders_min"]) + excess(distance, reach or distance)) / 2
    accounts = pressing.accounts_of(far, ())
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.7, Severity.HIGH)),
        score=score,
        start_time_ns=far[0].entry_time_ns,
        end_time_ns=far[-1].time_ns,
        explanation=(
            f"Entered and withdrew {len(far)} orders within five minutes at {distance:.2%} from the best price and "
            f"more (the middle one), each gone after {lives[len(lives) // 2]:.2f} s; the market hardly comes further "
            f"than {reach:.2%} in that time, and they are {share:.0%} of what the group entered."
        ),
        measurements=(
            Measurement("orders", float(len(far)), parameters["orders_min"], "orders"),
            Measurement("distance", distance, reach, "share"),
            Measurement("share", share, parameters["share_min"], "share"),
        ),
        opening=frozenset({far[0].entry_event_id}),
        evidence=pressing.events_of(far, ()),
        order_ids=pressing.order_ids_of(far, ()),
    )
