"""Rule texts by content, and the control record that puts them in force.

The record names ids, forms and the SHA-256 of texts, never code: a text is taken only from this service's own folder,
where it was put from the rules directory, and only if it is what the record names.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from detection_service.rules.governance import RULE_ID
from detection_service.rules.rule import Rule
from detection_service.rules.scenarios.scenario import SUFFIX
from detection_service.user_rules.folder import FORMS, Loaded, RuleFaultError, RuleText, rule_of

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
SCENARIOS: Final = "scenarios"
"""Key of the SHA-256 of a rule's scenarios, where it brings some."""
PLACE: Final = "rules"
"""Folder of the texts in detection's own directory."""


def keep(folder: Path, texts: Iterable[RuleText]) -> None:
    """Puts texts where `load` finds them, each whole or not at all. Raises OSError."""
    for text in texts:
        path = _path(folder, text.rule_id, text.form, text.digest)
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_bytes(text.text.encode())
        partial.replace(path)


def record_of(rules: Mapping[str, Mapping[str, Any]], actor: str, reason: str) -> bytes:
    """The content of the control record that puts exactly these in force: form and SHA-256 of their texts by id.

    With the SHA-256 of the scenarios where a rule brings some.
    """
    return json.dumps({"user_rules": rules, "actor": actor, "reason": reason}, sort_keys=True).encode()


def digest_of(content: bytes) -> str:
    """Half of the SHA-256 of a record's content."""
    return hashlib.sha256(content).hexdigest()[:32]


def load(folder: Path | None, named: Mapping[str, Mapping[str, Any]]) -> Loaded:
    """The rules a record names; one whose text is not kept, or not sound, is a fault."""
    rules, faults, scenarios = [], {}, {}
    for rule_id, each in sorted(named.items()):
        try:
            rules.append(_rule(folder, rule_id, str(each["form"]), str(each["sha256"])))
            if (path := _scenarios(folder, rule_id, str(each.get(SCENARIOS, "")))) is not None:
                scenarios[rule_id] = path
        except (RuleFaultError, OSError, UnicodeDecodeError) as error:
            faults[rule_id] = str(error)
    return Loaded(tuple(rules), faults, scenarios)


def _scenarios(folder: Path | None, rule_id: str, digest: str) -> Path | None:
    """The file of a rule's scenarios where it is kept and is what the record names."""
    if folder is None or not DIGEST.fullmatch(digest):
        return None
    path = _path(folder, rule_id, SUFFIX, digest)
    is_it = path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
    return path if is_it else None


def _rule(folder: Path | None, rule_id: str, form: str, digest: str) -> Rule:
    if folder is None:
        raise RuleFaultError(f"{rule_id}{form}: no folder of rule texts is configured; set detection.rules_directory")
    if not RULE_ID.fullmatch(rule_id) or form not in FORMS or not DIGEST.fullmatch(digest):
        raise RuleFaultError(
            f"expected a rule id, a form of {' or '.join(FORMS)} and a SHA-256, found {rule_id!r}, {form!r}"
        )
    path = _path(folder, rule_id, form, digest)
    if not path.exists():
        raise RuleFaultError(f"{rule_id}{form}: expected its text in {path}, found none; put it there or step the rule")
    text = RuleText(rule_id, form, path.read_bytes().decode())
    if text.digest != digest:
        raise RuleFaultError(f"{path}: expected a text of SHA-256 {digest}, found {text.digest}; put that version back")
    return rule_of(text, path)


def _path(folder: Path, rule_id: str, form: str, digest: str) -> Path:
    return folder / digest / f"{rule_id}{form}"
