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
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
