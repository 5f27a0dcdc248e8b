"""Flipping: a large order draws others to its side, is withdrawn, and its owner at once trades against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from detection_service.engine.scene import Fill, Scene, Withdrawal, opposite
from detection_service.engine.triggers import FLIP
from detection_service.rules import needs, regulations
from detection_service.rules.pressure import orders as pressing
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="flipping",
    version="1.1.0",
    title="Flipping",
    typology="FLIPPING",
    description=(
        "Again and again a group withdraws an order that is large for the instrument and its side of the book, and "
        "within a second takes liquidity on the other side at a similar size: those who had joined its side are traded "
        "against. Turning round once or twice is a change of mind; a maker withdraws such orders all the time and "
        "quotes on; and a group that lets such orders trade means them."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS, needs.FILLS),
    parameters=(
        Parameter("flip_within_s", 1.0, "s", 0.001, 1, "longer, and the market has moved by itself"),
        Parameter("size_multiple_min", 2.0, "x median", 1, 1000, "in markets where all sizes are alike"),
        Parameter("large_share", 0.05, "share", 0.001, 0.5, "of orders are as large: fewer than one in twenty is seen"),
        Parameter("depth_share_min", 0.1, "share", 0.01, 1, "enough of the best ten levels to draw others"),
        Parameter("turned_share_min", 0.5, "share", 0.05, 10, "a similar size, or it was not the same interest"),
        Parameter("life_max_s", 60.0, "s", 0.1, 600, "an order that stood long was there to be traded"),
        Parameter("flips_min", 3.0, "flips", 1, 50, "a hedge turns round now and then; a scheme does it on and on"),
        Parameter("flip_share_min", 0.3, "share", 0, 1, "of large orders withdrawn: who quotes withdraws all the time"),
        Parameter("quoted_max", 0.5, "share", 0, 10, "of the order, open beside it or taken off opposite: quotes"),
        Parameter("memory_s", 600.0, "s", 10, 3600, "flips of one scheme come within minutes"),
        Parameter("withdrawn_share_min", 0.7, "share", 0, 1, "whoever lets such orders be taken means them"),
    ),
    regulations=(
        regulations.MAR_FALSE_SIGNALS,
        regulations.MAR_DECEPTION,
        regulations.ANNEX_I_WITHDRAWN,
        regulations.CEA_SPOOFING,
    ),
    known_false_positives=(
        "A hedger of a volatile book whose need turns round three times within ten minutes, at large size.",
        "An arbitrageur that withdraws on one venue and crosses because the other venue moved.",
    ),
    known_gaps=(
        "A flip executed in orders much smaller than the one withdrawn is not found.",
        "A flip executed on another venue is not seen here.",
    ),
    triage_steps=(
        "Replay the book: did others join the large order's price before it went?",
        "Whom did the aggressive order trade with, and when had they entered?",
        "Compare with the group's flips on other days and with the venue's other hedgers.",
    ),
    episode_gap_s=300,
    episode_max_s=7200,
)


class Flip(NamedTuple):
    """A withdrawn order and what its group took on the other side at once."""

    order: Withdrawal
    taken: tuple[Fill, ...]

    @property
    def turned_share(self) -> float:
        """What the orders that took were for, as a share of what was withdrawn: the book may not hold all of it."""
        wanted = {fill.order_id or fill.event_id: max(fill.quantity, fill.order_quantity) for fill in self.taken}
        return sum(wanted.values()) / self.order.quantity


class Flipping:
    """Asked when a group takes liquidity opposite to a large order it has just withdrawn."""

    metadata = METADATA
    triggers = FLIP

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where that has happened several times lately."""
        large = _large(scene, parameters)
        flips = [flip for order in large if (flip := _flip(scene, parameters, order)) is not None]
        if len(flips) < max(parameters["flips_min"], parameters["flip_share_min"] * len(large)):
            return
        last = flips[-1].order
        if scene.standing(last.side) > parameters["quoted_max"] * last.quantity:
            return
        smallest = min(flip.order.quantity for flip in flips)
        if _withdrawn_share(scene, parameters, smallest) >= parameters["withdrawn_share_min"]:
            yield _finding(scene, parameters, flips)


