import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewatch.cli.failure import CommandError
from tapewatch.cli.processes import (
    ProcessRecord,
    is_running,
    record_process,
    recorded_process,
    recorded_processes,
    signal_process,
    stop_process,
)


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "import signal; print(flush=True); signal.pause()"], stdout=-1)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_recorded_process_is_found_again(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    record = record_process(tmp_path, "sleeper", sleeper.pid)
    assert recorded_process(tmp_path, "sleeper") == record
    assert recorded_processes(tmp_path) == [record]
    assert is_running(record)


def test_a_stranger_with_the_same_id_is_never_signalled(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    genuine = record_process(tmp_path, "sleeper", sleeper.pid)
    stranger = ProcessRecord("sleeper", sleeper.pid, genuine.start_ticks - 1)
    assert not signal_process(stranger, signal.SIGKILL)
    assert stop_process(stranger, timeout_s=0.1)
    assert is_running(genuine)


def test_a_process_is_stopped_by_sigterm(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    record = record_process(tmp_path, "sleeper", sleeper.pid)
    assert stop_process(record, timeout_s=10)
    assert sleeper.wait() == -signal.SIGTERM
    assert recorded_processes(tmp_path) == []


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert not stop_process(record_process(tmp_path, "deaf", process.pid), timeout_s=0.2)
        assert process.wait() == -signal.SIGKILL


def test_a_damaged_pid_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ingest.pid").write_text(json.dumps({"pid": 1}))
    with pytest.raises(CommandError, match=r"ingest\.pid: expected name, pid and start_ticks"):
        recorded_process(tmp_path, "ingest")


def test_a_process_that_ended_is_not_recorded(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(CommandError, match="ended as soon as it was started"):
        record_process(tmp_path, "brief", ended.pid)


def test_this_process_runs(tmp_path: Path) -> None:
    assert is_running(record_process(tmp_path, "self", os.getpid()))
