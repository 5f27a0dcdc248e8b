"""The simulator compiled and interpreted, each in a process of its own: the same bytes."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.output import write_simulation
from tapewatch import engine_mode
from tests.conftest import CHECKOUT

WRITE = (
    "import sys; from pathlib import Path; from simulator.output import write_simulation; "
    "write_simulation(Path(sys.argv[1]), ['spoofing'], seed=9, minutes=1, severity=0.5, market='whole', hours='fitted')"
)


def digest(directory: Path) -> str:
    files = sorted(path for path in directory.iterdir())
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


@pytest.mark.timeout(120)
def test_both_modes_write_the_same_bytes(tmp_path: Path) -> None:
    if engine_mode.mode() != "compiled":
        pytest.skip("the core is not compiled")
    write_simulation(tmp_path / "one", ["spoofing"], 9, 1, 0.5, market="whole", hours="fitted")
    environment = {**os.environ, engine_mode.VARIABLE: "interpreted"}
    subprocess.run(
        [sys.executable, "-c", WRITE, str(tmp_path / "two")], env=environment, cwd=CHECKOUT, check=True, timeout=100
    )
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
