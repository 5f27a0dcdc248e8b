"""`tapewatch rules check`, `lock`, `pages`, `diff` and `new`."""

import json
from pathlib import Path

import pytest

from detection_service.rules import lock, versions
from detection_service.rules.catalogue import RULE_BY_ID, RULES
from detection_service.rules.pages import pages
from detection_service.rules.scenarios.scenario import scenario_file
from tapewatch.cli.main import main
from tests.conftest import CHECKOUT


@pytest.fixture
def lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of its own for a test that writes it; the command reads where the module says."""
    path = tmp_path / "rules.lock"
    path.write_bytes(lock.LOCK_FILE.read_bytes())
    monkeypatch.setattr(lock, "LOCK_FILE", path)
    monkeypatch.setattr(lock.read_lock, "__defaults__", (path,))
    kept = tmp_path / "versions.jsonl"
    kept.write_bytes(versions.VERSIONS_FILE.read_bytes())
    monkeypatch.setattr(versions, "VERSIONS_FILE", kept)
    monkeypatch.setattr(versions.read_versions, "__defaults__", (kept,))
    return path


def test_one_rule_s_scenarios_are_counted_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check", str(scenario_file(RULE_BY_ID["wash_self"])), "--json"]) == 0
    (checked,) = json.loads(capsys.readouterr().out)
    assert checked["rule_id"] == "wash_self"
    assert checked["wrong"] == []
    assert min(checked["scenarios"][kind] for kind in ("positive", "negative", "near_miss")) >= 1


def test_what_is_wrong_is_said_and_fails(lock_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = lock_file.read_text(encoding="utf-8")
    digest = lock.content_digest(RULE_BY_ID["wash_self"])
    lock_file.write_text(text.replace(digest, "0" * 64), encoding="utf-8")
    assert main(["rules", "check", str(scenario_file(RULE_BY_ID["wash_self"]))]) == 1
    error = capsys.readouterr().err
    assert "its content is not what was locked" in error
    assert "tapewatch rules lock" in error


@pytest.mark.parametrize(("path", "message"), [("nowhere", "found nothing"), ("docs", "expected at least one rule")])
def test_a_path_without_rules_is_wrong_usage(path: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check", str(CHECKOUT / path)]) == 2
    assert message in capsys.readouterr().err


def test_the_lock_takes_new_versions_and_refuses_changed_content(
    lock_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = lock_file.read_text(encoding="utf-8")
    lock_file.write_text("", encoding="utf-8")
    assert main(["rules", "lock"]) == 0
    assert "added" in capsys.readouterr().out
    assert {*lock.read_lock(lock_file)} == {*RULE_BY_ID}
    digest = lock.content_digest(RULE_BY_ID["spoofing"])
    lock_file.write_text(whole.replace(digest, "0" * 64), encoding="utf-8")
    assert main(["rules", "lock"]) == 1
    assert "step its version" in capsys.readouterr().err
    assert main(["rules", "lock", "--restate", "spoofing"]) == 0
    assert lock.complaints(RULES, lock.read_lock(lock_file)) == []


def test_the_public_pages_are_as_the_rules_say() -> None:
    folder = CHECKOUT / "docs" / "rules"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")} == pages(RULES), (
        "run `tapewatch rules pages`"
    )


def test_pages_are_written_and_leftovers_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gone.md").write_text("an old rule", encoding="utf-8")
    assert main(["rules", "pages", "--out", str(tmp_path), "--check"]) == 1
    assert "gone.md, index.md" in capsys.readouterr().err
    assert main(["rules", "pages", "--out", str(tmp_path)]) == 0
    assert main(["rules", "pages", "--out", str(tmp_path), "--check"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"index.md", *(f"{rule_id}.md" for rule_id in RULE_BY_ID)}


def test_a_new_rule_passes_the_check_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "new", "big_sweep", "--out", str(tmp_path)]) == 0
    assert "tapewatch rules check" in capsys.readouterr().out
    assert main(["rules", "check", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:5] == ["big_sweep", "1.0.0", "1", "1", "1"]


@pytest.mark.parametrize(
    ("rule_id", "message"),
    [("Big", "expected small letters"), ("spoofing", "is a rule of the catalogue"), ("twice", "is there already")],
)
def test_a_new_rule_needs_an_id_of_its_own(
    tmp_path: Path, rule_id: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "new", "twice", "--out", str(tmp_path)]) == 0
    assert main(["rules", "new", rule_id, "--out", str(tmp_path)]) == 2
    assert message in capsys.readouterr().err


def test_two_versions_of_a_rule_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "new", "sweep", "--out", str(tmp_path)]) == 0
    module = tmp_path / "sweep.py"
    newer = tmp_path / "newer.py"
    text = module.read_text(encoding="utf-8").replace('"1.0.0"', '"1.1.0"').replace("0.002", "0.003")
    newer.write_text(text, encoding="utf-8")
    capsys.readouterr()
    assert main(["rules", "diff", str(module), str(newer), "--json"]) == 0
    changes = {each["what"]: (each["old"], each["new"]) for each in json.loads(capsys.readouterr().out)}
    assert changes["version"] == ("1.0.0", "1.1.0")
    assert changes["push_min, default"] == ("0.002", "0.003")
    assert set(changes) == {"version", "content_digest", "push_min, default", "push_min, value"}


@pytest.mark.usefixtures("lock_file")
def test_a_locked_version_is_compared_with_the_rule_of_today(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "lock", "--restate", "all"]) == 0
    capsys.readouterr()
    version = RULE_BY_ID["spoofing"].metadata.version
    assert main(["rules", "diff", f"spoofing@{version}", "spoofing"]) == 0
    assert "no difference" in capsys.readouterr().out
    assert main(["rules", "diff", "spoofing@0.0.1", "spoofing"]) == 2
    told = capsys.readouterr().err
    assert "no version spoofing@0.0.1 is kept; there are " in told
    assert f"spoofing@{version}" in told


def test_a_kept_document_is_compared_with_the_rule_of_today(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "list", "--json"]) == 0
    documents = {each["rule_id"]: each for each in json.loads(capsys.readouterr().out)}
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(documents["spoofing"]), encoding="utf-8")
    assert main(["rules", "diff", str(kept), "spoofing"]) == 0
    assert "no difference" in capsys.readouterr().out
