"""Events in the order and form they should have come in: a survey of what there is to put right, then the doing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from detection_service.corrections.amendments import Amendments, Change, Name
from detection_service.corrections.lateness import Flags, Lateness, by_source
from tapewatch.market.frame import Frame

LATE_ROWS_MAX: Final = 250_000
Market = tuple[str, str]


@dataclass(slots=True)
class Found:
    """What a survey from one start found.

    `late` are late events by venue as they came; `too_old` counts those the start lies behind; `names` are the amended
    executions that come after the start.
    """

    late: dict[str, list[Frame]] = field(default_factory=dict)
    late_rows: int = 0
    too_old: int = 0
    names: set[Name] = field(default_factory=set)


class Survey:
    """Looks through released frames from a start on, in order; `newest` are the start's venue times.

    Late events older than `reach_ns` no start could put in their place: they stay where they came.
    """

    def __init__(self, newest: Mapping[str, int], amendments: Amendments, reach_ns: int) -> None:
        self.found = Found()
        self._start = dict(newest)
        self._lateness = Lateness(newest)
        self._amendments = amendments
        self._reach_ns = reach_ns

    def take(self, frame: Frame) -> None:
        """Looks at a frame of one venue."""
        found = self.found
        late = self._lateness.late(frame)
        if late is not None:
            behind = _behind(frame, late, self._start)
            times = frame.columns["event_time_ns"]
            found.too_old += int(np.count_nonzero(behind & (times >= self._reach_ns)))
            rows = np.flatnonzero(late & ~behind)
            found.late_rows += len(rows)
            if len(rows) and found.late_rows <= LATE_ROWS_MAX:
                found.late.setdefault(frame.text("venue", 0), []).append(frame.take(rows))
        found.names.update(self._amendments.names_in(frame))


class CorrectedOrder:
    """Puts released frames right, in the order of the survey's: every late event in its place, every amendment done.

    A late event comes after all of its venue with its time or an earlier one. `corrected` counts late events put in
    place and `removed` busted executions, by source; `changes` say what became of executions, `late_by_market` how
    many late events each market had.
    """

    def __init__(self, newest: Mapping[str, int], amendments: Amendments, found: Found) -> None:
        self.corrected: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()
        self.changes: list[Change] = []
        self.late_by_market: Counter[Market] = Counter()
        self._start = dict(newest)
        self.lateness = Lateness(newest)
        self._amendments = amendments
        self._waiting = {venue: _sorted(frames) for venue, frames in found.late.items()}

    def put_right(self, frame: Frame) -> Iterator[Frame]:
        """What is to be evaluated in place of a frame of one venue."""
        late = self.lateness.late(frame)
        if late is not None:
            kept = np.flatnonzero(~late | _behind(frame, late, self._start))
            if not len(kept):
                return
            frame = frame.take(kept) if len(kept) < frame.row_count else frame
        changed, changes = self._amendments.apply(self._with_late(frame))
        self.changes.extend(changes)
        self.removed.update(each.source for each in changes if each.is_bust)
        if changed.row_count:
            yield changed

    def _with_late(self, frame: Frame) -> Frame:
        venue = frame.text("venue", 0)
        waiting = self._waiting.get(venue)
        if waiting is None:
            return frame
        times = waiting.columns["event_time_ns"]
        due = int(np.searchsorted(times, frame.columns["event_time_ns"].max(), side="left"))
        if due == 0:
            return frame
        taken = waiting.slice(0, due)
        if due == waiting.row_count:
            del self._waiting[venue]
        else:
            self._waiting[venue] = waiting.slice(due, waiting.row_count)
        self.corrected.update(by_source(taken))
        self.late_by_market.update((venue, taken.text("instrument", row)) for row in range(due))
        return _merged(frame, taken)


def _behind(frame: Frame, late: Flags, start: Mapping[str, int]) -> Flags:
    """Which late rows are older than what a start's venue had been released up to."""
    return late & (frame.columns["event_time_ns"] < start.get(frame.text("venue", 0), 0))


def _sorted(frames: list[Frame]) -> Frame:
    joined = frames[0] if len(frames) == 1 else Frame.concat(frames)
    return joined.take(np.argsort(joined.columns["event_time_ns"], kind="stable"))


def _merged(frame: Frame, late: Frame) -> Frame:
    """The rows of both by time; late ones after those of the same time."""
    joined = Frame.concat([frame, late])
    return joined.take(np.argsort(joined.columns["event_time_ns"], kind="stable"))
