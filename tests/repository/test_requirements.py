"""The locked requirements: complete, hashed and free of addresses."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import CHECKOUT

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


@pytest.mark.parametrize(("lock", "extras"), [("lock.txt", ("dev", "postgres")), ("runtime.txt", ("postgres",))])
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
