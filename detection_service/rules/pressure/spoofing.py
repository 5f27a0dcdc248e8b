"""Spoofing: a large order that was never meant to trade, a genuine fill on the other side, a quick withdrawal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Fill, Scene, Withdrawal, opposite
from detection_service.engine.triggers import PRESSURE
from detection_service.rules import needs, regulations
from detection_service.rules.pressure import orders as pressing
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="spoofing",
    version="2.2.0",
    title="Spoofing",
    typology="SPOOFING",
    description=(
        "A group places an order that is large for the instrument and for its side of the book, trades on the other "
        "side while it stands or just after, and takes it off almost untouched. Orders on both sides alike, as a "
        "market maker's, are not pressure and do not count; nor does a group that lets orders of such size trade, nor "
        "an order whose side the group takes at once after withdrawing it; nor chance: whoever trades all the "
        "time, or turns round with ordinary orders too, has fills around any withdrawal. Where hardly anybody else "
        "withdraws so much so soon, that counts as well. It is judged a second later."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS, needs.FILLS),
    parameters=(
        Parameter("life_max_s", 30.0, "s", 0.1, 600, "orders left standing longer are exposed to be traded"),
        Parameter("size_multiple_min", 5.0, "x median", 1, 1000, "well above what the instrument usually sees"),
        Parameter("depth_share_min", 0.15, "share", 0.01, 1, "enough of the best ten levels to be noticed"),
        Parameter("genuine_ratio_min", 3.0, "x", 1, 1000, "the pressure dwarfs the order that was to be filled"),
        Parameter("withdraw_within_s", 10.0, "s", 0.01, 600, "how soon after the fill the order goes, where repeated"),
        Parameter("once_within_s", 3.0, "s", 0.01, 600, "a single order has to go at once: later may be chance"),
        Parameter("once_life_max_s", 10.0, "s", 0.1, 600, "a single order that stood longer was there to be traded"),
        Parameter("flip_within_s", 2.0, "s", 0, 60, "a fill this soon after the withdrawal still profits from it"),
        Parameter("flips_min", 3.0, "orders", 1, 20, "a hedger changes its mind twice in two minutes"),
        Parameter("memory_s", 120.0, "s", 1, 3600, "how far back repetitions count: as long as an episode"),
        Parameter("chance_max", 0.005, "probability", 0.000001, 1, "that its fills come so close to its withdrawals"),
        Parameter(
            "coincidence_max", 0.1, "probability", 0.000001, 1, "the same, where hardly anybody else withdraws so much"
        ),
        Parameter("one_sided_min", 3.0, "x", 1, 100, "withdrawn here against withdrawn and left on the other side"),
        Parameter(
            "withdrawn_share_min", 0.8, "share", 0, 1, "of such orders, and of each: who lets them trade means them"
        ),
        Parameter("taken_up_within_s", 2.0, "s", 0, 60, "how soon its own side is taken where an order was meant"),
        Parameter("standing_max", 0.5, "share", 0.01, 1, "who still shows half as much on the side has only moved it"),
        Parameter("taken_up_max", 0.5, "share", 0.01, 1, "who buys half of what it offered to buy had meant to"),
    ),
    regulations=(
        regulations.MAR_FALSE_SIGNALS,
        regulations.MAR_ORDERS_DISTURB,
        regulations.ANNEX_I_WITHDRAWN,
        regulations.LAYERING,
        regulations.CEA_SPOOFING,
    ),
    known_false_positives=(
        "An institution that cancels a block as soon as its hedge filled on the other side.",
        "An algorithm that turns round on news and crosses the spread at once.",
    ),
    known_gaps=(
        "Pressure split into many orders of ordinary size is layering's.",
        "A single order of a group that trades so often on the other side that the fill may be chance.",
        "A single order in a market's first minutes: one that stands a second after the fill, or where few trade much.",
        "A spoofer whose genuine trade is on another venue or in a related product is not seen here.",
        "Someone who hides pressure among as many real orders of that size is not found.",
        "An order moved far away by a replace and left there, instead of cancelled, is taken to be still meant.",
    ),
    triage_steps=(
        "Replay the book: did the best prices move while the large order stood?",
        "Compare the group's other days: does it often enter and withdraw such orders?",
        "Ask what the order was for.",
    ),
    episode_gap_s=120,
    episode_max_s=3600,
)
ORDINARY = 2.0
"""Times the usual size that an order may have which presses nobody: what the group does with those is its habit."""


class Spoofing:
    """Asked a second after a group withdrew far more on one side than it traded on the other."""

    metadata = METADATA
    triggers = PRESSURE

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where a large withdrawn order and an opposite fill belong together."""
        large = _large(scene, parameters, scene.now_ns - int(parameters["memory_s"] * 1e9))
        if not large:
            return
        fills = scene.fills(opposite(scene.pressure_side), large[0].entry_time_ns)
        pairs = _pairs(scene, parameters, large, fills)
        if not pairs:
            return
        orders = list(dict.fromkeys(order for order, _ in pairs))
        genuine = list(dict.fromkeys(fill for _, fill in pairs))
        largest = max(orders, key=lambda order: order.quantity)
        if scene.standing(largest.side) >= parameters["standing_max"] * largest.quantity:
            return
        ratio = largest.quantity / pressing.traded_against(scene, orders, genuine)
        if ratio < parameters["genuine_ratio_min"]:
            return
        if sum(order.quantity for order in orders) < parameters["one_sided_min"] * pressing.elsewhere(scene, orders):
            return
        share_min = parameters["withdrawn_share_min"]
        if _withdrawn_share(scene, largest, share_min) < share_min:
            return
        likelihood, limits = _by_chance(scene, parameters, large, pairs), ("chance_max", "coincidence_max")
        chance_max, coincidence_max = (parameters[name] for name in limits)
        life_s = max(order.life_s for order in orders) + 1
        if len(pressing.accounts_of(orders, genuine)) > 1:
            coincidence_max = chance_max  # two hands of an owner come together by chance more often
        if not pressing.is_beyond_chance(scene, likelihood, chance_max, coincidence_max, largest.quantity, life_s):
            return
        yield _finding(scene, parameters, orders, genuine, largest, ratio)


