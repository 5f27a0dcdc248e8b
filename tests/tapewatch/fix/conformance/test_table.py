"""The table of behaviours names every test of the suite, once, in the section of its file, and no other."""

import ast
import re
from pathlib import Path

from tests.conftest import CHECKOUT

TABLE = CHECKOUT / "docs" / "fix-conformance.md"
SECTION = re.compile(r"^## .* \(`(test_\w+)\.py`\)$")
ROW = re.compile(r"^\| (?P<behaviour>.+) \| `(?P<test>test_\w+)` \|$")


def test_the_table_and_the_suite_agree() -> None:
    stated: dict[str, list[str]] = {}
    rows: list[str] = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if section := SECTION.match(line):
            rows = stated.setdefault(section[1], [])
        elif row := ROW.match(line):
            rows.append(row["test"])
    folder = Path(__file__).parent
    files = [path for path in folder.glob("test_*.py") if path.name != Path(__file__).name]
    assert stated == {path.stem: names_in(path) for path in files}


def names_in(path: Path) -> list[str]:
    """The tests of a file in their order."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [function.name for function in functions if function.name.startswith("test_")]
