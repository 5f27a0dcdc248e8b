"""Volume surge: five minutes that trade far more than the instrument's recent windows and its busiest of the day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import MARKET
from detection_service.rules import needs, regulations
from detection_service.rules.findings import of_market
from detection_service.rules.price import usual
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="volume_surge",
    version="1.0.0",
    title="Volume surge",
    typology="VOLUME_SURGE",
    description=(
        "Five minutes trade far more than the last twenty windows of five minutes, in robust deviations of their "
        "logarithms, and more than twice the busiest usual window of the last day. A market observation, not an "
        "accusation: it points an analyst at a time and an instrument."
    ),
    needs=(needs.PRINTS,),
    parameters=(
        Parameter("deviations_min", 4.0, "deviations", 2, 50, "volumes are log-normal at best: 3 comes every day"),
        Parameter("day_multiple_min", 2.0, "x", 0.1, 100, "against the busiest usual five minutes (99 %) of the day"),
        Parameter("windows", 20.0, "windows", 5, 100, "of five minutes with trades, as many as are compared"),
        Parameter("sigma_floor", 0.5, "log", 0.05, 5, "even volumes are a run of luck: a factor of 1.6 is usual"),
        Parameter("trades_min", 20.0, "trades", 1, 10_000, "a single large trade is a block, not a surge"),
    ),
    regulations=(regulations.MAR_FALSE_SIGNALS,),
    known_false_positives=("News, results, an index change, an expiry.", "The open, where the day before was short."),
    known_gaps=("The first twenty windows of an instrument.", "Volume that grows slowly over hours."),
    triage_steps=("Is there news or a known event?", "Did few owners make the volume, on both sides perhaps?"),
    episode_gap_s=900,
    episode_max_s=14_400,
)
DAY = 288  # slow buckets
SURGE_MIN = 1.5  # times the mean five minutes of the hour
WINDOW = 5  # minute buckets


class VolumeSurge:
    """Asked when a minute of a market went by, with more trades and volume than usual in the last five."""

    metadata = METADATA
    triggers = MARKET

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Not yet what the rule asks, but never more: the hour's mean holds the surge itself."""
        return (
            Condition("market_trades_5m", parameters["trades_min"]),
            Condition("market_volume_multiple_5m", SURGE_MIN),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the last five minutes' volume is beyond the usual of the last windows and of the day."""
        market = scene.market
        minute, last = usual.last_minute(market), market.slow.newest
        if market.minute.count(minute - WINDOW + 1, minute) < parameters["trades_min"]:
            return
        bars = market.slow.bars(last - DAY, last - 2)
        windows = int(parameters["windows"])
        if len(bars) < windows:
            return
        volume = market.minute.traded(minute - WINDOW + 1, minute)
        day_multiple = volume / usual.high_share((bar[5] for bar in bars), last - 1 - bars[0][0], 0.01)
        deviations = usual.deviations(volume, [bar[5] for bar in bars[-windows:]], parameters["sigma_floor"])
        if deviations < parameters["deviations_min"] or day_multiple < parameters["day_multiple_min"]:
            return
        before = scene.open_episode(frozenset())
        if before and volume <= before["volume"]:
            return  # the same surge, still within the window
        score = 0.3 + 0.4 * excess(day_multiple, parameters["day_multiple_min"])
        middle = usual.median(bar[5] for bar in bars[-windows:])
        yield of_market(
            scene,
            severity=graded(score, (0.3, Severity.LOW), (0.5, Severity.MEDIUM)),
            score=score,
            explanation=(
                f"{volume:g} traded within five minutes, {volume / middle:.1f} times the {middle:.4g} usual of "
                f"the last {windows} windows ({deviations:.1f} robust deviations) and {day_multiple:.1f} times "
                f"the busiest usual window of the last day."
            ),
            measurements=(
                Measurement("deviations", deviations, parameters["deviations_min"], "deviations"),
                Measurement("day_multiple", day_multiple, parameters["day_multiple_min"], "x"),
            ),
            memory={"volume": volume},
        )
