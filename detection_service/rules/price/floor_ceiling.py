"""Floor or ceiling: one group's orders keep the price from crossing a level."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from detection_service.engine.scene import Fill, Scene
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.price import usual
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="floor_ceiling",
    version="1.0.0",
    title="Floor or ceiling",
    typology="FLOOR_CEILING",
    description=(
        "For many minutes one group takes up much of the volume at one price, order after order on one side, against "
        "those who press the price towards it; the price meets that level again and again, does not cross it, and "
        "hardly moves compared with what is usual."
    ),
    needs=(needs.FILLS, needs.ACCOUNTS, needs.PRINTS),
    parameters=(
        Parameter("volume_share_min", 0.4, "share", 0.05, 1, "of the volume while the level held"),
        Parameter("one_sided_min", 0.8, "share", 0, 1, "(bought - sold) / (bought + sold): a maker is on both sides"),
        Parameter("at_level_min", 0.8, "share", 0.1, 1, "of the group's quantity traded at the level"),
        Parameter("band_share", 0.1, "share", 0.01, 1, "of the usual range: so wide is the level"),
        Parameter("stillness_max", 0.5, "x", 0.05, 2, "the range against the usual of as many minutes"),
        Parameter("pressed_min", 0.6, "share", 0.3, 1, "of the volume by those who trade towards the level"),
        Parameter("orders_min", 4.0, "orders", 1, 64, "one order, an iceberg's too, is somebody who wants this price"),
        Parameter("minutes_min", 10.0, "minutes", 3, 30, "held and met in as many minutes"),
        Parameter("trades_min", 20.0, "trades", 4, 64, "fewer fills are not a defence"),
    ),
    regulations=(regulations.FLOOR_CEILING, regulations.MAR_PRICE_SECURED),
    known_false_positives=(
        "An investor with a price limit who works a large order in slices.",
        "An issuer's buy-back, or stabilisation after an offering, within its safe harbour.",
    ),
    known_gaps=(
        "A level held by resting orders that deter everybody and so never trade.",
        "A level held by several groups in turn, or for less than ten minutes.",
    ),
    triage_steps=(
        "Does the level matter to the group: a barrier, a strike, a covenant, a placing price?",
        "What became of the price when the group stopped?",
        "Is there a declared stabilisation or buy-back?",
    ),
    episode_gap_s=1_800,
    episode_max_s=14_400,
)
SPAN_NS: Final = 1_140_000_000_000  # 19 minutes: what the windows of five seconds hold
MINUTE_NS: Final = 60_000_000_000
FAST_NS: Final = 5_000_000_000
FOUR_HOURS: Final = 240  # minute buckets
WINDOWS_MIN: Final = 4


@dataclass(frozen=True, slots=True)
class _Hold:
    """A group's fills at a level, and what the market did meanwhile."""

    side: Side
    fills: tuple[Fill, ...]
    level: float
    measures: dict[str, float]


