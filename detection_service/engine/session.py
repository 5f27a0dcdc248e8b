"""When sessions open, close and fix: an instrument's reference data and a time in, the next moment out. Pure.

Times of day are local to the instrument's zone, so a close at 16:00 in New York moves by an hour in UTC when its
clocks do. Every day counts: a moment on a day without trading asks rules about nothing, and finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tapewatch.market.reference import LINK_SEPARATOR, ReferenceDataError

OPEN: Final = "open"
CLOSE: Final = "close"
FIXING: Final = "fixing"
AUCTION: Final = "auction"
"""The end of an auction within the day, told by PHASE events only."""
NEVER_NS: Final = (1 << 63) - 1
_DAYS_AROUND: Final = (-1, 0, 1, 2)  # a zone is up to 14 h from UTC, a change of clocks moves a moment by an hour
_SECOND_NS: Final = 1_000_000_000
_LAST_DAY_NS: Final = 9_000_000_000 * _SECOND_NS  # in 2255, well before int64 ends


class Moment(NamedTuple):
    """A moment whose price others rely on: nanoseconds since the Unix epoch, and which it is."""

    time_ns: int
    kind: str


NO_MOMENT: Final = Moment(NEVER_NS, "")


@dataclass(frozen=True, slots=True)
class SessionSchedule:
    """Moments of every day, by local time of day, and single ones."""

    zone: ZoneInfo
    daily: tuple[tuple[time, str], ...] = ()
    single: tuple[Moment, ...] = ()

    @staticmethod
    def of(instrument: Mapping[str, str]) -> SessionSchedule:
        """The schedule a row of reference data gives: session_open, session_close and fixings (separated by `;`) as
        HH:MM or HH:MM:SS in `timezone` (UTC where absent), session_close_ns in nanoseconds. Raises ReferenceDataError.
        """
        columns = ((OPEN, "session_open"), (CLOSE, "session_close"), (FIXING, "fixings"))
        daily = tuple(
            (_time_of_day(instrument, column, text), kind)
            for kind, column in columns
            for text in filter(None, instrument.get(column, "").split(LINK_SEPARATOR))
        )
        return SessionSchedule(_zone(instrument), daily, tuple(_single(instrument)))

    def next_after(self, time_ns: int) -> Moment:
        """The first moment later than a time; NO_MOMENT where none is to come."""
        moments = [moment for moment in self._around(time_ns) if moment.time_ns > time_ns]
        return min(moments, default=NO_MOMENT)

    def _around(self, time_ns: int) -> Iterator[Moment]:
        yield from self.single
        if not self.daily or not 0 <= time_ns < _LAST_DAY_NS:
            return
        today = datetime.fromtimestamp(time_ns // _SECOND_NS, UTC).date()
        for days in _DAYS_AROUND:
            for at, kind in self.daily:
                yield Moment(self._instant_ns(today + timedelta(days=days), at), kind)

    def _instant_ns(self, day: date, at: time) -> int:
        """A local time of day as an instant; the first of two where clocks go back, past the gap where they leap."""
        whole = datetime.combine(day, at.replace(microsecond=0), self.zone)
        return int(whole.timestamp()) * _SECOND_NS + at.microsecond * 1_000


NO_SESSIONS: Final = SessionSchedule(ZoneInfo("UTC"))


class SessionCalendar:
    """The schedules of all instruments of the reference data. Raises ReferenceDataError where one can not be read."""

    def __init__(self, instruments: Iterable[Mapping[str, str]] = ()) -> None:
        self._schedules: dict[tuple[str, str], SessionSchedule] = {}
        for row in instruments:
            schedule = SessionSchedule.of(row)
            if schedule.daily or schedule.single:
                self._schedules[row.get("venue", ""), row["instrument"]] = schedule

    def schedule(self, venue: str, instrument: str) -> SessionSchedule:
        """What is known of an instrument on a venue, or on any; without moments where nothing is."""
        anywhere = self._schedules.get(("", instrument), NO_SESSIONS)
        return self._schedules.get((venue, instrument), anywhere)


def _zone(instrument: Mapping[str, str]) -> ZoneInfo:
    name = instrument.get("timezone", "UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ReferenceDataError(
            f"instrument {instrument['instrument']}, timezone: expected a zone of the tz database such as "
            f"America/New_York, found {name!r}; if the name is right, this machine lacks the database (install tzdata)"
        ) from error


def _time_of_day(instrument: Mapping[str, str], column: str, text: str) -> time:
    try:
        at = time.fromisoformat(text.strip())
    except ValueError:
        at = time.min.replace(tzinfo=UTC)  # refused below, as a time with its own offset is
    if at.tzinfo is not None:
        raise ReferenceDataError(
            f"instrument {instrument['instrument']}, {column}: expected HH:MM or HH:MM:SS local to `timezone`, "
            f"found {text!r}"
        )
    return at


def _single(instrument: Mapping[str, str]) -> Iterator[Moment]:
    text = instrument.get("session_close_ns")
    if text is None:
        return
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < NEVER_NS:
        raise ReferenceDataError(
            f"instrument {instrument['instrument']}, session_close_ns: expected nanoseconds since 1970-01-01 UTC, "
            f"found {text!r}"
        )
    yield Moment(int(text), CLOSE)
