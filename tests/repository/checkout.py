"""The files of the checkout as git sees them: tracked, or new and not ignored."""

import ast
import functools
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import CHECKOUT

Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def files() -> Sequence[Path]:
    """Paths of all files of the checkout, absolute, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = sorted({CHECKOUT / name for name in listed.stdout.split("\0") if name})
    return [path for path in paths if path.is_file()]


def files_with(*suffixes: str) -> list[Path]:
    """The files whose name ends in one of the suffixes."""
    return [path for path in files() if path.suffix in suffixes]


@functools.cache
def syntax_tree(path: Path) -> ast.Module:
    """The parsed module at `path`."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, line: int) -> str:
    """`path:line` relative to the checkout, for messages."""
    return f"{path.relative_to(CHECKOUT)}:{line}"
