"""A file is replaced whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewatch.runtime.durable import replace_file


def broken() -> Iterator[bytes]:
    yield b"half"
    raise RuntimeError("the rest did not come")


def test_the_pieces_become_the_content(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    replace_file(path, [b"first"])
    replace_file(path, [b"sec", memoryview(b"ond")])
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stays_where_not_all_comes(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    replace_file(path, [b"whole"])
    with pytest.raises(RuntimeError):
        replace_file(path, broken())
    assert path.read_bytes() == b"whole"
