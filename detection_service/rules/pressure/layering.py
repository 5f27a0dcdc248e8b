"""Layering: several orders stepped over the book on one side, a fill on the other, and the layers go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Fill, Scene, Withdrawal, opposite
from detection_service.engine.triggers import PRESSURE
from detection_service.rules import needs, regulations
from detection_service.rules.pressure.spoofing import elsewhere, traded_against
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="layering",
    version="1.0.0",
    title="Layering",
    typology="LAYERING",
    description=(
        "A group keeps orders at several prices on one side at the same time, trades on the other side, and takes "
        "almost all of the layers off. Layers that fill, or that stand on both sides alike, do not count."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS, needs.FILLS),
    parameters=(
        Parameter("layers_min", 3.0, "prices", 2, 50, "fewer is not a stepped wall"),
        Parameter("window_s", 120.0, "s", 1, 120, "how long layers may stand and still belong together"),
        Parameter("withdraw_span_s", 15.0, "s", 0.1, 120, "layers of one wall go together"),
        Parameter("cancelled_share_min", 0.7, "share", 0.1, 1, "the layers were not meant to trade"),
        Parameter("genuine_ratio_min", 3.0, "x", 1, 1000, "the wall dwarfs the order that was to be filled"),
        Parameter("size_multiple_min", 4.0, "x median", 1, 1000, "the wall together is large for the instrument"),
        Parameter("one_sided_min", 3.0, "x", 1, 100, "withdrawn here against withdrawn and left on the other side"),
        Parameter("flip_within_s", 2.0, "s", 0, 60, "a fill this soon after the withdrawal still profits from it"),
    ),
    regulations=(
        regulations.MAR_FALSE_SIGNALS,
        regulations.MAR_ORDERS_DISTURB,
        regulations.ANNEX_I_WITHDRAWN,
        regulations.LAYERING,
        regulations.FINRA_BONA_FIDE,
        regulations.FINRA_DISRUPTIVE_QUOTING,
    ),
    known_false_positives=(
        "A one-sided market maker that fades its quotes after being filled on the other side.",
        "A scaled order that is cancelled as a whole when its parent is done.",
    ),
    known_gaps=(
        "Repeated pressure without any fill is not found.",
        "Layers beyond the last 64 withdrawals of the group are forgotten.",
    ),
    triage_steps=(
        "Replay the book: how much of the side's depth were the layers?",
        "Check how many of the group's layers ever trade on other days.",
        "Look for the same pattern on the opposite side afterwards.",
    ),
    episode_gap_s=120,
    episode_max_s=3600,
)


class Layering:
    """Asked when a group withdrew far more on one side than it traded on the other."""

    metadata = METADATA
    triggers = PRESSURE

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where layers stood together around an opposite fill and went together."""
        side = scene.pressure_side
        standing = scene.withdrawn_together(side, scene.now_ns - int(parameters["withdraw_span_s"] * 1e9))
        layers = [layer for layer in standing if layer.life_s <= parameters["window_s"]]
        if len({layer.price for layer in layers}) < parameters["layers_min"]:
            return
        since = min(layer.entry_time_ns for layer in layers)
        last_ns = max(layer.time_ns for layer in layers) + int(parameters["flip_within_s"] * 1e9)
        fills = [fill for fill in scene.fills(opposite(side), since) if fill.time_ns <= last_ns]
        if not fills:
            return
        total = sum(layer.quantity for layer in layers)
        traded = sum(fill.quantity for fill in scene.fills(side, since))
        measures = {
            "layers": float(len({layer.price for layer in layers})),
            "cancelled_share": total / (total + traded),
            "genuine_ratio": total / traded_against(scene, layers, fills),
            "size_multiple": total / scene.market.sizes.median,
        }
        if any(observed < parameters[f"{name}_min"] for name, observed in measures.items()):
            return
        if total < parameters["one_sided_min"] * elsewhere(scene, layers):
            return
        yield _finding(scene, parameters, layers, fills, measures)


def _finding(
    scene: Scene,
    parameters: Mapping[str, float],
    layers: list[Withdrawal],
    fills: list[Fill],
    measures: Mapping[str, float],
) -> Finding:
    units = {"layers": "prices", "cancelled_share": "share", "genuine_ratio": "x", "size_multiple": "x median"}
    excesses = [
        excess(measures[name], parameters[f"{name}_min"]) for name in ("layers", "genuine_ratio", "size_multiple")
    ]
    score = 0.45 + 0.55 * sum(excesses) / len(excesses)
    accounts = frozenset([*(layer.account for layer in layers), *(fill.account for fill in fills)])
    total, filled = sum(layer.quantity for layer in layers), sum(fill.quantity for fill in fills)
    span = (max(layer.time_ns for layer in layers) - min(layer.time_ns for layer in layers)) / 1e9
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.6, Severity.HIGH), (0.85, Severity.CRITICAL)),
        score=score,
        start_time_ns=min(layer.entry_time_ns for layer in layers),
        end_time_ns=scene.now_ns,
        explanation=(
            f"Withdrew {len(layers)} {layers[0].side.name.lower()} orders at {measures['layers']:.0f} prices, "
            f"{total:g} in all, within {span:.2f} s, {measures['genuine_ratio']:.1f} times the {filled:g} it traded on "
            f"the other side meanwhile; {measures['cancelled_share']:.0%} of the layers never traded and usual orders "
            f"here are of {scene.market.sizes.median:.3g}."
        ),
        measurements=tuple(
            Measurement(name, observed, parameters[f"{name}_min"], units[name]) for name, observed in measures.items()
        ),
        opening=frozenset({layers[0].entry_event_id, fills[0].event_id}),
        evidence=frozenset(
            {layer.entry_event_id for layer in layers}
            | {layer.event_id for layer in layers}
            | {fill.event_id for fill in fills}
        ),
        order_ids=frozenset([*(layer.order_id for layer in layers), *(fill.order_id for fill in fills)]) - {""},
        trade_ids=frozenset(fill.trade_id for fill in fills if fill.trade_id),
    )
