"""`tapewatch tune` over a small simulated market."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.output import write_simulation
from tapewatch.cli.main import main

RULE = "ping_pong"
PARAMETER = "trades_min"
STRICTEST = 16
"""So many trades in two minutes no pair has there."""
SWEEP = ("--parameter", f"{PARAMETER}=3,4,7,{STRICTEST}")
SCHEMES = [RULE] * 3


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pairs who pass shares back and forth, in a calm market."""
    out = tmp_path_factory.mktemp("market")
    write_simulation(out, SCHEMES, seed=21, minutes=3, severity=0.9, activity=0.3)
    return out


@pytest.fixture(scope="module")
def cases(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was played as closed cases, the first of them found true, the others false; and one that is open."""
    labels = [json.loads(line) for line in (market / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    closed = [
        {
            **{name: label[name] for name in ("venue", "instrument", "accounts", "owners")},
            **{name: label[name] for name in ("start_time_ns", "end_time_ns")},
            "number": number,
            "state": "CLOSED",
            "disposition": "FALSE_POSITIVE" if number else "REPORTED",
            "rule_ids": [RULE],
        }
        for number, label in enumerate(labels)
    ]
    path = tmp_path_factory.mktemp("cases") / "cases.json"
    path.write_text(json.dumps([*closed, {**closed[0], "state": "OPEN"}]), encoding="utf-8")
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert main(["tune", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def files(market: Path) -> tuple[object, ...]:
    return market / "events.parquet", "--accounts", market / "accounts.csv", "--instruments", market / "instruments.csv"


def test_every_value_is_told_with_its_alerts_recall_and_intervals(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = told(capsys, RULE, market, *SWEEP)
    rows = report["by_parameter"][PARAMETER]
    assert [row["value"] for row in rows] == sorted({3.0, 4.0, 7.0, 16.0, report["parameters"][PARAMETER]})
    assert report["scenarios"] == len(SCHEMES)
    assert report["current"]["recall"] == 1.0
    low, high = report["current"]["recall_interval"]
    assert low < 1.0 <= high
    assert rows[-1]["alerts"] == 0
    assert report["days"] == pytest.approx(report["hours"] / 8.5, rel=1e-3)
    for row in rows:
        assert row["alerts"] == row["true"] + row["false"] == row["surplus"] + row["found"]


def test_the_proposal_is_written_as_settings_that_preview_and_set_take(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = tmp_path / "now.yaml"
    now.write_text(
        yaml.safe_dump({"detection": {"rules": {RULE: {PARAMETER: STRICTEST}, "spoofing": {}}}}), encoding="utf-8"
    )
    out = tmp_path / "tuned.yaml"
    report = told(capsys, RULE, market, *SWEEP, "--config", now, "--out", out)
    assert report["proposal"]["recall"] == 1.0 > report["current"]["recall"]
    assert report["cost"]["gained"]
    low, high = report["cost"]["recall_interval"]
    assert low < report["cost"]["recall"] <= high
    settings = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert settings == {"detection": {"rules": {RULE: report["proposal"]["changes"], "spoofing": {}}}}
    assert main(["rules", "preview", *map(str, files(market)), "--config", str(out), "--against", str(now)]) == 0
    assert "appears" in capsys.readouterr().out


def test_nothing_better_leaves_the_values_and_writes_no_file(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tuned.yaml"
    assert main(["tune", RULE, str(market), "--parameter", f"{PARAMETER}={STRICTEST}", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "keep the values as they are" in shown
    assert "3 is few: simulate more seeds" in shown
    assert not out.exists()


def test_a_wish_that_nothing_meets_gives_no_proposal(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, RULE, market, *SWEEP, "--alerts-a-day-max", 0.1)["proposal"] is None


def test_combinations_are_all_tried(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = told(capsys, RULE, market, "--grid", *SWEEP, "--parameter", "window_s=100,120", "--recall-min", 0.9)
    assert len(report["grid"]) == 8
    assert report["by_parameter"] == {}
    assert report["proposal"]["recall"] >= 0.9


def test_a_parameter_without_effect_is_tried_at_its_ends_alone(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = told(capsys, RULE, market, "--parameter", "net_share_max=0.5,0.6,0.7,0.8")
    assert [row["value"] for row in report["by_parameter"]["net_share_max"]] == [0.2, 0.5, 0.8]


def test_several_runs_are_kept_apart_and_a_proposal_is_held_against_other_data(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    write_simulation(other, SCHEMES[:1], seed=22, minutes=2, severity=0.9, activity=0.3)
    assert told(capsys, RULE, market, other, *SWEEP)["scenarios"] == len(SCHEMES) + 1
    report = told(capsys, RULE, market, *SWEEP, "--check", other)
    assert report["check"]["current"]["found"] == 1
    assert report["check"]["cost"]["lost"] == []


def test_closed_cases_are_labels_and_what_nobody_judged_is_neither_true_nor_false(
    market: Path, cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = told(capsys, RULE, *files(market), "--feedback", cases, *SWEEP)
    assert report["only_judged"]
    assert (report["scenarios"], report["current"]["found"]) == (1, 1)
    assert report["current"]["false"] == len(SCHEMES) - 1
    assert report["current"]["alerts"] == sum(report["current"][name] for name in ("true", "false", "unjudged"))


def test_labels_of_a_file_are_taken_for_event_files(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = told(capsys, RULE, *files(market), "--labels", market / "labels.jsonl", *SWEEP)
    assert report["current"]["recall"] == 1.0


@pytest.mark.parametrize(
    ("suffix", "begins"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".html", b"<!doctype html>")]
)
def test_alerts_against_recall_are_drawn(
    suffix: str, begins: bytes, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plots` is not installed")
    path = tmp_path / f"plot{suffix}"
    told(capsys, RULE, market, *SWEEP, "--plot", path)
    assert path.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("spofing", "MARKET"), "did you mean 'spoofing'?"),
        (("data_gap", "MARKET"), "watches sources, not trading"),
        ((RULE, "MARKET", "--parameter", "shape"), "found 'shape'"),
        ((RULE, "MARKET", "--parameter", "trades_min=1,x"), "expected trades_min=NUMBER,NUMBER,..., found '1,x'"),
        ((RULE, "MARKET", "--parameter", "trades_min=0"), "expected trades_min from 3 to 16 trades, found 0"),
        ((RULE, "MARKET", "--grid", "--parameter", "trades_min"), "--grid: expected two or more --parameter"),
        ((RULE, "MARKET", "--recall-min", "1", "--alerts-a-day-max", "1"), "found both"),
        ((RULE, "MARKET", "--plot", "plot.gif"), "expected a name that ends with .svg, .png, .html"),
        ((RULE, "MARKET", "--labels", "MARKET/labels.jsonl"), "directories with their own labels"),
        ((RULE, "MARKET/events.parquet"), "expected --labels FILE or --feedback cases|FILE, found neither"),
        ((RULE,), "expected DATA..., directories or event files, or --journal, found neither"),
        ((RULE, "--journal"), "--journal: expected --labels FILE or --feedback cases|FILE, found neither"),
        ((RULE, "--journal", "MARKET"), "expected DATA or --journal, found both"),
        ((RULE, "EMPTY"), "found no such files"),
        ((RULE, "REPORTED"), "5001 to 5020 are kept for reporting"),
    ],
)
def test_wrong_usage_is_explained(
    arguments: tuple[str, ...], complaint: str, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reported = tmp_path / "reported"
    reported.mkdir()
    for name in ("events.csv", "labels.jsonl"):
        (reported / name).touch()
    (reported / "manifest.json").write_text('{"seed": 5003}', encoding="utf-8")
    (tmp_path / "empty").mkdir()
    places = {"MARKET": market, "EMPTY": tmp_path / "empty", "REPORTED": reported}
    command = [str(Path(places.get(first, first), *rest)) for first, *rest in (text.split("/") for text in arguments)]
    assert main(["tune", *command]) == 2
    assert complaint in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "found no JSON"),
        ("[1]", "found something else"),
        ("[]", "expected closed cases of ping_pong, found none among 0"),
        ('[{"rule_ids": ["ping_pong"], "state": "CLOSED"}]', "found a case without 'number'"),
    ],
)
def test_a_file_that_holds_no_cases_is_explained(
    content: str, complaint: str, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.json"
    path.write_text(content, encoding="utf-8")
    assert main(["tune", RULE, *map(str, files(market)), "--feedback", str(path)]) == 1
    assert complaint in capsys.readouterr().err
