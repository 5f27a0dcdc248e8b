"""The limits of the house style that no linter has a rule for."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tapewatch import engine_mode
from tests.conftest import CHECKOUT
from tests.repository.checkout import Function, files, files_with, place, syntax_tree

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "data", "misc", "common"}
RUNTIME = CHECKOUT / "tapewatch" / "runtime"
SILENCED = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<codes>:\s*[A-Z0-9, ]+\b|\[[^\]]*\])?(?P<reason>.*)")
HOME_FOLDERS = re.compile(r"/(?:home|Users)/[a-z]|/root/")


def test_no_file_is_longer_than_500_lines() -> None:
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in files_with(".py", ".proto")}
    assert [place(path, count) for path, count in lines.items() if count > FILE_LINES_MAX] == []


def test_no_function_is_longer_than_70_lines() -> None:
    long = [
        f"{place(path, node.lineno)} {node.name}"
        for path in files_with(".py")
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, Function) and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert long == []


def test_any_error_is_caught_only_in_the_service_shell() -> None:
    found = [
        place(path, node.lineno)
        for path in files_with(".py")
        if RUNTIME not in path.parents
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.ExceptHandler) and _catches_any(node)
    ]
    assert found == []


def _catches_any(handler: ast.ExceptHandler) -> bool:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {kind.id if isinstance(kind, ast.Name) else "" if kind else "BaseException" for kind in types}
    passes_on = any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))
    return "Exception" in names or ("BaseException" in names and not passes_on)


def test_modules_are_named_after_what_they_hold() -> None:
    vague = [place(path, 1) for path in files_with(".py") if VAGUE_NAMES & {path.stem, path.parent.name}]
    assert vague == []


def test_every_silenced_check_names_its_code_and_a_reason() -> None:
    bare = [
        f"{place(path, number)}: {line.strip()}"
        for path in files_with(".py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := SILENCED.search(line)) and not (match["codes"] and match["reason"].strip(" #-:;"))
    ]
    assert bare == []


def test_no_file_names_a_path_of_one_machine() -> None:
    found = [f"{place(path, number)}: {line}" for path, number, line in _lines() if _of_one_machine(line)]
    assert found == []


def _lines() -> Iterator[tuple[Path, int, str]]:
    for path in files():
        text = path.read_bytes()
        if b"\0" not in text and path != Path(__file__):
            for number, line in enumerate(text.decode().splitlines(), 1):
                yield path, number, line


def _of_one_machine(line: str) -> bool:
    return f"{CHECKOUT}/" in line or HOME_FOLDERS.search(line) is not None


def test_compiled_modules_match_their_sources() -> None:
    assert engine_mode.stale_modules() == [], "edited since they were compiled: run `make setup`"


def test_nothing_counts_from_the_end_where_that_reads_before_the_beginning() -> None:
    found = [
        place(path, node.lineno)
        for path in engine_mode.core_sources(CHECKOUT).values()
        if "wraparound=False" in path.read_text(encoding="utf-8").partition("\n")[0]
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.UnaryOp)
    ]
    assert found == []


def _tools() -> dict[str, Any]:
    tools: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    return tools


def test_every_package_of_the_library_has_a_place_in_the_import_rules() -> None:
    contracts = _tools()["importlinter"]["contracts"]
    sides = ("source_modules", "forbidden_modules")
    placed = {name for contract in contracts for side in sides for name in contract.get(side, [])}
    packages = {f"tapewatch.{path.parent.name}" for path in (CHECKOUT / "tapewatch").glob("*/__init__.py")}
    assert sorted(packages - placed) == []


def test_only_modules_of_the_core_are_excused_from_full_typing() -> None:
    overrides = _tools()["mypy"]["overrides"]
    excused = {name for entry in overrides if "disallow_untyped_defs" in entry for name in entry["module"]}
    assert sorted(excused - engine_mode.core_sources().keys()) == []


def test_nothing_generated_is_committed() -> None:
    names = [path.name for path in files()]
    assert [name for name in names if re.search(r"_pb2|\.so$|\.c$|_built\.json", name)] == []
