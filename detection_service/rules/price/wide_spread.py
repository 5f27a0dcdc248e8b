"""Wide spread: bid and ask stay apart far beyond what the instrument's own recent samples show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import MARKET
from detection_service.rules import needs, regulations
from detection_service.rules.findings import of_market
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="wide_spread",
    version="1.1.0",
    title="Wide spread",
    typology="WIDE_SPREAD",
    description=(
        "The best bid and ask, as quoted or in the rebuilt book, stay apart for most of a minute by many robust "
        "deviations more than in the instrument's recent samples (one every five seconds of events), and by more than "
        "nearly all of them; the wide stretch in hand is not held to be usual. Moments without both sides, or with "
        "crossed ones, say nothing. A market observation, not an accusation: it points an analyst at a time and an "
        "instrument."
    ),
    needs=(needs.QUOTES,),
    parameters=(
        Parameter("deviations_min", 3.0, "deviations", 1, 50, "of the spread's logarithm above its median"),
        Parameter("usual_multiple_min", 1.5, "x", 1, 100, "against the widest usual spread (95 % of samples)"),
        Parameter("wide_s", 60.0, "s", 10, 300, "a book thinned by a large order fills again within seconds"),
        Parameter("wide_share", 0.9, "share", 0.5, 1, "of the samples: an order between them is taken at once"),
        Parameter("samples_min", 6.0, "samples", 2, 60, "of those seconds: a market without events is not watched"),
        Parameter("sigma_floor", 0.4, "log", 0.05, 5, "spreads jump by ticks: one more tick is usual"),
        Parameter("history_min", 360.0, "samples", 30, 8000, "half an hour before anything is usual"),
    ),
    regulations=(regulations.WIDE_SPREAD,),
    known_false_positives=(
        "Before and after trading hours, where no phase or only part of the venues is told.",
        "News: market makers withdraw for a reason.",
    ),
    known_gaps=(
        "Spreads that widen slowly: the samples follow them.",
        "Books of which only one side, or only some orders, are told.",
        "The first half hour of an instrument.",
    ),
    triage_steps=(
        "Who withdrew from the best prices, and who traded while they were apart?",
        "Is there news, or a halt in a related instrument?",
    ),
    episode_gap_s=300,
    episode_max_s=14_400,
)
SECOND_NS: Final = 1_000_000_000
CLOSED: Final = frozenset({"PRE_OPEN", "AUCTION", "HALT", "CLOSE"})
MILLIONTHS: Final = 1e6
ROUNDING: Final = 1e-9
ONE_SIGMA, RARE = 0.8413, 0.95  # shares below; a minute of wide samples must not be a twentieth itself
RARE_SIGMAS = 1.645


class WideSpread:
    """Asked when a minute of a market went by whose spread is a multiple of its median."""

    metadata = METADATA
    triggers = MARKET

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """So many deviations are at least so many times the median."""
        return (
            Condition("market_spread_multiple", math.exp(parameters["deviations_min"] * parameters["sigma_floor"])),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where nearly every sample of the last minute was beyond the usual."""
        market = scene.market
        if market.phase in CLOSED or market.spreads.total < parameters["history_min"]:
            return
        samples = market.spread_samples.since(scene.now_ns - int(parameters["wide_s"] * SECOND_NS))
        spreads = [spread for _, spread in samples]
        if len(spreads) < parameters["samples_min"] or any(math.isnan(spread) for spread in spreads):
            return
        usual = _Usual.of(market, parameters["sigma_floor"])
        narrowest = sorted(spreads)[math.floor((1.0 - parameters["wide_share"]) * len(spreads) + ROUNDING)]
        median = usual.median
        deviations, multiple = math.log(narrowest / median) / usual.sigma, narrowest / usual.rare
        if deviations < parameters["deviations_min"] or multiple < parameters["usual_multiple_min"]:
            return
        score = 0.3 + 0.4 * excess(deviations, parameters["deviations_min"], 2.0)
        yield of_market(
            scene,
            severity=graded(score, (0.3, Severity.LOW), (0.5, Severity.MEDIUM)),
            score=score,
            start_time_ns=samples[0][0],
            explanation=(
                f"Bid and ask stayed {narrowest:.3%} apart or more in {parameters['wide_share']:.0%} of "
                f"{parameters['wide_s']:.0f} s, "
                f"{narrowest / median:.1f} times the usual {median:.3%} ({deviations:.1f} robust deviations) and "
                f"{multiple:.1f} times what is exceeded in one sample of twenty."
            ),
            measurements=(
                Measurement("deviations", deviations, parameters["deviations_min"], "deviations"),
                Measurement("usual_multiple", multiple, parameters["usual_multiple_min"], "x"),
            ),
        )


@dataclass(frozen=True, slots=True)
class _Usual:
    """The usual spread as a share of the price, what one sample in twenty exceeds, and a robust standard deviation of
    the logarithm by the side above the median, where one looks."""

    median: float
    rare: float
    sigma: float

    @classmethod
    def of(cls, market: Any, floor: float) -> _Usual:
        """What was usual before the stretch in hand: the samples held that are beyond the twentieth are left out."""
        high = market.spreads.quantile(RARE) / MILLIONTHS
        held = market.spread_samples.since(0)
        before = 1.0 - sum(spread > high for _, spread in held) / market.spreads.total
        median, one, rare = (market.spreads.quantile(share * before) / MILLIONTHS for share in (0.5, ONE_SIGMA, RARE))
        return cls(median, rare, max(floor, math.log(one / median), math.log(rare / median) / RARE_SIGMAS))
