"""When sessions open, close and fix: an instrument's reference data and a time in, the next moment out. Pure.

Times of day are local to the instrument's zone, so a close at 16:00 in New York moves by an hour in UTC when its
clocks do. Every day counts: a moment on a day without trading asks rules about nothing, and finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tapewatch.market.reference import LINK_SEPARATOR, ReferenceDataError

OPEN: Final = "open"
CLOSE: Final = "close"
FIXING: Final = "fixing"
AUCTION: Final = "auction"
"""The end of an auction within the day, told by PHASE events only."""
NEVER_NS: Final = (1 << 63) - 1
ASK_NOW: Final = -(1 << 63)
"""A market's `session_due` before its first event, and after another calendar came."""
_DAYS_AROUND: Final = (-1, 0, 1, 2)  # a zone is up to 14 h from UTC, a change of clocks moves a moment by an hour
_SECOND_NS: Final = 1_000_000_000
_LAST_DAY_NS: Final = 9_000_000_000 * _SECOND_NS  # in 2255, well before int64 ends


class Moment(NamedTuple):
    """A moment whose price others rely on: nanoseconds since the Unix epoch, and which it is."""

    time_ns: int
    kind: str


NO_MOMENT: Final = Moment(NEVER_NS, "")
ASKED_BEFORE_NS: Final = 30 * _SECOND_NS
"""Rules are asked this long before a moment, for a market that does nothing after it."""
ASKED_AFTER_NS: Final = tuple(seconds * _SECOND_NS for seconds in (0, 60, 300, 1_800))
"""And again at the first event later than so long after it: at once, and for what follows."""
_JUST_BEFORE_NS: Final = 60 * _SECOND_NS  # a market that begins so soon after its open is asked about it
_CAUGHT_UP_NS: Final = 172_800 * _SECOND_NS  # moments further back are passed over


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

    def pass_by(self, moment: Moment, now_ns: int) -> tuple[Moment, int]:
        """The moment to ask rules about at the first event of a market at or after a time, and when to ask again.

        `moment` is the one asked about last. Each moment is asked about, however many went by without an event, but
        those of more than two days ago.
        """
        following = self.next_after(max(moment.time_ns, now_ns - _CAUGHT_UP_NS))
        if following.time_ns - ASKED_BEFORE_NS <= now_ns:
            moment = following
        return moment, self.due_ns(moment, now_ns)

    def due_ns(self, moment: Moment, now_ns: int) -> int:
        """When rules are to be asked next, having been asked about a moment now."""
        again = [moment.time_ns + after + 1 for after in ASKED_AFTER_NS if moment.time_ns + after >= now_ns]
        following = self.next_after(max(moment.time_ns, now_ns - _CAUGHT_UP_NS))
        return min([*again, following.time_ns - ASKED_BEFORE_NS])


NO_SESSIONS: Final = SessionSchedule(ZoneInfo("UTC"))
_PHASE_MOMENTS: Final = {"AUCTION": CLOSE, "CLOSE": CLOSE}


def phase_moment(before: str, phase: str) -> str:
    """The moment a change of phase is: an auction's end, the end of continuous trading, or its beginning; else ""."""
    if before == "AUCTION":
        return AUCTION
    if before in ("OPEN", "CONTINUOUS"):
        return _PHASE_MOMENTS.get(phase, "")
    return OPEN if phase in ("OPEN", "CONTINUOUS") and before in ("PRE_OPEN", "CLOSE") else ""


class SessionCalendar:
    """The schedules of all instruments of the reference data. Raises ReferenceDataError where one can not be read."""

    def __init__(self, instruments: Iterable[Mapping[str, str]] = ()) -> None:
        self._schedules: dict[tuple[str, str], SessionSchedule] = {}
        for row in instruments:
            schedule = SessionSchedule.of(row)
            if schedule.daily or schedule.single:
                self.add(row.get("venue", ""), row["instrument"], schedule)

    def add(self, venue: str, instrument: str, schedule: SessionSchedule) -> None:
        """Takes the schedule of an instrument on a venue, or on all without their own (venue "")."""
        self._schedules[venue, instrument] = schedule

    def schedule(self, venue: str, instrument: str) -> SessionSchedule:
        """What is known of an instrument on a venue, or on any; without moments where nothing is."""
        anywhere = self._schedules.get(("", instrument), NO_SESSIONS)
        return self._schedules.get((venue, instrument), anywhere)


class Session(Protocol):
    """What a market keeps of its session: the moment asked about last, when to ask again, and phases."""

    venue_name: str
    instrument_name: str
    session_time: int
    session_kind: str
    session_due: int
    phase: str
    phase_before: str


def pass_by(market: Session, calendar: SessionCalendar, now_ns: int) -> bool:
    """Moves a market's session on at an event at or after its `session_due`, or else at a change of phase; whether
    there is a moment to ask rules about."""
    schedule = calendar.schedule(market.venue_name, market.instrument_name)
    if now_ns < market.session_due:
        moment = Moment(now_ns, phase_moment(market.phase_before, market.phase))
        if not moment.kind:
            return False
        due_ns = schedule.due_ns(moment, now_ns)
    else:
        before = market.session_time if market.session_time >= 0 else now_ns - _JUST_BEFORE_NS
        moment, due_ns = schedule.pass_by(Moment(before, market.session_kind), now_ns)
    market.session_time, market.session_kind, market.session_due = moment.time_ns, moment.kind, due_ns
    return bool(moment.kind)


def _zone(instrument: Mapping[str, str]) -> ZoneInfo:
    name = instrument.get("timezone", "UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ReferenceDataError(
            f"instrument {instrument['instrument']}, timezone: expected a zone of the tz database such as "
            f"America/New_York, found {name!r}"
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