class FloorCeiling:
    """Asked when a group traded often, much and on one side within half an hour."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """The share is of both sides of the volume, of which one party has half; the rule's own span is shorter."""
        return (
            Condition("fills_30m", parameters["trades_min"]),
            Condition("net_share_30m", parameters["one_sided_min"]),
            Condition("volume_share_30m", parameters["volume_share_min"] / 6),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the acting group holds a level."""
        side = Side.BUY if scene.metric("bought_30m") > scene.metric("sold_30m") else Side.SELL
        fills = scene.fills(side, scene.now_ns - SPAN_NS)
        if len(fills) < parameters["trades_min"]:
            return
        hold = _hold(scene, side, fills, parameters)
        if hold is None or hold.measures["stillness"] > parameters["stillness_max"]:
            return
        floors = {name: limit for name, limit in _limits(parameters).items() if name != "stillness"}
        if any(hold.measures[name] < limit for name, limit in floors.items()):
            return
        yield _finding(scene, parameters, hold)


def _limits(parameters: Mapping[str, float]) -> dict[str, float]:
    names = ("volume_share", "at_level", "pressed", "orders", "minutes", "trades")
    return {name: parameters[f"{name}_min"] for name in names} | {"stillness": parameters["stillness_max"]}


def _hold(scene: Scene, side: Side, fills: Sequence[Fill], parameters: Mapping[str, float]) -> _Hold | None:
    """What was held; None where that is little, nothing is usual yet or the price crossed it."""
    market = scene.market
    first, last = fills[0].time_ns // FAST_NS, scene.now_ns // FAST_NS
    quantity, volume = sum(fill.quantity for fill in fills), market.fast.traded(first, last)
    bought = market.fast.bought(first, last)
    pressed = (volume - bought if side is Side.BUY else bought) / volume if volume > 0 else 0.0
    share = min(1.0, quantity / volume) if volume > 0 else 0.0
    if share < parameters["volume_share_min"] or pressed < parameters["pressed_min"]:
        return None
    minutes = (scene.now_ns - fills[0].time_ns) // MINUTE_NS + 1
    usual_range = _usual_range(market, fills[0].time_ns // MINUTE_NS - 1, int(minutes))
    high, low = market.fast.highest(first, last), market.fast.lowest(first, last)
    if usual_range is None or not low > 0:
        return None
    level = _weighted_median(fills)
    band = parameters["band_share"] * usual_range * level
    if (low < level - band) if side is Side.BUY else (high > level + band):
        return None
    at_level = [fill for fill in fills if abs(fill.price - level) <= band]
    measures = {
        "volume_share": share,
        "at_level": sum(fill.quantity for fill in at_level) / quantity,
        "pressed": pressed,
        "orders": float(len({fill.order_id for fill in at_level})),
        "minutes": float(len({fill.time_ns // MINUTE_NS for fill in at_level})),
        "trades": float(len(at_level)),
        "stillness": (high / low - 1) / usual_range,
    }
    return _Hold(side, tuple(fills), level, measures)


def _usual_range(market: Any, last: int, minutes: int) -> float | None:
    """The usual range of so many minutes, as a share of the price, in the four hours before."""
    spans: dict[int, tuple[float, float]] = {}
    for number, _, high, low, _, _ in market.minute.bars(last - FOUR_HOURS, last):
        age = (last - number) // minutes
        highest, lowest = spans.get(age, (high, low))
        spans[age] = max(highest, high), min(lowest, low)
    ranges = [high / low - 1 for high, low in spans.values() if low > 0]
    return max(statistics.median(ranges), usual.MOVE_FLOOR) if len(ranges) >= WINDOWS_MIN else None


def _weighted_median(fills: Sequence[Fill]) -> float:
    half, seen = sum(fill.quantity for fill in fills) / 2, 0.0
    for fill in sorted(fills, key=lambda each: each.price):
        seen += fill.quantity
        if seen >= half:
            return fill.price
    return fills[-1].price


def _finding(scene: Scene, parameters: Mapping[str, float], hold: _Hold) -> Finding:
    measures, limits = hold.measures, _limits(parameters)
    units = {"volume_share": "share", "at_level": "share", "pressed": "share", "stillness": "x"}
    excesses = (
        excess(measures["volume_share"], limits["volume_share"], 1.3),
        excess(limits["stillness"], max(measures["stillness"], 1e-3)),
        excess(measures["minutes"], limits["minutes"], 1.0),
    )
    score = 0.3 + 0.5 * sum(excesses) / len(excesses)
    accounts = frozenset(fill.account for fill in hold.fills)
    what, verb = ("floor", "bought") if hold.side is Side.BUY else ("ceiling", "sold")
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.3, Severity.LOW), (0.5, Severity.MEDIUM)),
        score=score,
        start_time_ns=hold.fills[0].time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"The group {verb} {measures['volume_share']:.0%} of the volume, {measures['at_level']:.0%} of its own at "
            f"a {what} of {hold.level:g} that was met in {measures['minutes']:.0f} minutes and never crossed; the "
            f"price's range was {measures['stillness']:.0%} of the usual, while {measures['pressed']:.0%} of the "
            f"volume pressed towards the level."
        ),
        measurements=tuple(
            Measurement(name, measures[name], limit, units.get(name, name)) for name, limit in limits.items()
        ),
        opening=frozenset({hold.fills[0].event_id}),
        evidence=frozenset(fill.event_id for fill in hold.fills),
        order_ids=frozenset(fill.order_id for fill in hold.fills) - {""},
        trade_ids=frozenset(fill.trade_id for fill in hold.fills) - {""},
    )
