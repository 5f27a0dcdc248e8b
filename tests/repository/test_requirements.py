"""The locked requirements: complete, hashed and free of addresses."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tapewatch import engine_mode
from tests.conftest import CHECKOUT
from tests.repository.checkout import files_with, place, syntax_tree

LOCKS = sorted((CHECKOUT / "requirements").glob("*.txt"))
PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^ ;]+)(?P<rest>[^\n]*\n(?:    --hash[^\n]*\n)*)", re.M)


def _pins(text: str) -> dict[str, str]:
    return {canonicalize_name(match["name"]): match["version"] for match in PIN.finditer(text)}


def _declared(*extras: str) -> list[Requirement]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [text for extra in extras for text in project["optional-dependencies"][extra]]
    return [Requirement(text) for text in [*project["dependencies"], *optional]]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_carries_no_address_and_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert re.findall(r"https?://\S+|--(?:extra-)?index-url.*|--find-links.*|--trusted-host.*", text) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_of_a_lock_has_a_hash(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert [match["name"] for match in PIN.finditer(text) if "--hash=sha256:" not in match["rest"]] == []


@pytest.mark.parametrize(
    ("lock", "extras"), [("lock.txt", ("dev", "postgres", "plots")), ("runtime.txt", ("postgres",))]
)
def test_a_lock_pins_what_the_project_declares_within_its_range(lock: str, extras: tuple[str, ...]) -> None:
    pins = _pins((CHECKOUT / "requirements" / lock).read_text(encoding="utf-8"))
    outside = [
        str(requirement)
        for requirement in _declared(*extras)
        if pins.get(canonicalize_name(requirement.name), "") not in requirement.specifier
    ]
    assert outside == [], "run `make lock`"


def test_the_container_runs_the_versions_the_tests_ran() -> None:
    tested = _pins((CHECKOUT / "requirements" / "lock.txt").read_text(encoding="utf-8"))
    shipped = _pins((CHECKOUT / "requirements" / "runtime.txt").read_text(encoding="utf-8"))
    assert shipped.items() <= tested.items()
    assert shipped


def _imported() -> dict[str, str]:
    """Top-level modules the distribution imports -> one place that does."""
    found: dict[str, str] = {}
    for path in files_with(".py"):
        if path.relative_to(CHECKOUT).parts[0] in engine_mode.PACKAGES:
            for node in ast.walk(syntax_tree(path)):
                for name in _names(node):
                    found.setdefault(name.partition(".")[0], place(path, getattr(node, "lineno", 1)))
    return found


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


RUN_ELSEWHERE = "tapewatch/bench/quickfix_reader.py:"
"""Run by an interpreter of its own, which has what it imports."""


def test_every_module_the_distribution_imports_comes_from_a_declared_requirement() -> None:
    own = {*engine_mode.PACKAGES, "surveillance", *sys.stdlib_module_names}
    declared = {canonicalize_name(requirement.name) for requirement in _declared("postgres", "spark", "plots")}
    providers = packages_distributions()
    undeclared = {
        name: where
        for name, where in _imported().items()
        if name not in own
        and not where.startswith(RUN_ELSEWHERE)
        and not declared & {canonicalize_name(found) for found in providers.get(name, [])}
    }
    assert undeclared == {}
