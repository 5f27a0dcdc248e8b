"""`tapewatch rules list` and `show`."""

import json

import pytest

from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.lock import content_digest
from tapewatch.cli.main import main


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["rules", *arguments]) == 0
    return capsys.readouterr().out


def test_every_rule_is_listed_with_what_it_needs_without_any_service(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "list").splitlines()[1:]
    assert [line.split()[0] for line in shown] == sorted(RULE_BY_ID)
    for line in shown:
        metadata = RULE_BY_ID[line.split()[0]].metadata
        assert metadata.version in line
        assert ", ".join(need.text for need in metadata.needs) in line


def test_the_list_as_json_is_every_rule_s_document(capsys: pytest.CaptureFixture[str]) -> None:
    documents = json.loads(printed(capsys, "list", "--json"))
    assert [each["rule_id"] for each in documents] == sorted(RULE_BY_ID)
    for document in documents:
        rule = RULE_BY_ID[document["rule_id"]]
        assert document["content_digest"] == content_digest(rule)
        assert document["data_needed"] == [need.text for need in rule.metadata.needs]
        assert {each["name"]: each["value"] for each in document["parameters"]} == rule.metadata.defaults()


@pytest.fixture
def no_service(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPEWATCH__DETECTION__LISTEN", f"127.0.0.1:{free_port}")


@pytest.mark.usefixtures("no_service")
def test_a_rule_is_shown_with_its_defaults_where_no_service_runs(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "show", "spoofing")
    metadata = RULE_BY_ID["spoofing"].metadata
    for text in ("default", "0.1 to 600", str(metadata.regulations[0]), "closes after 120 s", *metadata.known_gaps):
        assert text in shown


@pytest.mark.usefixtures("no_service")
def test_a_rule_that_is_not_there_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "show", "spoofng"]) == 2
    assert "no rule 'spoofng': did you mean 'spoofing'?" in capsys.readouterr().err


def test_a_named_service_must_answer(free_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "show", "spoofing", "--target", f"127.0.0.1:{free_port}"]) == 1
    assert "tapewatch up" in capsys.readouterr().err


def test_values_in_force_are_the_service_s(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "show", "spoofing", "--target", target)
    assert all(text in shown for text in ("in force", "window_s", "icebergs"))
