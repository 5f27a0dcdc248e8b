"""Wash ring: three to five groups pass a position round among themselves and end where they began."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import NamedTuple

from detection_service.engine.scene import CircleTerms, Fill, Scene
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from detection_service.rules.wash import chance
from detection_service.rules.wash.chance import Dealing
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="wash_ring",
    version="1.3.0",
    title="Wash ring",
    typology="WASH_RING",
    description=(
        "Three to five groups without a declared link sell to each other in a circle: A to B, B to C, C to A. Volume "
        "is made, nobody's position changes, and much of what they trade is among themselves, far more than chance "
        "gives groups so active, the more so where their orders are entered together at one size more often than "
        "others' are. Found by following who sold to whom from a group that nets to nothing, held against a null model "
        "that draws who meets whom at random, keeps everybody's buys and sells, and has nobody meet itself."
    ),
    needs=(needs.ACCOUNTS, needs.MATCHES),
    parameters=(
        Parameter("window_s", 3600.0, "s", 60, 3600, "a position passed round comes back soon"),
        Parameter("members_max", 5.0, "groups", 3, 5, "larger circles are hard to keep and to tell from a market"),
        Parameter("rounds_min", 2.0, "rounds", 1, 16, "round once is a coincidence of three"),
        Parameter("net_share_max", 0.1, "share", 0, 0.5, "what each is left with of what it traded in the ring"),
        Parameter("inside_share_min", 0.5, "share", 0.1, 1, "of each member's trades; makers trade with everybody"),
        Parameter("net_share_directed_max", 0.25, "share", 0, 0.5, "the same of a ring that is plain by its direction"),
        Parameter("inside_share_directed_min", 0.2, "share", 0.1, 1, "and of its members' trades: the rest is cover"),
        Parameter(
            "surprise_min", 9.0, "nats", 1, 100, "by chance once in e^9 = 8,100 such sets, those tried allowed for"
        ),
        Parameter("entry_gap_max_s", 2.0, "s", 0, 60, "orders entered together at one size are arranged"),
        Parameter("size_ratio_min", 0.95, "share", 0, 1, "one size, but for a crumb"),
        Parameter("lift_min", 2.0, "x", 1, 100, "no less than half of their trades among themselves is beyond chance"),
        Parameter(
            "one_way_min", 0.8, "share", 0.5, 1, "or so many go one way round, both where it is plain by its direction"
        ),
    ),
    regulations=(
        regulations.WASH_TRADES,
        regulations.CEA_WASH_SALE,
        regulations.SEA_NO_CHANGE_OF_OWNERSHIP,
        regulations.ANNEX_I_NO_CHANGE,
    ),
    known_false_positives=(
        "Dealers of a small interdealer market that pass inventory on.",
        "Funds of one manager that nobody declared as linked and that are rebalanced against each other.",
    ),
    known_gaps=(
        "Rings of six and more, and rings that take more than an hour or a member's last 64 fills to close.",
        "Members that trade far more outside the ring than inside, or of whom each keeps a fifth of what it trades.",
        "The first rounds of a ring that is most of a thin market and trades outside it too: that is usual there.",
        "A ring of accounts so active that chance gives them half of it, and that trades both ways round.",
        "Where some dozen sets of groups close a circle at one time, all but the eight that keep most to themselves.",
        "Two that trade back and forth are ping_pong's, accounts of one owner wash_owner's.",
    ),
    triage_steps=(
        "Look for links among the members: owner, device, subnet, funding, time of opening.",
        "Follow one lot round: does it come back at the price it left?",
        "Who gained from the volume: rebates, rankings, a listing?",
    ),
    episode_gap_s=1800,
    episode_max_s=28_800,
)
MEMBERS_MIN = 3
BRANCHES_MAX = 4
DEVIATIONS_MIN = 1.5
"""Of a Poisson count, beyond which each member sells to the next: where all trade with all, few ways are followed."""
CIRCLES_MAX = 8
"""Where everybody trades with everybody, those who trade most among themselves are judged."""
NET_SHARE_MAX = 0.5
"""Of all that a member traded within the hour: what it trades outside the ring may be a position."""
BURST_S = 300.0
"""Members that trade with others as well may still trade among themselves alone for a while."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Groups in the order the position passes, and their trades among themselves, each told by its buyer's fill."""

    members: tuple[str, ...]
    trades: tuple[Dealing, ...]
    rounds: int
    net_share: float
    inside_share: float
    one_way: float
    expected: float
    surprise: float

    @property
    def lift(self) -> float:
        """How many times what chance gives the members they trade among themselves."""
        return len(self.trades) / max(self.expected, 1e-9)


class _Round(NamedTuple):
    """Groups in the order a position passed most often, how often, how often each sold to each, since when that is
    looked at, and since when all of their fills are held."""

    members: tuple[str, ...]
    rounds: int
    sold: Counter[tuple[str, str]]
    since_ns: int
    covered_ns: int


