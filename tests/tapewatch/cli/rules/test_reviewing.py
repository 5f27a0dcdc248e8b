"""`tapewatch rules review`: what lay just below a line is drawn reproducibly, with a sheet to fill in."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tapewatch.alert import Alert
from tapewatch.cli.main import main
from tapewatch.cli.rules.reviewing import draw
from tests.case_service.fakes import alert, alert_id
from tests.detection_service.rules.schemes import spoof
from tests.detection_service.scenario import Market


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """Three spoofs of some 15, 4.7 and 3 times the usual order, and a third, a seventh and a tenth of the depth."""
    made = Market()
    made.crowd()
    for place, large in enumerate((1_500, 480, 300)):
        spoof(made, 700.0 + place * 900, large=large, genuine=20, account=f"S{place}")
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in made.rows), encoding="utf-8")
    return path


def reviewed(capsys: pytest.CaptureFixture[str], out: Path, *arguments: str | Path) -> dict[str, object]:
    assert main(["rules", "review", "--rule", "spoofing", "--json", "--out", str(out), *map(str, arguments)]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_what_lay_just_below_the_line_is_drawn_with_a_sheet_to_fill_in(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("--parameter", "size_multiple_min", "--parameter", "depth_share_min", "--slack", "0.2")
    found = reviewed(capsys, tmp_path / "out", *lines, market)
    assert found["lines"] == [
        {"name": "depth_share_min", "in_force": 0.15, "moved_to": 0.12},
        {"name": "size_multiple_min", "in_force": 5.0, "moved_to": 4.0},
    ]
    assert (found["alerts_told"], found["below_the_line"]) == (1, 1)
    with (tmp_path / "out" / "review.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["owners"], row["should_have_been_an_alert"], row["reviewer"]) == ("S1", "", "")
    assert row["measured"].count("not reached") == 2
    assert "(line 5, not reached); depth_share" in row["measured"]
    record = (tmp_path / "out" / "review.json").read_text()
    again = reviewed(capsys, tmp_path / "again", *lines, market)
    assert again == found
    assert (tmp_path / "again" / "review.json").read_text() == record


def test_the_draw_depends_on_the_seed_and_not_on_the_order() -> None:
    alerts: list[Alert] = [replace(alert(), alert_id=alert_id(number)) for number in range(50)]
    first = draw(alerts, 10, 1)
    assert len(first) == 10
    assert draw(alerts[::-1], 10, 1) == first
    assert draw(alerts, 10, 2) != first
    assert len(draw(alerts, 100, 1)) == 50


def test_a_parameter_that_is_no_line_is_refused(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "rules",
        "review",
        "--rule",
        "spoofing",
        "--out",
        str(tmp_path),
        "--parameter",
        "nonsense",
        str(market),
    ]
    assert main(arguments) == 2
    assert "--parameter: expected one of" in capsys.readouterr().err
