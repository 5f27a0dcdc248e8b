"""Price spike: a move within a minute far beyond the instrument's recent minutes."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from itertools import pairwise

from detection_service.engine.scene import Move, Scene
from detection_service.engine.triggers import PRICE
from detection_service.rules import needs, regulations
from detection_service.rules.findings import of_market
from detection_service.rules.price import usual
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="price_spike",
    version="2.1.0",
    title="Price spike",
    typology="PRICE_SPIKE",
    description=(
        "The price moves within a minute by many times the usual move of a minute of the last four hours, and by more "
        "than the widest usual five minutes of the last day. A market observation, not an accusation: it points an "
        "analyst at a time and an instrument."
    ),
    needs=(needs.PRINTS,),
    parameters=(
        Parameter("deviations_min", 15.0, "deviations", 3, 100, "minute returns are fat-tailed: 4.5 is common"),
        Parameter("range_multiple_min", 2.0, "x", 0.1, 100, "against the widest usual five minutes (99 %) of the day"),
        Parameter("move_min", 0.01, "share", 0.0005, 1, "smaller moves harm nobody"),
        Parameter("minutes_min", 30.0, "minutes", 5, 239, "minutes with trades before anything is usual"),
        Parameter("minutes_least", 5.0, "minutes", 3, 239, "of fewer than those above proportionately more is asked"),
        Parameter("trades_min", 5.0, "trades", 1, 1000, "one stray print is an off-market price, not a move"),
    ),
    regulations=(regulations.MAR_PRICE_SECURED,),
    known_false_positives=("News.", "A large but honest order in a thin market."),
    known_gaps=(
        "Moves slower than a minute.",
        "The first minutes of an instrument, and in its first half hour all but the widest.",
    ),
    triage_steps=("Is there news?", "Who traded in the minute before and at the extreme?"),
    episode_gap_s=300,
    episode_max_s=3600,
)
MINUTE = 12  # fast buckets
FOUR_HOURS = 240  # minute buckets
DAY = 288  # slow buckets
MOVE_FLOOR = 0.0005
MINUTE_NS = 60_000_000_000


class PriceSpike:
    """Asked at the first trade of each 5-second bucket while the price moves."""

    metadata = METADATA
    triggers = PRICE

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the last minute's move is beyond the usual."""
        market = scene.market
        now = market.fast.newest
        start = market.fast.last_close(now - 5 * MINUTE, now - MINUTE)
        move = market.last_price / start - 1 if start > 0 else 0.0
        if abs(move) < parameters["move_min"]:
            return
        if market.fast.count(now - MINUTE, now) < parameters["trades_min"]:
            return
        bars = market.minute.bars(market.minute.newest - FOUR_HOURS + 1, market.minute.newest - 2)
        returns = [abs(other[4] / one[4] - 1) for one, other in pairwise(bars) if one[4] > 0]
        if len(returns) < parameters["minutes_least"]:
            return
        deviations_min = parameters["deviations_min"] * max(1.0, parameters["minutes_min"] / len(returns))
        minute = max(usual.TO_SIGMA * statistics.median(returns), statistics.fmean(returns), MOVE_FLOOR)
        wide = max(usual.widest(market.slow.bars(market.slow.newest - DAY, market.slow.newest - 2)), MOVE_FLOOR)
        deviations = abs(move) / minute
        if deviations < deviations_min or abs(move) / wide < parameters["range_multiple_min"]:
            return
        before = scene.open_episode(frozenset())
        if before and deviations <= before["deviations"]:
            return  # the same move, seen again in the next bucket
        score = 0.3 + 0.5 * excess(deviations, deviations_min)
        yield of_market(
            scene,
            severity=graded(score, (0.3, Severity.LOW), (0.5, Severity.MEDIUM)),
            score=score,
            explanation=(
                f"Price moved {move:+.2%} from {start:g} to {market.last_price:g} within a minute, {deviations:.1f} "
                f"times the usual {minute:.2%} of a minute in the last four hours and {abs(move) / wide:.1f} times the "
                f"widest usual five minutes of the last day."
            ),
            measurements=(
                Measurement("deviations", deviations, deviations_min, "deviations"),
                Measurement("range_multiple", abs(move) / wide, parameters["range_multiple_min"], "x"),
                Measurement("move", abs(move), parameters["move_min"], "share"),
            ),
            moves=_made_of(scene, move),
            memory={"deviations": deviations},
        )


def _made_of(scene: Scene, move: float) -> list[Move]:
    """The trades of the last minute that drove the price."""
    return usual.driving(scene.moves(scene.now_ns - MINUTE_NS), move)
