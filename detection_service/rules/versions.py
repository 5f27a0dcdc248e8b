"""What every locked version of a rule said about itself, kept so that versions can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from detection_service.rules.lock import FOLDER, MEND, LockError, content_digest, metadata_json
from detection_service.rules.rule import Rule

VERSIONS_FILE: Final = FOLDER / "versions.jsonl"

Kept = dict[tuple[str, str], dict[str, Any]]


def document(rule: Rule) -> dict[str, Any]:
    """A rule's metadata and the digest of its content."""
    return {**metadata_json(rule.metadata), "content_digest": content_digest(rule)}


def read_versions(path: Path = VERSIONS_FILE) -> Kept:
    """Documents by rule and version; of two the last, as a merge leaves them. Raises LockError."""
    if not path.exists():
        return {}
    kept: Kept = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            told = json.loads(line)
            kept[told["rule_id"], told["version"]] = told
        except (ValueError, TypeError, KeyError) as error:
            raise LockError(f"{path}:{number}: expected a rule's document, found {line:.40}; run `{MEND}`") from error
    return kept


def complaints(rules: Iterable[Rule], kept: Kept) -> list[str]:
    """Rules whose version is not kept as it is."""
    return [
        f"{rule.metadata.rule_id} {rule.metadata.version} is not kept for comparison as it is: run `{MEND}`"
        for rule in rules
        if kept.get((rule.metadata.rule_id, rule.metadata.version)) != document(rule)
    ]


def versions_text(rules: Iterable[Rule], kept: Kept, lock: Mapping[str, Mapping[str, str]]) -> str:
    """The file's text: the versions of the lock, today's as they are now."""
    now = {(rule.metadata.rule_id, rule.metadata.version): document(rule) for rule in rules}
    held = {key: told for key, told in {**kept, **now}.items() if key[1] in lock.get(key[0], {})}
    ordered = sorted(held.items(), key=lambda each: (each[0][0], [int(part) for part in each[0][1].split(".")]))
    return "".join(json.dumps(told, sort_keys=True, ensure_ascii=False) + "\n" for _, told in ordered)
