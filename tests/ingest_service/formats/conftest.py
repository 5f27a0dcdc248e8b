"""Files written for a test, and files read whole."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest_service.formats import DEFAULT_OPTIONS, FileReport, FormatOptions, open_events

Rows = list[dict[str, object]]
Read = Callable[..., tuple[Rows, FileReport]]
Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of a name with a content; its path."""

    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


@pytest.fixture(scope="session")
def read() -> Read:
    """Reads a file to its end: all rows and the report."""

    def rows_of(
        path: Path, format: str = "auto", options: FormatOptions = DEFAULT_OPTIONS, rows_per_frame: int = 4096
    ) -> tuple[Rows, FileReport]:
        file = open_events(path, format, options)
        rows = [row for frame in file.frames(rows_per_frame) for row in frame.rows()]
        assert file.report.accepted == len(rows)
        assert file.report.received == len(rows) + file.report.rejected_by_reason.total()
        return rows, file.report

    return rows_of
