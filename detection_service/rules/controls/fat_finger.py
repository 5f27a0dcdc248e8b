"""Fat finger: an order far too large, or one that takes the price far away, for what the instrument usually sees."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from detection_service.engine.scene import Entry, Scene, opposite
from detection_service.engine.triggers import ENTRY
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from detection_service.rules.usual import moves, usual_move
from tapewatch.alert import Measurement, Severity
from tapewatch.market.reference import number_in

METADATA = Metadata(
    rule_id="fat_finger",
    version="2.3.0",
    title="Order of unlikely size or price",
    typology="ERRONEOUS_ORDER",
    description=(
        "An order is entered that is many times the usual size, the largest in a hundred and anything seen in the last "
        "day, larger than the tail of those sizes lets expect, and more than the best ten levels hold on the side it "
        "comes to (where the average daily volume is known, a large share of a day's will do; so will the largest of "
        "the day that takes and has a nought more than its group ever traded here); or one of the largest, or with a "
        "limit far off, that takes what stands in the book so far that the price moves many usual minutes, beyond a "
        "move that is under way."
    ),
    needs=(needs.ORDERS,),
    parameters=(
        Parameter("size_multiple_min", 50.0, "x median", 2, 100_000, "sizes are heavy-tailed: tenfold is common"),
        Parameter("upper_multiple_min", 5.0, "x p99", 1, 10_000, "blocks are among the largest in a hundred"),
        Parameter("largest_multiple_min", 3.0, "x largest", 1, 1000, "of the last day: blocks come again"),
        Parameter("expected_max", 0.05, "orders", 0, 10, "as large among as many, by the tail of the sizes seen"),
        Parameter("depth_multiple_min", 1.0, "x depth", 0.1, 100, "more than ten levels hold moves the market"),
        Parameter("daily_share_min", 0.1, "share", 0.001, 10, "of the average daily volume, or the last day's"),
        Parameter(
            "reach_min", 10.0, "x usual minute", 2, 1000, "beyond the move under way; less is an ordinary large order"
        ),
        Parameter(
            "off_price_min", 0.03, "share", 0.0001, 1, "from the last price: clearly erroneous by exchanges' rules"
        ),
        Parameter(
            "own_multiple_min", 10.0, "x own largest", 1, 1000, "a nought too many makes ten times what was meant"
        ),
        Parameter("own_orders_min", 3.0, "orders", 1, 64, "of its group that traded here, before it has a usual size"),
        Parameter("sizes_min", 200.0, "orders", 50, 8192, "orders seen before any size is usual"),
        Parameter("minutes_min", 10.0, "minutes", 2, 60, "minutes with trades before anything is usual"),
    ),
    regulations=(regulations.MARKET_ACCESS_ERRONEOUS,),
    known_false_positives=(
        "The first block of its size, shown whole to find the other side.",
        "A liquidation on a venue that closes positions at any price.",
    ),
    known_gaps=(
        "A wrong side or a wrong instrument at an ordinary size.",
        "A limit far through the market for a size that the best price fills: it does no harm.",
        "Duplicates of an ordinary order, each alone unremarkable.",
        "A slip no larger than the blocks of the day, or in the first ten minutes with trades.",
        "A slip in a call: blocks are kept for auctions, and what they take is not known before the price is.",
    ),
    triage_steps=(
        "Call whoever entered it: was it meant?",
        "Has it traded, and at what prices? Can the venue cancel the trades?",
        "Which pre-trade limit should have held it?",
    ),
    episode_gap_s=60,
    episode_max_s=600,
)
CALLS = ("PRE_OPEN", "AUCTION")
LEVELS = 10
RECORD = 1.1  # round sizes come again
MINUTE = 12  # fast buckets
DAY = 288  # slow buckets
MINUTES_READ = 240


@dataclass(frozen=True, slots=True)
class _Size:
    """An order against the median, the 99th of a hundred and the largest of the last day, the depth it meets, and a
    day's volume (NaN: not known); `expected` is how many as large the tail of the sizes lets expect among as many,
    `own_multiple` the order against the largest that its group traded here (0: it traded too few)."""

    multiple: float
    upper_multiple: float
    largest_multiple: float
    depth_multiple: float
    daily_share: float
    expected: float
    own_multiple: float


class FatFinger:
    """Asked when an order is entered that is far beyond the usual size, or would take the price far."""

    metadata = METADATA
    triggers = ENTRY

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding on the size, the price, or both."""
        if scene.market.phase in CALLS:
            return  # what the book holds, and how far an order takes it, is seen when the call is over
        entry = scene.entry
        size = _size(scene, entry, parameters["own_orders_min"])
        reach = _reach(scene, entry, parameters["minutes_min"]) if _takes(entry) else 0.0
        unlike_itself = _takes(entry) and _is_unlike_itself(size, parameters)
        too_large = _is_usual_known(scene, parameters) and (unlike_itself or _too_large(size, parameters))
        too_far = reach >= parameters["reach_min"] and (size.upper_multiple >= 1 or _is_off(scene, entry, parameters))
        if too_large or too_far:
            yield _finding(scene, parameters, entry, size, reach)


