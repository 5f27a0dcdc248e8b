"""The only calls a journal makes on the file system to change it; tests replace them to fail or to forget."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tapewatch.runtime.errors import StartError

BUFFERS_PER_WRITE_MAX: Final = 512  # below IOV_MAX (1024) of every system we run on
BYTES_PER_WRITE_MAX: Final = 1 << 20
"""Of more at once Linux may put 2 MiB of a file into one huge page: measured, six times the processor's time."""


class FileLayer:
    """Opens, appends, syncs and removes files. Every method may raise OSError, which a journal never retries."""

    def create(self, path: Path) -> int:
        """Creates a file that must not exist and makes its name durable; the descriptor."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        self.sync_directory(path.parent)
        return descriptor

    def open(self, path: Path) -> int:
        """Opens a file for writing, created empty where it is missing; the descriptor."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def write(self, descriptor: int, buffers: Sequence[bytes], offset: int) -> None:
        """Writes the buffers one after the other at an offset, all of them."""
        for portion in _portions(buffers):
            offset = _write_all(descriptor, portion, offset)

    def sync(self, descriptor: int) -> None:
        """Returns once the file's bytes are on disk."""
        os.fdatasync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cuts the file to a size and makes that durable."""
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)

    def sync_directory(self, path: Path) -> None:
        """Returns once the names in a directory are on disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Removes a file."""
        path.unlink()


def _portions(buffers: Sequence[bytes]) -> Iterator[list[memoryview]]:
    """The buffers' bytes in order, as much at a time as one write should take."""
    portion: list[memoryview] = []
    room = BYTES_PER_WRITE_MAX
    for buffer in buffers:
        rest = memoryview(buffer)
        while rest:
            portion.append(rest[:room])
            rest, room = rest[room:], room - len(portion[-1])
            if not room or len(portion) == BUFFERS_PER_WRITE_MAX:
                yield portion
                portion, room = [], BYTES_PER_WRITE_MAX
    if portion:
        yield portion


def _write_all(descriptor: int, buffers: Sequence[memoryview], offset: int) -> int:
    end = offset + sum(map(len, buffers))
    offset += os.pwritev(descriptor, buffers, offset)
    if offset < end:  # a short write: a signal, or the disk is nearly full and the next call says so
        rest = memoryview(b"".join(buffers))[offset - end :]
        while rest:
            written = os.pwrite(descriptor, rest, offset)
            rest, offset = rest[written:], offset + written
    return end


def lock(path: Path) -> int:
    """Takes the lock file against a second writer; the descriptor holds it until closed or the process ends.

    Raises StartError where another process has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 64, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise StartError(
            f"{path.parent}: expected to be the only writer, found it locked by process {holder}; "
            "stop that process or choose another directory"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
