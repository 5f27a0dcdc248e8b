"""Canaries: what is planted for each rule in force, played to an engine set up as the live one is.

Each `canary_due` mark of the journal plays the next rule's positive scenarios (of a rule from outside the first, as the
RULES record in force names it by content), so a replay plays the same. The engine
they are played to has the rule's parameters in force, the model in force and the scenario's own reference data, and
begins empty: nothing planted reaches the live engine's state, its ledger or a case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import NEEDS_MODEL, Engine
from detection_service.health.observation import (
    CANARY_PREFIX,
    CANARY_SOURCE,
    CANARY_VENUE,
    MISSED,
    PASSED,
    Observation,
    mark_id,
)
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.scenarios.scenario import Scenario, ScenarioError, load, scenario_file
from tapewatch.market.frame import Frame

CANARY_DUE: Final = "canary_due"
POSITIVE: Final = "positive"
BY_MODEL: Final = "it judges by a model, and what is unusual to that is not known beforehand"
NO_SCENARIOS: Final = "it brings no scenarios"
NO_POSITIVE: Final = "it brings no positive scenario"
ROWS_MAX: Final = 200_000
"""Events of a scenario from outside: it is played between the events of the markets."""


@dataclass(slots=True)
class Result:
    """How a rule did: canaries missed on end, and the times of the last played and the last found (0: none yet)."""

    missed: int = 0
    played_ns: int = 0
    passed_ns: int = 0
    scenarios: int = 0


class Planted(NamedTuple):
    """What is planted for a rule, or why nothing is."""

    scenarios: tuple[Scenario, ...]
    reason: str = ""


Plant = Callable[[str, EngineConfiguration], Planted]


def planted(rule_id: str, configuration: EngineConfiguration) -> Planted:
    """A rule's positive scenarios, those that need parameters of their own last; of a rule from outside the first."""
    rule = configuration.known[rule_id]
    if NEEDS_MODEL in [need.text for need in rule.metadata.needs]:
        return Planted((), BY_MODEL)
    if rule_id in RULE_BY_ID:
        found = _positive(scenario_file(rule))
        return found._replace(scenarios=tuple(sorted(found.scenarios, key=lambda each: bool(each.parameters))))
    path = configuration.scenarios.get(rule_id)
    found = Planted((), NO_SCENARIOS) if path is None else _positive(path)
    if any(len(each.rows) > ROWS_MAX for each in found.scenarios[:1]):
        return Planted((), f"its first positive scenario has more than {ROWS_MAX:,} events")
    return found._replace(scenarios=found.scenarios[:1])


@cache
def _positive(path: Path) -> Planted:
    """The positive scenarios of a file, in its order. A file of a rule from outside is named by its content."""
    try:
        scenarios = load(path)
    except (ScenarioError, OSError) as error:  # `rules check` says so too
        return Planted((), f"its scenarios can not be read: {error}")
    positive = tuple(scenario for scenario in scenarios if scenario.kind == POSITIVE)
    return Planted(positive, "" if positive else NO_POSITIVE)


class Canaries:
    """Whose turn it is, and how each rule did. `results` is by rule id."""

    def __init__(self, plant: Plant = planted) -> None:
        self.results: dict[str, Result] = {}
        self._last = ""
        self._plant = plant

    def play(self, mark: Mapping[str, Any], engine: Engine) -> Iterator[Observation]:
        """Plays the next rule's canary and tells how it did; one miss or pass a mark."""
        in_force = sorted(engine.configuration.rules)
        for rule_id in [rule_id for rule_id in self.results if rule_id not in engine.configuration.rules]:
            yield _told(PASSED, rule_id, mark, self.results.pop(rule_id))
        if not in_force:
            return
        self._last = next((rule_id for rule_id in in_force if rule_id > self._last), in_force[0])
        scenarios = self._plant(self._last, engine.configuration).scenarios
        if not scenarios:
            return
        result = self.results.setdefault(self._last, Result())
        result.played_ns, result.scenarios = int(mark["time_ns"]), len(scenarios)
        if any(_finds(engine, self._last, scenario) for scenario in scenarios):
            result.missed, result.passed_ns = 0, result.played_ns
            yield _told(PASSED, self._last, mark, result)
        else:
            result.missed += 1
            yield _told(MISSED, self._last, mark, result)

    def without(self, configuration: EngineConfiguration) -> dict[str, str]:
        """The rules in force for which nothing is planted, and why."""
        told = {rule_id: self._plant(rule_id, configuration).reason for rule_id in sorted(configuration.rules)}
        return {rule_id: reason for rule_id, reason in told.items() if reason}

    def state(self) -> dict[str, Any]:
        """Plain values from which `restore` makes the same canaries."""
        return {"last": self._last, "results": {rule_id: asdict(each) for rule_id, each in self.results.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Becomes the canaries whose `state` was taken."""
        self._last = state["last"]
        self.results = {rule_id: Result(**values) for rule_id, values in state["results"].items()}


def _finds(engine: Engine, rule_id: str, scenario: Scenario) -> bool:
    """Whether the rule, with its parameters in force, finds the scenario."""
    twin = Engine(_twin(engine.configuration, rule_id, scenario), engine.scorer)
    alerts = twin.process(_frame(scenario.place, scenario.name, scenario.rows)) + twin.finish()
    return any(alert.rule_id == rule_id for alert in alerts)


def _twin(live: EngineConfiguration, rule_id: str, scenario: Scenario) -> EngineConfiguration:
    parameters = {**scenario.parameters, **live.rules[rule_id]}
    return replace(live, rules={rule_id: parameters}, reference=scenario.reference, marks_come=False)


_FRAMES: Final[dict[tuple[str, str], Frame]] = {}


def _frame(place: str, name: str, rows: Any) -> Frame:
    """The scenario's rows as a frame, made once."""
    found = _FRAMES.get((place, name))
    if found is None:
        found = _FRAMES[place, name] = Frame.from_rows(rows)
    return found


def _told(name: str, rule_id: str, mark: Mapping[str, Any], result: Result) -> Observation:
    time_ns = int(mark["time_ns"])
    since_ns = result.passed_ns or time_ns
    numbers = {"missed": result.missed, "scenarios": result.scenarios, "since_ns": since_ns}
    identity = mark_id(f"{name} {rule_id}", CANARY_SOURCE, time_ns)
    return Observation(name, CANARY_SOURCE, CANARY_VENUE, time_ns, identity, numbers, CANARY_PREFIX + rule_id)
