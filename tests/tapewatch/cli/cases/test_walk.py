"""The life of a case by commands only, against a case service in a process of its own."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from surveillance.v1 import detection_pb2, rule_text_pb2
from tapewatch import alert as alerts
from tapewatch.cli.main import main
from tapewatch.client.cases import CaseClient
from tapewatch.client.sync import Blocking
from tests.case_service.fakes import alert, later
from tests.case_service.process import served_cases


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A case service that detection has told three alerts and a rule's text."""
    rule = detection_pb2.Rule(rule_id="spoofing", version="1.0.0", triage_steps=["Look at the cancels.", "Ask."])
    with served_cases(tmp_path_factory.mktemp("cases")) as target:
        with Blocking(lambda: CaseClient(target)) as client:
            client.record_rules(rule_text_pb2.RecordRulesRequest(rules=[rule]))
            recorded = (alert("a"), later("b", 5), alert("c", owners=("O2",)), alert("d", owners=("O3",)))
            client.record_alerts([alerts.to_message(each) for each in recorded])
        yield target


class Desk:
    """Runs commands and reads what they print."""

    def __init__(self, target: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._target = target
        self._capsys = capsys

    def json(self, *arguments: str, actor: str = "") -> Any:
        return json.loads(self.text(*arguments, "--json", actor=actor))

    def text(self, *arguments: str, actor: str = "") -> str:
        assert main(self._whole(arguments, actor)) == 0, self._capsys.readouterr().err
        return self._capsys.readouterr().out

    def refused(self, *arguments: str, actor: str = "") -> str:
        assert main(self._whole(arguments, actor)) == 1
        return self._capsys.readouterr().err

    def _whole(self, arguments: tuple[str, ...], actor: str) -> list[str]:
        return ["cases", *arguments, *(("--actor", actor) if actor else ()), "--target", self._target]


@pytest.fixture
def desk(target: str, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(target, capsys)


def test_a_case_lives_its_whole_life_by_commands(desk: Desk, tmp_path: Path) -> None:
    (case,) = desk.json("list", "--filter", 'owners:"O1"')
    number = str(case["number"])
    assert (case["state"], len(case["alert_ids"])) == ("OPEN", 2)
    assert "possible now: assign" in desk.refused("review", number, actor="ann")
    assert desk.json("assign", number, "--to", "ann", actor="sue")["assignee"] == "ann"
    assert desk.json("review", number, actor="ann")["state"] == "IN_REVIEW"
    first, _ = desk.json("checklist", number)
    assert first["text"] == "Look at the cancels."
    assert desk.json("check", number, first["step_id"], "--note", "all within 2 s", actor="ann")["checklist"][0]["done"]
    assert desk.json("comment", number, "No hedge in the other product.", actor="ann")["comments"][0]["author"] == "ann"
    assert desk.json("tag", number, "--add", "quarter-end", actor="ann")["tags"] == ["quarter-end"]
    note = tmp_path / "note.txt"
    note.write_text("asked the desk")
    (file,) = desk.json("attach", number, str(note), actor="ann")["attachments"]
    copy = tmp_path / "copy.txt"
    assert "note.txt, text/plain" in desk.text("attachment", number, file["sha256"], "--out", str(copy), actor="ann")
    assert copy.read_text() == "asked the desk"
    linked = desk.json("link", number, "2", "--kind", "related", "--reason", "same house", actor="ann")
    assert [each["number"] for each in linked["links"]] == [2]
    assert desk.json("unlink", number, "2", "--reason", "another house", actor="ann")["links"] == []
    assert desk.json("escalate", number, "--reason", "large", actor="ann")["state"] == "ESCALATED"
    assert desk.json("return", number, "--reason", "look again", actor="sue")["state"] == "ASSIGNED"
    assert desk.json("release", number, "--reason", "ill", actor="ann")["state"] == "OPEN"
    desk.json("assign", number, "--to", "bob", actor="sue")
    desk.json("review", number, actor="bob")
    _report(desk, number)
    assert desk.json("reopen", number, "--reason", "new facts", actor="sue")["state"] == "OPEN"
    past = desk.json("show", number, "--revision", "2")
    assert (past["state"], past["assignee"]) == ("ASSIGNED", "ann")
    shown = desk.text("history", number)
    for told in ("sue", "assignee ann", "OPEN -> ASSIGNED", "ApproveClose", "new facts", "large"):
        assert told in shown


def _report(desk: Desk, number: str) -> None:
    """Close as reported: proposed, refused, proposed, taken back, proposed, approved."""
    close = ("close", number, "--disposition", "reported", "--reason", "clear")
    assert desk.json(*close, actor="bob")["pending_close"]["proposer"] == "bob"
    assert "expected somebody else than bob" in desk.refused("approve", number, actor="bob")
    assert desk.json("reject", number, "--reason", "thin", actor="sue")["pending_close"] is None
    desk.json(*close, actor="bob")
    assert desk.json("withdraw", number, "--reason", "wait", actor="bob")["pending_close"] is None
    desk.json(*close, actor="bob")
    assert "proposed" in desk.text("show", number)
    closed = desk.json("approve", number, actor="sue")
    assert (closed["state"], closed["disposition"]) == ("CLOSED", "REPORTED")


def test_many_cases_are_moved_at_once_and_what_was_refused_is_said(desk: Desk) -> None:
    done = desk.json("bulk-assign", "2", "3", "--to", "carl", actor="sue")
    assert [each["code"] for each in done] == [0, 0]
    closing = ("bulk-close", "--disposition", "false-positive", "--reason", "all of a kind")
    desk.json(*closing, "--filter", 'assignee = "carl"', actor="carl")
    assert "refused: 1 of 1 case;" in desk.refused(*closing, "2", actor="carl")


def test_known_behaviour_and_watch_lists_are_kept_by_commands(desk: Desk) -> None:
    day = ("--until", f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}")
    entry = desk.json("known", "add", "MM1", "--typology", "SPOOFING", "--reason", "maker", *day, actor="sue")
    assert "MM1" in desk.text("known", "list")
    assert "maker" in desk.text("known", "show", entry["known_behaviour_id"])
    ended = desk.json("known", "end", entry["known_behaviour_id"], "--reason", "licence gone", actor="sue")
    assert not ended["active"]
    (watched,) = desk.json("watchlist", "add", "insiders", "O9", "--reason", "board", "--raise", "2", actor="sue")
    assert "insiders" in desk.text("watchlist", "list", "--subject", "O9")
    (gone,) = desk.json("watchlist", "remove", watched["watch_entry_id"], "--reason", "left", actor="sue")
    assert (gone["active"], desk.json("watchlist", "list")) == (False, [])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("close", "1", "--disposition", "guilty", "--reason", "x"), "--disposition: expected one of"),
        (("link", "1", "2", "--kind", "cousin", "--reason", "x"), "--kind: expected related or duplicate-of"),
        (("bulk-assign", "--to", "bob"), "expected cases or --filter, one of them, found neither"),
        (("show", "1", "--as-of", "yesterday"), "--as-of: expected a time such as"),
        (("known", "add", "x", "--kind", "desk", "--until", "2027-01-01", "--reason", "x"), "--kind: expected one of"),
    ],
)
def test_wrong_usage_is_said_with_what_was_expected(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cases", *arguments]) == 2
    assert told in capsys.readouterr().err
