"""What a wheel would carry: every file of the packages, and nothing that is only for developers."""

import fnmatch
import tomllib

from setuptools import find_namespace_packages

from tapewatch import engine_mode
from tests.conftest import CHECKOUT
from tests.repository.checkout import files

TOOLS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
PACKAGES = find_namespace_packages(str(CHECKOUT), include=TOOLS["packages"]["find"]["include"])


def test_every_file_of_the_packages_is_shipped() -> None:
    patterns = ["*.py", *TOOLS["package-data"]["*"]]
    roots = (*engine_mode.PACKAGES, "surveillance")
    left_out = [
        str(path)
        for path in (file.relative_to(CHECKOUT) for file in files())
        if path.parts[0] in roots
        and not (
            ".".join(path.parent.parts) in PACKAGES and any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)
        )
    ]
    assert left_out == [], "give the folder an __init__.py, or the file's kind a place in package-data"


def test_only_the_packages_of_the_house_are_shipped() -> None:
    assert {package.partition(".")[0] for package in PACKAGES} == {*engine_mode.PACKAGES, "surveillance"}