class WashRing:
    """Asked at moments of a group that nets to little over the hour."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """What the core checks before it asks."""
        return (
            Condition("fills_1m", at_least=1),
            Condition("fills_60m", at_least=2 * parameters["rounds_min"]),
            Condition("net_share_60m", at_most=NET_SHARE_MAX),
            Condition("partner_share", at_least=_inside_share_min(parameters) / 2),
            Condition("bought_from_one", at_least=parameters["rounds_min"]),
            Condition("sold_to_one", at_least=parameters["rounds_min"]),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the group is one of a ring."""
        for window_s in (parameters["window_s"], min(BURST_S, parameters["window_s"])):
            rings = [ring for ring in _rings(scene, parameters, window_s) if _holds(ring, parameters)]
            if rings:
                yield _finding(scene, parameters, max(rings, key=lambda ring: (ring.surprise, ring.members)))
                return


def _inside_share_min(parameters: Mapping[str, float]) -> float:
    return min(parameters["inside_share_min"], parameters["inside_share_directed_min"])


def _holds(ring: Ring, parameters: Mapping[str, float]) -> bool:
    if ring.rounds < parameters["rounds_min"] or ring.surprise < parameters["surprise_min"]:
        return False
    lifted, one_way = ring.lift >= parameters["lift_min"], ring.one_way >= parameters["one_way_min"]
    kind = "_directed" if lifted and one_way else ""
    return (
        (lifted or one_way)
        and ring.net_share <= parameters[f"net_share{kind}_max"]
        and ring.inside_share >= parameters[f"inside_share{kind}_min"]
    )


def _rings(scene: Scene, parameters: Mapping[str, float], window_s: float) -> Iterator[Ring]:
    """The sets of groups, the acting one among them, through which a position may have passed round in a window."""
    since_ns = scene.now_ns - int(window_s * 1e9)
    circles, known = _circles(scene, since_ns, parameters)
    for groups in circles:
        covered_ns = chance.covered_since_ns(scene, groups, since_ns)
        sold = _sold(scene, groups, covered_ns)
        members, rounds = _circle(groups, sold)
        if rounds >= max(1, parameters["rounds_min"]):
            ring = _ring(scene, parameters, _Round(members, rounds, sold, since_ns, covered_ns), known)
            if ring is not None:
                yield ring


def _circles(scene: Scene, since_ns: int, parameters: Mapping[str, float]) -> tuple[list[tuple[str, ...]], int]:
    """The sets of groups through which sales lead from the acting group back to it and who traded enough among
    themselves, those who did so most and in a fixed order, and how many groups were met on the way."""
    share_min = _inside_share_min(parameters)
    sizes = (MEMBERS_MIN, int(parameters["members_max"]))
    terms = CircleTerms(sizes, parameters["rounds_min"], share_min, DEVIATIONS_MIN, BRANCHES_MAX)
    circles, tried = scene.circles(since_ns, terms)
    if not circles:
        return [], 0
    known = {other for group in tried for other in scene.partners(since_ns, group)}
    closed = sorted(circles, key=lambda each: (-each[1], each[0]))
    return [members for members, _ in closed[:CIRCLES_MAX]], len(known - {"", scene.group})


def _sold(scene: Scene, groups: tuple[str, ...], since_ns: int) -> Counter[tuple[str, str]]:
    """How often each of some groups sold to each other one since a time, as the buyers' fills tell it."""
    found: Counter[tuple[str, str]] = Counter()
    for group in groups:
        met = scene.partners(since_ns, group)
        found.update({(other, group): met[other][0] for other in groups if other != group and other in met})
    return found


def _ring(scene: Scene, parameters: Mapping[str, float], round_: _Round, known: int) -> Ring | None:
    """What the members' trades among themselves add up to, since all of them are known; None where that is plainly no
    ring."""
    members, sold = round_.members, round_.sold
    all_made = {group: chance.dealings(scene, group, round_.since_ns) for group in sorted(members)}
    bought = [
        (each, group)
        for group, dealings in all_made.items()
        for each in dealings
        if each.other in all_made and each.fill.side is Side.BUY and each.fill.time_ns >= round_.covered_ns
    ]
    first_ns = min(each.fill.time_ns for each, _ in bought)
    made = {group: [each for each in all_made[group] if each.fill.time_ns >= first_ns] for group in members}
    one_way = sum(sold[edge] for edge in pairwise((*members, members[0]))) / sum(sold.values())
    kind = "_directed" if one_way >= parameters["one_way_min"] else ""
    inside_share = min(sum(each.other in made for each in dealings) / len(dealings) for dealings in made.values())
    if inside_share < parameters[f"inside_share{kind}_min"]:
        return None
    net_share = max(_net_share(dealings, members) for dealings in made.values())
    if net_share > parameters[f"net_share{kind}_max"]:
        return None
    expected, surprise = _surprise(scene, made, sold, first_ns)
    tried = chance.choices_nats(known, len(members) - 1)
    trades = (Dealing(each.fill, group) for each, group in bought)
    return Ring(
        members=members,
        trades=tuple(sorted(trades, key=lambda each: (each.fill.time_ns, each.fill.event))),
        rounds=round_.rounds,
        net_share=net_share,
        inside_share=inside_share,
        one_way=one_way,
        expected=expected,
        surprise=surprise + _arranged_nats(scene, parameters, members, first_ns) - tried,
    )


