"""A rule alone over the same events, setting by setting."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import AnomalyScorer, Engine
from simulator.scorecard.sighting import Sighting
from simulator.tuning.outcome import Outcome, Truth, judged, truth_for
from tapewatch.alert import Alert
from tapewatch.cli.detection_run import few_collections, keep_newest
from tapewatch.cli.failure import CommandError
from tapewatch.cli.rules.previewing import difference
from tapewatch.cli.tune.material import Material

Changes = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Tried:
    """A setting's outcome, with the alerts of each material."""

    outcome: Outcome
    alerts: tuple[tuple[Alert, ...], ...]

    def difference(self, other: "Tried") -> tuple[int, int]:
        """How many alerts appear and how many disappear, going from this setting to another."""
        found = [difference(before, after) for before, after in zip(self.alerts, other.alerts, strict=True)]
        return sum(len(each.appear) for each in found), sum(len(each.disappear) for each in found)


@dataclass(slots=True)
class Sweep:
    """A rule in a configuration over some materials; settings tried before are not run again.

    `scorer` is the anomaly model, for rules that go by it.
    """

    rule_id: str
    configuration: EngineConfiguration
    materials: Sequence[Material]
    scorer: AnomalyScorer | None = None
    truths: list[Truth] = field(default_factory=list)
    tried: dict[tuple[tuple[str, float], ...], Tried] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find out what the rule has to find."""
        typology = self.configuration.known[self.rule_id].metadata.typology
        self.truths = [
            truth_for(self.rule_id, typology, each.scenarios, is_partial=each.is_partial) for each in self.materials
        ]

    @property
    def current(self) -> dict[str, float]:
        """All parameters of the rule as they are."""
        return self.configuration.parameters()[self.rule_id]

    @property
    def target_count(self) -> int:
        """How many scenarios the rule has to find."""
        return sum(len(truth.targets) for truth in self.truths)

    @property
    def outcomes(self) -> list[Outcome]:
        """Of everything tried."""
        return [each.outcome for each in self.tried.values()]

    def attempt(self, changes: Changes) -> Tried:
        """Run the rule with some parameters changed. CommandError where it can not work on these events."""
        changes = {name: value for name, value in changes.items() if value != self.current[name]}
        key = tuple(sorted(changes.items()))
        if key not in self.tried:
            alerts = tuple(self._alerts(material, changes) for material in self.materials)
            parts = [
                judged(changes, [Sighting.of_alert(alert) for alert in found], truth)
                for found, truth in zip(alerts, self.truths, strict=True)
            ]
            self.tried[key] = Tried(_together(parts, [each.name for each in self.materials]), alerts)
        return self.tried[key]

    def _alerts(self, material: Material, changes: Changes) -> tuple[Alert, ...]:
        overrides = {**self.configuration.rules.get(self.rule_id, {}), **changes}
        configuration = replace(self.configuration, rules={self.rule_id: overrides}, reference=material.reference)
        engine = Engine(configuration, self.scorer)
        final: dict[str, Alert] = {}
        with few_collections():
            for frame in material.frames:
                keep_newest(final, engine.process(frame))
            keep_newest(final, engine.finish())
        if (why := engine.status()["not_applicable"].get(self.rule_id)) and not final:
            raise CommandError(f"{self.rule_id} can not be tuned on {material.name}: {why}")
        if why := engine.faults.get(self.rule_id):
            raise CommandError(f"{self.rule_id} is faulty: {why}")
        alerts = [alert for alert in final.values() if alert.rule_id == self.rule_id]
        return tuple(sorted(alerts, key=lambda alert: (alert.start_time_ns, alert.alert_id)))

    def by_parameter(
        self, values: Mapping[str, Sequence[float]], advance: Callable[[float], None]
    ) -> dict[str, list[tuple[float, Tried]]]:
        """Every value of every parameter, the others as they are; one without effect at both ends is left at that."""
        found: dict[str, list[tuple[float, Tried]]] = {}
        now = self.attempt({})
        for name, wanted in values.items():
            ends = [(value, self.attempt({name: value})) for value in (wanted[0], wanted[-1])]
            between = wanted[1:-1] if any(_differs(now, each) for _, each in ends) else ()
            rows = dict(ends)
            for value in between:
                rows[value] = self.attempt({name: value})
                advance(1)
            advance(len(wanted) - len(between))
            found[name] = sorted({**rows, self.current[name]: now}.items())
        return found

    def over_grid(
        self, values: Mapping[str, Sequence[float]], advance: Callable[[float], None]
    ) -> list[tuple[Changes, Tried]]:
        """Every combination of the values."""
        found: list[tuple[Changes, Tried]] = []
        for combination in product(*values.values()):
            changes = dict(zip(values, combination, strict=True))
            found.append((changes, self.attempt(changes)))
            advance(1)
        return found


def _differs(one: Tried, other: Tried) -> bool:
    return _ids(one.alerts) != _ids(other.alerts)


def _ids(alerts: Iterable[Iterable[Alert]]) -> list[set[str]]:
    return [{alert.alert_id for alert in each} for each in alerts]


def _together(parts: Sequence[Outcome], names: Sequence[str]) -> Outcome:
    """The outcomes of one setting over several materials as one; their scenarios stay apart by name."""
    if len(parts) == 1:
        return parts[0]
    innocent: Counter[str] = Counter()
    for part in parts:
        innocent.update(part.hard_negatives)
    return Outcome(
        parts[0].changes,
        frozenset(_named(parts, names)),
        sum(part.true for part in parts),
        sum(part.false for part in parts),
        sum(part.unjudged for part in parts),
        dict(sorted(innocent.items())),
    )


def _named(parts: Sequence[Outcome], names: Sequence[str]) -> Iterator[str]:
    for part, name in zip(parts, names, strict=True):
        yield from (f"{name}: {scenario_id}" for scenario_id in part.found)
