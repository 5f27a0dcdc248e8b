"""Pump and dump: a steep rise on a rush of buyers, alerted as it happens and upgraded when the sell-off comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from detection_service.engine.scene import Fill, Scene
from detection_service.engine.triggers import PRICE
from detection_service.rules import needs, regulations
from detection_service.rules.findings import of_market
from detection_service.rules.price import usual
from detection_service.rules.rule import Finding, Metadata, Parameter, excess
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="pump_and_dump",
    version="2.3.0",
    title="Pump and dump",
    typology="PUMP_AND_DUMP",
    description=(
        "The price rises steeply within minutes, above what it was worth in the hour before, within 25 seconds further "
        "than five minutes usually do, on far more volume than the last day usually sees and on a rush of buyers, many "
        "orders at once; a rise of a tenth that is far wider than usual needs no rush, or with one no more than the "
        "busiest usual volume. The alert is upgraded when much of the rise is lost again, and carried on where another "
        "such rise follows."
    ),
    needs=(needs.PRINTS,),
    parameters=(
        Parameter("rise_min", 0.05, "share", 0.005, 10, "published pumps rise 5 % and more in five minutes"),
        Parameter("rise_multiple_min", 3.0, "x", 1, 100, "against the widest usual five minutes (99 %) of the day"),
        Parameter(
            "rise_steep_min",
            0.1,
            "share",
            0.005,
            10,
            "so steep a rise stands out by itself; with the multiple above it needs no rush",
        ),
        Parameter("rush_standing_out_min", 5.0, "x", 1, 1000, "and so does a rush so far beyond the usual"),
        Parameter("new_ground_min", 0.5, "share", -10, 1, "of the rise above the hour before: a rebound is none"),
        Parameter("burst_multiple_min", 1.0, "x", 0.1, 100, "the rush alone moves more than a usual five minutes"),
        Parameter("rush_min", 12.0, "orders", 1, 10_000, "within 25 s: one in two seconds is more than one hand"),
        Parameter("rush_multiple_min", 2.0, "x", 1, 1000, "against the usual busiest 25 s (99 %) of the day"),
        Parameter("volume_multiple_min", 3.0, "x", 1, 1000, "against the busiest usual five minutes (95 %) of the day"),
        Parameter("buy_share_min", 0.55, "share", 0.5, 1, "buyers take the initiative in a pump"),
        Parameter("trades_min", 20.0, "trades", 1, 10_000, "a handful of trades is a thin market, not a crowd"),
        Parameter("history_min", 12.0, "buckets", 1, 288, "five-minute buckets with trades before anything is usual"),
        Parameter("rise_new_min", 0.1, "share", 0.005, 10, "rise asked of an instrument without that history"),
        Parameter("dump_share_min", 0.5, "share", 0.1, 1, "of the rise lost again"),
    ),
    regulations=(regulations.PUMP_AND_DUMP, regulations.MAR_DECEPTION),
    known_false_positives=(
        "News, a listing, an exploit: everybody buys for a reason.",
        "A squeeze: sellers who must buy back rush too.",
    ),
    known_gaps=(
        "Slow pumps over hours or days, and those below a tenth that one hand makes with a few large orders.",
        "A pump that only regains what was lost within the hour before.",
        "A feed that does not say who took the initiative: half of its volume counts as bought, which is not enough.",
        "An instrument in its first ten minutes, and, below a rise of a tenth, in its first hour.",
    ),
    triage_steps=(
        "Is there public news at the time of the first rush?",
        "Who bought in the minutes before the rise, and sold into it?",
        "Look for announcements in chat groups.",
    ),
    episode_gap_s=1800,
    episode_max_s=14_400,
)
FIVE_MINUTES = 60  # fast buckets
RUSH = 5  # fast buckets
HOUR = 12  # slow buckets
DAY = 288  # slow buckets
BUCKET_NS = 5_000_000_000
BEFORE_NS = 1_800_000_000_000
SUCH = 0.5
"""Another such rise is at least so much of the first: less is a rebound."""
SELLER_SHARE = 0.1
NAMED_MAX = 5
NEW_BUCKETS_MIN = 1  # nothing at all can be said of less
SCORED = ("rise", "volume_multiple", "rush_multiple")
UNITS = {
    "rise": "share",
    "rise_multiple": "x",
    "new_ground": "share",
    "burst_multiple": "x",
    "rush": "orders",
    "rush_multiple": "x",
    "volume_multiple": "x",
    "buy_share": "share",
    "trades": "trades",
}


class PumpAndDump:
    """Asked at the first trade of each 5-second bucket while the price moves, or while an episode is open."""

    metadata = METADATA
    triggers = PRICE

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding for a rise beyond the usual, or for what follows one."""
        memory = scene.open_episode(frozenset())
        if memory:
            yield from _after(scene, parameters, memory)
            return
        measures = _measures(scene.market, parameters)
        if measures is None:
            return
        limits = _limits(measures, parameters)
        if _holds(measures, limits):
            yield _finding(scene, parameters, measures, limits)


