"""Dominating volume: one group is party to most of what is traded, far more than it or the market usually trades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Fill, Scene
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.price import usual
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="dominating_volume",
    version="1.0.0",
    title="Dominating volume",
    typology="DOMINATING_VOLUME",
    description=(
        "Within five minutes one group is party to most of the volume, in many trades with several others, although it "
        "usually is not, and trades by itself as much as the whole market does in a busy five minutes. A thin "
        "instrument's single trade does not count, nor does a market maker's usual share."
    ),
    needs=(needs.FILLS, needs.ACCOUNTS, needs.PRINTS),
    parameters=(
        Parameter("volume_share_min", 0.5, "share", 0.1, 1, "more than all others on a side together"),
        Parameter("share_multiple_min", 1.5, "x", 1, 100, "against its own share of the hour before: makers have much"),
        Parameter("usual_multiple_min", 1.0, "x", 0.1, 100, "own quantity against the day's busy five minutes (95 %)"),
        Parameter("trades_min", 10.0, "trades", 2, 64, "one large order is a block"),
        Parameter("others_min", 3.0, "groups", 1, 64, "with fewer others there is no market to dominate"),
        Parameter("history_min", 12.0, "buckets", 2, 288, "five-minute buckets with trades before anything is usual"),
    ),
    regulations=(regulations.MAR_FALSE_SIGNALS, regulations.MAR_PRICE_SECURED),
    known_false_positives=(
        "An institution that works a large order in a thin instrument.",
        "A market maker alone on its side after others withdrew.",
    ),
    known_gaps=(
        "A group that dominates all day is usual for itself; only its first minutes are seen.",
        "Trades that are not in the feed, such as those of other venues.",
    ),
    triage_steps=(
        "Did the price move with the group's trades, and who gained?",
        "Is it one order for a client, and was the client told of its market share?",
        "Does the group hold derivatives on the instrument?",
    ),
    episode_gap_s=900,
    episode_max_s=14_400,
)
WINDOW_NS = 300_000_000_000
DAY = 288  # slow buckets


class DominatingVolume:
    """Asked when a group is party to much of the last five minutes' volume in many fills."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """The share is of both sides of the volume, of which one party has half."""
        return (
            Condition("volume_share_5m", parameters["volume_share_min"] / 2),
            Condition("fills_5m", parameters["trades_min"]),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the acting group's part is unusual for itself and for the market."""
        market, last = scene.market, scene.market.slow.newest
        bars = market.slow.bars(last - DAY, last - 2)
        if len(bars) < parameters["history_min"]:
            return
        busy = usual.high_share((bar[5] for bar in bars), last - 1 - bars[0][0], 0.05)
        quantity = scene.metric("bought_5m") + scene.metric("sold_5m")
        share = min(1.0, quantity / scene.market_metric("volume_5m"))
        before = scene.market_metric("volume_60m") - scene.market_metric("volume_5m")
        own_before = scene.metric("bought_60m") + scene.metric("sold_60m") - quantity
        share_before = min(1.0, own_before / before) if before > 0 else 1.0
        fills = scene.fills(None, scene.now_ns - WINDOW_NS)
        others = {fill.contra for fill in fills} - {""}
        measures = (
            ("volume_share", share, "share"),
            ("share_multiple", share / max(share_before, 0.01), "x"),
            ("usual_multiple", max(scene.metric("bought_5m"), scene.metric("sold_5m")) / busy, "x"),
            ("trades", float(len(fills)), "trades"),
            ("others", float(len(others)), "groups"),
        )
        if any(observed < parameters[f"{name}_min"] for name, observed, _ in measures):
            return
        yield _finding(scene, parameters, fills, measures, share_before)


def _finding(
    scene: Scene,
    parameters: Mapping[str, float],
    fills: list[Fill],
    measures: tuple[tuple[str, float, str], ...],
    share_before: float,
) -> Finding:
    accounts = frozenset(fill.account for fill in fills)
    observed = {name: value for name, value, _ in measures}
    score = 0.3 + 0.3 * excess(observed["usual_multiple"], parameters["usual_multiple_min"])
    score += 0.2 * excess(observed["volume_share"], parameters["volume_share_min"], 1.0)
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.3, Severity.LOW), (0.5, Severity.MEDIUM)),
        score=score,
        start_time_ns=fills[0].time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"The group was party to {observed['volume_share']:.0%} of the volume of five minutes, in {len(fills)} "
            f"trades with {observed['others']:.0f} others, {share_before:.0%} of the hour before; on one side it "
            f"traded {observed['usual_multiple']:.1f} times what the whole market does in a busy five minutes."
        ),
        measurements=tuple(Measurement(name, value, parameters[f"{name}_min"], unit) for name, value, unit in measures),
        opening=frozenset({fills[0].event_id}),
        evidence=frozenset(fill.event_id for fill in fills),
        order_ids=frozenset(fill.order_id for fill in fills) - {""},
        trade_ids=frozenset(fill.trade_id for fill in fills) - {""},
    )
