"""`up`, `status`, `replay`, `down` with the real services, as processes of this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.output import write_simulation
from tapewatch.cli.demo_stack import demo_settings
from tapewatch.cli.main import main
from tapewatch.cli.processes import ProcessRecord, is_running, recorded_processes

pytestmark = pytest.mark.timeout(120)


@dataclass(frozen=True)
class Stack:
    home: Path
    config: Path

    @property
    def run_directory(self) -> Path:
        return self.home / "run"

    def processes(self) -> dict[str, ProcessRecord]:
        return {record.name: record for record in recorded_processes(self.run_directory)}


@contextmanager
def running_stack(home: Path) -> Iterator[Stack]:
    """Ingest, detection, cases and the FIX gateway on free ports, stopped by `down`."""
    config = home / "tapewatch.yaml"
    settings = demo_settings(home)
    del settings["simulator"]
    config.write_text(yaml.safe_dump(settings))
    assert main(["up", "--config", str(config), "--directory", str(home)]) == 0
    made = Stack(home, config)
    before = made.processes()
    yield made
    after = made.processes()
    assert main(["down", "--directory", str(home)]) == 0
    assert not any(is_running(record) for record in (*before.values(), *after.values()))
    assert list(made.run_directory.glob("*.pid")) == []


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as made:
        yield made


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("market")
    write_simulation(out, ["spoofing", "wash_self"], seed=11, minutes=3, severity=0.9)
    return out


def asked(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, Any]:
    capsys.readouterr()
    code = main([*map(str, arguments), "--json"])
    out = capsys.readouterr().out
    return code, json.loads(out) if out else None


def wait_until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "the condition did not come true in time"
        time.sleep(0.05)


def test_every_service_serves_and_says_where(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    code, values = asked(capsys, "status", "--directory", stack.home)
    assert code == 0
    assert {each["service"]: each["health"] for each in values["services"]} == dict.fromkeys(
        ("cases", "ingest", "detection", "fix"), "SERVING"
    )
    assert {each["pid"] for each in values["services"]} <= {record.pid for record in stack.processes().values()}


def test_a_second_stack_in_the_same_directory_is_refused(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--config", str(stack.config), "--directory", str(stack.home)]) == 1
    assert "already running" in capsys.readouterr().err


def test_doctor_finds_the_services_serving(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    _, values = asked(capsys, "doctor", "--config", stack.config, "--directory", stack.home)
    found = {each["what"].split(" at ")[0]: each for each in values["findings"]}
    assert {name: found[name]["found"] for name in ("ingest", "detection", "cases", "fix")} == dict.fromkeys(
        ("ingest", "detection", "cases", "fix"), "serving"
    )
    assert found["settings"]["level"] == "ok"


def test_a_replayed_file_gives_the_alerts_of_detect_once_each_though_detection_is_killed(
    stack: Stack, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events, accounts = market / "events.parquet", market / "accounts.csv"
    assert main(["detect", str(events), "--accounts", str(accounts), "--out", str(tmp_path / "alerts.jsonl")]) == 0
    expected = {json.loads(line)["alert_id"] for line in (tmp_path / "alerts.jsonl").read_text().splitlines()}
    detection = stack.processes()["detection"]

    code, sent = asked(capsys, "replay", events, "--accounts", accounts, "--config", stack.config, "--batch", 500)
    os.kill(detection.pid, signal.SIGKILL)
    again, twice = asked(capsys, "replay", events, "--config", stack.config)
    wait_until(lambda: asked(capsys, "status", "--directory", stack.home)[0] == 0)
    wait_until(lambda: asked(capsys, "sources", "--config", stack.config)[0] == 0)
    wait_until(lambda: len(asked(capsys, "alerts", "list", "--limit", 10_000, "--config", stack.config)[1]) > 0)

    def stored() -> set[str]:
        alerts = asked(capsys, "alerts", "list", "--limit", 10_000, "--config", stack.config)[1]
        return {alert["alert_id"] for alert in alerts}

    wait_until(lambda: len(stored()) >= len(expected))
    assert (code, again, sent["duplicates"], sent["rejected"]) == (0, 0, 0, 0)
    assert (twice["journalled"], twice["duplicates"]) == (0, sent["journalled"])
    assert stored() == expected
    assert stack.processes()["detection"].pid != detection.pid


def received(capsys: pytest.CaptureFixture[str], config: Path) -> int:
    values = asked(capsys, "sources", "--config", config)[1]
    return int(values["total"]["received"]) if values else 0


@pytest.mark.parametrize("name", ["ingest", "cases"])
def test_whichever_service_is_killed_in_mid_stream_nothing_is_lost_or_doubled(
    name: str, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = str(market / "events.parquet")
    assert main(["detect", events, "--out", str(tmp_path / "alerts.jsonl"), "--json"]) == 0
    sent = json.loads(capsys.readouterr().out)["ledger"]["evaluated"]
    expected = {json.loads(line)["alert_id"] for line in (tmp_path / "alerts.jsonl").read_text().splitlines()}
    with running_stack(tmp_path) as stack:
        command = [sys.executable, "-m", "tapewatch.cli.main", "replay", events, "--config", str(stack.config)]
        with subprocess.Popen([*command, "--speed", "60x", "--batch", "200"], stdout=subprocess.DEVNULL) as replaying:
            wait_until(lambda: received(capsys, stack.config) > 1_000)
            os.kill(stack.processes()[name].pid, signal.SIGKILL)
            assert replaying.wait(timeout=60) == 0
        wait_until(lambda: asked(capsys, "sources", "--config", stack.config)[0] == 0)

        def stored() -> list[str]:
            alerts = asked(capsys, "alerts", "list", "--limit", 10_000, "--config", stack.config)[1] or []
            return [alert["alert_id"] for alert in alerts]

        def ledger() -> dict[str, int]:
            total: dict[str, int] = asked(capsys, "sources", "--config", stack.config)[1]["total"]
            return total

        wait_until(lambda: len(stored()) >= len(expected))
        wait_until(lambda: ledger()["evaluated"] >= ledger()["journalled"])
        found, counted = stored(), ledger()
    assert sorted(found) == sorted(expected)
    assert (counted["journalled"], counted["evaluated"], counted["rejected"]) == (sent, sent, 0)


def test_cases_can_be_worked_from_the_command_line(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    _, cases = asked(capsys, "cases", "list", "--config", stack.config)
    number = cases[0]["number"]
    common = ("--actor", "anna", "--config", stack.config)
    assert asked(capsys, "cases", "assign", number, "--to", "anna", *common)[1]["state"] == "ASSIGNED"
    assert asked(capsys, "cases", "review", number, *common)[1]["state"] == "IN_REVIEW"
    closed = asked(
        capsys, "cases", "close", number, "--disposition", "no-action", "--reason", "a simulated market", *common
    )[1]
    assert (closed["state"], closed["disposition"]) == ("CLOSED", "NO_ACTION")
    code, _ = asked(capsys, "cases", "review", number, *common)
    assert code == 1
    code, records = asked(capsys, "audit", "list", "--subject", closed["case_id"], "--config", stack.config)
    assert (code, [each["action"] for each in records][-3:]) == (0, ["AssignCase", "StartReview", "CloseCase"])
    assert asked(capsys, "audit", "verify", "--config", stack.config)[1]["intact"] is True


def test_down_where_nothing_runs_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "--directory", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"nothing runs from {tmp_path / 'run'}\n"


def test_a_busy_port_is_named_by_up(tmp_path: Path, stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "tapewatch.yaml"
    settings = yaml.safe_load(stack.config.read_text())
    settings["cases"]["database"] = str(tmp_path / "cases.db")
    for section, key in (("ingest", "directory"), ("detection", "directory"), ("fix", "store")):
        settings[section][key] = str(tmp_path / section)
    config.write_text(yaml.safe_dump(settings))
    try:
        assert main(["up", "--config", str(config), "--directory", str(tmp_path)]) == 1
        error = capsys.readouterr().err
    finally:
        main(["down", "--directory", str(tmp_path)])
    assert f"cases: another program listens at {settings['cases']['listen']}" in error
    assert recorded_processes(tmp_path / "run") == []
