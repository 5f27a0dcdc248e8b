"""What each rule costs: the time in its evaluation, how often it is asked, and what leaving it out saves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from time import perf_counter_ns

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.engine.scene import Scene
from detection_service.rules.catalogue import RULES
from detection_service.rules.rule import Finding, Rule
from tapewatch.bench.figure import Figure, single
from tapewatch.bench.mix import ROWS_A_FRAME, Mix
from tapewatch.bench.warm import Stretch, WarmEngine
from tapewatch.cli.detection_run import few_collections

PART = "engine"
MIX = Mix()
TABLE = "Cost a rule: ns an event in its evaluation, all rules on"
LEFT_OUT_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many events: before anything counts, evaluated with timers, and evaluated without each of the rules."""

    settling_events: int = 400_000
    timed_events: int = 524_288
    left_out_events: int = 16_384
    """Each time; in turns with as many with all rules, LEFT_OUT_ROUNDS times a rule."""
    mix: Mix = MIX


class TimedRule:
    """A rule that takes the time of its evaluations."""

    content = "timed"

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self.metadata = rule.metadata
        self.triggers = rule.triggers
        self.asked = 0
        self.spent_ns = 0
        conditions = getattr(rule, "conditions", None)
        if conditions is not None:
            self.conditions = conditions

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """As the rule; what the engine does with a finding is not in the time."""
        self.asked += 1
        findings = self._rule.evaluate(scene, parameters)
        while True:
            begun_ns = perf_counter_ns()
            finding = next(findings, None)
            self.spent_ns += perf_counter_ns() - begun_ns
            if finding is None:
                return
            yield finding

    def take(self) -> tuple[int, int]:
        """Times asked and nanoseconds spent since it was last asked for them."""
        taken = self.asked, self.spent_ns
        self.asked = self.spent_ns = 0
        return taken


def figures(
    simulated: Sequence[bytes], events: int, of_market: EngineConfiguration, sizes: Sizes = Sizes()
) -> list[Figure]:
    """A figure a rule on the mix, the dearest first, with what it costs on `events` events of a simulated market."""
    rules = tuple(TimedRule(rule) for rule in RULES)
    with few_collections():
        warm = WarmEngine(sizes.mix, (Stretch(sizes.settling_events),), Stretch(sizes.timed_events))
        warm.engine.configure(replace(warm.configuration, brought=rules))
        on_mix = _timed(rules, warm.engine, warm.frames())
        on_market = _timed(rules, Engine(replace(of_market, brought=rules)), simulated)
        whole_ns, saved, noise_ns = _left_out(warm, sizes.left_out_events)
    found = []
    for rule in rules:
        rule_id = rule.metadata.rule_id
        (asked, spent_ns), (_, market_ns) = on_mix[rule_id], on_market[rule_id]
        details = {
            "asked/1000 events": asked / sizes.timed_events * 1_000,
            "simulated market ns/event": market_ns / events,
        }
        if asked:
            details["us an ask"] = spent_ns / asked / 1e3
        if min(saved[rule_id]) > noise_ns:
            details["left out saves ns/event"] = median(saved[rule_id])
        found.append(single(PART, rule_id, spent_ns / sizes.timed_events, "ns/event", table=TABLE, details=details))
    found.sort(key=lambda each: (-each.value, -each.details["simulated market ns/event"], each.name))
    total = {
        "asked/1000 events": sum(figure.details["asked/1000 events"] for figure in found),
        "simulated market ns/event": sum(figure.details["simulated market ns/event"] for figure in found),
    }
    note = (
        f"of {whole_ns:.0f} ns/event in all; what leaving a rule out saves is told above {noise_ns:.0f} ns, the noise"
    )
    return [*found, single(PART, "all rules' evaluations", sum(each.value for each in found), "ns/event", table=TABLE,
                           details=total, note=note)]  # fmt: skip


def _timed(rules: Sequence[TimedRule], engine: Engine, frames: Sequence[bytes]) -> dict[str, tuple[int, int]]:
    """Rule id to times asked and nanoseconds spent."""
    for frame in frames:
        engine.process(frame)
    return {rule.metadata.rule_id: rule.take() for rule in rules}


def _left_out(warm: WarmEngine, events: int) -> tuple[float, dict[str, list[float]], float]:
    """ns an event with all rules, what was saved without each in each of LEFT_OUT_ROUNDS, and what is noise.

    One engine goes on all the time and is given all rules and all but one by turns. Noise is how far apart what is
    measured twice with all rules mostly was; a rule saves what is more than that in every round.
    """
    without: dict[str, list[float]] = {rule_id: [] for rule_id in warm.configuration.rules}
    with_all = [_cost_ns(warm, "", events)]
    for _ in range(LEFT_OUT_ROUNDS):
        for rule_id, found in without.items():
            cost_ns = _cost_ns(warm, rule_id, events)
            with_all.append(_cost_ns(warm, "", events))
            found.append((with_all[-2] + with_all[-1]) / 2 - cost_ns)
    noise_ns = median(abs(after - before) for before, after in pairwise(with_all))
    return median(with_all), without, noise_ns


def _cost_ns(warm: WarmEngine, left_out: str, events: int) -> float:
    """ns an event without a rule; the first frame, in which every market is asked about its session, does not count."""
    rules = {name: values for name, values in warm.configuration.rules.items() if name != left_out}
    warm.engine.configure(replace(warm.configuration, rules=rules))
    first, *frames = [frame.encode() for frame in warm.flow.events(ROWS_A_FRAME + events)]
    warm.engine.process(first)
    return warm.cost_ns(frames)[0]