def _withdrawn_share(scene: Scene, largest: Withdrawal, untouched_min: float) -> float:
    """Of the group's orders of at least half this size, how many were withdrawn rather than traded: those that traded
    no more than what may be missing of an order almost untouched were not let trade."""
    size = largest.quantity / 2
    withdrawn = scene.withdrawn_orders(largest.side, size)
    traded: dict[str, float] = {}
    for fill in scene.fills(None, 0):
        if fill.order_quantity >= size:
            order = fill.order_id or fill.event_id
            traded[order] = traded.get(order, 0.0) + fill.quantity / fill.order_quantity
    return withdrawn / (withdrawn + sum(share > 1 - untouched_min for share in traded.values()))


def _by_chance(
    scene: Scene, parameters: Mapping[str, float], large: list[Withdrawal], pairs: list[tuple[Withdrawal, Fill]]
) -> float:
    """Probability that by chance so many of its large orders went so soon around a fill."""
    flip = pairs[0][1].time_ns > pairs[0][0].time_ns
    within = 0.0 if flip else parameters["withdraw_within_s"] * 1e9
    after = parameters["flip_within_s"] * 1e9 if flip else 0.0
    spans = [(order.entry_time_ns, order.time_ns) for order in large]
    small_max = ORDINARY * scene.market.sizes.median
    ordinary = [
        (order.entry_time_ns, order.time_ns)
        for order in scene.withdrawals(large[0].side, 0)
        if order.quantity <= small_max and not any(stood <= order.time_ns <= gone for stood, gone in spans)
    ]
    earlier = [(order.entry_time_ns, order.time_ns) for order in _large(scene, parameters, 0)]
    return pressing.by_chance(scene, opposite(large[0].side), spans, within, after, ordinary, earlier[: -len(spans)])


def _large(scene: Scene, parameters: Mapping[str, float], since: int) -> list[Withdrawal]:
    """Large orders withdrawn since a time that the group did not take up again, oldest first."""
    size_min = parameters["size_multiple_min"] * scene.market.sizes.median
    return [
        order
        for order in scene.withdrawals(scene.pressure_side, since, size_min)
        if order.life_s <= parameters["life_max_s"]
        and order.depth_share >= parameters["depth_share_min"]
        and pressing.taken_up(scene, order, parameters["taken_up_within_s"]) < parameters["taken_up_max"]
    ]


