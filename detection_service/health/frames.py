"""What the frames of a file show of their sources: numbers that are missing, event times off receive times.

Where ingest watches, its marks tell this with its own clock; a file has only its rows. The state is that of the rows in
their order, so the observations do not depend on how they were cut into frames.
"""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detection_service.health.observation import (
    CANARY_PREFIX,
    CANARY_SOURCE,
    CANARY_VENUE,
    GAP,
    MISSED,
    PASSED,
    RIGHT,
    SETTLED,
    SKEW,
    Observation,
)
from tapewatch.market.event import Kind
from tapewatch.market.frame import Frame
from tapewatch.market.identity import event_id

FILE_PREFIX: Final = "file:"
"""Sources of rows that name none: their numbers are places in a file."""
GRACE_NS: Final = 5_000_000_000
SETTLED_NS: Final = 600_000_000_000
PERIOD_NS: Final = 20_000_000_000
SKEW_NS: Final = 1_000_000_000
DRIFT_NS: Final = 2_000_000_000
ANOTHER_DAY_NS: Final = 26 * 3_600_000_000_000
SAMPLES_MIN: Final = 3
SAMPLES_MAX: Final = 256
HOLES_MAX: Final = 1_000
SOURCES_MAX: Final = 10_000

Array = NDArray[Any]


@dataclass(slots=True)
class _Numbers:
    """Numbering of a source: holes as [first, last], a loss not yet told (since, evidence) and what was told."""

    epoch: int
    first: int
    highest: int
    last: int
    newest_ns: int = 0
    holes: list[list[int]] = field(default_factory=list)
    since_ns: int = 0
    seen: int = 0
    evidence: str = ""
    told: int = 0
    told_ns: int = 0

    @property
    def missing(self) -> int:
        return sum(last - first + 1 for first, last in self.holes)


@dataclass(slots=True)
class _Clock:
    """Offsets of a source in the period in hand, the median of the one before, whether a skew was told."""

    period: int = -1
    begun: str = ""
    offsets: list[int] = field(default_factory=list)
    before: int | None = None
    before_begun_ns: int = 0
    skewed: bool = False


