"""Marking the close: one group's trades move the price that others will be settled at, and it does not last."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from detection_service.engine.scene import Fill, Scene
from detection_service.engine.session import OPEN
from detection_service.engine.triggers import SESSION
from detection_service.rules import needs, regulations
from detection_service.rules.price import usual
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="marking_the_close",
    version="1.3.0",
    title="Marking the close",
    typology="MARKING_THE_CLOSE",
    description=(
        "In the last minutes before a close, a fixing or the end of an auction, or the first after an open, one group "
        "makes much of the volume, nearly all on one side, and its own trades move the price much further than such "
        "minutes usually do (less far is enough where nearly all of the volume was its own), or are a flight of steps: "
        "order after order at a price beyond the one before. The alert is raised at that moment and upgraded when the "
        "price comes back after it. Needs session times: PHASE events, or session_open, session_close, fixings or "
        "session_close_ns of the instrument in the reference data."
    ),
    needs=(needs.FILLS, needs.ACCOUNTS, needs.SESSION_TIMES),
    parameters=(
        Parameter("volume_share_min", 0.4, "share", 0.05, 1, "of the minutes' volume: what exchanges look for"),
        Parameter(
            "one_sided_min",
            0.6,
            "share",
            0,
            1,
            "(bought - sold) / (bought + sold): whoever makes both sides is no marker",
        ),
        Parameter(
            "push_multiple_min",
            3.0,
            "x",
            1,
            100,
            "own push against the usual move of as many minutes, at the least share; less at more",
        ),
        Parameter("push_multiple_least", 2.0, "x", 1, 100, "whatever the share: half as much again is noise"),
        Parameter("push_share_min", 0.5, "share", 0, 1, "of the move made by the group's own trades"),
        Parameter(
            "kept_share_min",
            0.5,
            "share",
            0,
            1,
            "of the move still there at the moment: what is lost settles nobody",
        ),
        Parameter("push_min", 0.0005, "share", 0, 1, "a smaller move changes no settlement"),
        Parameter("trades_min", 3.0, "trades", 1, 1000, "a single trade is a block or a stray"),
        Parameter("steps_min", 5.0, "orders", 3, 64, "each beyond the one before, of five by chance once in 120"),
        Parameter("others_min", 1.0, "groups", 0, 100, "where nobody else trades there is no market to mark"),
        Parameter("history_min", 6.0, "windows", 2, 100, "windows with trades before a move is usual"),
        Parameter("reversal_min", 0.5, "share", 0.1, 1, "of the push lost afterwards"),
    ),
    regulations=(regulations.MARKING_THE_CLOSE, regulations.MAR_PRICE_SECURED, regulations.CEA_CLOSING_PERIOD),
    known_false_positives=(
        "A fund that must trade at the close, as index trackers must, in an instrument nobody else trades then.",
        "A hedger whose risk ends at the close.",
    ),
    known_gaps=(
        "Holidays and early closes that the reference data does not tell.",
        "A close after which the market shows no further event until the input ends is judged half a minute early.",
        "A reversal that comes after the next day's open is not seen.",
        "A marker who takes more than a quarter of an hour, or shares it among accounts nobody declared as linked.",
    ),
    triage_steps=(
        "Does the group hold positions, options or fund units valued at this price?",
        "Was it so on other days, at month's or quarter's end above all?",
        "Ask why the orders could not be worked earlier, or in the auction.",
    ),
    episode_gap_s=72_000,
    episode_max_s=90_000,
)
SECOND_NS: Final = 1_000_000_000
WINDOWS_S: Final = (60, 120, 300, 900)
LATE_PRINTS_NS: Final = 60 * SECOND_NS
"""A closing auction prints after the moment: so long after it counts."""
FOUR_HOURS: Final = 240  # minute buckets
FAST_NS: Final = 5 * SECOND_NS
FILLS_HELD: Final = 64
CRUMB: Final = 0.1
"""Of the largest order of a flight: what is smaller is no step of it, wherever it goes."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """What a group did in a window: its share, the prices before and after, how much of the move its trades made."""

    group: str
    side: Side
    fills: tuple[Fill, ...]
    window_s: int
    volume: float
    share: float
    one_sided: float
    start: float
    end: float
    push: float
    push_multiple: float
    push_usual: float
    push_share: float
    kept_share: float
    others: int
    steps: int = 0


class MarkingTheClose:
    """Asked shortly before a moment of the session, just after it, and a minute to half an hour later."""

    metadata = METADATA
    triggers = SESSION

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """Findings for each group that marked the moment, and for each open episode whose price came back."""
        moment = scene.session
        yield from _reversals(scene, parameters)
        if scene.now_ns > moment.time_ns + LATE_PRINTS_NS and not _first_since(scene):
            return
        found: dict[str, _Mark] = {}
        for window_s in WINDOWS_S:
            since_ns, until_ns = _window(scene, window_s)
            for mark in _marks(scene, parameters, window_s, since_ns, until_ns):
                if mark.group not in found or mark.push_multiple > found[mark.group].push_multiple:
                    found[mark.group] = mark
        for group in sorted(found):
            yield from _finding(scene, parameters, found[group])


def _first_since(scene: Scene) -> bool:
    """Whether nothing was traded since the moment's late prints: then its window may not have been judged yet."""
    return bool(scene.market.last_trade_time <= scene.session.time_ns + LATE_PRINTS_NS)


