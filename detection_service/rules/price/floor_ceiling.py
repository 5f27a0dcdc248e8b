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
    version="2.0.0",
    title="Floor or ceiling",
    typology="FLOOR_CEILING",
    description=(
        "For many minutes one group takes up much of the volume at one price, order after order on one side, against "
        "those who press the price towards it; the price meets that level again and again, does not stay "
        "beyond it, and hardly moves compared with what is usual."
    ),
    needs=(needs.FILLS, needs.ACCOUNTS, needs.PRINTS),
    parameters=(
        Parameter("volume_share_min", 0.4, "share", 0.05, 1, "of the volume while the level held"),
        Parameter("one_sided_min", 0.8, "share", 0, 1, "(bought - sold) / (bought + sold): a maker is on both sides"),
        Parameter("at_level_min", 0.8, "share", 0.1, 1, "of the group's quantity traded at the level"),
        Parameter("band_share", 0.1, "share", 0.01, 1, "of the usual range: so wide is the level"),
        Parameter("stillness_max", 0.5, "x", 0.05, 2, "the range of trades, or of minutes' ends, against the usual"),
        Parameter("pressed_min", 0.6, "share", 0.3, 1, "of the volume by those who trade towards the level"),
        Parameter("orders_min", 4.0, "orders", 1, 64, "one order, an iceberg's too, is somebody who wants this price"),
        Parameter("minutes_min", 10.0, "minutes", 3, 30, "held and met in as many minutes"),
        Parameter("crossed_max", 0.1, "share", 0, 1, "of minutes that ended beyond: a sweep is taken back at once"),
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
HALF_HOUR: Final = 29  # minute buckets, beside the one in hand
FOUR_HOURS: Final = 240  # minute buckets
WINDOWS_MIN: Final = 4


@dataclass(frozen=True, slots=True)
class _Hold:
    """A group's fills at a level, and what the market did meanwhile."""

    side: Side
    fills: tuple[Fill, ...]
    level: float
    measures: dict[str, float]
    since_ns: int


@dataclass(frozen=True, slots=True)
class _Ranges:
    """Usual ranges of some minutes, as shares of the price: of all trades, and of the minutes' last prices."""

    whole: float
    ends: float


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
        if scene.metric("fills_30m") < parameters["trades_min"] or not fills:
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
    """What was held; None where that is too short or little, or nothing is usual yet.

    Of a busy group only the last 64 fills are held: its share is theirs, and that it has been there for long what it
    traded in its windows; how long the level held and was met is the market's to say.
    """
    market, least = scene.market, int(parameters["minutes_min"])
    now, since = scene.now_ns // MINUTE_NS, fills[0].time_ns // MINUTE_NS
    minutes = max(least, int(now - since) + 1)
    ranges = _usual_range(market, now - minutes, minutes)
    share, pressed = _shares(market, side, fills, scene.now_ns)
    if ranges is None or share < parameters["volume_share_min"] or pressed < parameters["pressed_min"]:
        return None
    traded = scene.metric("bought_30m" if side is Side.BUY else "sold_30m")
    if traded < share * market.minute.traded(now - least + 1, now):
        return None
    level = _weighted_median(fills)
    band = parameters["band_share"] * ranges.whole * level
    bars = _held(market, side, level, band, parameters["crossed_max"])
    if not bars or bars[-1][0] > now - least + 1:
        return None
    lately = [bar for bar in bars if bar[0] > now - minutes]
    at_level = [fill for fill in fills if abs(fill.price - level) <= band]
    measures = {
        "volume_share": share,
        "at_level": sum(fill.quantity for fill in at_level) / sum(fill.quantity for fill in fills),
        "pressed": pressed,
        "orders": float(len({fill.order_id for fill in at_level})),
        "minutes": float(sum(_meets(bar, side, level, band) for bar in bars)),
        "trades": scene.metric("fills_30m"),
        "stillness": min(_range(lately) / ranges.ends, _whole(lately) / ranges.whole),
    }
    return _Hold(side, tuple(fills), level, measures, min(fills[0].time_ns, (now - least + 1) * MINUTE_NS))


def _shares(market: Any, side: Side, fills: Sequence[Fill], now_ns: int) -> tuple[float, float]:
    """The fills' share of the volume since the first of them, and that of those who traded towards the level."""
    first, last = fills[0].time_ns // FAST_NS, now_ns // FAST_NS
    volume, bought = float(market.fast.traded(first, last)), float(market.fast.bought(first, last))
    if not volume > 0:
        return 0.0, 0.0
    towards = volume - bought if side is Side.BUY else bought
    return min(1.0, sum(fill.quantity for fill in fills) / volume), towards / volume


def _held(market: Any, side: Side, level: float, band: float, crossed_max: float) -> list[usual.Bar]:
    """The last minutes with trades, newest first, until too many of them ended beyond the level."""
    bars = market.minute.bars(market.minute.newest - HALF_HOUR, market.minute.newest)[::-1]
    sign, crossed, held = (1 if side is Side.BUY else -1), 0, 0
    for count, bar in enumerate(bars, start=1):
        crossed += sign * (level - bar[4]) > band
        if crossed <= crossed_max * count:
            held = count
    return list(bars[:held])


def _meets(bar: usual.Bar, side: Side, level: float, band: float) -> bool:
    """Whether the price came to the level in a minute."""
    nearest = bar[3] if side is Side.BUY else bar[2]
    return (nearest - level if side is Side.BUY else level - nearest) <= band


def _usual_range(market: Any, last: int, minutes: int) -> _Ranges | None:
    """The usual ranges of so many minutes, as a share of the price, in the four hours before; None where unknown."""
    spans: dict[int, list[usual.Bar]] = {}
    for bar in market.minute.bars(last - FOUR_HOURS, last):
        spans.setdefault((last - bar[0]) // minutes, []).append(bar)
    if len(spans) < WINDOWS_MIN:
        return None
    whole = statistics.median(_whole(bars) for bars in spans.values())
    ends = statistics.median(_range(bars) for bars in spans.values())
    return _Ranges(max(whole, usual.MOVE_FLOOR), max(ends, usual.MOVE_FLOOR))


def _whole(bars: Sequence[usual.Bar]) -> float:
    """How far apart the highest and the lowest trade were, as a share."""
    return max(bar[2] for bar in bars) / min(bar[3] for bar in bars) - 1


def _range(bars: Sequence[usual.Bar]) -> float:
    """How far apart the last prices of minutes were, as a share: a sweep that is taken back at once does not count."""
    ends = [bar[4] for bar in bars]
    return max(ends) / min(ends) - 1


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
        start_time_ns=hold.since_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"The group {verb} {measures['volume_share']:.0%} of the volume, {measures['at_level']:.0%} of its own at "
            f"a {what} of {hold.level:g} that was met in {measures['minutes']:.0f} minutes and hardly crossed; the "
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