def _arranged_nats(scene: Scene, parameters: Mapping[str, float], members: Sequence[str], since_ns: int) -> float:
    """How unlikely it is that so many of their trades are of orders entered together at one size; 0 where not more."""
    gap_s, ratio = parameters["entry_gap_max_s"], parameters["size_ratio_min"]
    met, alike = scene.arranged_among(members, since_ns, gap_s, ratio)
    known, usual = chance.arranged_here(scene, gap_s, ratio)
    return chance.arranged_nats(alike, met, max(0, usual - alike), max(0, known - met))


def _circle(groups: tuple[str, ...], sold: Mapping[tuple[str, str], int]) -> tuple[tuple[str, ...], int]:
    """The order in which a position passes round most often, and how often."""
    orders = [(groups[0], *rest) for rest in permutations(groups[1:])]
    rounds = [min(sold[edge] for edge in pairwise((*order, order[0]))) for order in orders]
    most = max(rounds)
    return orders[rounds.index(most)], most


def _net_share(dealings: Sequence[Dealing], members: Sequence[str]) -> float:
    """What is left of what a member traded inside."""
    inside = [each.fill for each in dealings if each.other in members]
    gross = sum(fill.quantity for fill in inside)
    bought = sum(fill.quantity for fill in inside if fill.side is Side.BUY)
    return abs(2 * bought - gross) / gross if gross else 1.0


def _surprise(
    scene: Scene, made: Mapping[str, Sequence[Dealing]], sold: Mapping[tuple[str, str], int], since_ns: int
) -> tuple[float, float]:
    """How many trades among themselves chance gives the members, and how unlikely theirs are: so many, and so much
    more one way than the other, less what fitting their number of directions takes."""
    counts = {group: chance.sides(dealings) for group, dealings in made.items()}
    trades = chance.market_trades(scene, since_ns)
    edges = [(seller, buyer) for seller in made for buyer in made if seller != buyer]
    with_others = trades - sum(bought * sold for bought, sold in counts.values()) / max(1, trades)
    expected = [counts[seller][1] * counts[buyer][0] / max(1.0, with_others) for seller, buyer in edges]
    observed = [sold[edge] for edge in edges]
    surprise = chance.surprise_nats(sum(observed), sum(expected)) + chance.skew_nats(observed, expected)
    return sum(expected), surprise - (len(edges) - 1) / 2


def _finding(scene: Scene, parameters: Mapping[str, float], ring: Ring) -> Finding:
    fills: list[Fill] = [each.fill for each in ring.trades]
    accounts = frozenset(account for fill in fills for account in (fill.account, fill.contra)) - {""}
    score = (
        0.5
        + 0.2 * excess(ring.rounds, parameters["rounds_min"])
        + 0.2 * excess(ring.surprise, parameters["surprise_min"])
        + 0.1 * excess(ring.inside_share, _inside_share_min(parameters), 1.0)
    )
    names = " to ".join(group.removeprefix("account:") for group in (*ring.members, ring.members[0]))
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.5, Severity.MEDIUM), (0.65, Severity.HIGH), (0.9, Severity.CRITICAL)),
        score=min(1.0, score),
        start_time_ns=fills[0].time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"Sold in a circle, {names}, {ring.rounds} times round in {len(fills)} trades of "
            f"{sum(fill.quantity for fill in fills):g} in all, at most {ring.net_share:.0%} left with anyone and at "
            f"least {ring.inside_share:.0%} of each one's trades among themselves; chance gives groups so active "
            f"{ring.expected:.1f} such trades, and so many, so directed, {chance.once_in(ring.surprise)}."
        ),
        measurements=(
            Measurement("rounds", float(ring.rounds), parameters["rounds_min"], "rounds"),
            Measurement("net_share", ring.net_share, parameters["net_share_directed_max"], "share"),
            Measurement("inside_share", ring.inside_share, _inside_share_min(parameters), "share"),
            Measurement("one_way", ring.one_way, parameters["one_way_min"], "share"),
            Measurement("lift", ring.lift, parameters["lift_min"], "x"),
            Measurement("surprise", ring.surprise, parameters["surprise_min"], "nats"),
        ),
        opening=frozenset({fills[0].event_id}),
        evidence=frozenset(fill.event_id for fill in fills),
        order_ids=frozenset(fill.order_id for fill in fills) - {""},
        trade_ids=frozenset(fill.trade_id for fill in fills) - {""},
    )
