"""Matched orders: two groups whose orders are entered together at one size, again and again, and meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from detection_service.engine.scene import PairTrade, Scene
from detection_service.engine.triggers import ARRANGED
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from detection_service.rules.wash import chance
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="matched_orders",
    version="1.1.0",
    title="Matched orders",
    typology="MATCHED_ORDERS",
    description=(
        "A buy and a sell order of two groups are entered within moments of each other at one size and trade with each "
        "other, repeatedly, while strangers as active in this market would hardly have met so. One such meeting is "
        "ordinary in a fast market and says nothing; how often they happen here between any two is the measure."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS, needs.MATCHES),
    parameters=(
        Parameter("window_s", 3600.0, "s", 60, 3600, "an arrangement is used again while it lasts"),
        Parameter("entry_gap_max_s", 2.0, "s", 0.001, 60, "nobody else can step in between two orders so close"),
        Parameter("size_ratio_min", 0.95, "share", 0.5, 1, "one size, but for a crumb"),
        Parameter("meetings_min", 3.0, "meetings", 2, 64, "twice may be two who watch the same signal"),
        Parameter("lift_min", 5.0, "x", 1, 1000, "against what chance gives two so active in this market"),
        Parameter("surprise_min", 7.0, "nats", 1, 100, "by chance once in e^7 = 1,100 such markets"),
        Parameter(
            "meetings_alone_min", 30.0, "meetings", 2, 64, "where the pair is the market and nothing else compares"
        ),
        Parameter("size_multiple_min", 3.0, "x median", 0, 1000, "arranged in all; a few small orders mislead nobody"),
        Parameter("pair_share_min", 0.1, "share", 0.01, 1, "of the less busy group's fills; busy groups meet"),
    ),
    regulations=(
        regulations.CEA_WASH_SALE,
        regulations.SEA_MATCHED_ORDERS,
        regulations.MAR_FALSE_SIGNALS,
        regulations.MATCHED_ORDERS,
    ),
    known_false_positives=(
        "A negotiated block that the venue lets members enter as two orders.",
        "Two algorithms on one signal, in a market where few others answer as fast.",
        "A maker and the one taker whose orders it mirrors.",
    ),
    known_gaps=(
        "Orders of which one rests long before the other comes.",
        "Sizes split so that no two orders are alike.",
        "A single arranged trade, however large, and a few that together are no more than some usual orders.",
    ),
    triage_steps=(
        "Compare prices with the market's at the time: did somebody gain, always the same side?",
        "Look for a link or a message between the two before the orders.",
        "Does the venue know a facility for negotiated trades that explains it?",
    ),
    episode_gap_s=1800,
    episode_max_s=28_800,
)
ALONE = 0.9


class MatchedOrders:
    """Asked at every match whose two orders were entered close together at one size."""

    metadata = METADATA
    triggers = ARRANGED

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the pair does so beyond chance."""
        match = scene.match
        groups = (scene.group_of(match.buyer), scene.group_of(match.seller))
        if groups[0] == groups[1]:
            return
        since_ns = scene.now_ns - int(parameters["window_s"] * 1e9)
        covered_ns = chance.covered_since_ns(scene, groups, since_ns)
        seen = scene.arranged_in_pair(covered_ns, parameters["entry_gap_max_s"], parameters["size_ratio_min"])
        if seen < parameters["meetings_min"]:
            return
        trades = scene.pair_trades(covered_ns)
        arranged = [trade for trade in trades if _arranged(trade, parameters)]
        if sum(trade.quantity for trade in arranged) < parameters["size_multiple_min"] * scene.market.sizes.median:
            return
        share = _pair_share(scene, groups, trades)
        if share < parameters["pair_share_min"]:
            return
        meetings = _expected_meetings(scene, groups, trades[0].time_ns)
        alone = _is_the_market(scene, parameters, trades, arranged)
        for usual in (_usual_share, _own_share):
            expected = meetings * usual(scene, parameters, groups, since_ns, len(arranged))
            unlikely = _surprise(scene, trades, len(arranged), expected) >= parameters["surprise_min"]
            if not unlikely or not (alone or len(arranged) >= parameters["lift_min"] * expected):
                return
        yield _finding(scene, parameters, trades, arranged, expected, share)


def _surprise(scene: Scene, trades: Sequence[PairTrade], arranged: int, expected: float) -> float:
    """How unlikely chance makes it, the number of pairs that might have been it allowed for."""
    pairs = chance.choices_nats(chance.market_trades(scene, trades[0].time_ns) - len(trades) + 1, 1)
    return chance.surprise_nats(arranged, expected) - pairs


