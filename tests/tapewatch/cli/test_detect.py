"""`tapewatch detect` over files it makes itself."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from simulator.output import write_simulation
from tapewatch.alert import JSON_KEYS, from_json
from tapewatch.cli.main import main

KEYS = {
    *("events", "seconds", "events_per_second", "engine", "alerts", "alerts_by_rule", "not_applicable"),
    *("ledger", "quarantined"),
}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two simulated minutes with a spoof and a wash trade, as Parquet with reference data."""
    out = tmp_path_factory.mktemp("market")
    write_simulation(out, ["spoofing", "wash_self"], seed=7, minutes=3, severity=0.9)
    return out


def detect(capsys: pytest.CaptureFixture[str], out: Path, *arguments: object) -> dict[str, Any]:
    assert main(["detect", *map(str, arguments), "--out", str(out), "--json"]) == 0
    values: dict[str, Any] = json.loads(capsys.readouterr().out)
    return values


def test_alerts_are_final_revisions_by_start_and_id(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "alerts.jsonl"
    found = detect(capsys, out, market / "events.parquet", "--accounts", market / "accounts.csv")
    alerts = [json.loads(line) for line in out.read_text().splitlines()]
    assert set(found) >= KEYS
    assert found["alerts"] == len(alerts) == sum(found["alerts_by_rule"].values()) > 0
    assert alerts == sorted(alerts, key=lambda alert: (alert["start_time_ns"], alert["alert_id"]))
    assert len({alert["alert_id"] for alert in alerts}) == len(alerts)
    assert all(tuple(alert) == JSON_KEYS and from_json(alert).closed for alert in alerts)
    assert {"spoofing", "wash_self"} <= set(found["alerts_by_rule"])


def test_the_ledger_adds_up(market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = detect(capsys, tmp_path / "a", market / "events.parquet")["ledger"]
    parts = ("evaluated", "late", "duplicate", "rejected")
    assert ledger["received"] == sum(ledger[name] for name in parts) > 1_000
    assert ledger["duplicate"] == 0


def test_the_same_file_twice_changes_nothing_but_the_duplicates(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    events = market / "events.parquet"
    first = detect(capsys, once, events)
    second = detect(capsys, twice, events, events)
    assert once.read_bytes() == twice.read_bytes()
    assert second["ledger"]["duplicate"] == first["ledger"]["received"]


def test_the_size_of_batches_changes_nothing(market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = []
    for batch in (7, 1_000, 65_536):
        out = tmp_path / str(batch)
        detect(capsys, out, market / "events.parquet", "--batch", batch)
        outputs.append(out.read_bytes())
    assert outputs[0] == outputs[1] == outputs[2] != b""


def test_only_the_named_rules_run(market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = detect(capsys, tmp_path / "a", market / "events.parquet", "--rules", "wash_self")
    assert set(found["alerts_by_rule"]) == {"wash_self"}


def test_a_bad_row_is_quarantined_and_the_others_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = tmp_path / "events.csv"
    events.write_text(
        "event_time_ns,kind,venue,instrument,order_id,side,price,quantity\n"
        "1700000000000000000,NEW,XTWS,NRDL,a,BUY,10,100\n"
        "1700000000000000001,NEW,XTWS,NRDL,b,BUY,10,-100\n"
        "1700000000000000002,CANCEL,XTWS,NRDL,a,BUY,10,100\n"
    )
    found = detect(capsys, tmp_path / "a", events)
    assert (found["ledger"]["received"], found["ledger"]["rejected"], found["ledger"]["evaluated"]) == (3, 1, 2)
    assert sum(found["quarantined"].values()) == 1
    assert main(["detect", str(events), "--out", str(tmp_path / "b")]) == 0
    shown = capsys.readouterr().out
    assert "line 3, quantity" in shown
    assert "events (its header" in shown or "events (" in shown


def test_a_fix_log_is_recognised_and_what_gave_no_event_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_simulation(tmp_path, [], seed=3, minutes=0.5, severity=0.5, format="fix")
    (log,) = tmp_path.glob("*.fix*")
    found = detect(capsys, tmp_path / "a", log)
    assert found["files"][0]["format"] == "fix"
    assert "begin with 8=FIX" in found["files"][0]["decided"]
    assert found["ledger"]["evaluated"] > 100
    assert found["ledger"]["rejected"] == 0


@pytest.mark.parametrize("form", ["events", "fix"])
def test_a_cut_file_is_read_as_far_as_it_goes_and_the_command_fails(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if form == "fix":
        write_simulation(tmp_path, [], seed=3, minutes=0.5, severity=0.5, format="fix")
        (whole,) = tmp_path.glob("*.fix*")
    else:
        whole = tmp_path / "events.csv"
        row = "1772442000{0:09d},NEW,XTST,ACME,BUY,{1},100,o{0}\n"
        rows = (row.format(number, 10 + number * 7919 % 1009 / 100) for number in range(5_000))
        whole.write_text("event_time_ns,kind,venue,instrument,side,price,quantity,order_id\n" + "".join(rows))
    packed = gzip.compress(whole.read_bytes())
    cut = tmp_path / f"{whole.name}.gz"
    cut.write_bytes(packed[: len(packed) // 2])
    out = tmp_path / "alerts.jsonl"
    assert main(["detect", str(cut), "--out", str(out), "--json"]) == 1
    printed = capsys.readouterr()
    ledger = json.loads(printed.out)["ledger"]
    assert (ledger["cut_files"], ledger["received"]) == (1, ledger["evaluated"] + ledger["rejected"])
    assert ledger["evaluated"] > 100
    assert f"tapewatch: {cut}: the compressed" in printed.err
    assert "is cut" in printed.err
    assert out.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("noise.bin", b"\x00\x01\x02" * 50, "its format is not known"),
        ("cut.parquet", b"PAR1" + b"\x00" * 64, "cut.parquet"),
        ("other.csv", b"event_time_ns,kind,venue,instrument,prise\n1,NEW,X,Y,3\n", "price"),
    ],
)
def test_a_file_that_can_not_be_read_is_named_with_what_to_do(
    name: str, content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert main(["detect", str(path), "--out", str(tmp_path / "a")]) == 1
    error = capsys.readouterr().err
    assert name in error
    assert message in error
    assert len([line for line in error.splitlines() if line.startswith("tapewatch: ")]) == 1
    assert not (tmp_path / "a").exists()


def test_a_missing_output_directory_is_said_before_anything_is_read(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "nowhere" / "alerts.jsonl"
    assert main(["detect", str(market / "events.parquet"), "--out", str(out)]) == 1
    assert f"found no directory {out.parent}" in capsys.readouterr().err


def test_a_wrong_reference_file_names_row_and_column(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("account,ownr\nA,B\n")
    arguments = ["detect", str(market / "events.parquet"), "--out", str(tmp_path / "a"), "--accounts", str(accounts)]
    assert main(arguments) == 1
    assert "row 1: unknown column 'ownr'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("named", "said"),
    [("bitstamp", "every row was refused as bitstamp"), ("fix", "expected messages that begin with 8=FIX")],
)
def test_a_file_of_another_format_than_the_one_named_is_exit_code_1(
    named: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = tmp_path / "events.csv"
    events.write_text("event_time_ns,kind,venue,instrument\n1700000000000000000,TRADE,XTWS,NRDL\n")
    assert main(["detect", str(events), "--format", named, "--out", str(tmp_path / "a")]) == 1
    assert said in capsys.readouterr().err


def test_a_refused_line_is_named_once_with_its_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = tmp_path / "events.csv"
    events.write_text(
        "event_time_ns,kind,venue,instrument,side,price,quantity\n"
        "1700000000000000000,NEW,XTWS,NRDL,BUY,fifty,100\n"
        "not a row\n"
    )
    assert main(["detect", str(events), "--out", str(tmp_path / "a")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "line 2, price: expected a decimal number, found 'fifty' (BAD_NUMBER)" in shown
    assert "line 3: expected 7 fields, found 1" in shown


def test_the_output_must_not_be_a_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = tmp_path / "events.csv"
    events.write_text("event_time_ns,kind,venue,instrument\n")
    assert main(["detect", str(events), "--out", str(tmp_path)]) == 1
    assert "name a file in it" in capsys.readouterr().err


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = tmp_path / "events.csv"
    events.write_text("event_time_ns,kind,venue,instrument\n")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert main(["detect", str(events), "--out", str(pipe)]) == 0
        assert pipe.is_fifo()
    finally:
        os.close(reader)
