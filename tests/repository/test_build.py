"""setup.py, run for real on a small copy: what compiles, what is rebuilt and what happens without a compiler."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tapewatch import engine_mode
from tests.conftest import CHECKOUT

COPIED = ("setup.py", "build_protos.py", "pyproject.toml", "README.md")
MODULE = "tapewatch.market.tiny"
TEXT = f"{engine_mode.HEADER}\nimport cython\n\n\ndef compiled() -> bool:\n    return cython.compiled\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The build files with a library of one core module."""
    for name in COPIED:
        shutil.copy(CHECKOUT / name, tmp_path)
    package = tmp_path / "tapewatch"
    (package / "market").mkdir(parents=True)
    for name in ("__init__.py", "engine_mode.py"):
        shutil.copy(CHECKOUT / "tapewatch" / name, package)
    (package / "market" / "__init__.py").touch()
    (package / "market" / "tiny.py").write_text(TEXT)
    return tmp_path


def _environment() -> dict[str, str]:
    """This process's environment without a forced mode."""
    return {name: value for name, value in os.environ.items() if name != engine_mode.VARIABLE}


def _build(project: Path, **environment: str) -> None:
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"],
        cwd=project,
        env={**_environment(), **environment},
        check=True,
        capture_output=True,
    )


def _runs_compiled(project: Path) -> bool:
    code = f"from {MODULE} import compiled; print(compiled())"
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, cwd=project, env=_environment(), check=True, capture_output=True, text=True)
    return answer.stdout == "True\n"


def _extension(project: Path) -> Path | None:
    return engine_mode.extension_beside(project / "tapewatch" / "market" / "tiny.py")


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_an_edited_module_is_compiled_again_and_an_unchanged_one_is_not(project: Path) -> None:
    _build(project)
    first = _extension(project)
    assert first is not None
    assert _runs_compiled(project)
    built_ns = first.stat().st_mtime_ns

    _build(project)
    assert first.stat().st_mtime_ns == built_ns

    (project / "tapewatch" / "market" / "tiny.py").write_text(TEXT + "\n\nadded = 1\n")
    assert engine_mode.stale_modules(project) == [MODULE]
    _build(project)
    assert engine_mode.stale_modules(project) == []
    assert first.stat().st_mtime_ns != built_ns


def test_without_a_compiler_the_build_succeeds_and_the_core_runs_interpreted(project: Path) -> None:
    _build(project, CC="/nonexistent/cc")
    assert _extension(project) is None
    assert json.loads((project / engine_mode.RECORD).read_text()) == {}
    assert not _runs_compiled(project)
    assert engine_mode.interpreted_modules(project) == [MODULE]


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_a_build_that_fails_leaves_no_outdated_extension_behind(project: Path) -> None:
    _build(project)
    (project / "tapewatch" / "market" / "tiny.py").write_text(TEXT + "\n\nadded = 1\n")
    _build(project, CC="/nonexistent/cc")
    assert _extension(project) is None
