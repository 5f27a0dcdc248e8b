"""Ramping: a price pushed step by step by one group's own aggressive trades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from detection_service.engine.scene import Fill, Push, Scene
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.flow.pushes import exits, mean_price
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from detection_service.rules.usual import MINUTE_NS, moves, usual_move
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="ramping",
    version="1.1.0",
    title="Ramping",
    typology="RAMPING",
    description=(
        "Over minutes a group's own aggressive trades set most of the new highs (or lows) of a move well beyond what "
        "the price usually covers in that time. Nearly every one of its trades moves the price, and it moves it far "
        "more than its share of the volume would. Who works a large order buys at prices that hold, and most of its "
        "trades do not move them. Trading the other way afterwards, better, makes it graver; without that, more is "
        "asked."
    ),
    needs=(needs.FILLS, needs.ACCOUNTS, needs.PRINTS),
    parameters=(
        Parameter("pushes_min", 8.0, "trades", 3, 1000, "net pushes of one side: fewer steps are chance or a sweep"),
        Parameter("lasted_min_s", 30.0, "s", 0, 1800, "step by step: one order that sweeps the book is no ramp"),
        Parameter("moves_min", 1.5, "x usual", 0.5, 100, "the usual move of a minute grown by the root of minutes"),
        Parameter("move_share_min", 0.5, "share", 0.1, 1, "of the new extremes: most of the move is its own"),
        Parameter("push_rate_min", 0.6, "share", 0.1, 1, "of its aggressive trades; about a third for patient orders"),
        Parameter("leverage_min", 1.5, "x", 1, 100, "its share of the move to its share of the volume"),
        Parameter("alone_factor", 1.6, "x", 1, 10, "how much further it must go where it has not traded back"),
        Parameter("exit_share_min", 0.2, "share", 0.01, 1, "of what it pushed with, traded back at a better price"),
        Parameter("minutes_min", 10.0, "minutes", 2, 60, "minutes with trades before anything is usual"),
    ),
    regulations=(
        regulations.MAR_PRICE_SECURED,
        regulations.MAR_FALSE_SIGNALS,
        regulations.SEA_SERIES_OF_TRANSACTIONS,
    ),
    known_false_positives=(
        "An impatient buyer of a large quantity in a thin book: it pays for its haste and keeps what it bought.",
        "A group that is the only one to trade on news.",
    ),
    known_gaps=(
        "A ramp over hours or days, whose steps are small beside the usual moves of that time.",
        "Where the gain is elsewhere (an option, a valuation), no trade back is seen: only the stricter limits hold.",
        "Busy groups' fills beyond the last 64 are not looked at.",
    ),
    triage_steps=(
        "Who gained from the price: positions, options, valuations, a pending deal?",
        "Were its orders larger than what stood at the best price, and its limits above it?",
        "Did it trade when little else did?",
    ),
    episode_gap_s=900,
    episode_max_s=14_400,
)
WINDOW_NS = 30 * MINUTE_NS
NEARLY_ALL = 0.95
FIRST_STEP = 0.75  # own fills do not show what the first of them moved


@dataclass(frozen=True, slots=True)
class _Ramp:
    """A push since a time; `back` are the fills against it since it began, better than it was traded."""

    side: Side
    push: Push
    start_ns: int
    from_price: float
    moved: float
    leverage: float
    back: tuple[Fill, ...]
    exit_share: float


class Ramping:
    """Asked when a group's minute went by or its fills doubled, with many more pushes to one side than the other."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """What the core checks before it asks."""
        return (
            Condition("net_pushes_5m", at_least=1),
            Condition("net_pushes_30m", at_least=parameters["pushes_min"]),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the move is the group's own and beyond the usual."""
        ramp = _ramp(scene, parameters)
        if ramp is None or len(ramp.push.pushing) < parameters["pushes_min"]:
            return
        if ramp.push.pushing[-1].time_ns - ramp.start_ns < parameters["lasted_min_s"] * 1e9:
            return
        turned = ramp.exit_share >= parameters["exit_share_min"]
        factor = 1.0 if turned else parameters["alone_factor"]
        if ramp.moved < factor * parameters["moves_min"] or ramp.leverage < _leverage_min(ramp, parameters, factor):
            return
        if ramp.push.move_share < parameters["move_share_min"] or ramp.push.push_rate < parameters["push_rate_min"]:
            return
        yield _finding(scene, parameters, ramp, turned, factor)


def _ramp(scene: Scene, parameters: Mapping[str, float]) -> _Ramp | None:
    side = Side.BUY if scene.metric("pushes_up_30m") > scene.metric("pushes_down_30m") else Side.SELL
    if not _is_worth_it(scene, parameters, side):
        return None
    since = scene.all_held_since_ns(scene.now_ns - WINDOW_NS)
    if scene.took(side, since).fills < parameters["pushes_min"]:
        return None
    push = scene.push_from_first(side, since, MINUTE_NS)  # and the price it began at
    if push is None or not push.pushing:
        return None
    start_ns, end_ns = push.pushing[0].time_ns, push.pushing[-1].time_ns
    usual = usual_move(scene, start_ns, parameters["minutes_min"])
    volume = scene.market.minute.traded(start_ns // MINUTE_NS, end_ns // MINUTE_NS)
    volume_share = push.own_quantity / max(volume, push.own_quantity)
    back, exit_share = _back(scene, side, push, start_ns)
    return _Ramp(
        side=side,
        push=push,
        start_ns=start_ns,
        from_price=push.from_price,
        moved=moves(push.pushing[-1].price - push.from_price, usual, (end_ns - start_ns) / MINUTE_NS),
        leverage=push.move_share / volume_share,
        back=back,
        exit_share=exit_share,
    )


def _is_worth_it(scene: Scene, parameters: Mapping[str, float], side: Side) -> bool:
    """Whether its own fills alone could make a ramp: looking at everybody's costs far more."""
    own = scene.took(side, scene.now_ns - WINDOW_NS)
    pushes = scene.metric("pushes_up_30m" if side is Side.BUY else "pushes_down_30m")
    if own.fills < parameters["pushes_min"] or pushes < parameters["push_rate_min"] * own.fills:
        return False
    usual = usual_move(scene, own.first_ns, parameters["minutes_min"])
    minutes = (own.last_ns - own.first_ns) / MINUTE_NS
    return moves(own.high - own.low, usual, minutes) >= FIRST_STEP * parameters["moves_min"]


def _back(scene: Scene, side: Side, push: Push, start_ns: int) -> tuple[tuple[Fill, ...], float]:
    """What it traded the other way since, if at a better price on average, and its share of what it pushed with."""
    back = exits(scene, side, start_ns)
    sign = 1 if side is Side.BUY else -1
    if not back or sign * (mean_price(back) - mean_price(push.own)) <= 0:
        return (), 0.0
    return tuple(back), sum(fill.quantity for fill in back) / push.own_quantity


def _leverage_min(ramp: _Ramp, parameters: Mapping[str, float], factor: float) -> float:
    """What is asked of its leverage; where most of the volume is its own, that it makes nearly all of the move."""
    volume_share = ramp.push.move_share / ramp.leverage
    return min(factor * parameters["leverage_min"], NEARLY_ALL / volume_share)


def _finding(scene: Scene, parameters: Mapping[str, float], ramp: _Ramp, turned: bool, factor: float) -> Finding:
    push = ramp.push
    measures = (
        ("moves", ramp.moved, factor * parameters["moves_min"], "x usual"),
        ("move_share", push.move_share, parameters["move_share_min"], "share"),
        ("push_rate", push.push_rate, parameters["push_rate_min"], "share"),
        ("leverage", ramp.leverage, _leverage_min(ramp, parameters, factor), "x"),
    )
    excesses = [excess(observed, limit) for _, observed, limit, _ in measures]
    score = (0.5 if turned else 0.3) + 0.5 * sum(excesses) / len(excesses)
    fills = (*push.own, *ramp.back)
    accounts = frozenset(fill.account for fill in fills)
    verb, extremes, back = ("Bought", "highs", "sold") if ramp.side is Side.BUY else ("Sold", "lows", "bought")
    minutes = (push.pushing[-1].time_ns - ramp.start_ns) / MINUTE_NS
    returned = sum(fill.quantity for fill in ramp.back)
    after = f"then {back} {returned:g} better" if turned else f"and has not {back} since"
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.3, Severity.LOW), (0.4, Severity.MEDIUM), (0.65, Severity.HIGH)),
        score=min(1.0, score),
        start_time_ns=ramp.start_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"{verb} {push.own_quantity:g} in {len(push.own)} aggressive trades over {minutes:.1f} minutes, of which "
            f"{len(push.pushing)} set new {extremes}, and made {push.move_share:.0%} of the move from "
            f"{ramp.from_price:g} to {push.pushing[-1].price:g}, {ramp.moved:.1f} times what is usual in that time and "
            f"{ramp.leverage:.1f} times its share of the volume; {after}."
        ),
        measurements=tuple(Measurement(name, observed, limit, unit) for name, observed, limit, unit in measures),
        opening=frozenset({push.pushing[0].event_id}),
        evidence=frozenset(fill.event_id for fill in fills),
        order_ids=frozenset(fill.order_id for fill in fills) - {""},
        trade_ids=frozenset(fill.trade_id for fill in fills) - {""},
    )
