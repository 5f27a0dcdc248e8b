"""Rules from outside the catalogue, held so that a faulty one stops itself and nothing else.

A rule that raises, or yields what is no finding, is out of force from that event on: the same events give the same, and
the state is part of a snapshot. It is asked again when its content changes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from detection_service.engine.scene import Scene
from detection_service.rules.lock import content_digest
from detection_service.rules.rule import Condition, Finding, Rule, conditions_of
from tapewatch.alert import EXPLANATION_CHARACTERS_MAX, Severity
from tapewatch.runtime.isolation import Fault, isolated

FINDINGS_MAX: Final = 100
PACKAGE: Final = "detection_service."
_NAMES: Final = ("owners", "accounts", "opening", "evidence", "order_ids", "trade_ids")


class Isolation:
    """Which brought rules are faulty, and why."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._content: dict[str, str] = {}

    def configure(self, brought: Iterable[Rule]) -> None:
        """Takes up the rules that are brought; one whose content is another than that which failed is sound again."""
        self._content = {rule.metadata.rule_id: content_digest(rule) for rule in brought}
        self._reasons = {digest: why for digest, why in self._reasons.items() if digest in self._content.values()}

    @property
    def reasons(self) -> dict[str, str]:
        """Rule id to what went wrong."""
        return {rule_id: self._reasons[digest] for rule_id, digest in self._content.items() if digest in self._reasons}

    def is_brought(self, rule_id: str) -> bool:
        """Whether a rule is from outside the catalogue."""
        return rule_id in self._content

    def conditions(self, rule: Rule, trigger: int, parameters: Mapping[str, float]) -> tuple[Condition, ...] | None:
        """A rule's conditions; None where it is faulty, or turns out to be."""
        rule_id = rule.metadata.rule_id
        if not self.is_brought(rule_id):
            return conditions_of(rule, trigger, parameters)
        if self._is_out(rule_id):
            return None
        made = isolated(lambda: conditions_of(rule, trigger, parameters), file_of(rule))
        if isinstance(made, Fault):
            self._reasons[self._content[rule_id]] = f"conditions: {made.reason}"
            return None
        return made.value

    def question(self, rule: Rule) -> Callable[[Scene, Mapping[str, float]], Iterable[Finding]]:
        """What to ask a rule by: its own evaluation, or held, where it is from outside the catalogue."""
        return partial(self.findings, rule) if self.is_brought(rule.metadata.rule_id) else rule.evaluate

    def findings(self, rule: Rule, scene: Scene, parameters: Mapping[str, float]) -> Iterable[Finding]:
        """What a rule makes of a scene; nothing from one that is faulty, or turns out to be."""
        rule_id = rule.metadata.rule_id
        if not self.is_brought(rule_id):
            return rule.evaluate(scene, parameters)
        if self._is_out(rule_id):
            return ()
        made = isolated(lambda: [_sound(each) for each in rule.evaluate(scene, parameters)], file_of(rule))
        if isinstance(made, Fault):
            self._reasons[self._content[rule_id]] = f"evaluate: {made.reason}"
            return ()
        return made.value[:FINDINGS_MAX]

    def _is_out(self, rule_id: str) -> bool:
        return self._content[rule_id] in self._reasons

    def state(self) -> dict[str, str]:
        """Plain values from which `restore` makes the same."""
        return dict(self._reasons)

    def restore(self, state: Mapping[str, str]) -> None:
        """Becomes the isolation whose `state` was taken."""
        self._reasons = dict(state)


def file_of(rule: Rule) -> str:
    """Path of the module a rule was brought in; "" for one in YAML, which has no code of its own."""
    module = type(rule).__module__
    return "" if module.startswith(PACKAGE) else str(getattr(sys.modules.get(module), "__file__", ""))


def _sound(finding: Any) -> Finding:
    """The finding, where the engine can take it. Raises TypeError or ValueError."""
    if not isinstance(finding, Finding):
        raise TypeError(f"expected a Finding, found {type(finding).__name__}")
    _check_names(finding)
    _check(finding, "severity", Severity)
    _check(finding, "start_time_ns", int)
    _check(finding, "end_time_ns", int)
    _check(finding, "explanation", str)
    if not 0 <= finding.score <= 1:
        raise ValueError(f"score: expected 0 to 1, found {finding.score!r}")
    if not 0 < len(finding.explanation) <= EXPLANATION_CHARACTERS_MAX:
        raise ValueError(f"explanation: expected 1 to {EXPLANATION_CHARACTERS_MAX} characters of text")
    for each in finding.measurements:
        if not math.isfinite(each.observed) or not math.isfinite(each.threshold):
            raise ValueError(f"measurements: expected finite numbers, found {each!r:.80}")
    for name in finding.memory:
        math.isfinite(finding.memory[name])
    return finding


def _check(finding: Any, name: str, expected: type) -> None:
    found = getattr(finding, name)
    if not isinstance(found, expected):
        raise TypeError(f"{name}: expected {expected.__name__}, found {found!r:.80}")


def _check_names(finding: Any) -> None:
    for name in _NAMES:
        names = getattr(finding, name)
        if not isinstance(names, frozenset) or not all(isinstance(each, str) for each in names):
            raise TypeError(f"{name}: expected a frozenset of texts, found {names!r:.80}")
    if not finding.opening or not finding.evidence:
        raise ValueError("opening, evidence: expected ids of events, found none")