def _is_usual_known(scene: Scene, parameters: Mapping[str, float]) -> bool:
    """Whether sizes were seen often enough, and for long enough to have seen a block."""
    minute = scene.market.minute
    minutes = len(minute.bars(minute.newest - MINUTES_READ, minute.newest))
    return bool(scene.market.sizes.total >= parameters["sizes_min"] and minutes >= parameters["minutes_min"])


def _is_off(scene: Scene, entry: Entry, parameters: Mapping[str, float]) -> bool:
    """Whether its limit is so far through the market that the price itself may be the mistake."""
    last = float(scene.market.last_price)
    return last > 0 and abs(entry.price - last) >= parameters["off_price_min"] * last


def _takes(entry: Entry) -> bool:
    return entry.crossed or math.isnan(entry.price)


def _size(scene: Scene, entry: Entry, own_orders_min: float) -> _Size:
    market = scene.market
    meets = opposite(entry.side) if _takes(entry) else entry.side
    depth = market.book.ladder(int(meets)).depth(LEVELS)
    others = depth - entry.quantity if _is_among(scene, entry) else depth
    row = scene.reference.instrument(market.venue_name, market.instrument_name, scene.now_ns)
    return _Size(
        multiple=entry.quantity / market.sizes.median,
        upper_multiple=entry.quantity / market.sizes.high,
        largest_multiple=entry.quantity / max(scene.largest_before(), market.sizes.high),
        depth_multiple=entry.quantity / others if others > 0 else 0.0,
        daily_share=entry.quantity / _day_volume(scene, number_in(row, "average_daily_volume", math.nan)),
        expected=_expected(market.sizes, entry.quantity),
        own_multiple=_own_multiple(scene, entry, own_orders_min),
    )


def _own_multiple(scene: Scene, entry: Entry, orders_min: float) -> float:
    """The order against the largest its group traded here, as far as its fills are held; 0 where they are few."""
    fills = scene.fills(None, 0, scene.group_of(entry.account)) if entry.account else []
    own = {fill.order_id: fill.order_quantity for fill in fills if fill.order_id}
    return entry.quantity / max(own.values()) if len(own) >= orders_min and max(own.values()) > 0 else 0.0


def _expected(sizes: Any, quantity: float) -> float:
    """How many orders so large are to be expected among as many as were seen, were the largest tenth to fall off as a
    power: its exponent is that between the 90th and the 99th of a hundred."""
    high, lower = float(sizes.high), float(sizes.quantile(0.9))
    if not quantity > high > lower:
        return 0.0 if quantity > high else math.inf
    return float(sizes.total * 0.01 * math.exp(-math.log(10) / math.log(high / lower) * math.log(quantity / high)))


def _day_volume(scene: Scene, average: float) -> float:
    """A day's volume: the average that is known, or what the last day had if that is more; NaN where none is known."""
    slow = scene.market.slow
    return max(average, float(slow.traded(slow.newest - DAY, slow.newest))) if average > 0 else math.nan


