"""Releases journalled events to the engine in event order: a pure function of the journal.

A venue fed by one source is already in order and passes straight through; a frame of such venues passes whole. A venue
fed by several is held back to the slowest source that has neither ended nor been marked idle, and released sorted by
time, then journal position. Where that would hold back more than a million rows, the slowest is not waited for until
it speaks again. An event behind what its venue has released is late: it goes through in place and the engine counts it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from surveillance.v1 import ingest_pb2
from tapewatch.client.wire import JournalRecord
from tapewatch.market.frame import Frame

PIECES_MAX: Final = 256
HELD_ROWS_MAX: Final = 1_000_000
"""Rows a venue holds back at most, some 150 bytes each."""
QUIET_MARKS: Final = ("idle", "end_of_source")
"""Marks after which a source is not waited for; others tell of its health."""
ROWS_PER_TURN_MAX: Final = 4096


@dataclass(slots=True)
class _Venue:
    """The newest event time of each active source of a venue, and the frames held back, each in order of time."""

    newest: dict[str, int] = field(default_factory=dict)
    held: list[Frame] = field(default_factory=list)
    rows: int = 0

    @property
    def watermark(self) -> int:
        return min(self.newest.values(), default=(1 << 63) - 1)


_NEW_VENUE: Final = _Venue()
_NEVER_NS: Final = 1 << 63


class Ordering:
    """Takes frames in journal order, gives frames in event order. Raises nothing.

    Holds at most what sources lag, and no more than `held_rows_max` rows a venue. `left_behind` counts by source how
    often, since this was made, it has not been waited for because of that.
    """

    def __init__(self, held_rows_max: int = HELD_ROWS_MAX) -> None:
        self.left_behind: Counter[str] = Counter()
        self._held_rows_max = held_rows_max
        self._venues: dict[str, _Venue] = {}

    def take(self, frame: Frame) -> Iterator[Frame]:
        """The events that may be evaluated now that a frame has come: all of it, or frames of one venue each."""
        if self._passes(frame):
            yield frame
            return
        if (venue := self._venue_in_order(frame)) is not None:
            venue.held.append(frame)
            venue.rows += frame.row_count
            yield from _release(venue)
            return
        for venue_name, source_name, part in _parts(frame):
            venue = self._venues.setdefault(venue_name, _Venue())
            if venue.newest.keys() <= {source_name} and not venue.held:
                venue.newest[source_name] = max(_newest(part), venue.newest.get(source_name, 0))
                yield part
                continue
            # Cut where time runs backwards, so that what is late does not depend on how rows were batched.
            times = part.columns["event_time_ns"]
            for start, stop in _runs(times[1:] < times[:-1], part.row_count):
                piece = part if stop - start == part.row_count else part.slice(start, stop)
                venue.newest[source_name] = max(_newest(piece), venue.newest.get(source_name, 0))
                venue.held.append(piece)
                venue.rows += piece.row_count
                yield from _release(venue)
                while venue.rows > self._held_rows_max:
                    yield from self._leave_slowest(venue)

    def _passes(self, frame: Frame) -> bool:
        """Whether each venue of a frame is fed by one source, and holds nothing; notes the venues' times where so."""
        venues, sources, times = (frame.columns[name] for name in ("venue", "source", "event_time_ns"))
        changes = _changes(frame)
        pairs = np.unique(venues[changes].astype(np.uint64) << np.uint64(32) | sources[changes])
        newest: dict[str, tuple[str, int]] = {}
        for pair in pairs.tolist():
            venue_name, source_name = frame.string(pair >> 32), frame.string(pair & 0xFFFFFFFF)
            venue = self._venues.get(venue_name, _NEW_VENUE)
            if venue_name in newest or venue.held or not venue.newest.keys() <= {source_name}:
                return False
            highest_ns = int(times.max() if pairs.size == 1 else times[venues == pair >> 32].max())
            newest[venue_name] = source_name, highest_ns
        for venue_name, (source_name, highest_ns) in newest.items():
            held = self._venues.setdefault(venue_name, _Venue()).newest
            held[source_name] = max(highest_ns, held.get(source_name, 0))
        return True

    def _venue_in_order(self, frame: Frame) -> _Venue | None:
        """The one venue of a frame in order of time of which no row is behind its source; notes the sources' times.

        Then no row can be late, and it is all one whether the rows come together or one by one. Not so where a source
        was not waited for until now: what is released before its first row depends on the rows before that.
        """
        venues, sources, times = (frame.columns[name] for name in ("venue", "source", "event_time_ns"))
        venue = self._venues.get(frame.string(int(venues[0])))
        if venue is None or (venues != venues[0]).any() or (times[1:] < times[:-1]).any():
            return None
        spans: dict[str, tuple[int, int]] = {}
        indices = np.unique(sources).tolist()
        for index in indices:
            of_source = times[sources == index]
            spans[frame.string(index)] = int(of_source[0]), int(of_source[-1])
        is_known = len(spans) == len(indices) and all(
            venue.newest.get(name, _NEVER_NS) <= first_ns for name, (first_ns, _) in spans.items()
        )
        if not is_known or venue.rows + frame.row_count > self._held_rows_max:
            return None
        venue.newest.update({name: last_ns for name, (_, last_ns) in spans.items()})
        return venue

    def _leave_slowest(self, venue: _Venue) -> Iterator[Frame]:
        """Goes on without the source that is furthest behind. Only others hold rows, so there is always another."""
        slowest = min(venue.newest, key=lambda source: (venue.newest[source], source))
        del venue.newest[slowest]
        self.left_behind[slowest] += 1
        yield from _release(venue)

    def source_quiet(self, source: str) -> Iterator[Frame]:
        """A source ended or fell silent: what waited for it is released. A silent one counts again when it speaks."""
        for venue in self._venues.values():
            if venue.newest.pop(source, None) is not None:
                yield from _release(venue)

    @property
    def pending_rows(self) -> int:
        """Events held back."""
        return sum(venue.rows for venue in self._venues.values())

    def pending_by_source(self) -> dict[str, int]:
        """Events held back, by source."""
        counts: dict[str, int] = {}
        for venue in self._venues.values():
            for frame in venue.held:
                for index, count in zip(*np.unique(frame.columns["source"], return_counts=True), strict=True):
                    name = frame.string(int(index))
                    counts[name] = counts.get(name, 0) + int(count)
        return counts

    def state(self) -> dict[str, Any]:
        """Plain values from which `restore` makes the same ordering."""
        return {
            name: {"newest": venue.newest, "held": [frame.encode() for frame in venue.held]}
            for name, venue in self._venues.items()
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Becomes the ordering whose `state` was taken."""
        self._venues = {}
        for name, values in state.items():
            held = [Frame.decode(frame) for frame in values["held"]]
            rows = sum(frame.row_count for frame in held)
            self._venues[name] = _Venue(dict(values["newest"]), held, rows)


def released(record: JournalRecord, ordering: Ordering) -> Iterator[Frame]:
    """The events that may be evaluated now that a journal record has come.

    Nothing for a control record. Raises FrameError at once where the record holds a damaged frame.
    """
    if record.kind == ingest_pb2.RECORD_KIND_EVENTS:
        return ordering.take(Frame.decode(record.payload))
    if record.kind == ingest_pb2.RECORD_KIND_MARK:
        mark = json.loads(record.payload)
        if mark["mark"] in QUIET_MARKS:
            return ordering.source_quiet(mark["source"])
    return iter(())


def turns(frame: Frame) -> Iterator[Frame]:
    """A frame in parts small enough for one turn of the event loop."""
    if frame.row_count <= ROWS_PER_TURN_MAX:
        yield frame
        return
    for start in range(0, frame.row_count, ROWS_PER_TURN_MAX):
        yield frame.slice(start, start + ROWS_PER_TURN_MAX)


def _parts(frame: Frame) -> Iterator[tuple[str, str, Frame]]:
    """The frame's runs of rows of one venue and source, in row order; the frame itself where it is one run."""
    venues, sources = frame.columns["venue"], frame.columns["source"]
    for start, stop in _runs(_changes(frame)[1:], frame.row_count):
        part = frame if stop - start == frame.row_count else frame.slice(start, stop)
        yield frame.string(int(venues[start])), frame.string(int(sources[start])), part


def of_one_venue(frame: Frame) -> Iterator[Frame]:
    """The frame's runs of rows of one venue, in row order; the frame itself where it is one run."""
    venues = frame.columns["venue"]
    for start, stop in _runs(venues[1:] != venues[:-1], frame.row_count):
        yield frame if stop - start == frame.row_count else frame.slice(start, stop)


def _changes(frame: Frame) -> NDArray[np.bool_]:
    """The first row, and the rows whose venue or source is not that of the row before; shape (row_count,)."""
    venues, sources = frame.columns["venue"], frame.columns["source"]
    changes = np.ones(frame.row_count, dtype=bool)
    changes[1:] = (venues[1:] != venues[:-1]) | (sources[1:] != sources[:-1])
    return changes


def _runs(breaks: NDArray[np.bool_], row_count: int) -> Iterator[tuple[int, int]]:
    """Start and end of the runs of rows between breaks; `breaks[i]` stands between rows i and i + 1."""
    starts = [0, *(np.flatnonzero(breaks) + 1).tolist(), row_count]
    yield from pairwise(starts)


def _newest(frame: Frame) -> int:
    return int(frame.columns["event_time_ns"].max())


def _release(venue: _Venue) -> Iterator[Frame]:
    """What is held up to the watermark, sorted. Pieces are each in order of time, so only their heads are touched."""
    watermark = venue.watermark
    ready: list[Frame] = []
    held: list[Frame] = []
    for piece in venue.held:
        count = int(np.searchsorted(piece.columns["event_time_ns"], watermark, side="right"))
        if count == 0:
            held.append(piece)
            continue
        ready.append(piece.slice(0, count) if count < piece.row_count else piece)
        if count < piece.row_count:
            held.append(piece.slice(count, piece.row_count))
    venue.held = held if len(held) <= PIECES_MAX else [_sorted(held)]
    venue.rows = sum(piece.row_count for piece in held)
    if ready:
        yield _sorted(ready)


def _sorted(pieces: list[Frame]) -> Frame:
    """The rows of the pieces by time, then position."""
    joined = Frame.concat(pieces)
    return joined.take(np.argsort(joined.columns["event_time_ns"], kind="stable"))
