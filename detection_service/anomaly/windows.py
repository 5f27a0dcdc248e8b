"""Portraits of groups' minutes, collected from events: what a model is trained, calibrated and judged on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detection_service.engine.core import Core
from detection_service.engine.frame_view import FrameView
from detection_service.engine.portrait import FEATURES
from detection_service.engine.registry import NEVER
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference

DAY_MINUTES: Final = 1440
Array = NDArray[Any]


class Block(NamedTuple):
    """A market on a day (days since 1970, UTC): windows of one block depend on each other."""

    day: int
    venue: str
    instrument: str


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Portraits in `rows` (float64, shape (windows, features), order of FEATURES), each taken at the end of a minute
    (`minutes`, since 1970) of a group (`groups`, numbers into `group_names`) in one of `blocks` (`block`, numbers)."""

    rows: Array
    minutes: Array
    groups: Array
    block: Array
    group_names: tuple[str, ...]
    blocks: tuple[Block, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def taken(self, places: Array) -> Windows:
        """Those at some places (numbers or a mask)."""
        parts = (self.rows[places], self.minutes[places], self.groups[places], self.block[places])
        return Windows(*parts, self.group_names, self.blocks)


def collect_windows(frames: Iterable[Frame | bytes], reference: Reference) -> Windows:
    """The portraits of every closed minute of every named group in every market, from frames in event order."""
    core = Core(reference.group_of)
    core.collected = []
    return gathered(core, [taken(core) for _ in _played(core, frames)])


def gathered(core: Core, parts: Sequence[tuple[Array, ...]]) -> Windows:
    """What a core has collected, in parts as `taken` gives them, as windows of named groups."""
    markets, groups, minutes, rows = (np.concatenate(column) for column in zip(*(parts or [taken(core)]), strict=True))
    keys, block = np.unique(np.column_stack([minutes // DAY_MINUTES, markets]), axis=0, return_inverse=True)
    names = [(market.venue_name, market.instrument_name) for market in core.markets]
    blocks = tuple(Block(int(day), *names[market]) for day, market in keys)
    named = groups != core.group_numbers.get("", -1)
    found = Windows(rows, minutes, groups, block.reshape(-1), tuple(core.group_names), blocks)
    return found.taken(named)


def joined(parts: Iterable[Windows]) -> Windows:
    """Windows of several runs as one; each run's groups are its own, and its blocks of a day of its own."""
    every = [*parts]
    names: list[str] = []
    blocks: list[Block] = []
    groups, block = [], []
    for number, part in enumerate(every):
        groups.append(part.groups + len(names))
        block.append(part.block + len(blocks))
        names += part.group_names
        blocks += [each._replace(day=number) for each in part.blocks]
    rows, minutes = (np.concatenate([getattr(part, name) for part in every]) for name in ("rows", "minutes"))
    return Windows(rows, minutes, np.concatenate(groups), np.concatenate(block), tuple(names), tuple(blocks))


def _played(core: Core, frames: Iterable[Frame | bytes]) -> Iterator[None]:
    for frame in frames:
        core.begin(FrameView(Frame.decode(frame) if isinstance(frame, bytes) else frame))
        while core.run():
            core.market.session_due = NEVER  # sessions give no windows, and the event would come again
        yield


def taken(core: Core) -> tuple[Array, Array, Array, Array]:
    """What the core has collected since it was last asked: markets, groups, minutes, rows."""
    found, core.collected = core.collected, []
    numbers = np.array([each[:3] for each in found], dtype=np.int64).reshape(-1, 3)
    rows = np.frombuffer(b"".join(each[3] for each in found), dtype=np.float64).reshape(-1, len(FEATURES))
    return numbers[:, 0], numbers[:, 1], numbers[:, 2], rows
