"""Pressure is judged a moment after it went: what a group does next tells whether it meant its orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from heapq import heappop, heappush
from typing import Any, Final

from detection_service.engine.triggers import PRESSURE, UNNAMED

HELD: Final = PRESSURE | UNNAMED
HOLD_NS: Final = 1_000_000_000
"""Long enough for a fill on the orders' own side, at the market and at once, to be seen."""


@dataclass(frozen=True, slots=True, order=True)
class Press:
    """Pressure seen and not yet judged: when it will be, in which market, whose, on which side, by which event."""

    due_ns: int
    venue: str
    market: int
    acting: int
    side: int
    triggers: int
    event_high: int
    event_low: int

    @classmethod
    def of(cls, market: Any, triggers: int, acting: int, side: int, now_ns: int, event: tuple[int, int]) -> Press:
        """Pressure in a market, now."""
        return cls(now_ns + HOLD_NS, market.venue_name, market.number, acting, side, triggers, *event)


class HeldPresses:
    """Pressure waiting for its moment, at most one a group and side of a market."""

    def __init__(self) -> None:
        self._waiting: set[tuple[int, int]] = set()
        self._presses: dict[str, list[Press]] = {}
        """By venue, as heaps."""

    def hold(self, press: Press) -> None:
        """Keeps pressure until it is due; nothing where the group's pressure on this side is held already."""
        if (press.acting, press.side) not in self._waiting:
            self._waiting.add((press.acting, press.side))
            heappush(self._presses.setdefault(press.venue, []), press)

    def due(self, venue: str | None, now_ns: int) -> Iterator[Press]:
        """Takes out what is due at a venue (at all, for None) before a time, the earliest first."""
        ready: list[Press] = []
        for each in [*self._presses] if venue is None else [venue]:
            presses = self._presses.get(each)
            while presses and presses[0].due_ns < now_ns:
                ready.append(heappop(presses))
        for press in sorted(ready):
            self._waiting.remove((press.acting, press.side))
            yield press

    def deadline(self, venue: str) -> int | None:
        """When the next pressure at a venue is due; None where none waits."""
        presses = self._presses.get(venue)
        return presses[0].due_ns if presses else None

    def state(self) -> list[list[Any]]:
        """Plain values from which `restore` makes the same."""
        return [list(astuple(press)) for presses in self._presses.values() for press in presses]

    def restore(self, state: list[list[Any]]) -> None:
        """Becomes what was held when the `state` was taken."""
        self._waiting, self._presses = set(), {}
        for values in state:
            self.hold(Press(*values))
