"""Snapshots that correction runs may begin from: states that nothing journalled before them will ever correct."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detection_service.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

STARTS_MAX: Final = 8
REACH_DAYS: Final = 3
DAY_NS: Final = 86_400_000_000_000
SUFFIX: Final = ".start"
_NAME: Final = re.compile(r"(\d{20})-(\d{20})\.start")


@dataclass(frozen=True, slots=True, order=True)
class Start:
    """A place to begin: a journal position, and the newest event time any venue had been released up to there.

    `path` is None for the journal's beginning, where nothing is known.
    """

    position: int
    newest_ns: int
    path: Path | None

    def load(self) -> Checkpoint | None:
        """The state there; None at the beginning. Raises CheckpointError, OSError."""
        return None if self.path is None else read_checkpoint(self.path)


BEGINNING: Final = Start(0, 0, None)


class Starts:
    """At most eight, spread so that the further back, the wider they lie apart; none is kept in vain.

    States older than three days before the newest are let go, but for the newest of them, which those three days may
    be corrected from. `beginning_is_gone` once the journal is not kept from its beginning any more.
    """

    def __init__(self, directory: Path) -> None:
        self.beginning_is_gone = False
        self._directory = directory

    def keep(self, path: Path, checkpoint: Checkpoint) -> None:
        """Keeps a snapshot that is on disk already. Raises OSError."""
        place = self._place(checkpoint)
        place.unlink(missing_ok=True)
        os.link(path, place)
        self._thin()

    def write(self, checkpoint: Checkpoint) -> None:
        """Writes a snapshot. Raises OSError."""
        write_checkpoint(self._place(checkpoint), checkpoint)
        self._thin()

    def newest_first(self) -> list[Start]:
        """Where a run may begin; the journal's beginning is the last, where it lies within reach."""
        starts = self._on_disk()
        return starts if _beyond(starts) or self.beginning_is_gone else [*starts, BEGINNING]

    def discard(self, start: Start) -> None:
        """Lets go of a state that turned out to be of no use. Raises OSError."""
        if start.path is not None:
            start.path.unlink(missing_ok=True)

    def _place(self, checkpoint: Checkpoint) -> Path:
        self._directory.mkdir(parents=True, exist_ok=True)
        newest_ns = max(checkpoint.corrections["newest"].values(), default=0)
        return self._directory / f"{checkpoint.next_sequence:020d}-{newest_ns:020d}{SUFFIX}"

    def _on_disk(self) -> list[Start]:
        found = ((path, _NAME.fullmatch(path.name)) for path in self._directory.glob(f"*{SUFFIX}"))
        return sorted((Start(int(name[1]), int(name[2]), path) for path, name in found if name), reverse=True)

    def _thin(self) -> None:
        starts = self._on_disk()
        for old in _beyond(starts)[1:]:
            self.discard(old)
            starts.remove(old)
        while len(starts) > STARTS_MAX:
            spare = min(range(1, len(starts) - 1), key=lambda place: _worth(starts, place))
            self.discard(starts.pop(spare))


def _beyond(starts: list[Start]) -> list[Start]:
    """Those out of reach of the newest, newest first."""
    return [each for each in starts if each.newest_ns < starts[0].newest_ns - REACH_DAYS * DAY_NS]


def _worth(starts: list[Start], place: int) -> float:
    """How much longer a run would be, at worst, had it to begin one further back, by event time."""
    newest_ns, before, after = starts[0].newest_ns, starts[place + 1].newest_ns, starts[place - 1].newest_ns
    return (after - before) / (newest_ns - before + 1)