def _is_among(scene: Scene, entry: Entry) -> bool:
    """Whether the order rests among the levels its size is compared with."""
    ladder = scene.market.book.ladder(int(entry.side))
    return not _takes(entry) and bool(ladder.behind(entry.price) < LEVELS)


def _too_large(size: _Size, parameters: Mapping[str, float]) -> bool:
    if size.multiple < parameters["size_multiple_min"]:
        return False
    if size.daily_share >= parameters["daily_share_min"]:
        return True
    deep = size.depth_multiple >= parameters["depth_multiple_min"]
    unseen = size.largest_multiple >= parameters["largest_multiple_min"]
    rare = size.expected <= parameters["expected_max"]
    return deep and unseen and rare and size.upper_multiple >= parameters["upper_multiple_min"]


def _is_unlike_itself(size: _Size, parameters: Mapping[str, float]) -> bool:
    """Whether it is beyond anything of the market's last day, and a nought more than its group ever traded."""
    if size.multiple < parameters["size_multiple_min"] or size.upper_multiple < parameters["upper_multiple_min"]:
        return False
    return size.largest_multiple >= RECORD and size.own_multiple >= parameters["own_multiple_min"]


def _reach(scene: Scene, entry: Entry, minutes_min: float) -> float:
    """How many usual moves of a minute the order would take the price, were nobody to add to the book."""
    ladder = scene.market.book.ladder(int(opposite(entry.side)))
    last = float(ladder.reach(entry.quantity, entry.price))
    if math.isnan(last):
        return 0.0
    usual = usual_move(scene, scene.now_ns, minutes_min)
    return max(0.0, moves(last - ladder.best(), usual) - moves(_under_way(scene), usual))


def _under_way(scene: Scene) -> float:
    """How far the price has gone within a minute already: who follows a move that others began made no mistake."""
    fast = scene.market.fast
    before = float(fast.last_close(fast.newest - 5 * MINUTE, fast.newest - MINUTE))
    return float(scene.market.last_price) - before if before > 0 else 0.0


def _finding(scene: Scene, parameters: Mapping[str, float], entry: Entry, size: _Size, reach: float) -> Finding:
    measures = [
        ("size_multiple", size.multiple, "size_multiple_min", "x median"),
        ("upper_multiple", size.upper_multiple, "upper_multiple_min", "x p99"),
        ("largest_multiple", size.largest_multiple, "largest_multiple_min", "x largest"),
        ("depth_multiple", size.depth_multiple, "depth_multiple_min", "x depth"),
        ("reach", reach, "reach_min", "x usual minute"),
    ]
    if size.own_multiple > 0:
        measures.append(("own_multiple", size.own_multiple, "own_multiple_min", "x own largest"))
    if not math.isnan(size.daily_share):
        measures.append(("daily_share", size.daily_share, "daily_share_min", "share"))
    excesses = sorted(excess(observed, parameters[limit]) for _, observed, limit, _ in measures)
    score = 0.2 + 0.3 * excesses[-1] + (0.25 if _takes(entry) else 0.0) + (0.1 if entry.account else 0.0)
    accounts = frozenset({entry.account} - {""})
    price = f"at {entry.price:g}" if not math.isnan(entry.price) else "at the market"
    effect = f", and takes the price {reach:.1f} times the usual move of a minute" if reach > 0 else ""
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.2, Severity.LOW), (0.5, Severity.MEDIUM), (0.75, Severity.HIGH)),
        score=min(1.0, score),
        start_time_ns=scene.now_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"A {entry.side.name.lower()} order of {entry.quantity:g} {price} is {size.multiple:.0f} times the usual "
            f"{scene.market.sizes.median:.3g}, {size.upper_multiple:.1f} times the largest in a hundred, "
            f"{size.largest_multiple:.1f} times the largest of the last day and {size.depth_multiple:.1f} times what "
            f"ten levels hold on the side it comes to{effect}."
        ),
        measurements=tuple(
            Measurement(name, observed, parameters[limit], unit) for name, observed, limit, unit in measures
        ),
        opening=frozenset({entry.event_id}),
        evidence=frozenset({entry.event_id}),
        order_ids=frozenset({entry.order_id} - {""}),
    )
