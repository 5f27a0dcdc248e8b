"""What an engine runs with: which rules with which parameters, reference data, a model."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from detection_service.engine.session import SessionCalendar
from detection_service.rules.catalogue import RULE_BY_ID, RULES
from detection_service.rules.lock import content_digest
from detection_service.rules.rule import Metadata, Rule
from tapewatch.market.reference import Reference, ReferenceDataError


class ConfigurationError(ValueError):
    """A rule or parameter is not known or out of range; says what was expected."""


@dataclass(frozen=True, slots=True)
class EngineConfiguration:
    """Rule id to parameter overrides for the rules in force, reference data, how many live orders to expect, and rules
    from outside the catalogue, which `rules` may name as well.

    `marks_come`: ingest's marks tell of silent sources, gaps and clocks; otherwise the engine looks at frames for them.
    """

    rules: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: {rule: {} for rule in RULE_BY_ID})
    reference: Reference = field(default_factory=Reference.of)
    orders_expected: int = 1024
    brought: tuple[Rule, ...] = ()
    marks_come: bool = False

    @property
    def known(self) -> Mapping[str, Rule]:
        """Rules by id, those brought before those of the catalogue."""
        return {**RULE_BY_ID, **{rule.metadata.rule_id: rule for rule in self.brought}}

    def parameters(self) -> dict[str, dict[str, float]]:
        """Rule id to all its parameters in force. Raises ConfigurationError."""
        known = self.known
        return {
            rule_id: _parameters(_metadata(rule_id, known), overrides)
            for rule_id, overrides in sorted(self.rules.items())
        }

    def calendar(self) -> SessionCalendar:
        """When the sessions of the instruments open and close. Raises ConfigurationError."""
        try:
            return SessionCalendar(self.reference.instruments)
        except ReferenceDataError as error:
            raise ConfigurationError(str(error)) from error

    def digest(self) -> str:
        """SHA-256 of rules, versions, their content, parameters and reference data; 64 hexadecimal digits."""
        known = self.known
        content = {
            "rules": {
                rule_id: [known[rule_id].metadata.version, content_digest(known[rule_id]), parameters]
                for rule_id, parameters in self.parameters().items()
            },
            "reference": self.reference.digest(),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def selected(rule_ids: str | None) -> dict[str, dict[str, float]]:
    """Rules named in a comma-separated list, all of them for None. Raises ConfigurationError on an unknown one."""
    names = [rule.metadata.rule_id for rule in RULES] if rule_ids is None else rule_ids.split(",")
    return {_metadata(name.strip(), RULE_BY_ID).rule_id: {} for name in names}


def _metadata(rule_id: str, known: Mapping[str, Rule]) -> Metadata:
    rule = known.get(rule_id)
    if rule is None:
        near = difflib.get_close_matches(rule_id, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
        raise ConfigurationError(f"unknown rule {rule_id!r}: {hint}")
    return rule.metadata


def _parameters(metadata: Metadata, overrides: Any) -> dict[str, float]:
    rule_id = metadata.rule_id
    known = {parameter.name: parameter for parameter in metadata.parameters}
    if not isinstance(overrides, Mapping):
        raise ConfigurationError(f"rule {rule_id}: expected parameters by name, found {overrides!r}")
    for name, value in overrides.items():
        parameter = known.get(name)
        if parameter is None:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
            raise ConfigurationError(f"rule {rule_id}: unknown parameter {name!r}: {hint}")
        if not isinstance(value, int | float) or not parameter.minimum <= value <= parameter.maximum:
            expected = f"{parameter.minimum:g} to {parameter.maximum:g} {parameter.unit}"
            raise ConfigurationError(f"rule {rule_id}, {name}: expected {expected}, found {value!r}")
    return metadata.defaults() | {name: float(value) for name, value in overrides.items()}
