"""Phishing: tiny trades uncover what others hold, then a large order takes advantage of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.pressure import orders as pressing
from detection_service.rules.pressure.takes import Take, takes_of
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from detection_service.rules.usual import moves, usual_move
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

WINDOW_S = 300.0
MINUTES_MIN = 2.0

METADATA = Metadata(
    rule_id="phishing",
    version="1.1.0",
    title="Phishing",
    typology="PHISHING",
    description=(
        "Several times within minutes a group trades tiny quantities on one side again and again without pushing the "
        "price, and then at once trades a size many times theirs: what the tiny trades uncovered is used. Small "
        "traders who stay small, and algorithms whose slices are of ordinary size, do not count."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS, needs.FILLS),
    parameters=(
        Parameter("probes_min", 5.0, "trades", 2, 60, "a few tiny trades are somebody's small change"),
        Parameter("probe_multiple_max", 0.25, "x median", 0.001, 1, "tiny against what the instrument usually sees"),
        Parameter("moves_max", 1.0, "x usual minute", 0.01, 10, "probes feel for what stands, they do not push"),
        Parameter("window_s", 30.0, "s", 1, 300, "probes of one question come close together"),
        Parameter("follow_within_s", 5.0, "s", 0.01, 60, "what is found is used before it goes"),
        Parameter("size_multiple_min", 2.0, "x median", 1, 1000, "in markets where all sizes are alike"),
        Parameter("large_share", 0.05, "share", 0.001, 0.5, "of orders are as large: fewer than one in twenty is seen"),
        Parameter("follow_multiple_min", 20.0, "x probe", 2, 10_000, "many times a probe: it was not the aim"),
        Parameter("others_max", 0.25, "share", 0, 1, "of its takes: who trades all sizes trades, who probes knows two"),
        Parameter("cycles_min", 2.0, "cycles", 1, 20, "once, somebody may have grown bolder"),
    ),
    regulations=(
        regulations.MAR_FALSE_SIGNALS,
        regulations.MAR_ORDERS_DISTURB,
        regulations.PING_ORDERS,
    ),
    known_false_positives=("A client that trades a little by hand to see that all works, then its real order, twice.",),
    known_gaps=(
        "More than the last 64 fills of a group are not looked at: five minutes at most, less for busy ones.",
        "Probes on one venue and the large trade on another are not brought together.",
    ),
    triage_steps=(
        "Was there an iceberg or hidden order at the price of the probes?",
        "Whom did the large order harm or forestall?",
    ),
    episode_gap_s=600,
    episode_max_s=7200,
)


class Cycle(NamedTuple):
    """Probes and the large take that used them."""

    probes: list[Take]
    take: Take


class Phishing:
    """Asked at moments of a group that took liquidity many times."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Liquidity taken as often as the cycles need, within five minutes."""
        return (
            Condition("large_take", at_least=1),
            Condition("aggressive_fills_5m", at_least=parameters["cycles_min"] * (parameters["probes_min"] + 1)),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where large takes followed tiny ones several times."""
        since_ns, usual = scene.now_ns - int(WINDOW_S * 1e9), scene.market.sizes.median
        tiny = scene.small_takes(since_ns, parameters["probe_multiple_max"] * usual)
        if tiny < parameters["cycles_min"] * parameters["probes_min"]:
            return
        takes, large = takes_of(scene, since_ns), pressing.large_from(scene, parameters)
        small = [take for take in takes if take.order_quantity <= parameters["probe_multiple_max"] * usual]
        cycles: list[Cycle] = []
        for take in takes:
            if take.order_quantity >= large:
                used = cycles[-1].take.time_ns if cycles else 0
                cycle = _cycle(scene, parameters, take, [each for each in small if each.time_ns > used])
                cycles.extend([cycle] if cycle else [])
        others = sum(take.order_quantity < large for take in takes) - len(small)
        if len(cycles) >= parameters["cycles_min"] and others <= parameters["others_max"] * len(takes):
            yield _finding(scene, parameters, cycles)


def _cycle(scene: Scene, parameters: Mapping[str, float], take: Take, small: list[Take]) -> Cycle | None:
    """A large take with the probes before it, where they are of one side, close, and do not push the price."""
    first_ns = take.time_ns - parameters["window_s"] * 1e9
    before = [probe for probe in small if first_ns <= probe.time_ns <= take.time_ns]
    if not before or take.time_ns - before[-1].time_ns > parameters["follow_within_s"] * 1e9:
        return None
    probes = [probe for probe in before if probe.side is before[-1].side]
    if len(probes) < parameters["probes_min"] or _pushed(scene, probes) > parameters["moves_max"]:
        return None
    largest = max(probe.order_quantity for probe in probes)
    return Cycle(probes, take) if take.order_quantity >= parameters["follow_multiple_min"] * largest else None


def _pushed(scene: Scene, probes: list[Take]) -> float:
    """How many usual moves of a minute the price went with the probes, from the first to the last."""
    towards = 1 if probes[0].side is Side.BUY else -1
    gone = towards * (probes[-1].fills[-1].price - probes[0].fills[0].price)
    return moves(max(0.0, gone), usual_move(scene, probes[0].time_ns, MINUTES_MIN))


def _finding(scene: Scene, parameters: Mapping[str, float], cycles: list[Cycle]) -> Finding:
    usual, last = scene.market.sizes.median, cycles[-1]
    fills = [fill for cycle in cycles for take in (*cycle.probes, cycle.take) for fill in take.fills]
    size = max(probe.order_quantity for probe in last.probes)
    measures = (
        ("cycles", float(len(cycles)), "cycles_min", "cycles"),
        ("probes", float(min(len(cycle.probes) for cycle in cycles)), "probes_min", "trades"),
        ("size_multiple", max(cycle.take.order_quantity for cycle in cycles) / usual, "size_multiple_min", "x median"),
        ("follow_multiple", last.take.order_quantity / size, "follow_multiple_min", "x probe"),
    )
    score = 0.4 + 0.6 * sum(excess(seen, parameters[limit]) for _, seen, limit, _ in measures) / len(measures)
    accounts = pressing.accounts_of((), fills)
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.75, Severity.HIGH)),
        score=score,
        start_time_ns=fills[0].time_ns,
        end_time_ns=max(fill.time_ns for fill in fills),
        explanation=(
            f"{len(cycles)} times traded tiny quantities on one side ({len(last.probes)} trades of {size:g} at most) "
            f"and at once a large one, last {last.take.order_quantity:g} ({last.take.side.name.lower()}) "
            f"{(last.take.time_ns - last.probes[-1].time_ns) / 1e9:.2f} s after them; usual orders here are of "
            f"{usual:.3g}."
        ),
        measurements=tuple(Measurement(name, seen, parameters[limit], unit) for name, seen, limit, unit in measures),
        opening=frozenset({fills[0].event_id}),
        evidence=pressing.events_of((), fills),
        order_ids=pressing.order_ids_of((), fills),
        trade_ids=pressing.trade_ids_of(fills),
    )
