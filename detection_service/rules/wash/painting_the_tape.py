"""Painting the tape: small trades among a few that set new highs, or lows, for others to see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from detection_service.engine.scene import PairTrade, Scene, Steps, Takings
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from detection_service.rules.wash import chance
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="painting_the_tape",
    version="1.0.0",
    title="Painting the tape",
    typology="PAINTING_THE_TAPE",
    description=(
        "A group takes the price up (or down) in small trades whose other side is again and again the same one to "
        "three groups: new highs are printed for others to see, at little risk, as what is bought stays in the circle. "
        "A buyer who works an order takes from whoever offers; this one meets the same few, far beyond chance."
    ),
    needs=(needs.ACCOUNTS, needs.MATCHES),
    parameters=(
        Parameter("window_s", 1800.0, "s", 60, 3600, "the tape is painted while others look"),
        Parameter("pushes_min", 4.0, "trades", 2, 64, "fewer steps are no tape"),
        Parameter("one_way_min", 3.0, "x", 1, 100, "pushes one way against pushes the other"),
        Parameter("partners_max", 3.0, "groups", 1, 5, "a circle is small"),
        Parameter("partners_share_min", 0.7, "share", 0.1, 1, "of the trades that took the price there"),
        Parameter("surprise_min", 7.0, "nats", 1, 100, "by chance once in e^7 = 1,100 such groups"),
        Parameter("size_multiple_max", 1.0, "x median", 0.01, 10, "small, or it would be real buying"),
        Parameter("new_extremes_min", 3.0, "trades", 1, 64, "new highs (lows) of the window that the circle printed"),
        Parameter("move_share_min", 0.5, "share", 0, 1, "of all steps in that direction; others do not follow yet"),
    ),
    regulations=(
        regulations.SEA_SERIES_OF_TRANSACTIONS,
        regulations.CEA_FALSE_PRICE,
        regulations.MAR_PRICE_SECURED,
        regulations.PAINTING_THE_TAPE,
    ),
    known_false_positives=(
        "A patient buyer in a market with one or two sellers, while others trade elsewhere.",
        "A maker that hedges with the same dealer through the book.",
    ),
    known_gaps=(
        "Painting against whoever offers, without a circle: that is ramping.",
        "Circles of five and more, and trades larger than the usual order.",
        "Sources that do not say who took liquidity.",
    ),
    triage_steps=(
        "Look for a link between the sides.",
        "Did the circle, or somebody close to it, sell to others afterwards?",
        "What would the price have been without these trades?",
    ),
    episode_gap_s=1800,
    episode_max_s=14_400,
)

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Painted:
    """What a circle printed in one direction since a time."""

    side: Side
    since_ns: int
    circle: frozenset[str]
    partners_share: float
    expected: float
    surprise: float
    size_multiple: float


class PaintingTheTape:
    """Asked at moments of a group that takes liquidity."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """What the core checks before it asks."""
        return (
            Condition("aggressive_fills_30m", at_least=parameters["pushes_min"]),
            Condition("net_pushes_5m", at_least=1),
            Condition("pushes_30m", at_least=parameters["pushes_min"]),
            Condition("push_share_30m", at_least=_one_way_share(parameters)),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the group's pushes go one way and meet a circle."""
        side = _direction(scene, parameters)
        if side is None:
            return
        since_ns = max(scene.now_ns - int(parameters["window_s"] * 1e9), scene.held_since_ns())
        few, share_min = int(parameters["partners_max"]), parameters["partners_share_min"]
        if not scene.takes_from_few(side, since_ns, parameters["pushes_min"], few, share_min):
            return
        painted = _painted(scene, parameters, scene.takings(side, since_ns), side)
        if painted is None or painted.surprise < parameters["surprise_min"]:
            return
        steps = scene.steps(painted.since_ns, painted.circle, side)
        if (
            steps.extremes >= parameters["new_extremes_min"]
            and steps.own_length >= parameters["move_share_min"] * steps.all_length > 0
        ):
            yield _finding(scene, parameters, painted, steps)


def _one_way_share(parameters: Mapping[str, float]) -> float:
    """What the pushes one way are of both ways' at least, a rounding error less."""
    return parameters["one_way_min"] / (1 + parameters["one_way_min"]) - ROUNDING