def _pairs(
    scene: Scene, parameters: Mapping[str, float], large: list[Withdrawal], fills: list[Fill]
) -> list[tuple[Withdrawal, Fill]]:
    """Orders and the fills they paid for: filled while they stood; else filled just after, which must be repeated."""
    pairs = [(order, fill) for order in large for fill in fills if _while_standing(order, fill, parameters)]
    repeated = len({order for order, _ in pairs}) > 1
    soon_s, life_s = (
        (parameters["withdraw_within_s"], parameters["life_max_s"])
        if repeated
        else (
            parameters["once_within_s"],
            parameters["once_life_max_s"],
        )
    )
    since = scene.now_ns - int((parameters["withdraw_within_s"] + parameters["flip_within_s"]) * 1e9)
    recent = [
        (order, fill)
        for order, fill in pairs
        if order.time_ns >= since and _gap_s(order, fill) <= soon_s and order.life_s <= life_s
    ]
    if recent:
        return recent
    pairs = [(order, fill) for order in large for fill in fills if _just_after(order, fill, parameters)]
    return pairs if len({order for order, _ in pairs}) >= parameters["flips_min"] else []


def _gap_s(order: Withdrawal, fill: Fill) -> float:
    """Seconds from the fill to the withdrawal."""
    return (order.time_ns - fill.time_ns) / 1e9


def _while_standing(order: Withdrawal, fill: Fill, parameters: Mapping[str, float]) -> bool:
    """Whether the fill came while the order stood, and it went soon after."""
    return order.entry_time_ns <= fill.time_ns and 0 <= _gap_s(order, fill) <= parameters["withdraw_within_s"]


def _just_after(order: Withdrawal, fill: Fill, parameters: Mapping[str, float]) -> bool:
    """Whether the fill came just after the order went."""
    return 0 < -_gap_s(order, fill) <= parameters["flip_within_s"]


def _finding(
    scene: Scene,
    parameters: Mapping[str, float],
    orders: list[Withdrawal],
    genuine: list[Fill],
    largest: Withdrawal,
    ratio: float,
) -> Finding:
    multiple = largest.quantity / scene.market.sizes.median
    measures = (
        ("size_multiple", multiple, "size_multiple_min", "x median"),
        ("depth_share", largest.depth_share, "depth_share_min", "share"),
        ("genuine_ratio", ratio, "genuine_ratio_min", "x"),
    )
    quick = excess(parameters["life_max_s"], max(largest.life_s, 1e-3))
    excesses = [quick, *(excess(observed, parameters[limit]) for _, observed, limit, _ in measures)]
    score = 0.4 + 0.6 * sum(excesses) / len(excesses)
    accounts = pressing.accounts_of(orders, genuine)
    filled = sum(fill.quantity for fill in genuine)
    side, other = largest.side.name.lower(), genuine[0].side.name.lower()
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.6, Severity.HIGH), (0.85, Severity.CRITICAL)),
        score=score,
        start_time_ns=min(order.entry_time_ns for order in orders),
        end_time_ns=max(*(order.time_ns for order in orders), *(fill.time_ns for fill in genuine)),
        explanation=(
            f"Withdrew a {side} order of {largest.quantity:g} after {largest.life_s:.2f} s, {multiple:.1f} times the "
            f"instrument's usual order and {largest.depth_share:.0%} of its side's best ten levels, around "
            f"{other} fills of {filled:g}; usual orders here are of {scene.market.sizes.median:.3g}."
        ),
        measurements=(
            *(Measurement(name, observed, parameters[limit], unit) for name, observed, limit, unit in measures),
            Measurement("life", largest.life_s, parameters["life_max_s"], "s"),
        ),
        opening=frozenset({orders[0].entry_event_id, genuine[0].event_id}),
        evidence=pressing.events_of(orders, genuine),
        order_ids=pressing.order_ids_of(orders, genuine),
        trade_ids=pressing.trade_ids_of(genuine),
    )
