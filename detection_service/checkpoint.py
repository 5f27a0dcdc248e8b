"""Snapshots on disk: the newest that is whole is what a start recovers from."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from detection_service.engine.snapshot import LAYOUT as ENGINE_LAYOUT
from detection_service.frozen import Frozen, Layout, SnapshotError
from tapewatch.market.arrays import Bulk
from tapewatch.runtime.durable import replace_file

CHECKPOINT: Final = 2
"""Raised whenever what a checkpoint holds beside the engine, or what that means, changes."""
LAYOUT: Final = Layout(b"TWC2", {"checkpoint layout": CHECKPOINT, **ENGINE_LAYOUT.depends_on})
KEPT: Final = 2
SUFFIX: Final = ".snapshot"


class CheckpointError(RuntimeError):
    """A snapshot file can not be read; says which and why."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything the service needs to go on at `next_sequence`: engine, ordering, revisions made, controls in force.

    `unsent` are alert messages (bytes) beyond `revisions_made` that no replay would make again.
    """

    next_sequence: int
    engine: Frozen
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
    state = {each.name: getattr(checkpoint, each.name) for each in fields(Checkpoint)}
    engine = [Bulk(piece) for piece in (checkpoint.engine.values, *checkpoint.engine.bulky)]
    pieces = Frozen.of({**state, "engine": engine}).pieces(LAYOUT, small=True)
    replace_file(path, pieces)


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a snapshot. Raises CheckpointError where it is damaged or of another layout."""
    try:
        state: dict[str, Any] = Frozen.read(path.read_bytes(), LAYOUT).state()
    except SnapshotError as error:
        raise CheckpointError(f"{path}: {error}") from error
    values, *bulky = (piece.data for piece in state["engine"])
    return Checkpoint(**{**state, "engine": Frozen(values, bulky)})
