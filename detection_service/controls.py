"""Control records of the journal: what changes the outcome, effective at its position."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from detection_service.anomaly.model_file import admitted
from detection_service.engine.configuration import EngineConfiguration, checked_scopes
from detection_service.engine.engine import Engine
from detection_service.engine.scopes import KEYS
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.user_rules import kept
from tapewatch.market.reference import Reference

CONFIGURATION: Final = "configuration"
REFERENCE: Final = "reference"
MODEL: Final = "model"
RULES: Final = "rules"


class ControlError(ValueError):
    """A control record is not what its kind says, and is refused: what was in force stays."""


def take(engine: Engine, payload: bytes) -> dict[str, bytes]:
    """Makes a control record effective; its whole content by kind, for `apply`. Raises ControlError if refused.

    A change of parameters gives the whole configuration it has led to.
    """
    try:
        record: dict[str, Any] = json.loads(payload)
        kind, content = str(record["control"]).lower(), json.dumps(record["content"]).encode()
        apply(engine, kind, content)
    except ValueError as error:
        raise ControlError(str(error)) from error
    except KeyError as error:
        raise ControlError(f"expected {error} in the control record, found none") from error
    except (TypeError, AttributeError) as error:
        raise ControlError(f"a value of the control record is not of the kind expected: {error}") from error
    return {kind: whole(engine.configuration) if kind == CONFIGURATION else content}


def restore(engine: Engine, contents: Mapping[str, bytes]) -> None:
    """Makes contents by kind effective that `take` gave before: rules first, since a configuration names them."""
    for kind, content in sorted(contents.items(), key=lambda each: each[0] != RULES):
        apply(engine, kind, content)


def apply(engine: Engine, kind: str, content: bytes) -> None:
    """Makes a control record's content effective. Raises ValueError where it is not what its kind says."""
    values: Any = json.loads(content)
    if not isinstance(values, dict):
        raise ValueError(f"expected the content of a {kind} record as an object, found {type(values).__name__}")
    held = engine.configuration
    if kind == CONFIGURATION:
        engine.configure(_changed(held, values) if "change" in values else _configured(held, values))
    elif kind == REFERENCE:
        engine.configure(replace(held, reference=Reference.from_json(values)))
    elif kind == MODEL:
        engine.use_scorer(admitted(values, held.trust))
    elif kind == RULES:
        loaded = kept.load(held.kept, values["user_rules"])
        engine.configure(held.with_brought(loaded.rules, loaded.faults, loaded.scenarios))
    else:
        raise ValueError(f"control record of unknown kind {kind!r}")


def _configured(held: EngineConfiguration, values: Mapping[str, Any]) -> EngineConfiguration:
    """The rules a record names, with its scopes and what waits for rules from outside where it says so."""
    if not isinstance(values.get("rules"), dict):
        raise ValueError(f"expected rules as an object of parameters by rule id, found {values.get('rules')!r}")
    scopes = checked_scopes(values["scopes"]) if "scopes" in values else held.scopes
    return held.with_rules(values["rules"], scopes, values.get("waiting", {}))


def _changed(held: EngineConfiguration, values: Mapping[str, Any]) -> EngineConfiguration:
    """Parameters of one rule set, or taken back where null, everywhere or in the markets of a scope."""
    change = values["change"]
    rule_id, parameters, scope = str(change["rule"]), dict(change["parameters"]), dict(change.get("scope", {}))
    outside = {name: each for name, each in held.rules.items() if name not in RULE_BY_ID}
    rules = {**held.rules}
    if not scope:
        rules[rule_id] = _with(held.rules.get(rule_id, held.waiting.get(rule_id, {})), parameters)
        return held.with_rules(rules, held.scopes, held.waiting)
    written = {each.keys: each.to_json() for each in held.scopes}
    key = tuple(scope.get(name, "") for name in KEYS)
    found = written.setdefault(key, {**scope, "rules": {}})
    found["rules"][rule_id] = _with(found["rules"].get(rule_id, {}), parameters)
    found["rules"] = {name: each for name, each in found["rules"].items() if each}
    scopes = checked_scopes(each for each in written.values() if each["rules"])
    return held.with_rules(rules, scopes, {**held.waiting, **outside})


def _with(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**before, **changes}.items() if value is not None}


def whole(configuration: EngineConfiguration) -> bytes:
    """A configuration as the content of a record that gives it."""
    outside = {rule_id: each for rule_id, each in configuration.rules.items() if rule_id not in RULE_BY_ID}
    content = {
        "rules": {rule_id: dict(each) for rule_id, each in configuration.rules.items() if rule_id in RULE_BY_ID},
        "scopes": [scope.to_json() for scope in configuration.scopes],
        "waiting": {rule_id: dict(each) for rule_id, each in {**configuration.waiting, **outside}.items()},
    }
    return json.dumps(content).encode()