def _window(scene: Scene, window_s: int) -> tuple[int, int]:
    """From and to when trades count: before the moment and in its late prints, or after an open."""
    moment = scene.session
    if moment.kind == OPEN:
        return moment.time_ns, min(scene.now_ns, moment.time_ns + window_s * SECOND_NS)
    until_ns = min(scene.now_ns, moment.time_ns + LATE_PRINTS_NS)
    return min(until_ns, moment.time_ns) - window_s * SECOND_NS, until_ns


def _marks(
    scene: Scene, parameters: Mapping[str, float], window_s: int, since_ns: int, until_ns: int
) -> Iterator[_Mark]:
    """Who marked the moment within a window; the market's own figures first, for they are cheap and mostly ordinary."""
    fast = scene.market.fast
    first, last = since_ns // FAST_NS, until_ns // FAST_NS
    before = fast.last_close(first - 240, first - 1)
    high, low = fast.highest(first, last), fast.lowest(first, last)
    if before > 0:  # the first trade may have made the whole move
        high, low = max(high, before), min(low, before)
    if not high / low - 1 >= parameters["push_min"]:
        return
    usual_move = _usual_move(scene.market, since_ns, window_s, parameters["history_min"])
    moved = usual_move is not None and high / low - 1 >= usual_move
    fills = [fill for fill in scene.market_fills(since_ns) if fill.time_ns <= until_ns]
    if not fills:
        return
    start = before if before > 0 else fills[0].price
    pushes = _pushes(fills, start)
    by_group: dict[str, list[Fill]] = {}
    for fill in fills:
        by_group.setdefault(fill.group, []).append(fill)
    for group in sorted(by_group):
        volume = _volume(fast, by_group[group], first, last)
        least = usual_move or parameters["push_min"]
        mark = _mark(group, fills, pushes, (start, fills[-1].price), window_s, volume, least) if moved else None
        if mark is not None and _meets(mark, parameters):
            yield mark
            continue
        mark = _flight(by_group[group], fills, window_s, volume, least)
        if mark is not None and _climbs(mark, parameters):
            yield mark


