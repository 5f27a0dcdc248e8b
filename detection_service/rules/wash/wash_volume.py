"""Wash volume: a market's volume far beyond its own, on both sides alike, and the price does not answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from detection_service.engine.market_state import SLOW_BUCKET_NS, SLOW_BUCKETS
from detection_service.engine.scene import Scene
from detection_service.engine.triggers import MARKET
from detection_service.rules import needs, regulations
from detection_service.rules.findings import of_market
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="wash_volume",
    version="1.0.0",
    title="Volume without price",
    typology="WASH_VOLUME",
    description=(
        "For a quarter of an hour a market trades far more than its own last day makes likely, bought and sold alike, "
        "while the price moves far less than such volume usually moves it. Volume that means something moves prices, "
        "roughly with its square root; volume made to be seen does not. Seen from prints alone: no owner is named."
    ),
    needs=(needs.PRINTS,),
    parameters=(
        Parameter("z_min", 4.0, "deviations", 2, 20, "robust, of the logarithm of volume; 3 happens on ordinary days"),
        Parameter("z_grave", 8.0, "deviations", 2, 50, "beyond what news brings"),
        Parameter(
            "spread_floor", 0.3, "of ln volume", 0.05, 2, "a market too even to measure is taken for this uneven"
        ),
        Parameter("range_ratio_max", 0.3, "share", 0.01, 1, "of the range that so much volume usually brings here"),
        Parameter("range_multiple_max", 1.0, "x median", 0.01, 10, "a price that moves more than usual has answered"),
        Parameter("imbalance_max", 0.3, "share", 0, 1, "one-sided flow is absorbed by somebody, not washed"),
        Parameter("trades_min", 30.0, "trades", 3, 10_000, "a few blocks are no stream of trades"),
        Parameter("blocks_min", 16.0, "quarters of an hour", 4, 96, "four hours of its own past to compare with"),
    ),
    regulations=(
        regulations.MAR_FALSE_SIGNALS,
        regulations.WASH_TRADES,
        regulations.SEA_NO_CHANGE_OF_OWNERSHIP,
    ),
    known_false_positives=(
        "Index rebalancing or an expiry that crosses large volume at one price.",
        "A pegged or capped price, or a takeover bid that pins it.",
        "A maker's campaign with rebates that draws real volume at a tight spread.",
    ),
    known_gaps=(
        "Washing that is always there and so is its own baseline.",
        "Markets with trades in less than half of the quarters of an hour.",
        "Less than four hours of history; instruments whose tick is as wide as their usual range.",
        "Who did it: prints name nobody.",
    ),
    triage_steps=(
        "Is there news, an auction, an index event or a fee campaign?",
        "Look at sizes and times of the prints: do they repeat?",
        "Ask the venue for the accounts behind the volume.",
    ),
    episode_gap_s=1800,
    episode_max_s=28_800,
)
BLOCK = 3  # buckets of five minutes


@dataclass(frozen=True, slots=True)
class Block:
    """A quarter of an hour of a market: volume, range as a share of the price, volume of its least bucket."""

    volume: float
    range_share: float
    least: float


class WashVolume:
    """Asked when a market's minute is over and its volume is out of the usual."""

    metadata = METADATA
    triggers = MARKET

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """What the core checks before it asks."""
        return (Condition("market_trades_60m", at_least=parameters["trades_min"]),)

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the last full quarter of an hour is so; five-minute buckets, those over only."""
        window = scene.market.slow
        last = scene.now_ns // SLOW_BUCKET_NS - 1
        if window.count(last - BLOCK + 1, last) < parameters["trades_min"]:
            return
        now = _block(window, last)
        if now is None or now.least <= 0.0 or _imbalance(window, last, now.volume) > parameters["imbalance_max"]:
            return
        past = [_block(window, end) for end in range(last - BLOCK, last - SLOW_BUCKETS + BLOCK, -BLOCK)]
        usual = [block for block in past if block is not None]
        begun = _first_bucket(window, last)
        told = (last - BLOCK - begun) // BLOCK
        if len(usual) < parameters["blocks_min"] or 2 * len(usual) < told:
            return
        z = _deviations(now.volume, [block.volume for block in usual], parameters["spread_floor"])
        predicted = _predicted_range(now.volume, usual)
        if z < parameters["z_min"] or now.least < median(block.volume for block in usual):
            return
        most = parameters["range_multiple_max"] * median(block.range_share for block in usual)
        if predicted > 0.0 and now.range_share <= min(most, parameters["range_ratio_max"] * predicted):
            yield _finding(scene, parameters, now, usual, z, now.range_share / predicted)


def _block(window: Any, last: int) -> Block | None:
    """The block that ends with a bucket; None where nothing traded."""
    first = last - BLOCK + 1
    volume = window.traded(first, last)
    if not volume > 0.0:
        return None
    low, high = window.lowest(first, last), window.highest(first, last)
    share = (high - low) / abs(low) if low else 0.0
    return Block(volume, share, min(window.traded(each, each) for each in range(first, last + 1)))


def _first_bucket(window: Any, last: int) -> int:
    """Number of the oldest bucket held with trades."""
    bars = window.bars(last - SLOW_BUCKETS, last)
    return int(bars[0][0]) if bars else last


def _imbalance(window: Any, last: int, volume: float) -> float:
    """How far what buyers took is from what sellers took, as a share of both."""
    return float(abs(2 * window.bought(last - BLOCK + 1, last) - volume) / volume)


def _deviations(volume: float, usual: Sequence[float], spread_floor: float) -> float:
    """Robust z of the logarithm of a volume: median and median absolute deviation."""
    logs = [math.log(each) for each in usual]
    middle = median(logs)
    spread: float = 1.4826 * median(abs(each - middle) for each in logs)
    return (math.log(volume) - middle) / max(spread, spread_floor)


def _predicted_range(volume: float, usual: Sequence[Block]) -> float:
    """The range so much volume brings here: the usual one, grown with the square root of volume, as impact is found to
    grow (Almgren et al. 2005, Bouchaud 2010)."""
    return median(block.range_share * math.sqrt(volume / block.volume) for block in usual)


def _finding(
    scene: Scene, parameters: Mapping[str, float], now: Block, usual: Sequence[Block], z: float, ratio: float
) -> Finding:
    middle = median(block.volume for block in usual)
    calm = excess(parameters["range_ratio_max"], max(ratio, 1e-3))
    score = 0.4 + 0.3 * excess(z, parameters["z_min"], 1.0) + 0.2 * calm
    extreme = z >= parameters["z_grave"] and ratio <= parameters["range_ratio_max"] / 3
    severity = graded(score, (0.5, Severity.MEDIUM))
    end = (scene.now_ns // SLOW_BUCKET_NS) * SLOW_BUCKET_NS
    return of_market(
        scene,
        severity=Severity.HIGH if extreme else severity,
        score=score,
        start_time_ns=end - BLOCK * SLOW_BUCKET_NS,
        end_time_ns=end,
        explanation=(
            f"Traded {now.volume:g} in a quarter of an hour, {now.volume / middle:.1f} times the usual "
            f"({z:.1f} deviations), bought and sold alike, within {now.range_share:.2%} of the price, "
            f"{ratio:.0%} of the range that so much volume usually brings here."
        ),
        measurements=(
            Measurement("volume_deviations", z, parameters["z_min"], "deviations"),
            Measurement("volume_multiple", now.volume / middle, 1.0, "x median"),
            Measurement("range_ratio", ratio, parameters["range_ratio_max"], "share"),
        ),
    )
