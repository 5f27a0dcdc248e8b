"""The lock: which content each version of a rule has, so that an alert's rule and version say exactly what raised it.

The content of a rule is its metadata, the source of its module and of the modules of detection_service.rules that it
imports, except those that only give words to the metadata. `rules.lock` holds rule id, version and digest; versions
stay in it for ever.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from detection_service.rules.rule import Metadata, Rule

FOLDER: Final = Path(__file__).parent
LOCK_FILE: Final = FOLDER / "rules.lock"
PACKAGE: Final = "detection_service.rules"
WORDS: Final = {f"{PACKAGE}.{name}" for name in ("rule", "needs", "regulations", "catalogue")}
"""Modules whose effect on a rule is in its metadata already."""
GRADING: Final = f"{PACKAGE}.grading"
VERSION: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
MEND: Final = "tapewatch rules lock"
HEADER: Final = f"# Rule, version, SHA-256 of its content. Written by `{MEND}`; checked by `tapewatch rules check`.\n"

Lock = dict[str, dict[str, str]]


class LockError(ValueError):
    """The lock can not be read, or what was asked of it is wrong; says what was expected."""


def content_digest(rule: Rule) -> str:
    """SHA-256 of a rule's content, 64 hexadecimal digits; of its attribute `content` where it brings one."""
    brought = getattr(rule, "content", None)
    sources = {"": str(brought)} if brought is not None else _class_sources(type(rule))
    content = {"metadata": metadata_json(rule.metadata), "sources": sources}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def metadata_json(metadata: Metadata) -> dict[str, Any]:
    """Metadata as JSON values, a need and a regulation as their text."""
    content = {each.name: getattr(metadata, each.name) for each in dataclasses.fields(metadata)}
    content["needs"] = [need.text for need in metadata.needs]
    content["parameters"] = [dataclasses.asdict(parameter) for parameter in metadata.parameters]
    content["regulations"] = [str(pointer) for pointer in metadata.regulations]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in content.items()}


@cache
def _class_sources(rule_type: type) -> dict[str, str]:
    return _sources(Path(inspect.getfile(rule_type)))


def _sources(path: Path) -> dict[str, str]:
    """Module name (the rule's own as "") to source, of a rule's module and all that it imports from the package."""
    found: dict[str, str] = {}
    waiting = {"": path, GRADING: _file(GRADING)}
    while waiting:
        name, file = waiting.popitem()
        if file is None:
            continue
        found[name] = file.read_text(encoding="utf-8")
        imported = _imported(found[name])
        waiting |= {each: _file(each) for each in imported if each not in found and each not in WORDS}
    return found


@cache
def _imported(source: str) -> tuple[str, ...]:
    """Names imported from the package; of a source once, since many rules share their modules."""
    return tuple(_imports(ast.parse(source)))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(PACKAGE))


@cache
def _file(module: str) -> Path | None:
    """The file of a module of the package; None for a name that is no module (of its own)."""
    path = FOLDER.joinpath(*module.removeprefix(PACKAGE).strip(".").split(".")).with_suffix(".py")
    return path if path.is_file() else None


def read_lock(path: Path = LOCK_FILE) -> Lock:
    """The lock; empty where there is none. Raises LockError."""
    if not path.exists():
        return {}
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(content, dict) or not all(isinstance(versions, dict) for versions in content.values()):
        raise LockError(f"{path}: expected rule ids with versions and digests; take it from the repository again")
    return {str(rule_id): {str(key): str(value) for key, value in each.items()} for rule_id, each in content.items()}


def complaints(rules: Iterable[Rule], lock: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What of the rules the lock does not say or says otherwise, each with how to mend it."""
    wrong = []
    for rule in rules:
        rule_id, version = rule.metadata.rule_id, rule.metadata.version
        locked = lock.get(rule_id, {}).get(version)
        if not VERSION.fullmatch(version):
            wrong.append(f"{rule_id}: expected a version of three numbers like 1.0.0, found {version!r}")
        elif locked is None:
            wrong.append(f"{rule_id} {version} is not in the lock: run `{MEND}`")
        elif locked != content_digest(rule):
            mend = f"step its version and run `{MEND}` (`{MEND} --restate {rule_id}` if {version} was never released)"
            wrong.append(f"{rule_id} {version}: its content is not what was locked as {version}: {mend}")
    return wrong


def stepped(rules: Iterable[Rule], lock: Mapping[str, Mapping[str, str]], restate: Iterable[str] = ()) -> Lock:
    """The lock with the rules' versions added; those of `restate` get the digest of today's content.

    Raises LockError where a locked version would change, or a rule to restate is not known.
    """
    by_id = {rule.metadata.rule_id: rule for rule in rules}
    made = {rule_id: dict(versions) for rule_id, versions in lock.items()}
    for rule_id in restate:
        if rule_id not in by_id:
            raise LockError(f"no rule {rule_id!r} to restate; expected one of {', '.join(sorted(by_id))}")
        made.get(rule_id, {}).pop(by_id[rule_id].metadata.version, None)
    for rule_id, rule in by_id.items():
        made.setdefault(rule_id, {}).setdefault(rule.metadata.version, content_digest(rule))
    if wrong := complaints(by_id.values(), made):
        raise LockError("\n".join(wrong))
    return made


def lock_text(lock: Mapping[str, Mapping[str, str]]) -> str:
    """The lock as its file holds it."""
    lines = [HEADER]
    for rule_id, versions in sorted(lock.items()):
        ordered = sorted(versions.items(), key=lambda each: [int(part) for part in each[0].split(".")])
        lines += [f"{rule_id}:\n", *(f"  {version}: {digest}\n" for version, digest in ordered)]
    return "".join(lines)