def _direction(scene: Scene, parameters: Mapping[str, float]) -> Side | None:
    """The way the group pushes the price; None where it does not, or both ways."""
    up, down = scene.metric("pushes_up_30m"), scene.metric("pushes_down_30m")
    if max(up, down) < parameters["pushes_min"] or max(up, down) < parameters["one_way_min"] * min(up, down):
        return None
    return Side.BUY if up >= down else Side.SELL


def _painted(scene: Scene, parameters: Mapping[str, float], takings: Takings, side: Side) -> Painted | None:
    """How far those it took from most are beyond chance; None where the trades are not small."""
    met, taken, partners_max = takings.met, len(takings.quantities), int(parameters["partners_max"])
    together = sum(sorted(met.values())[-partners_max:])
    size_multiple = median(takings.quantities) / scene.market.sizes.median
    if size_multiple > parameters["size_multiple_max"]:
        return None
    partners = sorted(met, key=lambda group: (-met[group], group))[:partners_max]
    given = 1 if side is Side.BUY else 0
    offered = sum(scene.sides(takings.first_ns, group)[given] for group in partners)
    expected = takings.on_side * offered / max(1, chance.market_trades(scene, takings.first_ns))
    return Painted(
        side=side,
        since_ns=takings.first_ns,
        circle=frozenset({scene.group, *partners}),
        partners_share=together / taken,
        expected=expected,
        surprise=chance.surprise_nats(together, expected) - chance.choices_nats(len(met), len(partners)),
        size_multiple=size_multiple,
    )


def _inside_steps(scene: Scene, painted: Painted) -> Iterator[PairTrade]:
    """The circle's trades that took the price on."""
    sign = 1 if painted.side is Side.BUY else -1
    for before, trade in pairwise(scene.matches(painted.since_ns)):
        if sign * (trade.price - before.price) > 0 and {trade.buyer, trade.seller} <= painted.circle:
            yield trade


def _finding(scene: Scene, parameters: Mapping[str, float], painted: Painted, steps: Steps) -> Finding:
    made = chance.dealings(scene, scene.group, painted.since_ns)
    fills = [
        each.fill
        for each in made
        if each.fill.side is painted.side and each.fill.aggressor and each.other in painted.circle
    ]
    accounts = frozenset(account for fill in fills for account in (fill.account, fill.contra)) - {""}
    share = steps.own_length / steps.all_length
    score = (
        0.45
        + 0.2 * excess(steps.extremes, parameters["new_extremes_min"])
        + 0.2 * excess(painted.surprise, parameters["surprise_min"])
        + 0.15 * share
    )
    way = "up" if painted.side is Side.BUY else "down"
    extremes = "highs" if painted.side is Side.BUY else "lows"
    first, last = fills[0].price, fills[-1].price
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.45, Severity.MEDIUM), (0.75, Severity.HIGH)),
        score=min(1.0, score),
        start_time_ns=fills[0].time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"Took the price {way} from {first:g} to {last:g} in {len(fills)} trades of "
            f"{painted.size_multiple:.1f} times the usual order with the same {len(painted.circle) - 1} on the other "
            f"side, {painted.partners_share:.0%} of its takings, and printed {steps.extremes} new {extremes}; chance "
            f"gives groups so active {painted.expected:.1f} such trades."
        ),
        measurements=(
            Measurement("new_extremes", float(steps.extremes), parameters["new_extremes_min"], "trades"),
            Measurement("partners_share", painted.partners_share, parameters["partners_share_min"], "share"),
            Measurement("surprise", painted.surprise, parameters["surprise_min"], "nats"),
            Measurement("size_multiple", painted.size_multiple, parameters["size_multiple_max"], "x median"),
            Measurement("move_share", share, parameters["move_share_min"], "share"),
        ),
        opening=frozenset({fills[0].event_id}),
        evidence=frozenset(fill.event_id for fill in fills)
        | frozenset(trade.event_id for trade in _inside_steps(scene, painted)),
        order_ids=frozenset(fill.order_id for fill in fills) - {""},
        trade_ids=frozenset(fill.trade_id for fill in fills) - {""},
    )
