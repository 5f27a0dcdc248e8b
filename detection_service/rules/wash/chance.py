"""Who met whom in a market, and how often strangers as active would have met: the null model of the wash rules.

The null is the configuration model of a directed graph (M. Newman, Networks, 2nd ed., ch. 12): every buy and every sell
keeps its group, and who meets whom is drawn at random, so that two groups meet (b1 s2 + s1 b2) / trades times. How far
the observed is beyond it is the Chernoff bound of the Poisson tail, in nats: 7 nats are once in e^7 = 1,100.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from detection_service.engine.scene import Fill, Scene
from tapewatch.market.event import Side

HOUR_NS: Final = 3_600_000_000_000


class Dealing(NamedTuple):
    """A fill of a group's and the group on the other side; empty where that is not known."""

    fill: Fill
    other: str


def dealings(scene: Scene, group: str, since_ns: int) -> list[Dealing]:
    """A group's fills since a time with others than itself, oldest first, of the last it has."""
    made = [
        Dealing(fill, scene.group_of(fill.contra) if fill.contra else "") for fill in scene.fills(None, since_ns, group)
    ]
    return [each for each in made if each.other != group]


def covered_since_ns(scene: Scene, groups: Iterable[str], since_ns: int) -> int:
    """Since when all fills of all the groups are held, at the earliest a time given."""
    return max([since_ns, *(scene.held_since_ns(group) for group in groups)])


def sides_of(scene: Scene, group: str, since_ns: int) -> tuple[int, int]:
    """How often a group bought from others than itself, and how often it sold to them, since a time."""
    return scene.sides(since_ns, group)


def mostly_with(scene: Scene, since_ns: int, others: int, share_min: float) -> bool:
    """Whether enough of the acting group's fills are with so few others; a maker's are not, and it is left at once."""
    met, acting = scene.partners(since_ns), scene.group
    counts = sorted((sum(each) for group, each in met.items() if group and group != acting), reverse=True)
    return sum(counts[:others]) >= share_min * sum(sum(each) for each in met.values())


def market_trades(scene: Scene, since_ns: int) -> int:
    """Trades of the market since a time, by its buckets of five seconds, or minutes where those are gone."""
    return scene.market_trades(since_ns)


def sides(made: Sequence[Dealing]) -> tuple[int, int]:
    """Number of buys and of sells."""
    bought = sum(each.fill.side is Side.BUY for each in made)
    return bought, len(made) - bought


def expected_meetings(one: tuple[int, int], other: tuple[int, int], trades: int) -> float:
    """How often two groups with these buys and sells would meet by chance among a market's trades."""
    return (one[0] * other[1] + one[1] * other[0]) / max(1, trades)


def surprise_nats(observed: float, expected: float) -> float:
    """How unlikely so many are, where so many are expected: minus the log of the chance, at least; 0 where not more."""
    if observed <= expected:
        return 0.0
    return observed * math.log(observed / max(expected, 1e-9)) - observed + expected


def own_meetings_nats(met: int, bought: int, sold: int, trades: int) -> float:
    """How unlikely it is that so many of a group's buys meet its own sells among a market's trades: minus the log of
    the chance, exactly (hypergeometric tail)."""
    trades = max(trades, bought, sold)
    terms = [
        _log_choices(sold, number) + _log_choices(trades - sold, bought - number) - _log_choices(trades, bought)
        for number in range(max(met, bought + sold - trades), min(bought, sold) + 1)
    ]
    if met <= 0 or not terms:
        return 0.0
    most = max(terms)
    return max(0.0, -most - math.log(sum(math.exp(term - most) for term in terms)))


def _log_choices(among: int, chosen: int) -> float:
    return math.lgamma(among + 1) - math.lgamma(chosen + 1) - math.lgamma(among - chosen + 1)


def choices_nats(candidates: int, chosen: int) -> float:
    """What looking for the most striking few among many takes off a surprise: the log of the ways to choose."""
    return math.log(math.comb(max(candidates, chosen), chosen))


def skew_nats(observed: Sequence[float], expected: Sequence[float]) -> float:
    """How far counts are from a distribution: their number times the Kullback-Leibler divergence."""
    total, usual = sum(observed), sum(expected)
    return sum(
        seen * math.log(seen * usual / (total * max(share, 1e-9 * usual)))
        for seen, share in zip(observed, expected, strict=True)
        if seen
    )


def arranged_here(scene: Scene, gap_max_s: float, size_ratio_min: float) -> tuple[int, int]:
    """How many matches of the market's last hour are known, and in how many both orders were entered so close together
    and so much alike in size."""
    return scene.arranged_matches(scene.now_ns - HOUR_NS, int(gap_max_s * 1e9), size_ratio_min)


def arranged_nats(alike: int, met: int, usual: int, known: int) -> float:
    """How unlikely it is that so many of so many trades were arranged where so many of those known are; 0 where not
    more."""
    share = (usual + 1) / (known + 2)  # one more, for what is not yet known of a young market
    return skew_nats([alike, met - alike], [share, 1 - share]) if alike > share * met else 0.0


def once_in(nats: float) -> str:
    """The chance as people say it."""
    return f"once in {math.exp(min(nats, 20.0)):,.0f}{' or less' if nats > 20 else ''}"
