import json
from pathlib import Path

import pytest

from tapewatch.cli.main import main


def test_a_simulation_is_written_and_summarised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["simulate", "--out", str(tmp_path), "--scheme", "spoofing", "--minutes", "1", "--format", "csv"]
    assert main([*arguments, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["scenarios_by_scheme"] == {"spoofing": 1}
    assert sum(summary["events_by_kind"].values()) == summary["events"] > 0
    assert len((tmp_path / "labels.jsonl").read_text().splitlines()) == 1


def test_an_ordinary_market_has_no_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--out", str(tmp_path), "--scheme", "none", "--minutes", "0.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scenarios"] == 0
