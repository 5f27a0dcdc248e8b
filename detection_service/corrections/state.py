"""What a service must remember to correct the past: amendments, alerts told, and what still awaits a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import numpy as np

from detection_service.corrections.amendments import Amendment, Amendments, Name
from detection_service.corrections.lateness import Flags, Lateness, by_source
from detection_service.corrections.raised import Raised
from detection_service.ordering import of_one_venue
from tapewatch.market.frame import Frame

DAY_NS: Final = 86_400_000_000_000
NEVER_NS: Final = (1 << 63) - 1


class Place(NamedTuple):
    """A market on a UTC day (days since the epoch)."""

    venue: str
    instrument: str
    day: int

    @property
    def date(self) -> str:
        """The day as YYYY-MM-DD."""
        return datetime.fromtimestamp(self.day * 86_400, UTC).date().isoformat()


@dataclass(slots=True)
class Waiting:
    """What awaits a run in one place; `earliest_ns` is the event time of the earliest late event there."""

    late: int = 0
    amendments: int = 0
    earliest_ns: int = NEVER_NS


@dataclass(slots=True)
class Counts:
    """What runs have done since the journal's beginning."""

    runs: int = 0
    busted: int = 0
    corrected_executions: int = 0
    alerts_raised: int = 0
    alerts_revised: int = 0
    alerts_withdrawn: int = 0

    def add(self, **more: int) -> None:
        """Counts more."""
        for name, number in more.items():
            setattr(self, name, getattr(self, name) + number)


class Corrections:
    """All that correction runs need to know beside engine and journal; a pure function of the journal and the runs.

    `late` counts every late event by source, `corrected` those put in their place by a run, `removed` the busted
    executions the engine did not see.
    """

    def __init__(self) -> None:
        self.lateness = Lateness()
        self.amendments = Amendments()
        self.raised = Raised()
        self.pending: dict[Place, Waiting] = {}
        self.running: dict[Place, Waiting] = {}
        self._running_wanted: set[Name] = set()
        self.wanted: set[Name] = set()
        self.late: Counter[str] = Counter()
        self.corrected: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()
        self.counts = Counts()

    def observe(self, frame: Frame) -> None:
        """Looks at a frame as it is released, before the engine takes it."""
        late = self.lateness.late(frame)
        if late is not None:
            self.late.update(by_source(frame, late))
            self._await_late(frame, late)
        for amendment in self.amendments.take(frame):
            self._await_amendment(amendment)
        if self.amendments.touches(frame):
            for part in of_one_venue(frame):
                self._await_touched(part)

    def _await_touched(self, frame: Frame) -> None:
        names = self.amendments.names_in(frame) & self.amendments.searched
        if names:
            self.amendments.searched -= names
            self.wanted |= names
            self._waiting(frame.text("venue", 0), frame.text("instrument", 0), int(_times(frame)[0])).amendments += 1

    def _await_late(self, frame: Frame, late: Flags) -> None:
        times = _times(frame)
        for row in np.flatnonzero(late).tolist():
            waiting = self._waiting(frame.text("venue", row), frame.text("instrument", row), int(times[row]))
            waiting.late += 1
            waiting.earliest_ns = min(waiting.earliest_ns, int(times[row]))

    def _await_amendment(self, amendment: Amendment) -> None:
        if not amendment.reference:
            self.amendments.searched.add(amendment.name)
            return
        self._waiting(amendment.venue, amendment.instrument, amendment.time_ns).amendments += 1
        self.wanted.add(amendment.name)

    def _waiting(self, venue: str, instrument: str, time_ns: int) -> Waiting:
        return self.pending.setdefault(Place(venue, instrument, time_ns // DAY_NS), Waiting())

    def begin_run(self) -> tuple[set[Name], int]:
        """Hands over what awaits a run: the executions named, and the earliest time of a late event.

        What comes from now on awaits the next run. Until `end_run` it all counts as pending, for a process that is
        killed has done nothing.
        """
        self._merge()
        self.running, self.pending = self.pending, {}
        self._running_wanted, self.wanted = self.wanted, set()
        return self._running_wanted, min((each.earliest_ns for each in self.running.values()), default=NEVER_NS)

    def end_run(self, unknown: set[Name]) -> None:
        """What was handed over is done, but for executions that are nowhere: those are looked for as they come."""
        self.running = {}
        self._running_wanted = set()
        self.amendments.searched |= unknown

    def _merge(self) -> None:
        self.pending = self.all_pending()
        self.wanted |= self._running_wanted
        self.running, self._running_wanted = {}, set()

    def all_pending(self) -> dict[Place, Waiting]:
        """What awaits a run or is being run for."""
        merged = {place: replace(each) for place, each in self.running.items()}
        for place, each in self.pending.items():
            held = merged.setdefault(place, Waiting())
            held.late += each.late
            held.amendments += each.amendments
            held.earliest_ns = min(held.earliest_ns, each.earliest_ns)
        return merged

    @property
    def unknown_references(self) -> int:
        """Executions amended and not known."""
        return len(self.amendments.searched)

    @property
    def out_of_reach(self) -> int:
        """Late events that no run will put in their place any more."""
        return self.awaiting.total() - sum(each.late for each in self.all_pending().values())

    @property
    def awaiting(self) -> Counter[str]:
        """Late events not put in their place yet, by source: late = corrected + awaiting."""
        return self.late - self.corrected

    def evaluated(self, source: str, taken: int) -> int:
        """Of the events of a source that an engine took (`taken`, its late ones too), how many came in time."""
        return taken + self.removed[source] - self.late[source]

    def state(self) -> dict[str, Any]:
        """Plain values from which `restore` makes the same."""
        return {
            "newest": self.lateness.newest,
            "amendments": self.amendments.state(),
            "raised": self.raised.state(),
            "pending": [
                [*place, each.late, each.amendments, each.earliest_ns] for place, each in self.all_pending().items()
            ],
            "wanted": sorted(self.wanted | self._running_wanted),
            "late": dict(self.late),
            "corrected": dict(self.corrected),
            "removed": dict(self.removed),
            "counts": [getattr(self.counts, each.name) for each in fields(Counts)],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Corrections:
        """What `state` was taken of; nothing known for an empty one."""
        made = cls()
        if not state:
            return made
        made.lateness = Lateness(state["newest"])
        made.amendments.restore(state["amendments"])
        made.raised.restore(state["raised"])
        made.pending = {Place(*values[:3]): Waiting(*values[3:]) for values in state["pending"]}
        made.wanted = {(venue, instrument, reference) for venue, instrument, reference in state["wanted"]}
        for name in ("late", "corrected", "removed"):
            setattr(made, name, Counter(state[name]))
        made.counts = Counts(*state["counts"])
        return made


def _times(frame: Frame) -> Any:
    return frame.columns["event_time_ns"]
