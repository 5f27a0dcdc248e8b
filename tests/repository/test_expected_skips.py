"""The rule of tests/conftest.py that an unlisted skip fails the run, tried on a small suite."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, EXPECTED_SKIPS

SUITE = "import pytest\n\ndef test_needs_a_server() -> None:\n    pytest.skip('no server on port 5432')\n"
MODULE = "import pytest\npytest.importorskip('no_such_package')\n"


def _run(folder: Path, expected: str | None) -> subprocess.CompletedProcess[str]:
    shutil.copy(CHECKOUT / "tests" / "conftest.py", folder)
    environment = {name: value for name, value in os.environ.items() if name != EXPECTED_SKIPS}
    if expected is not None:
        (folder / "expected.txt").write_text(f"# a comment\n\n{expected}\n")
        environment[EXPECTED_SKIPS] = str(folder / "expected.txt")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("expected", [None, "no server on port"])
def test_a_listed_skip_and_one_without_a_list_pass(tmp_path: Path, expected: str | None) -> None:
    (tmp_path / "test_one.py").write_text(SUITE)
    answer = _run(tmp_path, expected)
    assert answer.returncode == 0, answer.stdout
    assert "1 skipped" in answer.stdout


@pytest.mark.parametrize("suite", [SUITE, MODULE], ids=["a test", "a module"])
def test_a_skip_that_is_not_listed_fails_the_run(tmp_path: Path, suite: str) -> None:
    (tmp_path / "test_one.py").write_text(suite)
    answer = _run(tmp_path, "another reason")
    assert answer.returncode != 0
    assert "unexpected skip" in answer.stdout
