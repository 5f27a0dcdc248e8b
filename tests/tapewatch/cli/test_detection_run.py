"""Files are read ahead of the engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tapewatch.cli.detection_run import read_ahead


def test_what_is_read_ahead_comes_whole_and_in_order() -> None:
    assert list(read_ahead(iter(range(1, 50)))) == list(range(1, 50))


def test_an_error_comes_where_it_happened() -> None:
    def frames() -> Iterator[int]:
        yield 1
        raise ValueError("row group 2 is damaged")

    read = read_ahead(frames())
    assert next(read) == 1
    with pytest.raises(ValueError, match="row group 2"):
        next(read)


def test_no_more_than_one_is_read_ahead() -> None:
    made: list[int] = []

    def frames() -> Iterator[int]:
        for number in range(1, 10):
            made.append(number)
            yield number

    read = read_ahead(frames())
    assert next(read) == 1
    read.close()  # type: ignore[attr-defined]  # a generator, as it happens
    assert made == [1, 2]
