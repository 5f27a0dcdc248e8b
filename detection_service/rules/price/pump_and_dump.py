"""Pump and dump: a steep rise on rushing buyers, alerted as it happens and upgraded when the sell-off comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import PRICE
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter, excess
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="pump_and_dump",
    version="1.0.0",
    title="Pump and dump",
    typology="PUMP_AND_DUMP",
    description=(
        "The price rises steeply within minutes on far more volume than the last day usually sees, nearly all of it "
        "from buyers in a rush; the alert is upgraded when much of the rise is lost again."
    ),
    needs=(needs.PRINTS,),
    parameters=(
        Parameter("rise_min", 0.05, "share", 0.005, 10, "published pumps rise 5 % and more in five minutes"),
        Parameter("rise_multiple_min", 3.0, "x", 1, 100, "against the largest usual five minutes (99 %) of the day"),
        Parameter("rise_steep_min", 0.1, "share", 0.005, 10, "so steep a rise stands out even on a wild day"),
        Parameter("rise_multiple_steep_min", 2.0, "x", 1, 100, "what it is then held against"),
        Parameter("volume_multiple_min", 3.0, "x", 1, 1000, "against the busiest usual five minutes (95 %) of the day"),
        Parameter("buy_share_min", 0.6, "share", 0.5, 1, "buyers take the initiative in a pump"),
        Parameter("trades_min", 20.0, "trades", 1, 10_000, "a handful of trades is a thin market, not a crowd"),
        Parameter("history_min", 12.0, "buckets", 1, 288, "five-minute buckets with trades before anything is usual"),
        Parameter("rise_new_min", 0.1, "share", 0.005, 10, "rise asked of an instrument without that history"),
        Parameter("dump_share_min", 0.5, "share", 0.1, 1, "of the rise lost again"),
    ),
    regulations=(regulations.PUMP_AND_DUMP, regulations.MAR_DECEPTION),
    known_false_positives=("News, a listing, an exploit: everybody buys for a reason.",),
    known_gaps=(
        "Slow pumps over hours or days.",
        "An instrument in its first five minutes, and, below a rise of a tenth, in its first hour.",
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
DAY = 288  # slow buckets
NEW_BUCKETS_MIN = 1  # nothing at all can be said of less


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
        limits = _limits(measures["rise"], parameters)
        if any(measures[name] < limit for name, limit in limits.items()):
            return
        yield _finding(scene, parameters, measures)


def _limits(rise: float, parameters: Mapping[str, float]) -> dict[str, float]:
    """What each measure must reach for a rise of this size."""
    limits = {name: parameters[f"{name}_min"] for name in ("rise", "rise_multiple", "volume_multiple")}
    if rise >= parameters["rise_steep_min"]:
        limits["rise_multiple"] = parameters["rise_multiple_steep_min"]
    return limits | {name: parameters[f"{name}_min"] for name in ("buy_share", "trades")}


def _measures(market: Any, parameters: Mapping[str, float]) -> dict[str, float] | None:
    """What the rule compares; None where nothing is usual yet or the rise is plainly too small."""
    now = market.fast.newest
    base = market.fast.lowest(now - FIVE_MINUTES, now)
    rise = market.last_price / base - 1 if base > 0 else 0.0
    if rise < parameters["rise_min"]:
        return None
    last = market.slow.newest
    bars = market.slow.bars(last - DAY, last - 2)
    if len(bars) < NEW_BUCKETS_MIN or (len(bars) < parameters["history_min"] and rise < parameters["rise_new_min"]):
        return None
    span = last - 1 - bars[0][0]
    ranges = sorted((high / low - 1 for _, _, high, low, _, _ in bars if low > 0), reverse=True)
    volumes = sorted((volume for *_, volume in bars), reverse=True)
    usual_rise = ranges[len(ranges) // 100]
    usual_volume = volumes[min(len(volumes) - 1, span // 20)]
    volume = market.fast.traded(now - FIVE_MINUTES, now)
    return {
        "rise": rise,
        "rise_multiple": rise / max(usual_rise, 1e-4),
        "volume_multiple": volume / usual_volume if usual_volume > 0 else parameters["volume_multiple_min"],
        "buy_share": market.fast.bought(now - FIVE_MINUTES, now) / volume if volume > 0 else 0.0,
        "trades": float(market.fast.count(now - FIVE_MINUTES, now)),
        "base": base,
    }


def _severity(rise: float) -> Severity:
    if rise > 0.15:
        return Severity.HIGH
    return Severity.MEDIUM


def _finding(scene: Scene, parameters: Mapping[str, float], measures: dict[str, float]) -> Finding:
    rise, base = measures["rise"], measures["base"]
    limits = _limits(rise, parameters)
    price = scene.market.last_price
    score = (
        0.4
        + 0.3 * excess(rise, parameters["rise_min"])
        + 0.3 * excess(measures["volume_multiple"], parameters["volume_multiple_min"])
    )
    units = {"rise": "share", "rise_multiple": "x", "volume_multiple": "x", "buy_share": "share", "trades": "trades"}
    return _market_finding(
        scene,
        _severity(rise),
        min(0.85, score),
        (
            f"Price rose {rise:.1%} from {base:g} to {price:g} within five minutes, "
            f"{measures['rise_multiple']:.1f} times the widest usual five minutes of the last day, on "
            f"{measures['volume_multiple']:.1f} times their busiest volume, {measures['buy_share']:.0%} of it from "
            f"buyers taking the initiative."
        ),
        tuple(Measurement(name, measures[name], limits[name], unit) for name, unit in units.items()),
        {"base": base, "peak": price, "rise": rise, "score": min(0.85, score), "dumped": 0.0},
    )


def _after(scene: Scene, parameters: Mapping[str, float], memory: Mapping[str, float]) -> Iterator[Finding]:
    """Follows an open episode: a higher peak carries it on, a fall makes it a dump."""
    price, base = scene.market.last_price, memory["base"]
    peak = max(memory["peak"], price)
    lost = (peak - price) / (peak - base) if peak > base else 0.0
    dumped = lost >= parameters["dump_share_min"]
    rising = price > memory["peak"]
    if not rising and (memory["dumped"] or not dumped):
        return
    rise = peak / base - 1
    grave = Severity.CRITICAL if rise > 0.15 else Severity.HIGH
    measurements = (
        Measurement("rise", rise, parameters["rise_min"], "share"),
        Measurement("lost_share", lost, parameters["dump_share_min"], "share"),
    )
    text = f"Price rose {rise:.1%} from {base:g} to {peak:g}"
    text += f" and then lost {lost:.0%} of the rise, to {price:g}" if dumped else " and is still rising"
    score = min(1.0, memory["score"] + 0.15) if dumped else memory["score"]
    yield _market_finding(
        scene,
        grave if dumped else _severity(rise),
        score,
        f"{text}; five minutes usually move it far less.",
        measurements,
        {"base": base, "peak": peak, "rise": rise, "score": score, "dumped": float(dumped)},
    )


def _market_finding(
    scene: Scene,
    severity: Severity,
    score: float,
    explanation: str,
    measurements: tuple[Measurement, ...],
    memory: dict[str, float],
) -> Finding:
    return Finding(
        owners=frozenset(),
        accounts=frozenset(),
        severity=severity,
        score=score,
        start_time_ns=scene.now_ns,
        end_time_ns=scene.now_ns,
        explanation=explanation,
        measurements=measurements,
        opening=frozenset({scene.event_id}),
        evidence=frozenset({scene.event_id}),
        memory=memory,
    )
