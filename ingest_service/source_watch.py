"""Looks at all sources once a round and journals as marks what detection can not know: it has no clock.

Marks of a source, each journalled once when it begins and once when it is over: `silent` and `heard_again`,
`sequence_gap` and `sequence_settled`, `clock_skew` and `clock_right`; and `canary_due` of no source. All carry
`time_ns`, ingest's clock. Thresholds are settings; the rules data_gap, clock_skew and rule_silent judge the numbers.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from ingest_service.intake import Intake
from ingest_service.ledger import SourceLedger

SECOND_NS: Final = 1_000_000_000
ANOTHER_DAY_NS: Final = 26 * 3_600 * SECOND_NS
"""Beyond every time zone: such times are another day's, told again or simulated, and say nothing of a clock."""
DRIFT_SHARE_MAX: Final = 0.1
"""A clock that is off runs on as ours does; a source that catches up or is replayed at another pace does not."""
SAMPLES_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """Thresholds in nanoseconds; None: not watched."""

    silence_ns: int | None = 30 * SECOND_NS
    silence_multiple: float = 3.0
    gap_grace_ns: int = 5 * SECOND_NS
    gap_settled_ns: int = 600 * SECOND_NS
    skew_ns: int | None = 2 * SECOND_NS
    skew_period_ns: int = 20 * SECOND_NS
    canary_ns: int | None = 15 * SECOND_NS


class SourceWatch:
    """Looks when told to. What it has seen since the last mark is in memory: a restart begins to look afresh."""

    def __init__(self, intake: Intake, options: WatchOptions, clock: Callable[[], int]) -> None:
        self._intake = intake
        self._options = options
        self._clock = clock
        self._since_ns = self._period_start_ns = clock()
        self._missing_since_ns: dict[str, int] = {}
        self._medians_ns: dict[str, int] = {}
        for books in self._books:
            books.signs.offsets_ns.clear()

    @property
    def _books(self) -> list[SourceLedger]:
        return list(self._intake.state.ledger.sources.values())

    def look(self) -> list[dict[str, Any]]:
        """Journals the marks due now; them."""
        now_ns = self._clock()
        marks = [*self._canary(now_ns)]
        is_period = now_ns - self._period_start_ns >= self._options.skew_period_ns
        if is_period:
            self._period_start_ns = now_ns
        for books in self._books:
            found = [*self._silence(books, now_ns), *self._numbers(books, now_ns)]
            found += self._skew(books) if is_period else ()
            marks.extend(_head(mark, books, now_ns) for mark in found)
        for mark in marks:
            self._intake.mark(mark)
        return marks

    def _canary(self, now_ns: int) -> Iterator[dict[str, Any]]:
        state, every_ns = self._intake.state, self._options.canary_ns
        if every_ns is not None and now_ns - max(state.canary_time_ns, self._since_ns) >= every_ns:
            yield {"mark": "canary_due", "number": state.canary_number + 1, "time_ns": now_ns, "every_ns": every_ns}

    def _silence(self, books: SourceLedger, now_ns: int) -> Iterator[dict[str, Any]]:
        signs, silence_ns = books.signs, self._options.silence_ns
        if signs.silent_since_ns:
            if books.last_received_time_ns > signs.silent_since_ns:
                pause_ns = books.last_received_time_ns - signs.silent_since_ns
                yield {"mark": "heard_again", "since_ns": signs.silent_since_ns, "pause_ns": pause_ns}
            return
        if silence_ns is None or not books.journalled or books.ended or signs.closed:
            return
        allowed_ns = max(silence_ns, int(self._options.silence_multiple * signs.usual_pause_ns))
        heard_ns = max(books.last_received_time_ns, signs.started_time_ns)
        if now_ns - max(heard_ns, self._since_ns) >= allowed_ns:
            yield {
                "mark": "silent",
                "since_ns": heard_ns,
                "usual_pause_ns": signs.usual_pause_ns,
                "allowed_ns": allowed_ns,
                "last_event_time_ns": books.last_event_time_ns,
            }

    def _numbers(self, books: SourceLedger, now_ns: int) -> Iterator[dict[str, Any]]:
        signs = books.signs
        if signs.keyed:  # such numbers count a session's messages, which its own protocol asks for again
            return
        missing = books.numbers.missing
        if missing <= signs.missing_marked:
            self._missing_since_ns.pop(books.source, None)
            marked_ns = signs.missing_marked_time_ns
            is_old = marked_ns > 0 and now_ns - marked_ns >= self._options.gap_settled_ns
            if is_old or (signs.missing_marked and not missing):
                yield {"mark": "sequence_settled", "missing": missing, "was_missing": signs.missing_marked}
            elif missing < signs.missing_marked:
                yield _gap(books, now_ns)
            return
        since_ns = self._missing_since_ns.setdefault(books.source, now_ns)
        if now_ns - since_ns >= self._options.gap_grace_ns:
            del self._missing_since_ns[books.source]
            yield _gap(books, since_ns)

    def _skew(self, books: SourceLedger) -> Iterator[dict[str, Any]]:
        signs, skew_ns = books.signs, self._options.skew_ns
        samples, signs.offsets_ns = signs.offsets_ns, []
        if skew_ns is None or len(samples) < SAMPLES_MIN:
            return
        median_ns = int(statistics.median_low(samples))
        before_ns = self._medians_ns.get(books.source)
        self._medians_ns[books.source] = median_ns
        is_off = skew_ns < abs(median_ns) <= ANOTHER_DAY_NS
        if signs.skewed:
            if not is_off:
                yield {"mark": "clock_right", "offset_ns": median_ns, "samples": len(samples)}
        elif is_off and before_ns is not None and _steady(before_ns, median_ns, self._options):
            yield {
                "mark": "clock_skew",
                "offset_ns": median_ns,
                "samples": len(samples),
                "period_ns": self._options.skew_period_ns,
                "allowed_ns": skew_ns,
                "last_event_time_ns": books.last_event_time_ns,
            }


def _gap(books: SourceLedger, since_ns: int) -> dict[str, Any]:
    """The loss as it is now; told again where part of it has come."""
    numbers = books.numbers
    return {
        "mark": "sequence_gap",
        "missing": numbers.missing,
        "newly_missing": numbers.missing - books.signs.missing_marked,
        "seen": len(numbers),
        "first_missing": numbers.ends[0] + 1,
        "last_missing": numbers.starts[-1] - 1,
        "epoch": books.epoch,
        "since_ns": since_ns,
    }


def _steady(before_ns: int, median_ns: int, options: WatchOptions) -> bool:
    """Whether the source's time went on at our clock's pace between two periods."""
    return abs(median_ns - before_ns) <= max(SECOND_NS // 2, DRIFT_SHARE_MAX * options.skew_period_ns)


def _head(mark: dict[str, Any], books: SourceLedger, now_ns: int) -> dict[str, Any]:
    """The mark with what all marks of a source carry first."""
    name = {"mark": mark["mark"], "source": books.source, "venues": sorted(books.venues), "time_ns": now_ns}
    return name | mark
