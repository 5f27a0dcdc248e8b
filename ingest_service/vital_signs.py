"""What ingest notices of a source beside its rows: its rhythm, its clock, whether its market has closed.

`VitalSigns` is kept from journalled frames and from the marks made of it, so a replay of the journal rebuilds it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tapewatch.market.event import Kind
from tapewatch.market.frame import Frame

HOUR_NS: Final = 3_600_000_000_000
HOURS_HELD: Final = 24
GAP_LEARNT_MAX_NS: Final = HOUR_NS
"""A longer pause is a night or an outage, not a rhythm."""
OFFSETS_MAX: Final = 256
CLOSE: Final = "CLOSE"
_LIVELY: Final = np.zeros(256, dtype=bool)
_LIVELY[[Kind.NEW, Kind.REPLACE, Kind.FILL, Kind.TRADE, Kind.QUOTE, Kind.BOOK_LEVEL]] = True

Array = NDArray[Any]


@dataclass(slots=True)
class VitalSigns:
    """Of one source; times in nanoseconds.

    `longest_pauses_ns` is a ring of the longest pause between two batches of each of the last 24 hours.
    `silent_since_ns`, `missing_marked` (numbers missing as last marked) and `skewed` say what was marked and is not
    over. `keyed`: its rows carry keys, so its numbers may count other things than rows. `closed`: a closing phase was
    its last word on its market. `started_time_ns`: when it was there again after it had ended. `offsets_ns` are receive
    time less event time of the newest event of each batch, since they were last looked at.
    """

    longest_pauses_ns: list[int] = field(default_factory=lambda: [0] * HOURS_HELD)
    hour: int = 0
    silent_since_ns: int = 0
    missing_marked: int = 0
    missing_marked_time_ns: int = 0
    skewed: bool = False
    keyed: bool = False
    closed: bool = False
    started_time_ns: int = 0
    offsets_ns: list[int] = field(default_factory=list, compare=False)

    @property
    def usual_pause_ns(self) -> int:
        """The longest pause of the last 24 hours in which it was heard; 0 of a source heard once."""
        return max(self.longest_pauses_ns)

    def heard(self, frame: Frame, rows: Array | None, last_received_ns: int, now_ns: int) -> None:
        """Takes a journalled batch into account; `rows` are the source's in the frame, None for all."""
        self._note_pause(now_ns - last_received_ns if last_received_ns else 0, now_ns)
        self.keyed = self.keyed or bool(_of_rows(frame, "event_key", rows).any())
        self._note_phase(frame, rows)
        if len(self.offsets_ns) < OFFSETS_MAX:
            self.offsets_ns.append(_offset_ns(frame, rows, now_ns))

    def _note_pause(self, pause_ns: int, now_ns: int) -> None:
        hour = now_ns // HOUR_NS
        if hour != self.hour:
            for passed in range(max(self.hour + 1, hour - HOURS_HELD + 1), hour + 1):
                self.longest_pauses_ns[passed % HOURS_HELD] = 0
            self.hour = hour
        if pause_ns <= GAP_LEARNT_MAX_NS:
            place = hour % HOURS_HELD
            self.longest_pauses_ns[place] = max(self.longest_pauses_ns[place], pause_ns)

    def _note_phase(self, frame: Frame, rows: Array | None) -> None:
        kinds = _of_rows(frame, "kind", rows)
        phases = np.flatnonzero(kinds == Kind.PHASE)
        if not phases.size:
            self.closed = self.closed and not _LIVELY[kinds].any()
            return
        last = int(phases[-1])
        word = frame.string(int(_of_rows(frame, "phase", rows)[last]))
        self.closed = word == CLOSE and not _LIVELY[kinds[last:]].any()

    def take_mark(self, mark: dict[str, Any]) -> None:
        """Takes a mark about the source into account."""
        match mark["mark"]:
            case "silent":
                self.silent_since_ns = mark["since_ns"]
            case "heard_again" | "end_of_source":
                self.silent_since_ns = 0
            case "start_of_source":
                self.started_time_ns = mark["time_ns"]
            case "sequence_gap":
                self.missing_marked, self.missing_marked_time_ns = mark["missing"], mark["time_ns"]
            case "sequence_settled":
                self.missing_marked_time_ns = 0
                self.missing_marked = mark["missing"]
            case "clock_skew":
                self.skewed = True
            case "clock_right":
                self.skewed = False

    def to_json(self) -> dict[str, Any]:
        """The signs as JSON values, without what is only for the next look."""
        return {name: value for name, value in asdict(self).items() if name != "offsets_ns"}

    @staticmethod
    def from_json(values: dict[str, Any]) -> VitalSigns:
        """The signs `to_json` gave; what an older version did not keep begins afresh."""
        return VitalSigns(**{each.name: values[each.name] for each in fields(VitalSigns) if each.name in values})


def _of_rows(frame: Frame, name: str, rows: Array | None) -> Array:
    values = frame.columns.get(name)
    if values is None:
        return np.zeros(frame.row_count if rows is None else rows.size, dtype=np.int64)
    return values if rows is None else values[rows]


def _offset_ns(frame: Frame, rows: Array | None, now_ns: int) -> int:
    """Receive time (ingest's clock where the row has none) less event time, of the newest event."""
    times = _of_rows(frame, "event_time_ns", rows)
    newest = int(times.argmax())
    received = int(_of_rows(frame, "receive_time_ns", rows)[newest])
    return (received or now_ns) - int(times[newest])
