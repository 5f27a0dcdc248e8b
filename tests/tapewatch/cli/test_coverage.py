"""Coverage as tables, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from surveillance.v1 import detection_pb2
from tapewatch.cli.coverage import COLUMNS, show, write_coverage, write_csv
from tapewatch.cli.failure import CommandError
from tapewatch.cli.main import main

HEADER = "event_time_ns,kind,venue,instrument,side,price,quantity,source,source_sequence"
ANSWER = detection_pb2.GetCoverageResponse(
    lines=[
        detection_pb2.CoverageLine(
            rule_id="spoofing", source="feed", venue="XTST", instrument="=ACME", watched=True, data=["orders", "fills"],
            since_time_ns=1_700_000_000_000_000_000, events=5, regulations=["one", "two"],
        ),
        detection_pb2.CoverageLine(rule_id="spoofing", source="tape", venue="XTST", instrument="ACME",
            reason="no orders",
        ),
    ],
    regulations=[detection_pb2.RegulationCoverage(regulation="one", verified=True, rules=["spoofing", "layering"])],
    canaries=[detection_pb2.CanaryResult(rule_id="spoofing", missed=2)],
)  # fmt: skip


def test_every_line_is_in_the_csv_and_a_formula_is_made_harmless() -> None:
    file = io.StringIO()
    write_csv(file, ANSWER.lines)
    header, first, second = csv.reader(io.StringIO(file.getvalue()))
    assert tuple(header) == COLUMNS
    assert first[:5] == ["spoofing", "feed", "XTST", "'=ACME", "yes"]
    assert first[6:] == ["orders; fills", "1700000000000000000", "5", "one; two"]
    assert second[4:6] == ["no", "no orders"]


def test_a_rule_and_a_regulation_have_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    show(ANSWER)
    told = capsys.readouterr().out
    assert "missed 2 on end" in told
    assert "no orders" in told
    assert "2023-11-14 22:13:20" in told
    assert any(line.startswith("one") and "none" in line for line in told.splitlines())


def test_detect_writes_what_was_watched_and_finds_lost_numbers(tmp_path: Path) -> None:
    rows = [
        f"{1_700_000_000 + n}000000000,TRADE,XTST,ACME,BUY,100,5,feed,{n if n < 9 else n + 4}" for n in range(1, 30)
    ]
    events = tmp_path / "events.csv"
    events.write_text("\n".join([HEADER, *rows]) + "\n")
    out, coverage = tmp_path / "alerts.jsonl", tmp_path / "coverage.json"
    assert main(["detect", str(events), "--out", str(out), "--coverage", str(coverage)]) == 0
    (alert,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert (alert["rule_id"], alert["instrument"]) == ("data_gap", None)
    assert "numbers 9 to 12" in alert["explanation"]
    told = json.loads(coverage.read_text())
    lines = {line["rule_id"]: line for line in told["lines"]}
    assert lines["price_spike"]["watched"]
    assert lines["price_spike"]["data"] == ["trades"]
    assert "does not show orders" in lines["spoofing"]["reason"]
    assert lines["clock_skew"]["reason"] == "the source does not show receive times (receive_time_ns)"
    assert told["regulations"]


def test_coverage_that_can_not_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="--coverage: expected a file that can be written"):
        write_coverage(tmp_path / "nowhere" / "coverage.csv", ANSWER)
