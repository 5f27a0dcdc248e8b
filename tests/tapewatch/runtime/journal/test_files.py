"""What a journal's calls on the file system do."""

import os
from pathlib import Path

import pytest

from tapewatch.runtime.journal.files import BUFFERS_PER_WRITE_MAX, BYTES_PER_WRITE_MAX, FileLayer

LARGE = os.urandom(2 * BYTES_PER_WRITE_MAX + 7)


def written(path: Path, buffers: list[bytes], offset: int = 0) -> bytes:
    files = FileLayer()
    descriptor = files.create(path)
    try:
        files.write(descriptor, buffers, offset)
    finally:
        os.close(descriptor)
    return path.read_bytes()


@pytest.mark.parametrize(
    "buffers",
    [
        [],
        [b""],
        [b"head", LARGE, b"", b"tail"],
        [LARGE[:BYTES_PER_WRITE_MAX], LARGE[:1]],
        [b"ab"] * (BUFFERS_PER_WRITE_MAX + 1),
    ],
)
def test_all_buffers_are_written_one_after_the_other(tmp_path: Path, buffers: list[bytes]) -> None:
    assert written(tmp_path / "file", buffers) == b"".join(buffers)


def test_a_write_takes_no_more_than_a_write_should(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    write = os.pwritev

    def seen(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        sizes.append(sum(map(len, buffers)))
        assert len(buffers) <= BUFFERS_PER_WRITE_MAX
        return write(descriptor, buffers, offset)

    monkeypatch.setattr(os, "pwritev", seen)
    written(tmp_path / "file", [b"x", LARGE, *[b"y"] * 2 * BUFFERS_PER_WRITE_MAX])
    assert max(sizes) == BYTES_PER_WRITE_MAX


def test_a_short_write_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwritev

    def short(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        return write(descriptor, [b"".join(buffers)[:1000]], offset)

    monkeypatch.setattr(os, "pwritev", short)
    assert written(tmp_path / "file", [b"head", LARGE], 3) == bytes(3) + b"head" + LARGE
