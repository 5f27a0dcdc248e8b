"""What an engine runs with: which rules with which parameters, reference data, a model."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from detection_service.anomaly.signing import Trust
from detection_service.engine.scopes import Scope, ScopeError, laxest, resolved, scopes_of, variants
from detection_service.engine.session import SessionCalendar
from detection_service.engine.triggers import SOURCE
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.lock import content_digest
from detection_service.rules.rule import Metadata, Rule
from tapewatch.market.reference import Reference, ReferenceDataError


class ConfigurationError(ValueError):
    """A rule or parameter is not known or out of range; says what was expected."""


@dataclass(frozen=True, slots=True)
class EngineConfiguration:
    """Rule id to parameter overrides for the rules in force, reference data, and rules from outside the catalogue,
    which `rules` may name as well.

    `marks_come`: ingest's marks tell of silent sources, gaps and clocks; otherwise the engine looks at frames for them.
    `scopes` say otherwise of parameters for some markets, the least specific first. `waiting` are parameters of rules
    from outside that are not there (yet), `faults` say why a rule is not, `kept` is where texts of rules are found,
    `scenarios` are the files of what rules from outside are tried with. `trust` says whose models are taken.
    """

    rules: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: {rule: {} for rule in RULE_BY_ID})
    reference: Reference = field(default_factory=Reference.of)
    brought: tuple[Rule, ...] = ()
    marks_come: bool = False
    scopes: tuple[Scope, ...] = ()
    waiting: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    kept: Path | None = None
    scenarios: Mapping[str, Path] = field(default_factory=dict)
    trust: Trust = field(default_factory=Trust)

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

    def parameters_at(self, venue: str, instrument: str) -> dict[str, dict[str, float]]:
        """Rule id to all its parameters in force in a market."""
        row = self.reference.instrument(venue, instrument)
        return resolved(self.parameters(), [scope for scope in self.scopes if scope.covers(venue, instrument, row)])

    def laxest_parameters(self) -> dict[str, dict[str, float]]:
        """Rule id to the parameters that let through whatever those of any market do."""
        return laxest(self.parameters(), self.scopes)

    def variants(self, rule_id: str) -> list[dict[str, float]] | None:
        """All parameters a rule may have in some market; None where they are too many to list."""
        found = variants(rule_id, self.parameters()[rule_id], self.scopes)
        return None if found is None else list(found)

    def check(self) -> None:
        """Raises ConfigurationError where rules, parameters or scopes are not valid."""
        self.parameters()
        known = self.known
        for scope in self.scopes:
            for rule_id, overrides in scope.rules.items():
                if rule_id in self.faults or rule_id in self.waiting:
                    continue
                try:
                    _parameters(_metadata(rule_id, known), overrides)
                except ConfigurationError as error:
                    raise ConfigurationError(f"scope {scope}: {error}") from error
                if known[rule_id].triggers & SOURCE:
                    raise ConfigurationError(f"scope {scope}: {rule_id} watches sources, not markets; set it in rules")

    def with_rules(
        self,
        rules: Mapping[str, Mapping[str, float]],
        scopes: tuple[Scope, ...],
        waiting: Mapping[str, Mapping[str, float]],
    ) -> EngineConfiguration:
        """Other rules of the catalogue in force, and other parameters; what is brought stays in force.

        Raises ConfigurationError.
        """
        for rule_id in rules:
            if rule_id not in self.faults and rule_id not in self.waiting:
                rule = _metadata(rule_id, self.known)
                _parameters(rule, rules[rule_id])
        made = replace(self, rules=rules, scopes=scopes, waiting=waiting).with_brought(self.brought, self.faults)
        made.check()
        return made

    def with_brought(
        self, brought: Iterable[Rule], faults: Mapping[str, str], scenarios: Mapping[str, Path] | None = None
    ) -> EngineConfiguration:
        """Other rules from outside, all of them in force; one that its parameters do not fit is a fault.

        `scenarios` are the files of their scenarios by id; those known stay without.
        """
        scoped: dict[str, Mapping[str, float]] = {rule_id: {} for scope in self.scopes for rule_id in scope.rules}
        given = {
            rule_id: each
            for rule_id, each in {**scoped, **self.waiting, **self.rules}.items()
            if rule_id not in RULE_BY_ID
        }
        sound, wrong = [], dict(faults)
        for rule in brought:
            try:
                _parameters(rule.metadata, given.get(rule.metadata.rule_id, {}))
                sound.append(rule)
            except ConfigurationError as error:
                wrong[rule.metadata.rule_id] = str(error)
        ids = {rule.metadata.rule_id for rule in sound}
        own = {rule_id: each for rule_id, each in self.rules.items() if rule_id in RULE_BY_ID}
        return replace(
            self,
            rules={**own, **{rule_id: given.get(rule_id, {}) for rule_id in ids}},
            brought=tuple(sorted(sound, key=lambda rule: rule.metadata.rule_id)),
            faults=wrong,
            scenarios=self.scenarios if scenarios is None else scenarios,
            waiting={rule_id: each for rule_id, each in given.items() if rule_id not in ids},
        )

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
            **({"scopes": [scope.to_json() for scope in self.scopes]} if self.scopes else {}),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def checked_scopes(content: Iterable[Mapping[str, Any]]) -> tuple[Scope, ...]:
    """Scopes from their JSON or settings. Raises ConfigurationError."""
    try:
        return scopes_of(content)
    except ScopeError as error:
        raise ConfigurationError(str(error)) from error


def selected(rule_ids: str | None, known: Mapping[str, Rule] = RULE_BY_ID) -> dict[str, dict[str, float]]:
    """Rules named in a comma-separated list, all of them for None. Raises ConfigurationError on an unknown one."""
    names = list(known) if rule_ids is None else rule_ids.split(",")
    return {_metadata(name.strip(), known).rule_id: {} for name in names}


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
