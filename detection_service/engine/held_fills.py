"""Fills as rules see them, made once each however often they are asked for."""

from __future__ import annotations

from typing import Any, Final

from detection_service.engine.facts import Fill
from detection_service.engine.records import LATELY, RING
from tapewatch.market.event import Side

AGGRESSOR: Final = 2
ACTIVITIES_MAX: Final = 4_096


class HeldFills:
    """The last 64 fills of activities that rules asked for, of at most 4,096 of them; a copy of what the core holds.

    The other side of a fill may become known later: a group's last eight are made again each time, and all of them
    where an older one has been learned or an activity forgotten since.
    """

    def __init__(self, core: Any) -> None:
        self._core = core
        self._held: dict[int, tuple[int, list[Fill]]] = {}
        self._as_of = (-1, -1)

    def of(self, number: int) -> list[Fill]:
        """An activity's fills, oldest first."""
        core = self._core
        as_of = (core.forgotten, core.fills.learned)
        if as_of != self._as_of or len(self._held) >= ACTIVITIES_MAX:
            self._held.clear()
            self._as_of = as_of
        count = core.fills_made(number)
        before, fills = self._held.get(number, (0, []))
        first = max(0, before - LATELY)
        kept = fills[: len(fills) - (before - first)][-max(1, RING - (count - first)) :] if count - first < RING else []
        made = [*kept, *(self._fill(number, row) for row in core.fill_rows(number, first if kept else 0))]
        self._held[number] = (count, made)
        return made

    def _fill(self, number: int, row: Any) -> Fill:
        core = self._core
        *numbers, side, account, event, order_id, trade_id, aggressor, contra = row
        return Fill(
            numbers[0],
            numbers[1],
            numbers[2],
            numbers[3],
            Side(side),
            self._account(account),
            event,
            order_id.decode(),
            trade_id.decode(),
            None if aggressor == 0 else aggressor == AGGRESSOR,
            self._account(contra),
            str(core.group_names[core.group_number(number)]),
        )

    def _account(self, number: int) -> str:
        return str(self._core.account_names[number]) if number >= 0 else ""
