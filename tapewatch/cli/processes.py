"""Processes of this machine, known by their id and start time, so that no signal ever reaches a stranger."""

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tapewatch.cli.failure import CommandError

POLL_S = 0.05
_STATE, _START_TICKS = 0, 19
"""Positions in /proc/PID/stat after the command's closing parenthesis; see proc_pid_stat(5)."""


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A process we started; `start_ticks` is its start in clock ticks since boot, which no later process shares."""

    name: str
    pid: int
    start_ticks: int


def start_ticks_of(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None where it does not run (a zombie does not)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[_STATE] in ("Z", "X") else int(fields[_START_TICKS])


def record_process(directory: Path, name: str, pid: int) -> ProcessRecord:
    """Write `NAME.pid` for a running process of ours; CommandError if it is gone already."""
    start_ticks = start_ticks_of(pid)
    if start_ticks is None:
        raise CommandError(f"{name} (pid {pid}) ended as soon as it was started: see {directory / name}.log")
    record = ProcessRecord(name, pid, start_ticks)
    partial = directory / f"{name}.pid.partial"
    partial.write_text(json.dumps(asdict(record)) + "\n", encoding="utf-8")
    partial.replace(_path(directory, name))
    return record


def recorded_process(directory: Path, name: str) -> ProcessRecord | None:
    """The process `NAME.pid` tells of, running or not; None without the file. CommandError for a damaged one."""
    path = _path(directory, name)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return ProcessRecord(str(values["name"]), int(values["pid"]), int(values["start_ticks"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path}: expected name, pid and start_ticks as JSON ({error}); remove the file") from error


def recorded_processes(directory: Path) -> list[ProcessRecord]:
    """All recorded processes that still run, by name."""
    records = (recorded_process(directory, path.stem) for path in sorted(directory.glob("*.pid")))
    return [record for record in records if record is not None and is_running(record)]


def forget_process(directory: Path, name: str) -> None:
    """Remove `NAME.pid`."""
    _path(directory, name).unlink(missing_ok=True)


def is_running(record: ProcessRecord) -> bool:
    """Whether this very process runs, not another that got its id."""
    return start_ticks_of(record.pid) == record.start_ticks


def signal_process(record: ProcessRecord, number: signal.Signals) -> bool:
    """Signal this very process; False where it no longer runs."""
    if not is_running(record):
        return False
    try:
        os.kill(record.pid, number)
    except ProcessLookupError:
        return False
    return True


def stop_process(record: ProcessRecord, timeout_s: float) -> bool:
    """SIGTERM, wait, then SIGKILL; returns whether it ended by itself within `timeout_s` seconds."""
    if not signal_process(record, signal.SIGTERM) or await_end(record, timeout_s):
        return True
    signal_process(record, signal.SIGKILL)
    if not await_end(record, timeout_s):
        raise CommandError(f"{record.name} (pid {record.pid}) does not end even by SIGKILL: is its disk hanging?")
    return False


def await_end(record: ProcessRecord, timeout_s: float) -> bool:
    """Wait until a process has ended; False after `timeout_s` seconds."""
    deadline_s = time.monotonic() + timeout_s
    while is_running(record):
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(POLL_S)
    return True


def _path(directory: Path, name: str) -> Path:
    return directory / f"{name}.pid"
