"""Layering: several orders stepped over the book on one side, put on and taken off together to move others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from detection_service.engine.scene import Fill, Scene, Withdrawal, opposite
from detection_service.engine.triggers import PRESSURE
from detection_service.rules import needs, regulations
from detection_service.rules.pressure import orders as pressing
from detection_service.rules.pressure.rounds import Round, rounds_of
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="layering",
    version="2.2.0",
    title="Layering",
    typology="LAYERING",
    description=(
        "A group keeps orders at several prices on one side at the same time and takes almost all of them off "
        "together: either it trades on the other side meanwhile, or it does so again and again within minutes without "
        "letting them trade, moved along with the price or not. Layers that fill, that stand on both sides alike, or "
        "whose side the group takes at once after withdrawing them, do not count, nor fills that come by chance "
        "since the group trades all the time. It is judged a second later."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS),
    parameters=(
        Parameter("layers_min", 3.0, "prices", 2, 50, "fewer is not a stepped wall"),
        Parameter("window_s", 120.0, "s", 1, 120, "how long layers may stand and still belong together"),
        Parameter("enter_span_s", 10.0, "s", 0.1, 120, "layers of one wall come together"),
        Parameter("withdraw_span_s", 5.0, "s", 0.1, 120, "layers of one wall go together"),
        Parameter("withdraw_within_s", 10.0, "s", 0.01, 120, "how soon after the fill the wall goes"),
        Parameter("cancelled_share_min", 0.7, "share", 0.1, 1, "the layers were not meant to trade"),
        Parameter("genuine_ratio_min", 3.0, "x", 1, 1000, "the wall dwarfs the order that was to be filled"),
        Parameter("size_multiple_min", 4.0, "x median", 1, 1000, "the wall together is large for the instrument"),
        Parameter("depth_share_min", 0.15, "share", 0.01, 1, "the wall is enough of the best ten levels to be noticed"),
        Parameter("chance_max", 0.05, "probability", 0.000001, 1, "that fills come so close; few walls come by chance"),
        Parameter(
            "coincidence_max", 0.2, "probability", 0.000001, 1, "the same, where hardly anybody else withdraws walls"
        ),
        Parameter("one_sided_min", 3.0, "x", 1, 100, "withdrawn here against withdrawn and left on the other side"),
        Parameter("flip_within_s", 2.0, "s", 0, 60, "a fill this soon after the withdrawal still profits from it"),
        Parameter("flips_min", 3.0, "walls", 1, 20, "filled only after they went: a maker fades its quotes twice"),
        Parameter("rounds_min", 3.0, "rounds", 2, 50, "without a fill: once or twice is a change of mind"),
        Parameter("layer_multiple_min", 4.0, "x median", 1, 1000, "without a fill: each layer is large by itself"),
        Parameter("off_touch_min", 2.0, "x spread", 0, 100, "without a fill: the walls stay where they hardly trade"),
        Parameter("rounds_window_s", 600.0, "s", 10, 3600, "rounds of one campaign come within minutes"),
        Parameter("untraded_share_min", 0.9, "share", 0.5, 1, "without a fill: the layers must hardly ever trade"),
        Parameter("taken_up_within_s", 2.0, "s", 0, 60, "how soon its own side is taken where layers were meant"),
        Parameter("standing_max", 0.5, "share", 0.01, 1, "who still shows half as much on the side has only moved it"),
        Parameter("taken_up_max", 0.5, "share", 0.01, 1, "who buys half of what it offered to buy had meant to"),
    ),
    regulations=(
        regulations.MAR_FALSE_SIGNALS,
        regulations.MAR_ORDERS_DISTURB,
        regulations.ANNEX_I_WITHDRAWN,
        regulations.LAYERING,
        regulations.CEA_SPOOFING,
        regulations.FINRA_BONA_FIDE,
        regulations.FINRA_DISRUPTIVE_QUOTING,
    ),
    known_false_positives=(
        "A one-sided market maker that fades its quotes after being filled on the other side, or three times in a row.",
        "A scaled order that is cancelled as a whole when its parent is done.",
        "A ladder of orders taken off and set anew around a moving price, three times within ten minutes, untraded.",
    ),
    known_gaps=(
        "Layers beyond the last 64 withdrawals of the group are forgotten.",
        "Fewer than three rounds without any fill, or with fills such as the group always has, are not found.",
        "Rounds without a fill that are many minutes apart are not found.",
        "Layers taken off one by one over more than some seconds are not seen as one wall.",
        "An order moved far away by a replace and left there, instead of cancelled, is taken to be still meant.",
    ),
    triage_steps=(
        "Replay the book: how much of the side's depth were the layers?",
        "Check how many of the group's layers ever trade on other days.",
        "Look for the same pattern on the opposite side afterwards, and for fills on other venues and products.",
    ),
    episode_gap_s=120,
    episode_max_s=3600,
)


class Layering:
    """Asked a second after a group withdrew far more on one side than it traded on the other."""

    metadata = METADATA
    triggers = PRESSURE

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where a wall went around an opposite fill, or where walls come and go untraded."""
        rounds = _walls(scene, parameters)
        if not rounds or rounds[-1].end_ns < scene.now_ns - _recent_ns(parameters):
            return
        last = rounds[-1]
        if scene.standing(scene.pressure_side) >= parameters["standing_max"] * last.quantity:
            return
        layers = [layer for each in rounds for layer in each.layers]
        if sum(layer.quantity for layer in layers) < parameters["one_sided_min"] * pressing.elsewhere(scene, layers):
            return
        fills = _paid(scene, parameters, rounds)
        if fills and _ratio(scene, last, fills) >= parameters["genuine_ratio_min"]:
            cancelled = last.quantity / (last.quantity + _traded(scene, last.layers))
            if cancelled < parameters["cancelled_share_min"]:
                return
            if _is_beyond_chance(scene, parameters, rounds, fills):
                since = last.end_ns - int(METADATA.episode_gap_s * 1e9)
                yield _finding(scene, parameters, [each for each in rounds if each.end_ns >= since], fills)
                return
        aloof = [each for each in rounds if _is_aloof(scene, parameters, each)]
        if not aloof or aloof[-1] is not last:
            return
        known = scene.open_episode(scene.owners(pressing.accounts_of(last.layers, ()))) is not None
        if len(aloof) < (1 if known else parameters["rounds_min"]):
            return
        layers = [layer for each in aloof for layer in each.layers]
        withdrawn = sum(layer.quantity for layer in layers)
        if withdrawn >= parameters["untraded_share_min"] * (withdrawn + _traded(scene, layers)):
            yield _finding(scene, parameters, aloof, [])


