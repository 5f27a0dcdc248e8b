"""Smoking: a better price is shown and taken away at once, and those it drew trade at the worse one behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Fill, Scene, Withdrawal, opposite
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.pressure import orders as pressing
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

WINDOW_S = 300.0
SAME_SECONDS_NS = 10_000_000_000
"""For so long before and after a bait its terms say what is generous."""

METADATA = Metadata(
    rule_id="smoking",
    version="1.1.0",
    title="Smoking",
    typology="SMOKING",
    description=(
        "Within five minutes a group improves the best price of one side many times, takes each better order away or "
        "worsens it within half a second, and is then traded with on that side at a worse price by those it drew, more "
        "often than it is traded with anyhow. A market maker that flickers on both sides alike, or whose better prices "
        "trade, does not count."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS, needs.FILLS),
    parameters=(
        Parameter("baits_min", 6.0, "orders", 2, 64, "a quote that is corrected now and then is no bait"),
        Parameter("life_max_s", 0.5, "s", 0.001, 0.5, "gone before a slow trader can take it"),
        Parameter("catch_within_s", 1.0, "s", 0.01, 10, "an order sent at the sight of the bait arrives by then"),
        Parameter("catches_min", 3.0, "catches", 1, 64, "a fill behind a bait once or twice is chance"),
        Parameter("caught_share_min", 0.2, "share", 0, 1, "baits are for catching; most quotes that go catch nothing"),
        Parameter("one_sided_min", 3.0, "x", 1, 100, "baits here against such orders on the other side"),
        Parameter("bait_fills_max", 0.5, "share", 0, 1, "of baits; who is traded with at its better prices means them"),
        Parameter("chance_max", 0.005, "probability", 0.000001, 1, "that fills come so soon after its baits"),
    ),
    regulations=(
        regulations.MAR_FALSE_SIGNALS,
        regulations.MAR_ORDERS_DISTURB,
        regulations.ANNEX_I_WITHDRAWN,
        regulations.SMOKING,
    ),
    known_false_positives=("A one-sided market maker in a fast market whose better quotes are corrected at once.",),
    known_gaps=(
        "Baits on both sides by turns are taken for a market maker's.",
        "Without the venue's own clock, lives below half a second may be told wrongly.",
    ),
    triage_steps=(
        "Replay the book: who sent the orders that traded, and what did they see when they sent them?",
        "Do the group's better prices ever trade?",
        "Are the source's timestamps the venue's?",
    ),
    episode_gap_s=300,
    episode_max_s=7200,
)


class Smoking:
    """Asked at moments of a group that often improved the best price and was gone within half a second."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Many better orders gone at once, and fills, within five minutes."""
        return (
            Condition("improved_withdrawn_5m", at_least=parameters["baits_min"]),
            Condition("fills_5m", at_least=parameters["catches_min"]),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where fills at worse prices follow the baits of one side."""
        since_ns = scene.now_ns - int(WINDOW_S * 1e9)
        counts = {
            side: scene.improved_withdrawn(side, since_ns, parameters["life_max_s"]) for side in (Side.BUY, Side.SELL)
        }
        for side in counts:
            if counts[side] < max(parameters["baits_min"], parameters["one_sided_min"] * counts[opposite(side)]):
                continue
            baits = _baits(scene, parameters, side)
            passive = [fill for fill in scene.fills(side, baits[0].entry_time_ns) if fill.aggressor is False]
            caught = [(bait, fill) for bait in baits if (fill := _catch(bait, passive, parameters)) is not None]
            if len(caught) < max(parameters["catches_min"], parameters["caught_share_min"] * len(baits)):
                continue
            if _traded_better(baits, passive) > parameters["bait_fills_max"] * len(baits):
                continue
            if _by_chance(scene, parameters, baits) <= parameters["chance_max"]:
                yield _finding(scene, parameters, baits, caught)


def _baits(scene: Scene, parameters: Mapping[str, float], side: Side) -> list[Withdrawal]:
    """Orders that improved the best price of a side and were gone at once, oldest first."""
    withdrawn = scene.withdrawals(side, scene.now_ns - int(WINDOW_S * 1e9))
    return [order for order in withdrawn if order.distance < 0 and order.life_s <= parameters["life_max_s"]]


def _catch(bait: Withdrawal, passive: list[Fill], parameters: Mapping[str, float]) -> Fill | None:
    """The first passive fill just after a bait went, at terms less generous to the other side than the bait's."""
    last_ns = bait.time_ns + parameters["catch_within_s"] * 1e9
    for fill in passive:
        worse = fill.price < bait.price if bait.side is Side.BUY else fill.price > bait.price
        if bait.time_ns <= fill.time_ns <= last_ns and worse:
            return fill
    return None


def _traded_better(baits: list[Withdrawal], passive: list[Fill]) -> int:
    """How many orders traded at terms as generous as those of the nearest bait: prices that were meant."""
    sign = 1 if baits[0].side is Side.BUY else -1
    meant = set()
    for fill in passive:
        bait = min(baits, key=lambda each: abs(fill.time_ns - each.time_ns))
        if abs(fill.time_ns - bait.time_ns) <= SAME_SECONDS_NS and sign * (fill.price - bait.price) >= 0:
            meant.add(fill.order_id)
    return len(meant)


def _by_chance(scene: Scene, parameters: Mapping[str, float], baits: list[Withdrawal]) -> float:
    """Probability that by chance so many of its orders on the side trade so soon after baits."""
    spans = [(bait.entry_time_ns, bait.time_ns) for bait in baits]
    return pressing.by_chance(scene, baits[0].side, spans, 0.0, parameters["catch_within_s"] * 1e9)


def _finding(
    scene: Scene,
    parameters: Mapping[str, float],
    baits: list[Withdrawal],
    caught: list[tuple[Withdrawal, Fill]],
) -> Finding:
    fills = list(dict.fromkeys(fill for _, fill in caught))
    lives = sorted(bait.life_s for bait in baits)
    worse = sum(abs(fill.price / bait.price - 1) for bait, fill in caught) / len(caught)
    measures = (
        ("baits", float(len(baits)), "baits_min", "orders"),
        ("catches", float(len(caught)), "catches_min", "catches"),
        ("caught_share", len(caught) / len(baits), "caught_share_min", "share"),
    )
    score = 0.4 + 0.6 * sum(excess(seen, parameters[limit]) for _, seen, limit, _ in measures) / len(measures)
    accounts = pressing.accounts_of(baits, fills)
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.75, Severity.HIGH)),
        score=score,
        start_time_ns=baits[0].entry_time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"Improved the best {baits[0].side.name.lower()} price {len(baits)} times within five minutes, each gone "
            f"after {lives[len(lives) // 2]:.3f} s (the middle one), and after {len(caught)} of them traded within a "
            f"second at prices {worse:.3%} less generous; orders that trade stay to be traded with."
        ),
        measurements=tuple(Measurement(name, seen, parameters[limit], unit) for name, seen, limit, unit in measures),
        opening=frozenset({baits[0].entry_event_id}),
        evidence=pressing.events_of(baits, fills),
        order_ids=pressing.order_ids_of(baits, fills),
        trade_ids=pressing.trade_ids_of(fills),
    )
