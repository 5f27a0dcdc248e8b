"""The demo as a user runs it: real services, a simulated market over FIX."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tapewatch.cli.processes import recorded_processes

COMMAND = (sys.executable, "-m", "tapewatch.cli.main", "demo", "--once")
pytestmark = pytest.mark.timeout(180)


def processes_naming(text: str) -> list[str]:
    """Command lines of running processes that hold a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if text in command:
            found.append(command)
    return found


@pytest.mark.slow
def test_every_spoof_and_wash_trade_is_one_case_and_the_ledger_balances(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--json", "--directory", str(tmp_path)], capture_output=True, text=True, check=False, timeout=170
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert (report["problems"], done.returncode) == ([], 0)
    assert len(report["scenarios"]) == 10
    whole = report["ledger"][-1]
    assert whole["ingest_balances"]
    assert whole["detection_balances"]
    assert whole["received"] == report["acknowledged"] > 100_000
    assert all(case["explanations"] for case in report["cases"])
    assert recorded_processes(tmp_path / "run") == []
    assert processes_naming(str(tmp_path)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert process.stderr is not None
    said = [process.stderr.readline()]
    while said[-1] and "warming up" not in said[-1]:
        said.append(process.stderr.readline())
    process.send_signal(number)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in "".join(said) + error
    assert processes_naming(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []
