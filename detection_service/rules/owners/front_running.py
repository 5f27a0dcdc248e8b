"""Front running: in before a large order, out of it soon after, again and again or with a reason to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TypeAlias

from detection_service.engine.owner_scene import LargeOrder
from detection_service.engine.scene import Fill, Scene, opposite
from detection_service.engine.triggers import AHEAD
from detection_service.rules import needs, regulations
from detection_service.rules.owners import own_client
from detection_service.rules.owners.chance import poisson_tail
from detection_service.rules.owners.incidents import (
    Incident,
    around_others,
    incident,
    quantity_of,
    trip_terms,
    trips_of,
)
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

HELD = 64
GOLDEN = 0.6180339887498949
PLACEBOS = 100
ELSEWHERE = [number * GOLDEN % 1.0 for number in range(1, PLACEBOS + 1)]
"""Even over the time, and out of step with any rhythm."""
TRIED_FIRST = 12
ORDINARY = 0.1
"""What is so likely after the first few of them is not tried further."""
ONE_OF_ALL = 1.0
"""By chance: among all who trade here one is ahead of one order."""
SIZES = 4
TIMES = 32
TIMES_MIN = 6
TRIES = 1_000
"""As many of the times are tried with all other groups as make so many tries, within bounds: many groups tell as much
at few times as few groups at many."""

METADATA = Metadata(
    rule_id="front_running",
    version="2.2.0",
    title="Front running",
    typology="FRONT_RUNNING",
    description=(
        "A group trades on the side of another's large order shortly before that comes in, the last it does until "
        "then, and out again shortly after at a gain. Whoever trades all day is sometimes before and after a large "
        "order by chance: how often that would be is tried out at other times, as many as the market was watched for, "
        "and only what happened more often than that is told; who is seldom seen may do no less of it than the others "
        "here do. Where large orders come all the time, it counts how many as large as those it was ahead of. A desk, "
        "firm or device shared with the large order's account is a reason to have known of it, the better the fewer "
        "who trade here share it."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS, needs.FILLS),
    parameters=(
        Parameter("lead_max_s", 45.0, "s", 0.1, 600, "who knows of an order acts before it is worked"),
        Parameter("exit_max_s", 90.0, "s", 0.1, 3600, "the gain is taken while the order moves the price"),
        Parameter("large_multiple_min", 10.0, "x median", 2, 1000, "and of the largest hundredth of orders"),
        Parameter("size_ratio_min", 2.0, "x", 1, 1000, "the large order dwarfs what was traded before it"),
        Parameter("one_sided_min", 0.8, "share", 0.5, 1, "on the way out: who makes a market trades both ways"),
        Parameter("exit_share_min", 0.5, "share", 0.1, 1, "of what was taken is given back"),
        Parameter("gain_usual_min", 0.5, "x usual", 0, 100, "of the range a minute of the market usually has"),
        Parameter("gain_min", 0.0002, "share", 0, 1, "two basis points: costs eat less"),
        Parameter("own_size_min", 0.5, "x", 0, 1000, "of the group's usual fill: not a crumb by the way"),
        Parameter("others_max", 1.0, "groups", 0, 100, "that did the same around the order; more are a crowd"),
        Parameter("chance_max", 0.005, "x", 0.000001, 1, "by chance so many in all groups of the market"),
        Parameter("own_chance_max", 0.001, "x", 0.000001, 1, "the same of an owner's own; owners have many accounts"),
    ),
    regulations=(regulations.FINRA_FRONT_RUNNING, regulations.MAR_INSIDER_DEALING),
    known_false_positives=(
        "A fast trader that reads the first slices of a large order and follows them.",
        "Two accounts that act on one signal, the smaller sooner.",
    ),
    known_gaps=(
        "A large order sliced into ordinary ones is not seen as large.",
        "A front runner that stays in longer than the exit time, or trades in another product.",
        "Once is not enough without something shared with the large order's account by hardly anybody else.",
        "In the first hour or so of a market one or two large orders say nothing, but those of the same owner.",
        "Chance is judged on the group's last 64 fills in this market.",
    ),
    triage_steps=(
        "Could the person have known: same desk, broker, chat, shared screen?",
        "How often did this group precede this client's orders on other days?",
        "What did it gain, and what did the large order lose by it?",
    ),
    episode_gap_s=3600,
    episode_max_s=86_400,
)


_Judged: TypeAlias = tuple[LargeOrder, Incident | None]


@dataclass(frozen=True, slots=True)
class _Ahead:
    """The large orders of some size at least, and of each run of them the first that the group was ahead of."""

    orders: list[LargeOrder]
    incidents: list[Incident]
    expected: float

    @staticmethod
    def of(
        scene: Scene,
        parameters: Mapping[str, float],
        fills: list[Fill],
        made: Sequence[_Judged],
        size: float,
        sizes: int,
    ) -> _Ahead | None:
        """What there is at a size, of so many that are tried; None where it is not now, or where chance explains it."""
        large = [each for each in made if each[0].quantity >= size]
        firsts = [next((each for _, each in run if each), None) for run in _runs(large, parameters)]
        incidents = [each for each in firsts if each is not None]
        if not incidents or incidents[-1].after[-1].time_ns < scene.now_ns:
            return None
        orders = [order for order, _ in large]
        expected = _expected(scene, parameters, fills, incidents, orders) * sizes
        return _Ahead(orders, incidents, expected) if expected <= parameters["chance_max"] else None


class FrontRunning:
    """Asked when a group trades out after a large order of another's that it had preceded."""

    metadata = METADATA
    triggers = AHEAD

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the group was ahead of large orders more often than by chance."""
        found = list(self._of_other_owners(scene, parameters))
        yield from found or self._of_own(scene, parameters)

    def _of_other_owners(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """Ahead of other groups' orders."""
        trips = scene.trips_around_large_orders(trip_terms(scene, parameters))
        if not trips:
            return
        fills = scene.fills(None, 0)
        made = {order: incident(fills, order, *trip) for order, trip in trips}
        since_ns, side = scene.now_ns - int(parameters["exit_max_s"] * 1e9), opposite(fills[-1].side)
        lately = any(order.side is side and order.time_ns >= since_ns for order in made)
        if not lately or _is_chance(scene, parameters, list(made.values())):
            return
        judged = [(order, made.get(order)) for order in scene.large_orders(None)]
        sizes = sorted({order.quantity for order in made})[-SIZES:]
        tried = [
            _Ahead.of(scene, parameters, fills, judged, size, len(sizes))
            for size in sizes
            if not _is_chance(scene, parameters, [made[order] for order in made if order.quantity >= size])
        ]
        ahead = min((each for each in tried if each is not None), key=lambda each: each.expected, default=None)
        if ahead is None or not _alone(scene, parameters, ahead.incidents[-1]):
            return
        alone = [each for each in ahead.incidents[:-1] if _alone(scene, parameters, each)]
        incidents = [*alone, ahead.incidents[-1]]
        expected = ahead.expected
        if len(incidents) < len(ahead.incidents):
            expected = _expected(scene, parameters, fills, incidents, ahead.orders) * len(sizes)
        if expected <= parameters["chance_max"]:
            yield _finding(scene, parameters, incidents, _related(scene, incidents), expected)

    def _of_own(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """Ahead of orders of other accounts of the same owner's."""
        if not any(scene.own_large_orders(side, 0) for side in (Side.BUY, Side.SELL)):
            return
        fills = scene.fills(None, 0)
        incidents = own_client.incidents(scene, parameters, fills)
        if not incidents or incidents[-1].after[-1].time_ns < scene.now_ns:
            return
        expected = own_client.expected(scene, fills, incidents)
        if expected <= parameters["own_chance_max"]:
            yield _finding(scene, parameters, incidents, "its owner", expected, "the trade of ")


def _related(scene: Scene, incidents: Sequence[Incident]) -> str:
    """What the group shares with a large order's account, of the last where it shares something; else empty."""
    return next(filter(None, (_relation(scene, each) for each in reversed(incidents))), "")


def _expected(
    scene: Scene,
    parameters: Mapping[str, float],
    fills: list[Fill],
    incidents: Sequence[Incident],
    orders: Sequence[LargeOrder],
) -> float:
    """How many groups that might have known would by chance be ahead so often: of all, or of those that share as much
    with the large order's account."""
    chance = _by_chance(scene, parameters, fills, incidents, orders)
    if chance > parameters["chance_max"]:
        return chance  # there is one such group at least
    present = max(1, scene.groups_present())
    sharing = (_sharing(scene, each) for each in incidents if _relation(scene, each))
    return chance * min(sharing, default=present)


def _is_chance(scene: Scene, parameters: Mapping[str, float], incidents: Sequence[Incident]) -> bool:
    """Whether there is a single incident, which says nothing."""
    return len(incidents) == 1 and parameters["chance_max"] < ONE_OF_ALL and not _relation(scene, incidents[0])


def _sharing(scene: Scene, incident: Incident) -> int:
    """How many groups that are active here share with the large order's account what the group does."""
    accounts = incident.before[0].account, incident.order.account
    sharers = scene.relations.sharers(*accounts, scene.now_ns) - {scene.group_of(incident.order.account)}
    return max(1, len(sharers.intersection(scene.groups())))


def _runs(orders: Sequence[_Judged], parameters: Mapping[str, float]) -> list[list[_Judged]]:
    """Runs of large orders: those that come while one could still trade out of the first are one occasion, if each is
    one that the group may have been ahead of by chance."""
    found: list[list[_Judged]] = []
    for each in orders:
        if not found or each[0].time_ns - found[-1][0][0].time_ns > parameters["exit_max_s"] * 1e9:
            found.append([])
        found[-1].append(each)
    return found


def _alone(scene: Scene, parameters: Mapping[str, float], incident: Incident) -> bool:
    """Whether hardly anybody else did the same around the order: where a crowd did, the market moved, and not one who
    knew."""
    order = incident.order
    since_ns = order.time_ns - int(parameters["lead_max_s"] * 1e9)
    others, _, _ = around_others(scene, parameters, [(order.time_ns, order.side)], order.quantity, since_ns)
    return others <= parameters["others_max"]


def _relation(scene: Scene, incident: Incident) -> str:
    if not incident.order.account:
        return ""
    return scene.relations.related(incident.before[0].account, incident.order.account, scene.now_ns)


def _by_chance(
    scene: Scene,
    parameters: Mapping[str, float],
    fills: list[Fill],
    incidents: Sequence[Incident],
    orders: Sequence[LargeOrder],
) -> float:
    """Probability that the group would be ahead of so many of the large orders if they had come at any other time.

    How often it would be ahead of one as closely is tried out at a hundred times spread over what is held of its
    fills, so that its own rhythm, sides and gains are in it; what it did around the incidents is left out. Who is
    seldom seen may do no less of it than the others do.
    """
    if len(incidents) == 1 and not _relation(scene, incidents[0]):
        return ONE_OF_ALL
    near_s = max(each.furthest_ns for each in incidents) / 1e9
    lead_s, exit_s = min(near_s, parameters["lead_max_s"]), min(near_s, parameters["exit_max_s"])
    closely = {**parameters, "lead_max_s": lead_s, "exit_max_s": exit_s}
    suspicious = {fill.event for each in incidents for fill in each.fills}
    usual = [fill for fill in fills if fill.event not in suspicious]
    trips, quantity = trips_of(scene, closely, usual), incidents[-1].order.quantity
    begun = fills[0].time_ns if len(fills) == HELD else min(scene.market_since_ns(), fills[0].time_ns)
    for count in (TRIED_FIRST, PLACEBOS):
        times = _elsewhere(begun, scene.now_ns, count)
        shares = {
            side: trips.often([(each, side) for each in times], quantity) / count for side in (Side.BUY, Side.SELL)
        }
        own = poisson_tail(len(incidents), sum(shares[order.side] for order in orders))
        if own > (ORDINARY if count < PLACEBOS else parameters["chance_max"]):
            return own
    least = _of_others(scene, closely, quantity, len(usual))
    return poisson_tail(len(incidents), sum(max(shares[order.side], least) for order in orders))


def _elsewhere(begun_ns: int, now_ns: int, count: int) -> list[int]:
    """Other times at which an order might have come in."""
    return [begun_ns + int((now_ns - begun_ns) * share) for share in ELSEWHERE[:count]]


def _of_others(scene: Scene, parameters: Mapping[str, float], quantity: float, fill_count: int) -> float:
    """How often any group, as active as this one, was ahead of a time by chance: of times spread over what is held of
    all fills, those that overlap counted once."""
    _, groups, fills = around_others(scene, parameters, (), quantity)
    tried = max(TIMES_MIN, min(TIMES, TRIES // max(1, groups)))
    begun = scene.all_held_since_ns(scene.market_since_ns())
    times = _elsewhere(begun, scene.now_ns, tried)
    ahead, _, _ = around_others(
        scene, parameters, list(zip(times, cycle((Side.BUY, Side.SELL)), strict=False)), quantity
    )
    apart = (scene.now_ns - begun) / 1e9 / max(1.0, parameters["lead_max_s"] + parameters["exit_max_s"])
    occasions = min(PLACEBOS, max(1.0, apart))
    share = (ahead / tried * occasions + 0.5) / (occasions * (groups + 1) + 1)
    return share * max(1.0, fill_count / max(1.0, fills / max(1, groups)))


def _finding(
    scene: Scene,
    parameters: Mapping[str, float],
    incidents: list[Incident],
    related: str,
    expected: float,
    moment: str = "",
) -> Finding:
    fills = [fill for each in incidents for fill in each.fills]
    accounts = frozenset(fill.account for fill in fills)
    last = incidents[-1]
    lead_s = (last.order.time_ns - last.before[0].time_ns) / 1e9
    exit_s = (last.after[-1].time_ns - last.order.time_ns) / 1e9
    ratio = last.order.quantity / quantity_of(last.before)
    rarity = excess(parameters["chance_max"], max(expected, 1e-9), 8.0)
    score = 0.4 + 0.25 * rarity + 0.2 * excess(len(incidents), 1.0, 2.0) + (0.15 if related else 0.0)
    shared = f"; it shares {related} with the order's account" if related else ""
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.65, Severity.HIGH), (0.9, Severity.CRITICAL)),
        score=min(1.0, score),
        start_time_ns=min(fill.time_ns for fill in fills),
        end_time_ns=scene.now_ns,
        explanation=(
            f"{last.before[0].side.name.capitalize()} {quantity_of(last.before):g} from {lead_s:.1f} s before "
            f"{moment}a {last.order.side.name.lower()} order of {last.order.quantity:g}, {ratio:.0f} times as large, "
            f"and was out {exit_s:.1f} s after it at a gain of {last.gain:.2%}; {len(incidents)} such order"
            f"{'s' if len(incidents) > 1 else ''} by now, where chance has {expected:.2g}{shared}."
        ),
        measurements=(
            Measurement("incidents", float(len(incidents)), 1.0, "orders"),
            Measurement("expected_by_chance", expected, parameters["chance_max"], "orders"),
            Measurement("size_ratio", ratio, parameters["size_ratio_min"], "x"),
            Measurement("gain", last.gain, parameters["gain_min"], "share"),
        ),
        opening=frozenset({incidents[0].before[0].event_id, incidents[0].order.event_id}),
        evidence=frozenset([*(fill.event_id for fill in fills), *(each.order.event_id for each in incidents)]),
        order_ids=frozenset([*(fill.order_id for fill in fills), *(each.order.order_id for each in incidents)]) - {""},
        trade_ids=frozenset(fill.trade_id for fill in fills) - {""},
    )
