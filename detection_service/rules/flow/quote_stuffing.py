"""Quote stuffing: a flood of orders that are gone at once, far beyond what any group usually sends here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene, Withdrawal
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="quote_stuffing",
    version="1.1.0",
    title="Quote stuffing",
    typology="QUOTE_STUFFING",
    description=(
        "Within a minute a group sends many times the messages of the busiest minutes groups usually have in this "
        "market, many times its own usual, and a large share of all there are; its orders are gone within "
        "fractions of a second and next to none trades."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS),
    parameters=(
        Parameter("messages_min", 100.0, "messages", 10, 1e6, "some fifty orders a minute, as public practice counts"),
        Parameter("busiest_multiple_min", 3.0, "x p99", 1, 1000, "against one minute in a hundred of groups here"),
        Parameter("own_multiple_min", 5.0, "x own usual", 1, 1000, "against the group's other minutes of the hour"),
        Parameter("message_share_min", 0.3, "share", 0.01, 1, "a flood is felt by the others in this market"),
        Parameter("life_max_s", 0.25, "s", 0.001, 10, "mean life of the orders withdrawn: nobody could have traded"),
        Parameter(
            "filled_share_max", 0.01, "share", 0, 1, "fills beyond its usual to messages: quoting in earnest trades"
        ),
    ),
    regulations=(regulations.QUOTE_STUFFING, regulations.MAR_ORDERS_DISTURB, regulations.FINRA_BONA_FIDE),
    known_false_positives=(
        "An algorithm out of control: an accident, but one the venue wants to know of at once.",
        "A maker that reprices in a violent minute while others are silent.",
    ),
    known_gaps=(
        "A flood spread over groups that nothing links, each below the others' busiest minutes.",
        "A flood over many instruments, small in each.",
        "The first minutes of an instrument, before thirty minutes of groups have been counted.",
    ),
    triage_steps=(
        "Did others' messages or trades slow down meanwhile, here or on the same gateway?",
        "What did the group trade, on any venue, during the flood or just after?",
        "Ask whether the algorithm was meant to do so.",
    ),
    episode_gap_s=120,
    episode_max_s=3600,
)
MINUTE_NS = 60_000_000_000


class QuoteStuffing:
    """Asked when a group's minute went by or its messages in it doubled, with nearly all its orders gone at once."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """What the core checks before it asks."""
        return (
            Condition("messages_1m", at_least=parameters["messages_min"]),
            Condition("message_multiple_1m", at_least=parameters["busiest_multiple_min"]),
            Condition("message_share_1m", at_least=parameters["message_share_min"]),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the flood is beyond the group's own usual and its orders did not stand."""
        messages, cancels = scene.metric("messages_1m"), scene.metric("cancels_1m")
        own_usual = max(1.0, (scene.metric("messages_60m") - messages) / 59)
        life_s = scene.metric("cancelled_life_s_1m") / max(1.0, cancels)
        if messages < parameters["own_multiple_min"] * own_usual or life_s > parameters["life_max_s"]:
            return
        if scene.metric("fills_1m") - _usual_fills(scene) > parameters["filled_share_max"] * messages:
            return
        since = scene.now_ns - 2 * MINUTE_NS
        orders = [order for side in (Side.BUY, Side.SELL) for order in scene.withdrawals(side, since)]
        if orders:
            yield _finding(scene, parameters, sorted(orders, key=_when), life_s, messages / own_usual)


def _usual_fills(scene: Scene) -> float:
    """Fills a minute of the group's at other times: what it trades besides is no part of the flood. The busiest of the
    spans it is known for, for one it was absent from for the most part says less."""
    last = scene.metric("fills_1m")
    return max((scene.metric(f"fills_{minutes}m") - last) / (minutes - 1) for minutes in (5, 30, 60))


def _when(order: Withdrawal) -> tuple[int, tuple[int, int]]:
    return order.time_ns, order.event


def _finding(
    scene: Scene, parameters: Mapping[str, float], orders: list[Withdrawal], life_s: float, own_multiple: float
) -> Finding:
    messages, busiest = scene.metric("messages_1m"), scene.metric("message_multiple_1m")
    measures = (
        ("busiest_multiple", busiest, "busiest_multiple_min", "x p99"),
        ("own_multiple", own_multiple, "own_multiple_min", "x own usual"),
        ("message_share", scene.metric("message_share_1m"), "message_share_min", "share"),
    )
    excesses = [excess(observed, parameters[limit]) for _, observed, limit, _ in measures]
    excesses.append(excess(parameters["life_max_s"], max(life_s, 1e-4), 6.0))
    score = 0.4 + 0.6 * sum(excesses) / len(excesses)
    accounts = frozenset(order.account for order in orders)
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.65, Severity.HIGH), (0.9, Severity.CRITICAL)),
        score=score,
        start_time_ns=orders[0].entry_time_ns,
        end_time_ns=orders[-1].time_ns,
        explanation=(
            f"Sent {messages:g} messages within a minute, {measures[2][1]:.0%} of this market's and {busiest:.1f} "
            f"times one of the busiest minutes groups have here ({messages / busiest:.0f}); orders stood for "
            f"{life_s * 1000:.0f} ms on average, and the group usually sends {messages / own_multiple:.1f} a minute."
        ),
        measurements=(
            *(Measurement(name, observed, parameters[limit], unit) for name, observed, limit, unit in measures),
            Measurement("life", life_s, parameters["life_max_s"], "s"),
        ),
        opening=frozenset({orders[0].entry_event_id}),
        evidence=frozenset(each for order in orders for each in (order.entry_event_id, order.event_id)),
        order_ids=frozenset(order.order_id for order in orders) - {""},
    )
