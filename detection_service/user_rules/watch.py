"""Watches the rules directory: a sound change of it becomes a control record, and so takes effect at a position.

A file that is no sound rule, or whose content changed under its version, changes nothing: what is in force stays, and
the reason is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from detection_service.rules import lock
from detection_service.rules.lock import LockError
from detection_service.user_rules import kept
from detection_service.user_rules.folder import RuleFaultError, RuleText, rule_of, scenarios_beside, texts_in

POLL_S: Final = 2.0
ACTOR: Final = "detection"
DIRECTORY: Final = "?"
"""In place of a rule's id, for what is wrong with the directory itself."""

_log = structlog.get_logger(__name__)
Publish = Callable[[bytes, str], Awaitable[int]]


class Position(Protocol):
    """Who follows the journal: what of the rules is in force, and as of which position."""

    next_sequence: int
    rule_problems: dict[str, str]

    @property
    def user_rules(self) -> Mapping[str, Mapping[str, Any]]:
        """Rule id to form and SHA-256 of its text, as the newest record says."""


@dataclass(slots=True)
class _Found:
    """What a look at the directory gives: texts to put in force by id, their scenarios, what is wrong with others."""

    texts: dict[str, RuleText] = field(default_factory=dict)
    scenarios: dict[str, RuleText] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


class RulesWatch:
    """Looks at a directory; `publish(content, request_id)` journals a RULES record."""

    def __init__(self, directory: Path, folder: Path, position: Position, publish: Publish) -> None:
        self._directory, self._folder = directory, folder
        self._position, self._publish = position, publish
        self._seen: tuple[object, ...] = ()

    async def run(self, journal_end: Callable[[], Awaitable[int]]) -> None:
        """Looks again and again, for ever, once the journal has been read up to where it ends now."""
        end = await journal_end()
        while True:
            if self._position.next_sequence >= end:
                end = max(end, await self.look())
            await asyncio.sleep(POLL_S)

    async def look(self) -> int:
        """One look; the position after the record it has led to, 0 where nothing changed."""
        stamp = await asyncio.to_thread(self._stamp)
        if stamp == self._seen:
            return 0
        in_force = self._position.user_rules
        found = await asyncio.to_thread(self._found, in_force)
        self._tell(found.problems)
        held = {rule_id: each for rule_id, each in in_force.items() if rule_id in found.problems}
        wanted = {rule_id: _named(text, found.scenarios.get(rule_id)) for rule_id, text in found.texts.items()} | held
        self._seen = stamp
        if wanted == in_force:
            return 0
        content = kept.record_of(wanted, ACTOR, f"{self._directory} changed")
        sequence = await self._publish(content, f"rules-{self._position.next_sequence}-{kept.digest_of(content)}")
        _log.info("rules published", sequence=sequence, rules=sorted(wanted))
        return sequence + 1

    def _stamp(self) -> tuple[object, ...]:
        try:
            listed = sorted(self._directory.iterdir())
            stats = [(path.name, path.stat()) for path in listed]
        except OSError as error:
            return (str(error),)
        return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)

    def _found(self, in_force: Mapping[str, Mapping[str, Any]]) -> _Found:
        try:
            texts, problems = texts_in(self._directory)
        except OSError as error:  # what is in force stays
            told = f"expected a directory of rules: {error}"
            return _Found(problems=dict.fromkeys(in_force, told) | {DIRECTORY: told})
        found = _Found(problems=problems)
        own_lock = self._folder / lock.LOCK_FILE.name
        locked = before = lock.read_lock(own_lock)
        for text in texts:
            try:
                rule = rule_of(text, self._directory / text.file_name)
                locked = lock.stepped([rule], locked)
                found.texts[text.rule_id] = text
            except (RuleFaultError, LockError) as error:
                found.problems[text.rule_id] = str(error)
        beside = (scenarios_beside(self._directory, rule_id) for rule_id in found.texts)
        found.scenarios = {text.rule_id: text for text in beside if text is not None}
        kept.keep(self._folder, [*found.texts.values(), *found.scenarios.values()])
        if locked != before:
            own_lock.write_text(lock.lock_text(locked), encoding="utf-8")
        return found

    def _tell(self, problems: dict[str, str]) -> None:
        for rule_id, why in problems.items():
            if self._position.rule_problems.get(rule_id) != why:
                _log.error("rule not taken, what was in force stays", rule=rule_id, problem=why)
        self._position.rule_problems = problems


def _named(text: RuleText, scenarios: RuleText | None) -> dict[str, str]:
    """What a record says of a rule."""
    told = {"form": text.form, "sha256": text.digest}
    return told if scenarios is None else {**told, kept.SCENARIOS: scenarios.digest}
