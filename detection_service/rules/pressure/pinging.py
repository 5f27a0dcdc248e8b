"""Pinging: tiny orders that are gone at once feel for hidden interest, then a large one takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from detection_service.engine.scene import Fill, Scene, Withdrawal
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.pressure import orders as pressing
from detection_service.rules.pressure.takes import Take, takes_of
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

WINDOW_S = 300.0

METADATA = Metadata(
    rule_id="pinging",
    version="1.1.0",
    title="Pinging",
    typology="PINGING",
    description=(
        "A group enters many tiny orders that are gone within a tenth of a second, and soon takes liquidity with an "
        "order many times their size. Tiny orders alone, or large ones alone, do not count."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS, needs.FILLS),
    parameters=(
        Parameter("pings_min", 8.0, "orders", 2, 60, "a few tiny orders that go are nothing"),
        Parameter("ping_multiple_max", 0.25, "x median", 0.001, 0.25, "tiny against what the instrument usually sees"),
        Parameter("life_max_s", 0.1, "s", 0.001, 0.1, "an order that asks, not one that waits"),
        Parameter("window_s", 60.0, "s", 1, 300, "pings of one question come close together"),
        Parameter("follow_within_s", 10.0, "s", 0.01, 60, "what is found is taken before it goes"),
        Parameter("size_multiple_min", 2.0, "x median", 1, 1000, "in markets where all sizes are alike"),
        Parameter("large_share", 0.05, "share", 0.001, 0.5, "of orders are as large: fewer than one in twenty is seen"),
        Parameter("follow_multiple_min", 20.0, "x ping", 2, 10_000, "many times a ping: the pings were not the aim"),
    ),
    regulations=(
        regulations.MAR_FALSE_SIGNALS,
        regulations.MAR_ORDERS_DISTURB,
        regulations.PING_ORDERS,
    ),
    known_false_positives=(
        "A liquidity-seeking algorithm that asks several venues before it trades its parent: often permitted.",
        "A connectivity test of tiny orders just before a real order.",
    ),
    known_gaps=(
        "Pings on one venue and the large order on another are not brought together.",
        "Pings that the venue itself expires, with no cancel told, are not seen.",
    ),
    triage_steps=(
        "Was the large order filled against hidden or iceberg interest?",
        "Is the same sequence seen on other days, and does it follow others' large orders?",
    ),
    episode_gap_s=300,
    episode_max_s=7200,
)


class Follow(NamedTuple):
    """A large take and the pings before it."""

    take: Take
    pings: list[Withdrawal]


class Pinging:
    """Asked at moments of a group with many tiny orders gone at once."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Many small orders gone within a tenth of a second, and liquidity taken, within five minutes."""
        return (
            Condition("probes_5m", at_least=parameters["pings_min"]),
            Condition("aggressive_fills_5m", at_least=1),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where a large take follows the pings."""
        since = scene.now_ns - int(WINDOW_S * 1e9)
        pings = _pings(scene, parameters, since)
        if len(pings) < parameters["pings_min"]:
            return
        follows = [follow for take in takes_of(scene, since) if (follow := _follow(scene, parameters, take, pings))]
        if follows:
            yield _finding(scene, parameters, follows)


def _pings(scene: Scene, parameters: Mapping[str, float], since: int) -> list[Withdrawal]:
    size_max = parameters["ping_multiple_max"] * scene.market.sizes.median
    withdrawn = [order for side in (Side.BUY, Side.SELL) for order in scene.withdrawals(side, since)]
    pings = [order for order in withdrawn if order.quantity <= size_max and order.life_s <= parameters["life_max_s"]]
    return sorted(pings, key=lambda order: (order.time_ns, order.event))


def _follow(scene: Scene, parameters: Mapping[str, float], take: Take, pings: list[Withdrawal]) -> Follow | None:
    """The take with its pings, where it is large and enough of them came just before it."""
    first_ns = take.time_ns - parameters["window_s"] * 1e9
    before = [ping for ping in pings if first_ns <= ping.time_ns <= take.time_ns]
    if len(before) < parameters["pings_min"]:
        return None
    soon = take.time_ns - before[-1].time_ns <= parameters["follow_within_s"] * 1e9
    large = take.order_quantity >= max(
        pressing.large_from(scene, parameters),
        parameters["follow_multiple_min"] * max(ping.quantity for ping in before),
    )
    return Follow(take, before) if soon and large else None


def _finding(scene: Scene, parameters: Mapping[str, float], follows: list[Follow]) -> Finding:
    largest = max(follows, key=lambda follow: follow.take.order_quantity)
    pings = list(dict.fromkeys(ping for follow in follows for ping in follow.pings))
    fills: list[Fill] = [fill for follow in follows for fill in follow.take.fills]
    usual = scene.market.sizes.median
    size = max(ping.quantity for ping in largest.pings)
    measures = (
        ("pings", float(len(largest.pings)), "pings_min", "orders"),
        ("size_multiple", largest.take.order_quantity / usual, "size_multiple_min", "x median"),
        ("follow_multiple", largest.take.order_quantity / size, "follow_multiple_min", "x ping"),
    )
    score = 0.3 + 0.5 * sum(excess(seen, parameters[limit]) for _, seen, limit, _ in measures) / len(measures)
    score = min(1.0, score + 0.1 * (len(follows) - 1))
    accounts = pressing.accounts_of(pings, fills)
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.7, Severity.HIGH)),
        score=score,
        start_time_ns=pings[0].entry_time_ns,
        end_time_ns=max(fill.time_ns for fill in fills),
        explanation=(
            f"Entered {len(largest.pings)} orders of {size:g} at most within {parameters['window_s']:g} s, each gone "
            f"within {parameters['life_max_s']:g} s, and then took the market with an order of "
            f"{largest.take.order_quantity:g} ({largest.take.side.name.lower()}); usual orders here are of {usual:.3g}."
        ),
        measurements=tuple(Measurement(name, seen, parameters[limit], unit) for name, seen, limit, unit in measures),
        opening=frozenset({pings[0].entry_event_id}),
        evidence=pressing.events_of(pings, fills),
        order_ids=pressing.order_ids_of(pings, fills),
        trade_ids=pressing.trade_ids_of(fills),
    )
