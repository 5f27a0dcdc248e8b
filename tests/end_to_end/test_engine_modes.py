"""The interpreted and the compiled engine, each in a process of its own: byte for byte the same alerts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.output import write_simulation
from tapewatch import engine_mode
from tapewatch.engine_mode import Mode
from tests.conftest import CHECKOUT

EVENTS = 100_000
MINUTES = 20.0
SCHEMES = ["spoofing", "layering", "wash_self", "wash_owner", "ping_pong", "pump_and_dump"]

pytestmark = pytest.mark.timeout(120)


def detect(events: Path, mode: Mode) -> bytes:
    """The alerts `tapewatch detect` writes when the core runs in a mode."""
    out = events.with_suffix(f".{mode}.jsonl")
    command = [sys.executable, "-m", "tapewatch.cli.main", "detect", str(events), "--out", str(out), "--json"]
    command += ["--accounts", str(events.with_name("accounts.csv"))]
    environment = {**os.environ, engine_mode.VARIABLE: mode}
    done = subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    summary = json.loads(done.stdout)
    assert summary["engine"] == mode
    assert summary["ledger"]["evaluated"] >= EVENTS
    print(f"{mode}: {summary['events']} events at {summary['events_per_second']}/s, {summary['alerts']} alerts")
    return out.read_bytes()


def test_both_modes_give_the_same_alerts_on_100_000_events(tmp_path: Path) -> None:
    if engine_mode.mode() != "compiled":
        pytest.skip("the core is not compiled")
    write_simulation(tmp_path, SCHEMES, seed=1, minutes=MINUTES, severity=0.9)
    compiled = detect(tmp_path / "events.parquet", "compiled")
    assert {json.loads(line)["rule_id"] for line in compiled.splitlines()} >= set(SCHEMES)
    assert detect(tmp_path / "events.parquet", "interpreted") == compiled
