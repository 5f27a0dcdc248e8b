"""The lock: every rule in it with the content it has, and what is said when it is not so."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from detection_service.rules import lock
from detection_service.rules.catalogue import RULE_BY_ID, RULES
from detection_service.rules.lock import LockError, complaints, content_digest, lock_text, read_lock, stepped
from detection_service.rules.rule import Metadata, Rule

SPOOFING = RULE_BY_ID["spoofing"]


class Brought:
    """A rule that says itself what its content is."""

    triggers = 0

    def __init__(self, metadata: Metadata, content: str) -> None:
        self.metadata, self.content = metadata, content

    evaluate = SPOOFING.evaluate


def changed(content: str = "one", **metadata: object) -> Rule:
    said = {"version": "1.0.0", **metadata}
    return Brought(dataclasses.replace(SPOOFING.metadata, **said), content)  # type: ignore[arg-type]  # by name


def test_every_rule_is_locked_with_the_content_it_has() -> None:
    assert complaints(RULES, read_lock()) == []


def test_the_lock_is_as_the_command_writes_it() -> None:
    assert lock.LOCK_FILE.read_text(encoding="utf-8") == lock_text(read_lock())


def test_the_digest_follows_content_and_metadata() -> None:
    digests = {content_digest(changed()), content_digest(changed("two")), content_digest(changed(title="Other"))}
    assert len(digests) == 3
    assert content_digest(changed()) == content_digest(changed())


def test_the_digest_follows_the_modules_a_rule_imports() -> None:
    sources = lock._sources(Path(lock.LOCK_FILE.parent, "pressure", "layering.py"))
    assert {"", "detection_service.rules.grading", "detection_service.rules.pressure.rounds"} <= set(sources)
    assert not set(sources) & lock.WORDS


def test_a_new_version_joins_the_old_ones() -> None:
    first = stepped([changed()], {})
    second = stepped([changed("two", version="1.0.10")], stepped([changed("two", version="1.0.9")], first))
    assert list(second["spoofing"]) == ["1.0.0", "1.0.9", "1.0.10"]
    assert lock_text(second).index("1.0.9:") < lock_text(second).index("1.0.10:")


def test_changed_content_under_a_locked_version_is_refused_with_what_mends_it() -> None:
    with pytest.raises(LockError, match=r"spoofing 1\.0\.0: its content is not .* step its version .* --restate spoof"):
        stepped([changed("two")], stepped([changed()], {}))


def test_a_version_never_released_may_be_restated() -> None:
    locked = stepped([changed()], {})
    assert stepped([changed("two")], locked, restate=["spoofing"]) != locked


def test_a_rule_nobody_locked_is_named_with_the_command() -> None:
    assert complaints([changed()], {}) == ["spoofing 1.0.0 is not in the lock: run `tapewatch rules lock`"]


def test_a_version_is_three_numbers() -> None:
    (wrong,) = complaints([changed(version="2")], {})
    assert "expected a version of three numbers like 1.0.0, found '2'" in wrong


def test_an_unknown_rule_can_not_be_restated() -> None:
    with pytest.raises(LockError, match="no rule 'nothing' to restate; expected one of spoofing"):
        stepped([changed()], {}, restate=["nothing"])


def test_a_lock_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.lock"
    path.write_text("spoofing: 1.0.0\n", encoding="utf-8")
    with pytest.raises(LockError, match="expected rule ids with versions and digests"):
        read_lock(path)