def _volume(fast: Any, own: Sequence[Fill], first: int, last: int) -> float:
    """What all traded in a window, or since the oldest of a group's fills where only its last ones are held."""
    return float(fast.traded(max(first, own[0].time_ns // FAST_NS) if len(own) >= FILLS_HELD else first, last))


def _usual_move(market: Any, until_ns: int, window_s: int, history_min: float) -> float | None:
    """The usual move within such a window in the four hours before; None where too little is known."""
    minutes = window_s // 60
    last = until_ns // (60 * SECOND_NS) - 1
    closes: dict[int, float] = {}
    for number, _, _, _, close, _ in market.minute.bars(last - FOUR_HOURS, last):
        closes[(last - number) // minutes] = close  # the last close of each window, by its age
    prices = [closes[age] for age in sorted(closes)]
    moves = [abs(now / then - 1) for now, then in pairwise(prices) if then > 0]
    if len(moves) < history_min:
        return None
    return max(usual.TO_SIGMA * statistics.median(moves), statistics.fmean(moves), usual.MOVE_FLOOR)


def _pushes(fills: Sequence[Fill], start: float) -> dict[str, float]:
    """How far each group's trades moved the price, up positive.

    A move belongs to those who took liquidity in its direction at its time, or may have, by their quantities.
    """
    pushes: dict[str, float] = {}
    price, index = start, 0
    while index < len(fills):
        stop = index
        while stop < len(fills) and fills[stop].time_ns == fills[index].time_ns:
            stop += 1
        together, move = fills[index:stop], fills[stop - 1].price - price
        side = Side.BUY if move > 0 else Side.SELL
        movers = [fill for fill in together if fill.side is side and fill.aggressor is not False]
        total = sum(fill.quantity for fill in movers)
        for fill in movers:
            pushes[fill.group] = pushes.get(fill.group, 0.0) + move * fill.quantity / total
        price, index = fills[stop - 1].price, stop
    return pushes


def _mark(
    group: str,
    fills: Sequence[Fill],
    pushes: Mapping[str, float],
    prices: tuple[float, float],
    window_s: int,
    volume: float,
    usual_move: float,
) -> _Mark | None:
    start, end = prices
    move, push_share = end / start - 1, pushes.get(group, 0.0) / (end - start) if end != start else 0.0
    push = move * max(0.0, min(1.0, push_share))
    side = Side.BUY if push > 0 else Side.SELL
    own = tuple(fill for fill in fills if fill.group == group and fill.side is side)
    other = sum(fill.quantity for fill in fills if fill.group == group and fill.side is not side)
    quantity = sum(fill.quantity for fill in own)
    if push == 0 or not own or volume <= 0:
        return None
    extreme = (max if push > 0 else min)(fill.price for fill in fills)
    return _Mark(
        group=group,
        side=side,
        fills=own,
        window_s=window_s,
        volume=volume,
        share=min(1.0, quantity / volume),
        one_sided=(quantity - other) / (quantity + other),
        start=start,
        end=end,
        push=push,
        push_multiple=abs(push) / usual_move,
        push_usual=usual_move,
        push_share=push / move,
        kept_share=(end - start) / (extreme - start),
        others=len({fill.group for fill in fills}) - 1,
    )


def _flight(
    own: Sequence[Fill], fills: Sequence[Fill], window_s: int, volume: float, usual_move: float
) -> _Mark | None:
    """A group's orders of the side it mostly traded, as far as they go on one after the other in its direction."""
    bought = sum(fill.quantity for fill in own if fill.side is Side.BUY)
    quantity = sum(fill.quantity for fill in own)
    side = Side.BUY if 2 * bought >= quantity else Side.SELL
    last = {fill.order_id or fill.event_id: fill for fill in own if fill.side is side}
    traded: dict[str, float] = {}
    for fill in own:
        traded[fill.order_id or fill.event_id] = traded.get(fill.order_id or fill.event_id, 0.0) + fill.quantity
    crumb = CRUMB * max(traded[order] for order in last) if last else 0.0
    steps = sorted((fill for order, fill in last.items() if traded[order] >= crumb), key=lambda fill: fill.time_ns)
    sign = 1 if side is Side.BUY else -1
    if len(steps) < 2 or volume <= 0 or not all(sign * (after.price - one.price) > 0 for one, after in pairwise(steps)):
        return None
    push = steps[-1].price / steps[0].price - 1
    return _Mark(
        group=own[0].group,
        side=side,
        fills=tuple(fill for fill in own if fill.side is side and traded[fill.order_id or fill.event_id] >= crumb),
        window_s=window_s,
        volume=volume,
        share=min(1.0, max(bought, quantity - bought) / volume),
        one_sided=abs(2 * bought - quantity) / quantity,
        start=steps[0].price,
        end=steps[-1].price,
        push=push,
        push_multiple=abs(push) / usual_move,
        push_usual=usual_move,
        push_share=1.0,
        kept_share=(fills[-1].price - steps[0].price) / (steps[-1].price - steps[0].price),
        others=len({fill.group for fill in fills}) - 1,
        steps=len(steps),
    )


def _climbs(mark: _Mark, parameters: Mapping[str, float]) -> bool:
    """Whether a flight of steps dominates a window and leads somewhere; where so far that the price tells, to stay."""
    tells = mark.push_multiple >= parameters["push_multiple_min"]
    return (
        mark.steps >= parameters["steps_min"]
        and mark.share >= parameters["volume_share_min"]
        and mark.one_sided >= parameters["one_sided_min"]
        and abs(mark.push) >= parameters["push_min"]
        and mark.others >= parameters["others_min"]
        and (not tells or mark.kept_share >= parameters["kept_share_min"])
    )


def _meets(mark: _Mark, parameters: Mapping[str, float]) -> bool:
    """Whether a group's part in a window is a mark."""
    return (
        mark.share >= parameters["volume_share_min"]
        and mark.one_sided >= parameters["one_sided_min"]
        and abs(mark.push) >= parameters["push_min"]
        and mark.push_multiple >= _push_multiple_min(mark, parameters)
        and mark.push_share >= parameters["push_share_min"]
        and len(mark.fills) >= parameters["trades_min"]
        and mark.others >= parameters["others_min"]
        and mark.kept_share >= parameters["kept_share_min"]
    )


def _push_multiple_min(mark: _Mark, parameters: Mapping[str, float]) -> float:
    """How far the price must have gone: who was nearly all of the volume made it, however little others let it move."""
    relative = parameters["volume_share_min"] / mark.share
    return max(parameters["push_multiple_least"], parameters["push_multiple_min"] * relative)


def _finding(scene: Scene, parameters: Mapping[str, float], mark: _Mark) -> Iterator[Finding]:
    accounts = frozenset(fill.account for fill in mark.fills)
    owners = scene.owners(accounts)
    before = scene.open_episode(owners)
    moment, price = scene.session, mark.end
    excesses = (
        excess(mark.share, parameters["volume_share_min"], 1.3),
        excess(mark.push_multiple, parameters["push_multiple_min"]),
    )
    score = 0.4 + 0.4 * sum(excesses) / len(excesses)
    if before and (before["reversed"] or (before["score"], before["price"]) == (score, price)):
        return
    quantity = sum(fill.quantity for fill in mark.fills)
    what = "bought" if mark.side is Side.BUY else "sold"
    minutes = {60: "minute", 120: "two minutes", 300: "five minutes", 900: "quarter of an hour"}[mark.window_s]
    words = f"first {minutes} after the open" if moment.kind == OPEN else f"last {minutes} before the {moment.kind}"
    how = f"its {mark.steps} orders, each beyond the one before," if mark.steps else "its trades"
    yield Finding(
        owners=owners,
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.7, Severity.HIGH)),
        score=score,
        start_time_ns=mark.fills[0].time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"In the {words} the group {what} {quantity:g}, {mark.share:.0%} of all that was traded, and {how} "
            f"moved the price by {mark.push:+.2%}, {mark.push_multiple:.1f} times the {mark.push_usual:.2%} usual of "
            f"such minutes; with all others it went from {mark.start:g} to {price:g}."
        ),
        measurements=(
            Measurement("volume_share", mark.share, parameters["volume_share_min"], "share"),
            Measurement("one_sided", mark.one_sided, parameters["one_sided_min"], "share"),
            Measurement("push_multiple", mark.push_multiple, parameters["push_multiple_min"], "x"),
            Measurement("push_share", mark.push_share, parameters["push_share_min"], "share"),
        ),
        opening=frozenset({mark.fills[0].event_id}),
        evidence=frozenset(fill.event_id for fill in mark.fills),
        order_ids=frozenset(fill.order_id for fill in mark.fills) - {""},
        trade_ids=frozenset(fill.trade_id for fill in mark.fills) - {""},
        memory={"start": mark.start, "price": price, "score": score, "reversed": 0.0, "moment": float(moment.time_ns)},
    )


def _reversals(scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
    """Open episodes whose push is lost again since the moment."""
    price = scene.market.last_price
    for owners, memory in scene.open_episodes():
        lost = (memory["price"] - price) / (memory["price"] - memory["start"])
        if memory["reversed"] or lost < parameters["reversal_min"] or scene.market.last_trade_time <= memory["moment"]:
            continue
        score = min(1.0, memory["score"] + 0.2)
        yield Finding(
            owners=owners,
            accounts=frozenset(),
            severity=graded(score, (0.4, Severity.HIGH), (0.85, Severity.CRITICAL)),
            score=score,
            start_time_ns=scene.now_ns,
            end_time_ns=scene.now_ns,
            explanation=(
                f"The group's trades moved the price from {memory['start']:g} to {memory['price']:g} at the moment "
                f"others are settled by, several times the usual move of such minutes; since then {lost:.0%} of it is "
                f"lost again, the price is back at {price:g}."
            ),
            measurements=(Measurement("lost_share", lost, parameters["reversal_min"], "share"),),
            opening=frozenset({scene.event_id}),
            evidence=frozenset({scene.event_id}),
            memory={**memory, "reversed": 1.0, "score": score},
        )