def _is_aloof(scene: Scene, parameters: Mapping[str, float], wall: Round) -> bool:
    """Whether every layer of a wall is large and stood off the best price, where it hardly trades."""
    size_min = parameters["layer_multiple_min"] * scene.market.sizes.median
    distance_min = parameters["off_touch_min"] * pressing.usual_spread(scene)
    return all(layer.quantity >= size_min and layer.distance >= distance_min for layer in wall.layers)


def _recent_ns(parameters: Mapping[str, float]) -> int:
    """How long ago a wall may have gone to be the one in question: its own span, and a flip after it, and the hold."""
    return int((parameters["withdraw_span_s"] + parameters["flip_within_s"] + 1) * 1e9)


def _may_be_a_wall(scene: Scene, parameters: Mapping[str, float]) -> bool:
    """Whether enough went together lately for the wall in question; all walls of the campaign take longer to find."""
    enter_span_ns, withdraw_span_ns = (int(parameters[name] * 1e9) for name in ("enter_span_s", "withdraw_span_s"))
    since = scene.now_ns - _recent_ns(parameters) - withdraw_span_ns
    together = scene.gone_together(scene.pressure_side, since, parameters["window_s"], enter_span_ns, withdraw_span_ns)
    return together >= parameters["layers_min"]


def _walls(scene: Scene, parameters: Mapping[str, float]) -> list[Round]:
    """The group's walls on the side within the campaign's window that were not taken up again, oldest first."""
    if not _may_be_a_wall(scene, parameters):
        return []
    since = scene.now_ns - int(parameters["rounds_window_s"] * 1e9)
    held = scene.withdrawals(scene.pressure_side, since)
    found = rounds_of(
        [layer for layer in held if layer.life_s <= parameters["window_s"]],
        int(parameters["enter_span_s"] * 1e9),
        int(parameters["withdraw_span_s"] * 1e9),
    )
    size_min = parameters["size_multiple_min"] * scene.market.sizes.median
    return [
        wall
        for wall in found
        if wall.prices >= parameters["layers_min"]
        and wall.quantity >= size_min
        and wall.depth_share >= parameters["depth_share_min"]
        and _taken_up(scene, wall, parameters) < parameters["taken_up_max"]
    ]


