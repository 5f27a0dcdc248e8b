"""What versions of rules said about themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.lock import LockError
from detection_service.rules.versions import complaints, document, read_versions, versions_text

SPOOFING = RULE_BY_ID["spoofing"]
VERSION = SPOOFING.metadata.version


def test_versions_of_the_lock_are_kept_in_order_and_others_go(tmp_path: Path) -> None:
    old = {**document(SPOOFING), "version": "0.9.0", "title": "Older"}
    gone = {**document(SPOOFING), "version": "0.8.0"}
    kept = {("spoofing", "0.9.0"): old, ("spoofing", "0.8.0"): gone}
    path = tmp_path / "versions.jsonl"
    path.write_text(versions_text([SPOOFING], kept, {"spoofing": {"0.9.0": "", VERSION: ""}}), encoding="utf-8")
    assert list(read_versions(path).items()) == [
        (("spoofing", "0.9.0"), old),
        (("spoofing", VERSION), document(SPOOFING)),
    ]


def test_a_version_kept_otherwise_is_named_with_what_mends_it() -> None:
    assert complaints([SPOOFING], {("spoofing", VERSION): document(SPOOFING)}) == []
    (wrong,) = complaints([SPOOFING], {("spoofing", VERSION): {**document(SPOOFING), "title": "Other"}})
    assert wrong == f"spoofing {VERSION} is not kept for comparison as it is: run `tapewatch rules lock`"


@pytest.mark.parametrize("line", ["{", "[]", '{"rule_id": "x"}'])
def test_a_line_that_is_no_document_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "versions.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(LockError, match=r"versions\.jsonl:1: expected a rule's document"):
        read_versions(path)
