"""What detection was started with, start by start: other settings than before are a change like any other.

Rules and reference data of the settings are not in the journal (decision 10), so this is kept in a file of detection's
own directory, and told at every start; the case service enters each change once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from detection_service.changes import (
    GIVEN_CHARACTERS_MAX,
    WHAT_CHARACTERS_MAX,
    Change,
    change_id_of,
    content_digest,
    given,
)
from detection_service.engine.configuration import EngineConfiguration
from tapewatch.runtime.durable import replace_file

FILE: Final = "started-with.json"
KIND: Final = "settings"
ACTOR: Final = "settings file"
STARTS_KEPT_MAX: Final = 50
NOT_IN_FORCE: Final = (
    "rules, parameters and scopes of the settings are not in force: those of the journal's last change hold; "
    "set what differs by `tapewatch rules set`"
)


def note_start(
    directory: Path, started_with: EngineConfiguration, position: int, time_ns: int, problem: str
) -> list[Change]:
    """Notes a start at a journal position under a configuration of the settings; all changes of settings, oldest first.

    One is added where the settings are not those of the start before; `problem` says why it is not in force. Raises
    OSError, and ValueError where the file is not what was written.
    """
    path = directory / FILE
    held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"changes": []}
    changes = [Change(**each) for each in held["changes"]]
    content, before = _content(started_with), held.get("started_with")
    if content == before:
        return changes
    what = "first start" if before is None else "; ".join(_differences(before, content))
    digest = content_digest(json.dumps(content, sort_keys=True).encode())
    changes.append(
        Change(
            position,
            time_ns,
            KIND,
            ACTOR,
            "",
            given(what, WHAT_CHARACTERS_MAX),
            "" if before is None else given(problem, GIVEN_CHARACTERS_MAX),
            change_id_of(position, time_ns, digest),
            digest_before=held.get("config_digest", ""),
            digest_after=started_with.digest(),
            content_sha256=digest,
        )
    )
    changes = changes[-STARTS_KEPT_MAX:]
    kept = {
        "started_with": content,
        "config_digest": started_with.digest(),
        "changes": [asdict(each) for each in changes],
    }
    replace_file(path, [json.dumps(kept, indent=1).encode()])
    return changes


def _content(configuration: EngineConfiguration) -> dict[str, Any]:
    known = configuration.known
    rules = configuration.parameters()
    return {
        "rules": {rule_id: {"version": known[rule_id].metadata.version, **each} for rule_id, each in rules.items()},
        "waiting": {rule_id: dict(each) for rule_id, each in configuration.waiting.items()},
        "scopes": {
            str(scope): {name: dict(each) for name, each in scope.rules.items()} for scope in configuration.scopes
        },
        "reference": configuration.reference.digest(),
    }


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two starts, in short."""
    for part in ("rules", "waiting", "scopes"):
        old, new = before[part], after[part]
        prefix = "" if part == "rules" else f"{part}, "
        for name in sorted({*old, *new}):
            if name not in new or name not in old:
                yield f"{prefix}{name} {'comes' if name in new else 'goes'}"
            elif old[name] != new[name]:
                yield f"{prefix}{name}: {', '.join(_changed(old[name], new[name]))}"
    if before["reference"] != after["reference"]:
        yield f"reference data {before['reference'][:12]} to {after['reference'][:12]}"


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield f"{name} {old.get(name, 'as usual')} to {new.get(name, 'as usual')}"
