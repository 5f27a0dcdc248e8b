"""A case service in a process of its own, for tests that are not asynchronous."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import CHECKOUT

READY_TIMEOUT_S = 60
POLL_S = 0.02


@contextmanager
def served_cases(folder: Path, **settings: str) -> Iterator[str]:
    """HOST:PORT of a case service on a new database below a folder; ended with it."""
    environment = {
        **os.environ,
        "TAPEWATCH__CASES__LISTEN": "127.0.0.1:0",
        "TAPEWATCH__CASES__DATABASE": str(folder / "cases.db"),
        "TAPEWATCH__CASES__EVIDENCE__INGEST": "null",
        "TAPEWATCH__LOG__FORMAT": "json",
        **{f"TAPEWATCH__CASES__{name.upper()}": value for name, value in settings.items()},
    }
    log = folder / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen([sys.executable, "-m", "case_service"], cwd=CHECKOUT, env=environment, stderr=stderr)
    try:
        yield _listen(process, log)
    finally:
        process.terminate()
        process.wait(READY_TIMEOUT_S)


def _listen(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline_s = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        for line in log.read_text().splitlines():
            if line.startswith("{") and line.endswith("}") and (said := json.loads(line))["event"] == "ready":
                return str(said["listen"])
        time.sleep(POLL_S)
    raise AssertionError(f"expected the service ready, found: {log.read_text()[-2000:]}")