def _taken_up(scene: Scene, wall: Round, parameters: Mapping[str, float]) -> float:
    """Share of a wall that the group traded on the wall's own side soon after it went."""
    last_ns = wall.end_ns + parameters["taken_up_within_s"] * 1e9
    fills = scene.fills(scene.pressure_side, wall.end_ns)
    return sum(fill.quantity for fill in fills if fill.time_ns <= last_ns) / wall.quantity


def _paid(scene: Scene, parameters: Mapping[str, float], rounds: Sequence[Round]) -> list[Fill]:
    """Fills on the other side while the last wall stood, if it went soon after them, and those just after it went;
    these alone only where it was so several times: who takes its orders off and trades the other way once or twice may
    have changed its mind."""
    fills = _around(scene, parameters, rounds[-1])
    if any(fill.time_ns <= rounds[-1].end_ns for fill in fills):
        return fills
    since = rounds[-1].end_ns - int(METADATA.episode_gap_s * 1e9)
    turned = sum(bool(_around(scene, parameters, wall)) for wall in rounds if wall.end_ns >= since)
    return fills if turned >= parameters["flips_min"] else []


def _around(scene: Scene, parameters: Mapping[str, float], wall: Round) -> list[Fill]:
    """Fills on the other side around the going of a wall."""
    first_ns = max(wall.standing_ns, int(wall.end_ns - parameters["withdraw_within_s"] * 1e9))
    last_ns = wall.end_ns + parameters["flip_within_s"] * 1e9
    return [fill for fill in scene.fills(opposite(wall.layers[0].side), first_ns) if fill.time_ns <= last_ns]


def _is_beyond_chance(
    scene: Scene, parameters: Mapping[str, float], rounds: Sequence[Round], paid: Sequence[Fill]
) -> bool:
    """Whether chance hardly ever has so many of its walls go so soon around a fill."""
    within, after = (parameters[name] * 1e9 for name in ("withdraw_within_s", "flip_within_s"))
    spans = [(wall.standing_ns, wall.end_ns) for wall in rounds]
    likelihood = pressing.by_chance(scene, opposite(scene.pressure_side), spans, within, after)
    chance_max, coincidence_max = parameters["chance_max"], parameters["coincidence_max"]
    if len(pressing.accounts_of(rounds[-1].layers, paid)) > 1:
        coincidence_max = chance_max  # two hands of an owner come together by chance more often
    life_s = max(layer.life_s for layer in rounds[-1].layers) + 1
    wall = rounds[-1].quantity
    return pressing.is_beyond_chance(scene, likelihood, chance_max, coincidence_max, wall, life_s)


def _ratio(scene: Scene, wall: Round, fills: Sequence[Fill]) -> float:
    return wall.quantity / pressing.traded_against(scene, wall.layers, fills)


def _traded(scene: Scene, layers: Sequence[Withdrawal]) -> float:
    """What the group traded on the side of its layers since the first of them."""
    return sum(fill.quantity for fill in _hit(scene, layers))


def _hit(scene: Scene, layers: Sequence[Withdrawal]) -> list[Fill]:
    """The group's fills on the side of its layers since the first of them: layers that were hit among them."""
    return scene.fills(layers[0].side, min(layer.entry_time_ns for layer in layers))


def _finding(scene: Scene, parameters: Mapping[str, float], rounds: Sequence[Round], fills: Sequence[Fill]) -> Finding:
    layers = [layer for each in rounds for layer in each.layers]
    wall = max(rounds, key=lambda each: each.quantity)
    usual = scene.market.sizes.median
    total = sum(layer.quantity for layer in layers)
    hit = _hit(scene, layers)
    traded = sum(fill.quantity for fill in hit)
    measures = [
        ("layers", float(wall.prices), "layers_min", "prices"),
        ("size_multiple", wall.quantity / usual, "size_multiple_min", "x median"),
        ("depth_share", wall.depth_share, "depth_share_min", "share"),
    ]
    if fills:
        measures.append(("genuine_ratio", _ratio(scene, rounds[-1], fills), "genuine_ratio_min", "x"))
    else:
        measures.append(("rounds", float(len(rounds)), "rounds_min", "rounds"))
    excesses = [excess(observed, parameters[limit]) for _, observed, limit, _ in measures]
    score = 0.4 + 0.6 * sum(excesses) / len(excesses)
    accounts = pressing.accounts_of(layers, fills)
    share = Measurement("cancelled_share", total / (total + traded), parameters["cancelled_share_min"], "share")
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.6, Severity.HIGH), (0.85, Severity.CRITICAL)),
        score=score,
        start_time_ns=min(layer.entry_time_ns for layer in layers),
        end_time_ns=max([layer.time_ns for layer in layers] + [fill.time_ns for fill in fills]),
        explanation=_explanation(rounds, fills, measures[-1][1], share.observed, usual, _meanwhile(scene, layers)),
        measurements=(
            *(Measurement(name, seen, parameters[limit], unit) for name, seen, limit, unit in measures),
            share,
        ),
        opening=frozenset({layers[0].entry_event_id, *(fill.event_id for fill in fills[:1])}),
        evidence=pressing.events_of(layers, [*fills, *hit]),
        order_ids=pressing.order_ids_of(layers, [*fills, *hit]),
        trade_ids=pressing.trade_ids_of([*fills, *hit]),
    )


def _meanwhile(scene: Scene, layers: Sequence[Withdrawal]) -> str:
    """What the group traded on the other side while untraded walls came and went."""
    others = scene.fills(opposite(layers[0].side), min(layer.entry_time_ns for layer in layers))
    return "trading on the other side no more than it always does" if others else "without trading on the other side"


def _explanation(
    rounds: Sequence[Round], fills: Sequence[Fill], ratio: float, cancelled_share: float, usual: float, meanwhile: str
) -> str:
    wall = rounds[-1] if fills else max(rounds, key=lambda each: each.quantity)
    side = wall.layers[0].side.name.lower()
    span_s = (wall.end_ns - wall.layers[0].time_ns) / 1e9
    what = (
        f"ithdrew {len(wall.layers)} {side} orders at {wall.prices} prices, {wall.quantity:g} in all and "
        f"{wall.depth_share:.0%} of the side's best ten levels, within {span_s:.2f} s"
    )
    if fills:
        filled = sum(fill.quantity for fill in fills)
        how = f"W{what}, {ratio:.1f} times the {filled:g} it traded on the other side meanwhile"
    else:
        minutes = (rounds[-1].end_ns - rounds[0].layers[0].entry_time_ns) / 60e9
        how = f"In {len(rounds)} rounds within {minutes:.1f} minutes w{what} at most, {meanwhile}"
    return f"{how}; {cancelled_share:.0%} of the layers never traded and usual orders here are of {usual:.3g}."
