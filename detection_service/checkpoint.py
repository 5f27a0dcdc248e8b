"""Snapshots on disk: the newest that is whole is what a start recovers from."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import msgpack

MAGIC: Final = b"TWC1"
KEPT: Final = 2
COMPRESSION: Final = 1  # most of a snapshot is zeros
SUFFIX: Final = ".snapshot"


class CheckpointError(RuntimeError):
    """A snapshot file can not be read; says which and why."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything the service needs to go on at `next_sequence`: engine, ordering, revisions made, controls in force.

    `unsent` are alert messages (bytes) beyond `revisions_made` that no replay would make again.
    """

    next_sequence: int
    engine: bytes
    ordering: dict[str, Any]
    revisions_made: int
    controls: dict[str, bytes]
    poisoned: dict[str, int] = field(default_factory=dict)
    corrections: dict[str, Any] = field(default_factory=dict)
    unsent: list[bytes] = field(default_factory=list)
    health: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)


class Checkpoints:
    """A folder of snapshots named by the journal position they go on from."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def path_of(self, checkpoint: Checkpoint) -> Path:
        """Where a snapshot is or would be."""
        return self.directory / f"{checkpoint.next_sequence:020d}{SUFFIX}"

    def write(self, checkpoint: Checkpoint) -> None:
        """Writes a snapshot durably, then removes all but the newest two. Raises OSError."""
        write_checkpoint(self.path_of(checkpoint), checkpoint)
        for old in sorted(self.directory.glob(f"*{SUFFIX}"))[:-KEPT]:
            old.unlink()

    def newest(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest whole snapshot, None without one, and what was wrong with newer ones."""
        problems: list[str] = []
        for path in sorted(self.directory.glob(f"*{SUFFIX}"), reverse=True):
            try:
                return read_checkpoint(path), problems
            except CheckpointError as error:
                problems.append(str(error))
        return None, problems


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes a snapshot to a file, durably and whole or not at all. Raises OSError."""
    values = {each.name: getattr(checkpoint, each.name) for each in fields(Checkpoint)}
    body = zlib.compress(msgpack.packb(values, use_bin_type=True), COMPRESSION)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(MAGIC + zlib.crc32(body).to_bytes(4, "little") + body)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a snapshot. Raises CheckpointError where it is damaged."""
    data = path.read_bytes()
    body = data[8:]
    if data[:4] != MAGIC or zlib.crc32(body).to_bytes(4, "little") != data[4:8]:
        raise CheckpointError(f"{path}: expected an undamaged snapshot, found a wrong mark or checksum")
    values: dict[str, Any] = msgpack.unpackb(zlib.decompress(body), raw=False, strict_map_key=False)
    return Checkpoint(**values)
