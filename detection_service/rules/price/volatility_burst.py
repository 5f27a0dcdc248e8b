"""Volatility burst: minutes that swing far wider than the instrument's recent ones, whichever way they end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import MARKET
from detection_service.rules import needs, regulations
from detection_service.rules.findings import of_market
from detection_service.rules.price import usual
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="volatility_burst",
    version="1.0.0",
    title="Volatility burst",
    typology="VOLATILITY_BURST",
    description=(
        "The ranges of the last five minutes are many robust deviations wider than those of every five minutes of the "
        "last four hours, and wider than the widest of them and of the day. A market observation, not an accusation: "
        "it points an analyst at a time and an instrument."
    ),
    needs=(needs.PRINTS,),
    parameters=(
        Parameter("deviations_min", 4.5, "deviations", 2, 50, "volatility clusters: less comes in every market"),
        Parameter("widest_multiple_min", 2.0, "x", 1, 100, "against the widest five minutes of four hours"),
        Parameter("day_multiple_min", 0.75, "x", 0.1, 100, "a minute's range against the day's widest five minutes"),
        Parameter("volatility_min", 0.0025, "share", 0.0001, 1, "smaller swings harm nobody"),
        Parameter("sigma_floor", 0.25, "log", 0.05, 5, "even ranges are a run of luck: a factor of 1.3 is usual"),
        Parameter("trades_past_min", 80.0, "trades", 10, 10_000, "with fewer trades nothing is usual"),
        Parameter("trades_min", 20.0, "trades", 1, 10_000, "a few stray prints are off-market prices, not swings"),
    ),
    regulations=(regulations.MAR_PRICE_SECURED,),
    known_false_positives=("News.", "The open of a session, and the minutes after a halt."),
    known_gaps=("The first hour of an instrument.", "Volatility that grows slowly over hours."),
    triage_steps=("Is there news?", "Did one owner trade at the extremes of the swings, and to whose gain?"),
    episode_gap_s=900,
    episode_max_s=14_400,
)
WINDOW = 5  # minute buckets
WINDOW_NS = 300_000_000_000
FOUR_HOURS = 240  # minute buckets
WINDOWS_MIN = 12
PLAINLY_MORE = 2.0  # times the mean range of the last half hour's minutes, before anything is worked out
DAY = 288  # slow buckets


class VolatilityBurst:
    """Asked when a minute of a market went by and the last five had trades and some range."""

    metadata = METADATA
    triggers = MARKET

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Minutes whose mean range is so wide have a range of about that, together."""
        return (
            Condition("market_trades_5m", parameters["trades_min"]),
            Condition("market_range_5m", parameters["volatility_min"] / 2),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the last five minutes' ranges are beyond the usual."""
        market = scene.market
        minute, last = usual.last_minute(market), market.slow.newest
        if market.minute.count(minute - WINDOW + 1, minute) < parameters["trades_min"]:
            return
        if market.minute.count(minute - FOUR_HOURS, minute - WINDOW) < parameters["trades_past_min"]:
            return
        latest = _volatilities(market.minute.bars(minute - WINDOW, minute), minute).get(0, 0.0)
        if latest * market.last_price < PLAINLY_MORE * market.usual_range:
            return
        windows = _volatilities(market.minute.bars(minute - FOUR_HOURS, minute), minute)
        now, past = windows.get(0, 0.0), [value for age, value in windows.items() if age and value > 0]
        if now < parameters["volatility_min"] or len(past) < WINDOWS_MIN:
            return
        deviations = usual.deviations(now, past, parameters["sigma_floor"])
        day = max(usual.widest(market.slow.bars(last - DAY, last - 2)), usual.MOVE_FLOOR)
        measures = (
            ("deviations", deviations, "deviations"),
            ("widest_multiple", now / max(past), "x"),
            ("day_multiple", now / day, "x"),
        )
        if any(observed < parameters[f"{name}_min"] for name, observed, _ in measures):
            return
        before = scene.open_episode(frozenset())
        if before and now <= before["volatility"]:
            return  # the same swing, still within the window
        score = 0.3 + 0.4 * excess(now / max(past), parameters["widest_multiple_min"])
        yield of_market(
            scene,
            severity=graded(score, (0.3, Severity.LOW), (0.5, Severity.MEDIUM)),
            score=score,
            explanation=(
                f"The last five minutes swung by {now:.2%} a minute, {deviations:.1f} robust deviations above the "
                f"{usual.median(past):.2%} usual of the last four hours and {now / max(past):.1f} times their widest."
            ),
            measurements=tuple(
                Measurement(name, observed, parameters[f"{name}_min"], unit) for name, observed, unit in measures
            ),
            moves=scene.moves(scene.now_ns - WINDOW_NS),
            memory={"volatility": now},
        )


def _volatilities(bars: Sequence[usual.Bar], minute: int) -> dict[int, float]:
    """The quadratic mean range of a minute, in each five minutes up to `minute` by their age (0 the last five).

    A minute's range reaches back to the close before it, so that a leap between minutes counts (after Parkinson, The
    Extreme Value Method for Estimating the Variance of the Rate of Return, 1980); minutes without trades did not move.
    """
    squares: dict[int, float] = {}
    for before, bar in pairwise(bars):
        close = before[4]
        if min(bar[3], close) > 0:
            age = (minute - bar[0]) // WINDOW
            squares[age] = squares.get(age, 0.0) + math.log(max(bar[2], close) / min(bar[3], close)) ** 2
    return {age: math.sqrt(total / WINDOW) for age, total in squares.items()}
