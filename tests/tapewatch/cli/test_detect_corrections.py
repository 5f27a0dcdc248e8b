"""`tapewatch detect` over files with busts and corrections: what is written is what should have been."""

import json
from pathlib import Path
from typing import Any

import pytest

from tapewatch.cli.main import main

HEADER = (
    "event_time_ns,kind,venue,instrument,account,order_id,side,price,quantity,"
    "execution_id,reference_execution_id,trade_id"
)


def detect(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, *rows: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What detect prints and the alerts it writes, of two accounts' wash trade of 50 and further rows."""
    events, out = tmp_path / "events.csv", tmp_path / "alerts.jsonl"
    trade = [
        "1,NEW,XTWS,NRDL,a,o1,SELL,10,50,,,",
        "2,NEW,XTWS,NRDL,a,o2,BUY,10,50,,,",
        "3,FILL,XTWS,NRDL,a,o2,BUY,10,50,e1,,t1",
        "4,FILL,XTWS,NRDL,a,o1,SELL,10,50,e2,,t1",
    ]
    lines = [f"170000000000000000{line}" for line in (*trade, *rows)]
    events.write_text("\n".join((HEADER, *lines)) + "\n")
    assert main(["detect", str(events), "--rules", "wash_self", "--out", str(out), "--json"]) == 0
    return json.loads(capsys.readouterr().out), [json.loads(line) for line in out.read_text().splitlines()]


def test_a_busted_trade_raises_no_alert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, before = detect(capsys, tmp_path)
    assert [alert["rule_id"] for alert in before] == ["wash_self"]
    found, alerts = detect(capsys, tmp_path, "5,BUST,XTWS,NRDL,,,,,,,t1,")
    assert alerts == []
    assert (found["corrections"]["busted"], found["corrections"]["alerts_withdrawn"]) == (2, 1)
    assert found["ledger"]["evaluated"] == found["ledger"]["received"] == 5


def test_a_corrected_quantity_is_the_one_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corrections = ("5,CORRECT,XTWS,NRDL,a,o2,BUY,,20,c1,e1,", "6,CORRECT,XTWS,NRDL,a,o1,SELL,,20,c2,e2,")
    found, alerts = detect(capsys, tmp_path, *corrections)
    assert found["corrections"]["corrected_executions"] == 2
    assert "20 in all" in alerts[0]["explanation"]


def test_a_bust_of_a_correction_is_one_of_the_execution_corrected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ("5,CORRECT,XTWS,NRDL,a,o2,BUY,,20,c1,e1,", "6,BUST,XTWS,NRDL,a,o2,BUY,,,b1,c1,")
    found, alerts = detect(capsys, tmp_path, *rows)
    assert (alerts, found["corrections"]["busted"]) == ([], 1)


def test_a_bust_of_nothing_known_is_counted_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, alerts = detect(capsys, tmp_path, "5,BUST,XTWS,NRDL,a,o9,,,,b1,e9,")
    assert len(alerts) == 1
    assert found["corrections"]["unknown_references"] == 1
    assert "1 not in the files" in shown(tmp_path, capsys)


def shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["detect", str(tmp_path / "events.csv"), "--out", str(tmp_path / "b")]) == 0
    return " ".join(capsys.readouterr().out.split())
