"""Fills as rules see them, made once each however often they are asked for."""

from __future__ import annotations

from typing import Any, Final

from detection_service.engine.facts import Fill
from detection_service.engine.records import LATELY, RING

ACTIVITIES_MAX: Final = 4_096


class HeldFills:
    """The last 64 fills of activities that rules asked for, of at most 4,096 of them; a copy of what the core holds.

    The other side of a fill may become known later: a group's last eight are made again where they have met somebody
    since, and all of them where an older one has been learned or an activity forgotten since.
    """

    def __init__(self, core: Any) -> None:
        self._core = core
        self._held: dict[int, tuple[int, list[int], list[Fill]]] = {}
        self._as_of = (-1, -1)

    def of(self, number: int) -> list[Fill]:
        """An activity's fills, oldest first."""
        core = self._core
        as_of = (core.forgotten, core.fills.learned)
        if as_of != self._as_of or len(self._held) >= ACTIVITIES_MAX:
            self._held.clear()
            self._as_of = as_of
        count_before, met_before, fills = self._held.get(number, (0, [], []))
        first = max(0, count_before - LATELY)
        count, met = core.fills_made(number, first)
        if count == count_before and met == met_before:
            return fills
        first = max(first, count - len(met))
        while first < count_before and met[first - count] == met_before[first - count_before]:
            first += 1
        kept = len(fills) - (count_before - first)
        made = [*fills[: max(0, kept)], *core.fills_of(number, first)][-RING:]
        self._held[number] = (count, met[-LATELY:], made)
        return made
