"""Control records of the journal: what changes the outcome, effective at its position."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from detection_service.anomaly.model import ForestModel
from detection_service.engine.engine import Engine
from tapewatch.market.reference import Reference

CONFIGURATION: Final = "configuration"
REFERENCE: Final = "reference"
MODEL: Final = "model"


def take(engine: Engine, payload: bytes) -> dict[str, bytes]:
    """Makes a control record effective; its content by kind, for `apply`. Raises ValueError, KeyError if refused."""
    record: dict[str, Any] = json.loads(payload)
    kind, content = str(record["control"]).lower(), json.dumps(record["content"]).encode()
    apply(engine, kind, content)
    return {kind: content}


def apply(engine: Engine, kind: str, content: bytes) -> None:
    """Makes a control record's content effective. Raises ValueError where it is not what its kind says."""
    values: Any = json.loads(content)
    if not isinstance(values, dict):
        raise ValueError(f"expected the content of a {kind} record as an object, found {type(values).__name__}")
    held = engine.configuration
    if kind == CONFIGURATION:
        if not isinstance(values.get("rules"), dict):
            raise ValueError(f"expected rules as an object of parameters by rule id, found {values.get('rules')!r}")
        engine.configure(replace(held, rules=values["rules"]))
    elif kind == REFERENCE:
        engine.configure(replace(held, reference=Reference.from_json(values)))
    elif kind == MODEL:
        engine.use_scorer(ForestModel.from_json(values))
    else:
        raise ValueError(f"control record of unknown kind {kind!r}")
