import json
import os
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from tapewatch import engine_mode
from tests.conftest import CHECKOUT

CORE_TEXT = f"{engine_mode.HEADER}, boundscheck=False\nvalue = 1\n"


def _tree(root: Path, *, compiled: bool) -> Path:
    """A tree with one module of the core and one ordinary module; returns the former's source."""
    source = root / "tapewatch" / "market" / "tiny.py"
    source.parent.mkdir(parents=True)
    source.write_text(CORE_TEXT)
    source.with_name("ordinary.py").write_text("value = 2\n")
    if compiled:
        source.with_suffix(EXTENSION_SUFFIXES[0]).touch()
        _record(root)
    return source


def _record(root: Path) -> None:
    (root / engine_mode.RECORD).write_text(json.dumps(engine_mode.source_digests(root)))


def _python(code: str, forced: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, engine_mode.VARIABLE: forced}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )


def test_a_module_of_the_core_is_known_by_its_first_line(tmp_path: Path) -> None:
    source = _tree(tmp_path, compiled=False)
    assert engine_mode.core_sources(tmp_path) == {"tapewatch.market.tiny": source}


def test_a_compiled_module_with_an_unchanged_source_is_not_stale(tmp_path: Path) -> None:
    _tree(tmp_path, compiled=True)
    assert engine_mode.stale_modules(tmp_path) == []


def test_a_compiled_module_with_an_edited_source_is_stale(tmp_path: Path) -> None:
    _tree(tmp_path, compiled=True).write_text(CORE_TEXT + "\n")
    assert engine_mode.stale_modules(tmp_path) == ["tapewatch.market.tiny"]


def test_a_changed_declaration_makes_the_modules_stale_that_lead_to_it_and_no_other(tmp_path: Path) -> None:
    source = _tree(tmp_path, compiled=True)
    source.with_name("other.pxd").write_text("cdef class Other: pass\n")
    assert engine_mode.stale_modules(tmp_path) == []

    source.with_name("tiny.pxd").write_text("from tapewatch.market.other cimport Other\n")
    _record(tmp_path)
    assert engine_mode.stale_modules(tmp_path) == []
    source.with_name("other.pxd").write_text("cdef class Other: cdef int count\n")
    assert engine_mode.stale_modules(tmp_path) == ["tapewatch.market.tiny"]


def test_a_module_that_was_never_compiled_is_interpreted_and_not_stale(tmp_path: Path) -> None:
    _tree(tmp_path, compiled=False)
    assert engine_mode.stale_modules(tmp_path) == []
    assert engine_mode.interpreted_modules(tmp_path) == ["tapewatch.market.tiny"]


def test_an_unknown_mode_is_refused_with_the_words_expected() -> None:
    with pytest.raises(engine_mode.EngineModeError, match="expected compiled or interpreted, found 'fast'"):
        engine_mode.requested_mode({engine_mode.VARIABLE: "fast"})


def test_forced_to_interpret_the_core_is_imported_from_its_sources_and_says_so_once() -> None:
    code = (
        "import importlib\n"
        "from tapewatch import engine_mode\n"
        "for name in engine_mode.core_sources():\n"
        "    assert importlib.import_module(name).__file__.endswith('.py'), name\n"
        "engine_mode.warn_once_if_interpreted()\n"
        "engine_mode.warn_once_if_interpreted()\n"
        "print(engine_mode.mode())\n"
    )
    answer = _python(code, "interpreted")
    assert (answer.returncode, answer.stdout) == (0, "interpreted\n"), answer.stderr
    assert answer.stderr.count("INTERPRETED") == 1


def test_forced_to_compile_a_module_without_its_extension_is_refused(tmp_path: Path) -> None:
    source = _tree(tmp_path, compiled=False)
    code = (
        "import tapewatch.market\n"
        f"tapewatch.market.__path__.append({str(source.parent)!r})\n"
        "import tapewatch.market.tiny\n"
    )
    answer = _python(code, "compiled")
    assert answer.returncode == 1
    assert f"EngineModeError: {engine_mode.VARIABLE}=compiled: expected a compiled module beside {source}" in (
        answer.stderr
    )


PACKAGES_OF_THE_CORE = sorted({name.partition(".")[0] for name in engine_mode.core_sources()})


@pytest.mark.parametrize("package", PACKAGES_OF_THE_CORE)
def test_a_package_with_core_modules_obeys_the_forced_mode_from_its_first_import(package: str) -> None:
    """Its __init__.py imports tapewatch, which installs the finder."""
    code = f"import {package}, sys; print(any(type(f).__name__ == '_ForcedFinder' for f in sys.meta_path))"
    answer = _python(code, "interpreted")
    assert answer.stdout == "True\n", f"{package}/__init__.py: import tapewatch first ({answer.stderr})"
