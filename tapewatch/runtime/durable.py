"""Files that are replaced durably, whole or not at all."""

import os
from collections.abc import Iterable
from pathlib import Path


def replace_file(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Makes pieces, one after the other, the content of a file, and waits until that is on the disk. Raises OSError.

    They are written to `NAME.partial` beside it first; what was there is there until all of them are.
    """
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    _sync_folder(path)


def write_private(path: Path, content: bytes) -> None:
    """Put a file in place whole and durably, never readable by others, not even for a moment. Raises OSError."""
    temporary = path.with_suffix(path.suffix + ".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path)


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