class FrameObserver:
    """Looks at frames in event order."""

    def __init__(self) -> None:
        self._numbers: dict[str, _Numbers] = {}
        self._clocks: dict[str, _Clock] = {}
        self._venues: dict[str, str] = {}
        self._newest_ns: dict[str, int] = {}

    def take(self, frame: Frame) -> list[Observation]:
        """What is observed in a frame, in the order of its rows."""
        found: list[Observation] = []
        for source, rows in _by_source(frame):
            if source not in self._venues:
                if len(self._venues) >= SOURCES_MAX:
                    continue
                self._venues[source] = frame.text("venue", int(rows[0]))
            if not source.startswith(FILE_PREFIX):
                found.extend(self._count(frame, source, rows))
            timely = self._timely(frame, source, rows)
            if "receive_time_ns" in frame.columns:
                found.extend(self._compare(frame, source, timely))
            if source == CANARY_SOURCE:
                found.extend(_canaries(frame, timely))
        return sorted(found, key=lambda each: each.time_ns)

    def _timely(self, frame: Frame, source: str, rows: Array) -> Array:
        """The source's rows that do not go back in time."""
        times = _column(frame, "event_time_ns", rows)
        if times[0] >= self._newest_ns.get(source, 0) and (times[1:] >= times[:-1]).all():
            self._newest_ns[source] = int(times[-1])
            return rows
        newest = np.maximum.accumulate(np.concatenate([[self._newest_ns.get(source, 0)], times]))
        self._newest_ns[source] = int(newest[-1])
        timely: Array = rows[times >= newest[:-1]]
        return timely

    def finish(self) -> list[Observation]:
        """What is still to be told when no more will come."""
        found: list[Observation] = []
        for source, numbers in self._numbers.items():
            if numbers.since_ns:
                numbers.newest_ns = max(numbers.newest_ns, numbers.since_ns + GRACE_NS + 1)
            found.extend(self._tell(source, numbers))
        for source, clock in self._clocks.items():
            found.extend(self._judge(source, clock))
        return found

    def not_applicable(self, rule_id: str) -> dict[str, str]:
        """Why a health rule can not apply to the frames taken, by its id; empty where it can."""
        reasons = {
            "data_gap": "" if self._numbers else "the rows do not name their source and number themselves",
            "clock_skew": "" if self._clocks else "the source does not show receive times (receive_time_ns)",
            "rule_silent": "canaries are played by the detection service, not over files",
        }
        return {rule_id: reasons[rule_id]} if reasons.get(rule_id) else {}

    def _count(self, frame: Frame, source: str, rows: Array) -> Iterator[Observation]:
        sequences = _column(frame, "source_sequence", rows)
        keyed = _column(frame, "event_key", rows) != 0
        if keyed.any():
            rows, sequences = rows[~keyed], sequences[~keyed]
        if not rows.size or not sequences.any():
            return
        times = _column(frame, "event_time_ns", rows)
        epochs = _column(frame, "source_epoch", rows)
        state = self._numbers.get(source)
        if state is None:
            first = int(sequences[0])
            state = self._numbers[source] = _Numbers(int(epochs[0]), first, first - 1, first - 1)
        if _runs_on(state, sequences, epochs):
            state.last = state.highest = int(sequences[-1])
            state.newest_ns = max(state.newest_ns, int(times.max()))
            yield from self._tell(source, state)
            return
        highest, newest, irregular = _course(state, sequences, times, epochs)
        for place in np.flatnonzero(irregular).tolist():
            state.highest = max(state.highest, int(highest[place]))
            state.newest_ns = int(newest[place])
            yield from self._tell(source, state)
            identity = _identity(frame, int(rows[place]))
            _step(state, int(epochs[place]), int(sequences[place]), int(times[place]), identity)
            yield from self._tell(source, state)
        state.last = int(sequences[-1])
        if int(epochs[-1]) == state.epoch:
            state.highest = max(state.highest, int(highest[-1]))
        state.newest_ns = max(state.newest_ns, int(times.max()))
        yield from self._tell(source, state)

    def _tell(self, source: str, state: _Numbers) -> Iterator[Observation]:
        """A loss once its grace is over; and that it is over, once all has come or nothing was lost for long."""
        missing = state.missing
        if state.since_ns and state.newest_ns > state.since_ns + GRACE_NS:
            if missing > state.told:
                numbers = {
                    "missing": missing,
                    "seen": state.seen,
                    "first_missing": state.holes[0][0],
                    "last_missing": state.holes[-1][1],
                    "since_ns": state.since_ns,
                }
                state.told, state.told_ns = missing, state.since_ns + GRACE_NS
                yield self._observation(GAP, source, state.told_ns, state.evidence, numbers)
            state.since_ns = 0
        if not state.told or state.since_ns:
            return
        state.told = min(state.told, missing)
        settled_ns = state.told_ns + SETTLED_NS
        if not missing or state.newest_ns > settled_ns:
            time_ns = state.newest_ns if not missing else settled_ns
            yield self._observation(SETTLED, source, time_ns, state.evidence, {})
            state.told = 0
            state.holes.clear()

    def _compare(self, frame: Frame, source: str, rows: Array) -> Iterator[Observation]:
        received = _column(frame, "receive_time_ns", rows)
        stamped = received > 0
        if not stamped.any():
            return
        rows, received = rows[stamped], received[stamped]
        clock = self._clocks.setdefault(source, _Clock())
        offsets = received - _column(frame, "event_time_ns", rows)
        periods = np.maximum.accumulate(np.concatenate([[clock.period], received // PERIOD_NS]))
        edges = np.flatnonzero(periods[1:] != periods[:-1])
        for start, stop in zip([0, *edges.tolist()], [*edges.tolist(), rows.size], strict=True):
            if start == stop:
                continue
            if periods[start + 1] != clock.period:
                yield from self._judge(source, clock)
                clock.period, clock.begun = int(periods[start + 1]), _identity(frame, rows[start])
            room = SAMPLES_MAX - len(clock.offsets)
            clock.offsets.extend(offsets[start : min(stop, start + room)].tolist() if room else ())

    def _judge(self, source: str, clock: _Clock) -> Iterator[Observation]:
        """The verdict on the period in hand, which is over."""
        samples, clock.offsets = clock.offsets, []
        if len(samples) < SAMPLES_MIN:
            return
        median, before = int(statistics.median_low(samples)), clock.before
        begun_ns, clock.before = clock.before_begun_ns, median
        clock.before_begun_ns = clock.period * PERIOD_NS
        end_ns = clock.before_begun_ns + PERIOD_NS
        is_off = SKEW_NS < abs(median) <= ANOTHER_DAY_NS
        if clock.skewed and not is_off:
            clock.skewed = False
            yield self._observation(RIGHT, source, end_ns, clock.begun, {})
        elif not clock.skewed and is_off and before is not None and abs(median - before) <= DRIFT_NS:
            clock.skewed = True
            numbers = {"offset_ns": median, "samples": len(samples), "since_ns": begun_ns}
            yield self._observation(SKEW, source, end_ns, clock.begun, numbers)

    def _observation(
        self, name: str, source: str, time_ns: int, evidence: str, numbers: Mapping[str, float]
    ) -> Observation:
        return Observation(name, source, self._venues[source], time_ns, evidence, numbers)

    def state(self) -> dict[str, Any]:
        """Plain values from which `restore` makes the same observer."""
        return {
            "numbers": {source: asdict(each) for source, each in self._numbers.items()},
            "clocks": {source: asdict(each) for source, each in self._clocks.items()},
            "venues": dict(self._venues),
            "newest_ns": dict(self._newest_ns),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Becomes the observer whose `state` was taken."""
        self._numbers = {source: _Numbers(**values) for source, values in state["numbers"].items()}
        self._clocks = {source: _Clock(**values) for source, values in state["clocks"].items()}
        self._venues = dict(state["venues"])
        self._newest_ns = dict(state["newest_ns"])


def _runs_on(state: _Numbers, sequences: Array, epochs: Array) -> bool:
    """Whether every row is the next number, late or not: what nearly every frame is."""
    runs = sequences[0] == state.highest + 1 == state.last + 1 and sequences[-1] - sequences[0] == sequences.size - 1
    return bool(runs and (sequences[1:] - sequences[:-1] == 1).all() and (epochs == state.epoch).all())


def _course(state: _Numbers, sequences: Array, times: Array, epochs: Array) -> tuple[Array, Array, Array]:
    """Highest number and newest time before each row (and after the last), and the rows that are not the next number.

    A row that goes back in time is late and counts only where its number follows on the row before.
    """
    newest = np.maximum.accumulate(np.concatenate([[state.newest_ns], times]))
    follows = sequences == np.concatenate([[state.last], sequences[:-1]]) + 1
    counted = np.where((times >= newest[:-1]) | follows, sequences, 0)
    highest = np.maximum.accumulate(np.concatenate([[state.highest], counted]))
    return highest, newest, (sequences != highest[:-1] + 1) | (epochs != state.epoch)


def _step(state: _Numbers, epoch: int, sequence: int, time_ns: int, identity: str) -> None:
    """Takes one irregular row: it fills a hole, tears one open, or begins a new epoch. A late one tears none open."""
    if epoch > state.epoch:
        state.epoch, state.first, state.highest = epoch, sequence, sequence
        state.holes, state.told, state.since_ns = [], 0, 0
    elif epoch < state.epoch:
        return
    elif sequence <= state.highest:
        _fill(state.holes, sequence)
    elif time_ns >= state.newest_ns:
        if len(state.holes) < HOLES_MAX:
            state.holes.append([state.highest + 1, sequence - 1])
            state.seen = sequence - state.first + 1 - state.missing
            if not state.since_ns:
                state.since_ns, state.evidence = time_ns, identity
        state.highest = sequence
        state.newest_ns = time_ns


def _fill(holes: list[list[int]], number: int) -> None:
    place = bisect_right(holes, number, key=lambda hole: hole[0]) - 1
    if place < 0 or number > holes[place][1]:
        return
    first, last = holes.pop(place)
    holes[place:place] = [hole for hole in ([first, number - 1], [number + 1, last]) if hole[0] <= hole[1]]


def _canaries(frame: Frame, rows: Array) -> Iterator[Observation]:
    """Outcomes of canaries told as STATUS of their venue: `missed RULE` or `passed RULE`."""
    for row in rows[frame.columns["kind"][rows] == Kind.STATUS].tolist():
        outcome, _, rule_id = frame.text("text", row).partition(" ")
        if frame.text("venue", row) != CANARY_VENUE or outcome not in ("missed", "passed"):
            continue
        yield Observation(
            MISSED if outcome == "missed" else PASSED,
            CANARY_SOURCE,
            CANARY_VENUE,
            int(frame.columns["event_time_ns"][row]),
            _identity(frame, row),
            {"missed": 1, "scenarios": 1},
            CANARY_PREFIX + rule_id,
        )


def _by_source(frame: Frame) -> Iterator[tuple[str, Array]]:
    indices = frame.columns.get("source")
    if indices is None:
        return
    if (indices == indices[0]).all():
        yield frame.text("source", 0), np.arange(indices.size)
        return
    for index in np.unique(indices).tolist():
        rows = np.flatnonzero(indices == index)
        yield frame.text("source", int(rows[0])), rows


def _column(frame: Frame, name: str, rows: Array) -> Array:
    values = frame.columns.get(name)
    if values is None:
        return np.zeros(rows.size, dtype=np.int64)
    return values if rows.size == frame.row_count else values[rows]


def _identity(frame: Frame, row: int) -> str:
    def number(name: str) -> int:
        values = frame.columns.get(name)
        return 0 if values is None else int(values[row])

    key = frame.text("event_key", row)
    return event_id(
        frame.text("source", row), number("source_epoch"), number("source_sequence"), number("source_part"), key
    )
