import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tapewatch.cli.fix import check_view
from tapewatch.cli.main import main
from tapewatch.cli.output import console

HEAD = "20260105 09:00 <- 8=FIX.4.4|9=1|35={}|49=V|56=US|34={}|52=20260105-09:00:01|{}|10=000|\n"
FILL = "37=O1|11=C1|17=E1|150=F|39=2|1=ACC|55=ABC|54=1|38=10|44=5|31=5|32=10|151=0|14=10|60=20260105-09:00:00|9001=x"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "session.log"
    news = [HEAD.format("B", number, "148=hello") for number in (3, 4)]
    path.write_text(HEAD.format("A", 1, "98=0|108=30") + HEAD.format("8", 2, FILL) + "".join(news))
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["fix", "check-profile", *(str(each) for each in arguments)]) == 0
    return capsys.readouterr().out


def as_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(capsys, *arguments, "--json"))
    return found


def test_each_message_is_shown_with_the_event_it_becomes(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, "fix44", log).splitlines()
    (fill,) = [line.split() for line in lines if line.startswith("2 ")]
    assert fill == ["2", "8", "ExecutionReport", "150=F", "FILL", "ABC", "ACC", "O1", "C1", "BUY", "5", "10", "0", "E1"]
    assert any(line.split() == ["9001", "8", "1", "x"] for line in lines)
    assert any("35=B has no mapping" in line and "50.0 %" in line for line in lines)
    assert any(line.split() == ["with", "events", "1", "(25.0", "%)"] for line in lines)


def test_the_limit_bounds_the_list_and_not_the_counts(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "... and 3 more messages: --limit 0 lists all" in told(capsys, "fix44", log, "--limit", 1)
    found = as_json(capsys, "fix44", log, "--limit", 1)
    assert (len(found["messages"]), found["messages_left_out"], found["summary"]["messages"]) == (1, 3, 4)
    assert as_json(capsys, "fix44", log, "--limit", 0)["messages_left_out"] == 0


def test_json_has_the_events_and_every_sum(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, "fix44", log)
    assert found["messages"][1]["events"][0]["execution_id"] == "E1"
    assert found["ways"][0] == {"msg_type": "B", "code": "", "events": "", "messages": 2}
    assert found["without_events"] == {"35=B has no mapping": 2}
    assert found["summary"]["events_with"]["account"] == 1
    assert {each["tag"]: each["example"] for each in found["unread"]} == {
        9001: "x",
        39: "2",
        14: "10",
        38: "10",
        44: "5",
        148: "hello",
    }


def test_a_log_of_fills_alone_is_told_that_order_rules_do_not_apply(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "rules about orders do not apply to this source" in told(capsys, "fills_only", log)


def test_a_log_without_messages_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.log"
    empty.write_text("nothing here\n")
    assert told(capsys, "fix44", empty) == f"no FIX message in {empty}\n"


def test_a_narrow_terminal_has_fewer_columns_and_says_which(
    log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = console()
    narrow.width = 70
    monkeypatch.setattr(check_view, "console", lambda: narrow)
    shown = told(capsys, "fix44", log)
    assert "too narrow for: " in shown
    assert "execution" in next(line for line in shown.splitlines() if line.startswith("too narrow"))


def test_wrong_usage_is_told_in_one_line(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", "check-profile", "fx44", str(log)]) == 2
    assert "(did you mean fix44?)" in capsys.readouterr().err
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: mine\n\naccount_tag: [1]\n")
    assert main(["fix", "check-profile", str(mine), str(log)]) == 2
    assert "mine.yaml:3: account_tag: unknown key; did you mean account_tags?" in capsys.readouterr().err
    assert main(["fix", "check-profile", "fix44", str(tmp_path / "nowhere.log")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_a_cut_archive_is_read_as_far_as_it_goes_and_fails(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = tmp_path / "session.log.gz"
    whole = gzip.compress(log.read_bytes())
    packed.write_bytes(whole[:-12])
    assert main(["fix", "check-profile", "fix44", str(packed)]) == 1
    assert "the compressed log is cut after message" in capsys.readouterr().err
