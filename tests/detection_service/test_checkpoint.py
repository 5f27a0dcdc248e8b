"""The newest whole snapshot is what a start goes on from; a damaged or half-written one is passed over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from detection_service.checkpoint import Checkpoint, Checkpoints
from detection_service.frozen import Frozen
from tapewatch.market.arrays import Bulk
from tests.conftest import CHECKOUT

ENGINE = Frozen.of({"plain": "values", "bulky": [Bulk(bytes(9_999)), Bulk(bytes(range(256)) * 40)]})


def checkpoint(next_sequence: int) -> Checkpoint:
    return Checkpoint(
        next_sequence, ENGINE, {"XTST": {"newest": {"feed": 5}, "held": [b"frame"]}}, 3, {"model": b"{}"}, {"?": 2}
    )


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    snapshots = Checkpoints(tmp_path / "made")
    snapshots.write(checkpoint(7))
    assert Checkpoints(tmp_path / "made").newest() == (checkpoint(7), [])


def test_without_a_snapshot_there_is_none(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path).newest() == (None, [])


def test_the_newest_by_position_counts_and_two_are_kept(tmp_path: Path) -> None:
    snapshots = Checkpoints(tmp_path)
    for position in (9, 10, 1_000, 99):
        snapshots.write(checkpoint(position))
    found, problems = snapshots.newest()
    assert (found, problems) == (checkpoint(1_000), [])
    assert len(names(tmp_path)) == 2


@pytest.mark.parametrize("damage", ["cut", "turned", "empty"])
def test_a_damaged_newest_is_passed_over_for_the_one_before_and_named(tmp_path: Path, damage: str) -> None:
    snapshots = Checkpoints(tmp_path)
    snapshots.write(checkpoint(1))
    snapshots.write(checkpoint(2))
    newest = tmp_path / names(tmp_path)[-1]
    data = newest.read_bytes()
    turned = data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]
    newest.write_bytes({"cut": data[:-1], "turned": turned, "empty": b""}[damage])
    found, (problem,) = snapshots.newest()
    assert found == checkpoint(1)
    assert str(newest) in problem
    assert "expected an undamaged snapshot" in problem


def test_with_every_snapshot_damaged_the_journal_is_read_from_its_beginning(tmp_path: Path) -> None:
    snapshots = Checkpoints(tmp_path)
    for position in (1, 2):
        snapshots.write(checkpoint(position))
    for name in names(tmp_path):
        (tmp_path / name).write_bytes(b"TWC1 damaged")
    found, problems = snapshots.newest()
    assert found is None
    assert len(problems) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from detection_service.checkpoint import Checkpoints
from tests.detection_service.test_checkpoint import checkpoint
snapshots = Checkpoints(Path(sys.argv[1]))
snapshots.write(checkpoint(1))
Path.replace = lambda path, target: os.kill(os.getpid(), signal.SIGKILL)
snapshots.write(checkpoint(2))
"""


def test_a_kill_between_writing_and_renaming_leaves_the_one_before_in_force(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=CHECKOUT, timeout=30, check=False)
    assert ran.returncode == -signal.SIGKILL
    assert Checkpoints(tmp_path).newest() == (checkpoint(1), [])
    Checkpoints(tmp_path).write(checkpoint(2))
    assert Checkpoints(tmp_path).newest() == (checkpoint(2), [])
    assert [name for name in names(tmp_path) if name.endswith(".partial")] == []


def test_a_folder_that_can_not_be_written_is_an_error_of_the_environment(tmp_path: Path) -> None:
    snapshots = Checkpoints(tmp_path / "made")
    os.rmdir(tmp_path / "made")
    with pytest.raises(FileNotFoundError):
        snapshots.write(checkpoint(1))