def _is_the_market(
    scene: Scene, parameters: Mapping[str, float], trades: Sequence[PairTrade], arranged: Sequence[PairTrade]
) -> bool:
    """Whether hardly anybody else trades, and hardly anything the pair does is not arranged: then there are no others
    to compare with, and the surprise is that of a coin."""
    return (
        len(trades) >= ALONE * chance.market_trades(scene, trades[0].time_ns)
        and len(arranged) >= ALONE * len(trades)
        and len(arranged) >= parameters["meetings_alone_min"]
    )


def _arranged(trade: PairTrade, parameters: Mapping[str, float]) -> bool:
    """Whether the two orders were entered together at one size."""
    gap_s = trade.entry_gap_s
    return (
        gap_s is not None
        and gap_s <= parameters["entry_gap_max_s"]
        and trade.size_ratio >= parameters["size_ratio_min"]
    )


def _pair_share(scene: Scene, groups: Sequence[str], trades: Sequence[PairTrade]) -> float:
    """The pair's trades as a share of the less busy group's."""
    fewest = min(sum(chance.sides_of(scene, group, trades[0].time_ns)) for group in groups)
    return len(trades) / max(len(trades), fewest)


def _expected_meetings(scene: Scene, groups: Sequence[str], since_ns: int) -> float:
    """How often chance would have the two meet at all."""
    one, other = (chance.sides_of(scene, group, since_ns) for group in groups)
    return chance.expected_meetings(one, other, chance.market_trades(scene, since_ns))


def _usual_share(
    scene: Scene, parameters: Mapping[str, float], _: Sequence[str], since_ns: int, arranged: int
) -> float:
    """How many of the others' meetings look arranged; one more, for what is not yet known of a young market."""
    gap_ns, ratio = int(parameters["entry_gap_max_s"] * 1e9), parameters["size_ratio_min"]
    known, alike = scene.arranged_matches(since_ns, gap_ns, ratio)
    return (max(0, alike - arranged) + 1) / (max(0, known - arranged) + 2)


def _own_share(
    scene: Scene, parameters: Mapping[str, float], groups: Sequence[str], since_ns: int, arranged: int
) -> float:
    """The same of what either of the two does with others: one that answers everybody at once is no accomplice."""
    shares = [_usual_share(scene, parameters, groups, since_ns, arranged)]
    for group, other in (groups, tuple(reversed(groups))):
        others = [each for each in scene.matches(since_ns) if group in (each.buyer, each.seller)]
        third = [each for each in others if other not in (each.buyer, each.seller) and each.entry_gap_s is not None]
        if third:
            shares.append(sum(_arranged(each, parameters) for each in third) / len(third))
    return max(shares)


def _finding(
    scene: Scene,
    parameters: Mapping[str, float],
    trades: Sequence[PairTrade],
    arranged: Sequence[PairTrade],
    expected: float,
    share: float,
) -> Finding:
    match = scene.match
    accounts = frozenset({match.buyer, match.seller})
    surprise = _surprise(scene, trades, len(arranged), expected)
    lift = len(arranged) / max(expected, 1e-9)
    score = (
        0.5
        + 0.2 * excess(len(arranged), parameters["meetings_min"], 2.0)
        + 0.15 * excess(surprise, parameters["surprise_min"], 2.0)
        + 0.15 * excess(share, parameters["pair_share_min"], 3.0)
    )
    gaps = [trade.entry_gap_s or 0.0 for trade in arranged]
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.5, Severity.MEDIUM), (0.7, Severity.HIGH), (0.95, Severity.CRITICAL)),
        score=min(1.0, score),
        start_time_ns=arranged[0].time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"Orders of {match.buyer} and {match.seller} entered at most {max(gaps):.2f} s apart at one size met "
            f"{len(arranged)} times, {sum(trade.quantity for trade in arranged):g} in all; two strangers as active "
            f"here would have met so {expected:.2g} times, and so many is by chance {chance.once_in(surprise)}."
        ),
        measurements=(
            Measurement("meetings", float(len(arranged)), parameters["meetings_min"], "meetings"),
            Measurement("entry_gap", max(gaps), parameters["entry_gap_max_s"], "s"),
            Measurement("lift", lift, parameters["lift_min"], "x"),
            Measurement("surprise", surprise, parameters["surprise_min"], "nats"),
            Measurement("pair_share", share, parameters["pair_share_min"], "share"),
        ),
        opening=frozenset({arranged[0].event_id}),
        evidence=frozenset(trade.event_id for trade in arranged)
        | frozenset(trade.other_event_id for trade in arranged if trade.other_event_id)
        | match.event_ids,
        order_ids=match.order_ids,
        trade_ids=frozenset(trade.trade_id for trade in arranged if trade.trade_id),
    )
