"""Pressure is judged a moment after it went: what a group does next tells whether it meant its orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
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
        self._waiting: dict[tuple[int, int], Press] = {}

    def hold(self, press: Press) -> None:
        """Keeps pressure until it is due; nothing where the group's pressure on this side is held already."""
        self._waiting.setdefault((press.acting, press.side), press)

    def due(self, venue: str | None, now_ns: int) -> Iterator[Press]:
        """Takes out what is due at a venue (at all, for None) before a time, the earliest first."""
        ready = [each for each in self._waiting.values() if venue in (None, each.venue) and each.due_ns < now_ns]
        for press in sorted(ready):
            del self._waiting[press.acting, press.side]
            yield press

    def deadline(self, venue: str) -> int | None:
        """When the next pressure at a venue is due; None where none waits."""
        return min((each.due_ns for each in self._waiting.values() if each.venue == venue), default=None)

    def state(self) -> list[list[Any]]:
        """Plain values from which `restore` makes the same."""
        return [list(astuple(press)) for press in self._waiting.values()]

    def restore(self, state: list[list[Any]]) -> None:
        """Becomes what was held when the `state` was taken."""
        self._waiting = {}
        for values in state:
            self.hold(Press(*values))