def _large(scene: Scene, parameters: Mapping[str, float]) -> list[Withdrawal]:
    """Large orders of both sides that the group lately withdrew soon, oldest first."""
    since, size = scene.now_ns - int(parameters["memory_s"] * 1e9), pressing.large_from(scene, parameters)
    found = [order for side in (Side.BUY, Side.SELL) for order in scene.withdrawals(side, since, size)]
    large = [
        order
        for order in found
        if order.life_s <= parameters["life_max_s"] and order.depth_share >= parameters["depth_share_min"]
    ]
    return sorted(large, key=lambda order: (order.time_ns, order.event))


def _flip(scene: Scene, parameters: Mapping[str, float], order: Withdrawal) -> Flip | None:
    """A withdrawn order with what was taken on the other side at once, where that was to be of a similar size."""
    last_ns = order.time_ns + parameters["flip_within_s"] * 1e9
    fills = [fill for fill in scene.fills(opposite(order.side), order.time_ns) if fill.aggressor is not False]
    flip = Flip(order, tuple(fill for fill in fills if fill.time_ns <= last_ns))
    if not flip.taken or flip.turned_share < parameters["turned_share_min"]:
        return None
    around = scene.withdrawals(opposite(order.side), order.time_ns - int(parameters["flip_within_s"] * 1e9))
    moved = sum(other.quantity for other in around if other.time_ns <= last_ns)
    return flip if moved <= parameters["quoted_max"] * order.quantity else None  # else quotes of both sides moved


def _withdrawn_share(scene: Scene, parameters: Mapping[str, float], size: float) -> float:
    """Of the group's resting orders of a size that it lately withdrew or let trade, how many it withdrew."""
    since = scene.now_ns - int(parameters["memory_s"] * 1e9)
    sides = (Side.BUY, Side.SELL)
    withdrawn = {order.order_id for side in sides for order in scene.withdrawals(side, since, size)}
    passive = [fill for side in sides for fill in scene.fills(side, since) if fill.aggressor is False]
    traded = {fill.order_id for fill in passive if fill.order_quantity >= size}
    return len(withdrawn) / (len(withdrawn) + len(traded - withdrawn))


def _finding(scene: Scene, parameters: Mapping[str, float], flips: list[Flip]) -> Finding:
    orders, fills = [flip.order for flip in flips], [fill for flip in flips for fill in flip.taken]
    last, usual = flips[-1], scene.market.sizes.median
    measures = (
        ("flips", float(len(flips)), "flips_min", "flips"),
        ("size_multiple", max(order.quantity for order in orders) / usual, "size_multiple_min", "x median"),
        ("depth_share", max(order.depth_share for order in orders), "depth_share_min", "share"),
    )
    score = 0.4 + 0.6 * sum(excess(seen, parameters[limit]) for _, seen, limit, _ in measures) / len(measures)
    gap_s = (last.taken[0].time_ns - last.order.time_ns) / 1e9
    accounts = pressing.accounts_of(orders, fills)
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.65, Severity.HIGH), (0.9, Severity.CRITICAL)),
        score=score,
        start_time_ns=min(order.entry_time_ns for order in orders),
        end_time_ns=scene.now_ns,
        explanation=(
            f"{len(flips)} times within {parameters['memory_s'] / 60:g} minutes withdrew a large order and took the "
            f"other side within a second, last a {last.order.side.name.lower()} order of {last.order.quantity:g} and "
            f"{gap_s:.3f} s later {sum(fill.quantity for fill in last.taken):g} on the other side; usual orders here "
            f"are of {usual:.3g}."
        ),
        measurements=tuple(Measurement(name, seen, parameters[limit], unit) for name, seen, limit, unit in measures),
        opening=frozenset({orders[0].entry_event_id}),
        evidence=pressing.events_of(orders, fills),
        order_ids=pressing.order_ids_of(orders, fills),
        trade_ids=pressing.trade_ids_of(fills),
    )
