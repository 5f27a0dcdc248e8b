"""Layering without accounts: walls of like orders that come and go together while the other side trades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from detection_service.engine.scene import Fill, Scene, opposite
from detection_service.engine.triggers import UNNAMED
from detection_service.rules import needs, regulations
from detection_service.rules.pressure import orders as pressing
from detection_service.rules.pressure.rounds import Round, rounds_of
from detection_service.rules.rule import Finding, Metadata, Parameter, excess
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="layering_anonymous",
    version="1.0.0",
    title="Layering, where no accounts are shown",
    typology="LAYERING",
    description=(
        "For public order-by-order feeds. Several large orders of one size come at several prices of one side within a "
        "moment, stand while the other side's best orders trade, and go within a moment untouched, several times "
        "within minutes. Orders of many sizes that go together, as when the price moves, and walls on both sides alike "
        "do not count."
    ),
    needs=(needs.UNNAMED_ORDERS, needs.FILLS),
    parameters=(
        Parameter("layers_min", 3.0, "prices", 2, 50, "fewer is not a stepped wall"),
        Parameter("size_multiple_min", 3.0, "x median", 1, 1000, "each layer is large by itself"),
        Parameter("life_max_s", 60.0, "s", 0.1, 600, "orders left standing longer are exposed to be traded"),
        Parameter("enter_span_s", 2.0, "s", 0.01, 60, "one hand enters its wall in one go"),
        Parameter("withdraw_span_s", 2.0, "s", 0.01, 60, "one hand takes its wall off in one go"),
        Parameter("same_size_share", 0.1, "share", 0, 1, "one hand shows like sizes: all that is known of it"),
        Parameter("depth_share_min", 0.3, "share", 0.05, 1, "the wall moves the imbalance of the best ten levels"),
        Parameter("withdraw_within_s", 5.0, "s", 0.01, 60, "the wall goes soon after the other side has traded"),
        Parameter("rounds_min", 3.0, "rounds", 2, 50, "without accounts only repetition tells a hand from chance"),
        Parameter("memory_s", 600.0, "s", 10, 3600, "rounds of one hand come within minutes"),
        Parameter("one_sided_min", 3.0, "x", 1, 100, "walls here against walls on the other side"),
    ),
    regulations=(
        regulations.MAR_FALSE_SIGNALS,
        regulations.MAR_ORDERS_DISTURB,
        regulations.ANNEX_I_WITHDRAWN,
        regulations.LAYERING,
        regulations.CEA_SPOOFING,
    ),
    known_false_positives=("A market maker of like sizes whose other side trades instead of being withdrawn.",),
    known_gaps=(
        "Who did it is not known: the subject is the market.",
        "Layers of unlike sizes, entered slowly, or shown fewer times are not found.",
        "Large withdrawals of the market beyond the last 64 are forgotten.",
    ),
    triage_steps=(
        "Ask the venue whose orders these are, and who traded on the other side.",
        "Replay the book: how did the imbalance and the best prices answer to each wall?",
    ),
    episode_gap_s=300,
    episode_max_s=3600,
)


class Shown(NamedTuple):
    """A wall that was shown and went, and the other side's fills it went after."""

    wall: Round
    paid: tuple[Fill, ...]


class LayeringAnonymous:
    """Asked a second after a large order without account was withdrawn."""

    metadata = METADATA
    triggers = UNNAMED

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where walls of one side came and went around fills of the other several times."""
        side = scene.pressure_side
        walls = _walls(scene, parameters, side)
        others = _walls(scene, parameters, opposite(side))
        if len(walls) < max(parameters["rounds_min"], parameters["one_sided_min"] * len(others)):
            return
        fills = [
            fill
            for fill in scene.market_fills(walls[0].standing_ns)
            if fill.side is opposite(side) and not fill.aggressor
        ]
        shown = [each for wall in walls if (each := _shown(parameters, wall, fills)) is not None]
        if len(shown) >= parameters["rounds_min"] and shown[-1].wall is walls[-1]:
            yield _finding(scene, parameters, shown)


def _walls(scene: Scene, parameters: Mapping[str, float], side: Side) -> list[Round]:
    """Walls of like orders on a side, oldest first."""
    size_min = parameters["size_multiple_min"] * scene.market.sizes.median
    withdrawn = scene.withdrawals(side, scene.now_ns - int(parameters["memory_s"] * 1e9), size_min)
    rounds = rounds_of(
        [order for order in withdrawn if order.life_s <= parameters["life_max_s"]],
        int(parameters["enter_span_s"] * 1e9),
        int(parameters["withdraw_span_s"] * 1e9),
    )
    return [
        wall
        for wall in rounds
        if wall.prices >= parameters["layers_min"]
        and wall.depth_share >= parameters["depth_share_min"]
        and _is_like(wall, parameters["same_size_share"])
    ]


def _is_like(wall: Round, slack: float) -> bool:
    sizes = [layer.quantity for layer in wall.layers]
    return max(sizes) - min(sizes) <= slack * max(sizes)


def _shown(parameters: Mapping[str, float], wall: Round, fills: list[Fill]) -> Shown | None:
    first_ns = wall.layers[0].time_ns - parameters["withdraw_within_s"] * 1e9
    paid = tuple(fill for fill in fills if max(first_ns, wall.standing_ns) <= fill.time_ns <= wall.end_ns)
    return Shown(wall, paid) if paid else None


def _finding(scene: Scene, parameters: Mapping[str, float], shown: list[Shown]) -> Finding:
    walls = [each.wall for each in shown]
    layers = [layer for wall in walls for layer in wall.layers]
    fills = [fill for each in shown for fill in each.paid]
    last, usual = walls[-1], scene.market.sizes.median
    measures = (
        ("rounds", float(len(walls)), "rounds_min", "rounds"),
        ("layers", float(min(wall.prices for wall in walls)), "layers_min", "prices"),
        ("depth_share", min(wall.depth_share for wall in walls), "depth_share_min", "share"),
    )
    score = 0.3 + 0.3 * sum(excess(seen, parameters[limit]) for _, seen, limit, _ in measures) / len(measures)
    return Finding(
        owners=frozenset(),
        accounts=frozenset(),
        severity=Severity.MEDIUM,
        score=score,
        start_time_ns=min(layer.entry_time_ns for layer in layers),
        end_time_ns=last.end_ns,
        explanation=(
            f"No account is known: in {len(walls)} rounds like {layers[0].side.name.lower()} orders came and went "
            f"together, last {len(last.layers)} at {last.prices} prices, {last.quantity:g} in all and "
            f"{last.depth_share:.0%} of the side's best ten levels, while the other side's best orders traded "
            f"({sum(fill.quantity for fill in fills):g} in all); usual orders here are of {usual:.3g}."
        ),
        measurements=tuple(Measurement(name, seen, parameters[limit], unit) for name, seen, limit, unit in measures),
        opening=frozenset({layers[0].entry_event_id}),
        evidence=pressing.events_of(layers, fills),
        order_ids=pressing.order_ids_of(layers, ()),
        trade_ids=pressing.trade_ids_of(fills),
    )
