"""Two legs: an owner moves one market by its own aggression and trades out of a position in a linked one at a gain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from detection_service.engine.owner_scene import LegTerms, OwnerFill
from detection_service.engine.scene import Scene
from detection_service.rules.rule import Finding, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

PARAMETERS = (
    Parameter("window_s", 300.0, "s", 1, 300, "the gain is taken while the move lasts"),
    Parameter("push_min", 0.001, "share", 0.0001, 1, "ten basis points are more than a trade's usual trace"),
    Parameter("usual_multiple_min", 2.0, "x usual", 0, 100, "well beyond the market's usual range of such a time"),
    Parameter("one_sided_min", 0.8, "share", 0.5, 1, "who makes a market trades both ways"),
    Parameter("gain_share_min", 0.25, "share", 0.01, 10, "of the push that the other market gave away"),
    Parameter("leg_ratio_min", 1.0, "x", 0.1, 1000, "the leg that gains is no smaller than the leg that pushes"),
    Parameter("entry_share_min", 0.5, "share", 0.1, 1, "of what is sold had been bought before; a hedge opens instead"),
)


@dataclass(frozen=True, slots=True)
class Legs:
    """`push` are the fills in the market that was moved (by `move`, a share of its price), `entry` and `exit` those in
    the linked one; `gain` is what the exit brought above the price before the push, in the common currency, and
    `gain_share` the same as a share of the price."""

    market: int
    push: list[OwnerFill]
    entry: list[OwnerFill]
    exit: list[OwnerFill]
    move: float
    usual_move: float
    gain: float
    gain_share: float

    @property
    def fills(self) -> list[OwnerFill]:
        """All fills, by time."""
        return sorted([*self.push, *self.entry, *self.exit], key=lambda fill: fill.time_ns)


def finding(scene: Scene, parameters: Mapping[str, float], found: Legs, explanation: str) -> Finding:
    """A finding on whose legs they are: how far the push moved the price, and how much of that was gained."""
    accounts = frozenset(fill.account for fill in found.fills)
    score = (
        0.45
        + 0.25 * excess(found.move, parameters["push_min"])
        + 0.3 * excess(found.gain_share, parameters["gain_share_min"] * found.move, 2.0)
    )
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.65, Severity.HIGH), (0.9, Severity.CRITICAL)),
        score=min(1.0, score),
        start_time_ns=found.push[0].time_ns,
        end_time_ns=scene.now_ns,
        explanation=explanation,
        measurements=(
            Measurement("push", found.move, parameters["push_min"], "share"),
            Measurement("gain_share", found.gain_share / found.move, parameters["gain_share_min"], "share"),
            Measurement("gain", found.gain, 0.0, "notional"),
        ),
        opening=frozenset({found.push[0].event_id}),
        evidence=frozenset(fill.event_id for fill in found.fills),
        order_ids=frozenset(fill.order_id for fill in found.fills) - {""},
        trade_ids=frozenset(fill.trade_id for fill in found.fills) - {""},
    )


def legs(scene: Scene, parameters: Mapping[str, float], linked: Sequence[int]) -> Iterator[Legs]:
    """The pairs of a push in one of the `linked` markets and a gain in the event's that the group's fills show."""
    since = scene.now_ns - int(parameters["window_s"] * 1e9)
    terms = LegTerms(*(parameters[name] for name in LegTerms._fields))
    for market in linked:
        if not scene.exchange(market) > 0:
            continue  # notionals in different money, and no rate: not to be weighed against each other
        if not scene.may_have_legs(market, since, terms):
            continue
        held = scene.owner_fills(0)
        here = [fill for fill in held if fill.market == scene.market.number]
        there = [fill for fill in held if fill.market == market and fill.time_ns >= since]
        push = _push(scene, parameters, there)
        if push is None:
            continue
        fills, move, usual = push
        found = _gain(scene, parameters, here, fills, move)
        if found is not None:
            entry, out, gain, gain_share = found
            yield Legs(market, fills, entry, out, move, usual, gain, gain_share)


def _push(
    scene: Scene, parameters: Mapping[str, float], there: list[OwnerFill]
) -> tuple[list[OwnerFill], float, float] | None:
    """Own aggressive, one-sided fills that moved a market, with the move and what is usual."""
    fills = [fill for fill in there if fill.aggressor]
    net = sum(fill.sign * fill.quantity for fill in there)
    gross = sum(fill.quantity for fill in there)
    if not fills or abs(net) < parameters["one_sided_min"] * gross or not fills[0].before > 0:
        return None
    sign = 1 if net > 0 else -1
    fills = [fill for fill in fills if fill.sign == sign]
    move = sign * (fills[-1].price / fills[0].before - 1) if fills else 0.0
    minutes = max(1.0, (fills[-1].time_ns - fills[0].time_ns) / 60e9) if fills else 1.0
    usual = scene.market_at(there[0].market).usual_range / fills[0].before * minutes**0.5 if fills else 0.0
    if move < parameters["push_min"] or move < parameters["usual_multiple_min"] * usual:
        return None
    return fills, move, usual


def _gain(
    scene: Scene, parameters: Mapping[str, float], here: list[OwnerFill], push: list[OwnerFill], move: float
) -> tuple[list[OwnerFill], list[OwnerFill], float, float] | None:
    """Entry and exit in the event's market around a push, and what the exit gained on the price before it."""
    begun = push[0].time_ns
    before = _price_before(scene, begun)
    after = [fill for fill in here if fill.time_ns >= begun]
    gross = sum(fill.quantity for fill in after)
    net = sum(fill.sign * fill.quantity for fill in after)
    if not before > 0 or not gross or abs(net) < parameters["one_sided_min"] * gross:
        return None
    sign = 1 if net > 0 else -1
    out = [fill for fill in after if fill.sign == sign]
    entry = [fill for fill in here if fill.time_ns < begun and fill.sign == -sign]
    opened = sum(fill.quantity for fill in entry) - sum(
        fill.quantity for fill in here if fill.time_ns < begun and fill.sign == sign
    )
    sold = sum(fill.quantity for fill in out)
    worth = sum(fill.notional for fill in out)
    if opened < parameters["entry_share_min"] * sold:
        return None
    if worth < parameters["leg_ratio_min"] * sum(fill.notional for fill in push):
        return None
    gain_share = sum(-sign * fill.quantity * (fill.price / before - 1) for fill in out) / sold
    if gain_share < parameters["gain_share_min"] * move:
        return None
    return entry, out, gain_share * before * sold * scene.unit(scene.market.number), gain_share


def _price_before(scene: Scene, time_ns: int) -> float:
    """Last price of the event's market in the minutes before a time; NaN without one."""
    last = time_ns // 5_000_000_000 - 1
    found = float(scene.market.fast.last_close(last - 238, last))
    minute = time_ns // 60_000_000_000 - 1
    return found if found > 0 else float(scene.market.minute.last_close(minute - 237, minute))