def _holds(measures: Mapping[str, float], limits: Mapping[str, float]) -> bool:
    return all(measures[name] >= limit for name, limit in limits.items())


def _limits(measures: Mapping[str, float], parameters: Mapping[str, float]) -> dict[str, float]:
    """What each measure must reach: a steep rise far beyond the usual needs no rush, with one it needs only more
    volume than the busiest usual, and a steep rise or a great rush need only be wider than usual."""
    limits = {name: parameters[f"{name}_min"] for name in UNITS}
    steep = measures["rise"] >= parameters["rise_steep_min"]
    if steep and measures["rise_multiple"] >= parameters["rise_multiple_min"]:
        if measures["rush"] >= limits["rush"] and measures["rush_multiple"] >= limits["rush_multiple"]:
            return limits | {"volume_multiple": 1.0}
        return limits | {"rush": 0.0, "rush_multiple": 0.0}
    if steep or measures["rush_multiple"] >= parameters["rush_standing_out_min"]:
        limits["rise_multiple"] = 1.0
    return limits


def _measures(market: Any, parameters: Mapping[str, float], usual_until_ns: int = 0) -> dict[str, float] | None:
    """What the rule compares; None where nothing is usual yet or too little happened for a pump.

    Usual is what came before the last ten minutes, or before a time where one is given.
    """
    now, last = market.fast.newest, market.slow.newest
    ended = min(last - 2, usual_until_ns // market.slow.bucket_ns - 1) if usual_until_ns else last - 2
    base = market.fast.lowest(now - FIVE_MINUTES, now)
    rise = market.last_price / base - 1 if base > 0 else 0.0
    volume, trades = market.fast.traded(now - FIVE_MINUTES, now), market.fast.count(now - FIVE_MINUTES, now)
    buy_share = market.fast.bought(now - FIVE_MINUTES, now) / volume if volume > 0 else 0.0
    if rise < parameters["rise_min"] or trades < parameters["trades_min"] or buy_share < parameters["buy_share_min"]:
        return None
    bars = market.slow.bars(last - DAY, ended)
    if len(bars) < NEW_BUCKETS_MIN or (len(bars) < parameters["history_min"] and rise < parameters["rise_new_min"]):
        return None
    buckets = ended + 1 - bars[0][0]
    usual_range = max(usual.widest(bars), usual.MOVE_FLOOR)
    usual_volume = usual.high_share((volume for *_, volume in bars), buckets, 0.05)
    usual_rush = max(1.0, usual.high_share(market.rush.peaks(last - DAY, ended), buckets, 0.01))
    rush = float(max(market.rush.peaks(last - 1, last), default=0))
    before = market.slow.highest(ended + 2 - HOUR, ended)
    return {
        "rise": rise,
        "rise_multiple": rise / usual_range,
        "new_ground": (market.last_price - max(before, base)) / (market.last_price - base) if before > 0 else 1.0,
        "burst_multiple": _burst(market) / usual_range,
        "rush": rush,
        "rush_multiple": rush / usual_rush,
        "volume_multiple": volume / usual_volume if usual_volume > 0 else parameters["volume_multiple_min"],
        "buy_share": buy_share,
        "trades": float(trades),
        "base": base,
    }


def _burst(market: Any) -> float:
    """The steepest rise within 25 seconds of the last five minutes."""
    now = market.fast.newest
    bars = market.fast.bars(now - FIVE_MINUTES, now)
    return max(float(high / market.fast.lowest(number - RUSH, number) - 1) for number, _, high, _, _, _ in bars)


def _severity(rise: float) -> Severity:
    if rise > 0.15:
        return Severity.HIGH
    return Severity.MEDIUM


def _grave(rise: float) -> Severity:
    return Severity.CRITICAL if rise > 0.15 else Severity.HIGH


def _finding(
    scene: Scene, parameters: Mapping[str, float], measures: dict[str, float], limits: Mapping[str, float]
) -> Finding:
    rise, base = measures["rise"], measures["base"]
    price = scene.market.last_price
    excesses = [excess(measures[name], parameters[f"{name}_min"]) for name in SCORED]
    score = min(0.85, 0.4 + 0.6 * sum(excesses) / len(excesses))
    return of_market(
        scene,
        severity=_severity(rise),
        score=score,
        explanation=(
            f"Price rose {rise:.1%} from {base:g} to {price:g} within five minutes, "
            f"{measures['rise_multiple']:.1f} times the widest usual five minutes of the last day, on "
            f"{measures['volume_multiple']:.1f} times their busiest volume, {measures['buy_share']:.0%} of it from "
            f"buyers taking the initiative, {measures['rush']:.0f} orders of them within 25 s where "
            f"{measures['rush'] / measures['rush_multiple']:.0f} are the most usual."
        ),
        measurements=tuple(Measurement(name, measures[name], limits[name], unit) for name, unit in UNITS.items()),
        memory={
            "base": base,
            "peak": price,
            "rise": rise,
            "score": score,
            "dumped": 0.0,
            "onset": float(_onset_ns(scene)),
            "first_onset": float(_onset_ns(scene)),
        },
        moves=usual.driving(scene.moves(_onset_ns(scene)), 1),
    )


def _onset_ns(scene: Scene) -> int:
    """When the price of the last five minutes was lowest last, to five seconds."""
    fast = scene.market.fast
    bars = fast.bars(fast.newest - FIVE_MINUTES, fast.newest)
    return int(min(reversed(bars), key=lambda bar: bar[3])[0] * BUCKET_NS)


def _after(scene: Scene, parameters: Mapping[str, float], memory: Mapping[str, float]) -> Iterator[Finding]:
    """Follows an open episode: a higher peak carries it on, a fall makes it a dump."""
    price, base = scene.market.last_price, memory["base"]
    peak = max(memory["peak"], price)
    lost = (peak - price) / (peak - base) if peak > base else 0.0
    dumped = lost >= parameters["dump_share_min"]
    rising = price > memory["peak"]
    if not rising and (memory["dumped"] or not dumped):
        yield from _again(scene, parameters, memory)
        return
    rise = peak / base - 1
    measurements = (
        Measurement("rise", rise, parameters["rise_min"], "share"),
        Measurement("lost_share", lost, parameters["dump_share_min"], "share"),
    )
    text = f"Price rose {rise:.1%} from {base:g} to {peak:g}"
    text += f" and then lost {lost:.0%} of the rise, to {price:g}" if dumped else " and is still rising"
    score = min(1.0, memory["score"] + 0.15) if dumped else memory["score"]
    moves = scene.moves(scene.now_ns - FIVE_MINUTES * BUCKET_NS)
    if dumped:
        text += _sellers(scene, int(memory["onset"]))
        moves = moves[max(range(len(moves)), key=lambda number: moves[number].price, default=0) :]
    yield of_market(
        scene,
        severity=_grave(rise) if dumped else _severity(rise),
        score=score,
        explanation=f"{text}; five minutes usually move it far less.",
        measurements=measurements,
        memory={**memory, "peak": peak, "rise": rise, "score": score, "dumped": float(dumped)},
        moves=usual.driving(moves, -1 if dumped else 1),
    )


def _again(scene: Scene, parameters: Mapping[str, float], memory: Mapping[str, float]) -> Iterator[Finding]:
    """Another pump where one was dumped belongs to it; what is usual is what was so before the first."""
    if not memory["dumped"]:
        return
    measures = _measures(scene.market, parameters, int(memory["first_onset"]))
    if measures is None or measures["rise"] < SUCH * memory["rise"]:
        return
    limits = _limits(measures, parameters)
    if _holds(measures, limits):
        found = _finding(scene, parameters, measures, limits)
        yield replace(
            found,
            severity=max(found.severity, _grave(memory["rise"])),
            score=max(found.score, memory["score"]),
            explanation=f"After a rise of {memory['rise']:.1%} was lost: {found.explanation}",
            memory={**found.memory, "first_onset": memory["first_onset"]},
        )


def _sellers(scene: Scene, onset_ns: int) -> str:
    """Where accounts are told: those who bought in the half hour before the rise and sold much of it into it."""
    fills = scene.market_fills(onset_ns - BEFORE_NS)
    sold = sum(fill.quantity for fill in fills if fill.side is Side.SELL and fill.time_ns >= onset_ns)
    names: set[str] = set()
    theirs = 0.0
    made: dict[str, list[Fill]] = {}
    for fill in fills:
        made.setdefault(fill.group, []).append(fill)
    for _, own in sorted(made.items()):
        before = sum(fill.quantity for fill in own if fill.side is Side.BUY and fill.time_ns < onset_ns)
        after = sum(fill.quantity for fill in own if fill.side is Side.SELL and fill.time_ns >= onset_ns)
        if after >= SELLER_SHARE * sold > 0 and before >= after / 2:
            names |= scene.owners(frozenset({own[0].account}))
            theirs += after
    if not names:
        return ""
    return (
        f"; {', '.join(sorted(names)[:NAMED_MAX])} had bought before it and sold {theirs / sold:.0%} of what was sold"
    )
