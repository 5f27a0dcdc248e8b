"""When a FIX session is open: hours of the day or of the week in a time zone, summer time included."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECOND_NS = 1_000_000_000
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS_BACK = 8
"""A session may last a week: one that is open began at most so many days ago."""

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The hours of a session, wall-clock times of ``zone`` (an IANA name).

    Without days a session begins every day at ``start`` and ends at the next ``end`` (a day later where ``end`` is not
    later). ``days`` limits that to sessions beginning on these days. With ``start_day`` and ``end_day`` one session
    lasts from the one to the other, every week. Numbers begin again with every session.

    A time that a change of the clock skips counts as if the clock had not changed; of one that comes twice, the first.
    """

    start: time
    end: time
    zone: str = "UTC"
    days: frozenset[int] = frozenset(range(7))
    start_day: int | None = None
    end_day: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError with what is wrong."""
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"zone: expected an IANA time zone such as Europe/London, found {self.zone!r}") from None
        if (self.start_day is None) != (self.end_day is None):
            raise ValueError("start_day and end_day: expected both, for a weekly session, or none")
        if not self.days <= set(range(7)) or not self.days:
            raise ValueError(f"days: expected some of 0 (Monday) to 6 (Sunday), found {sorted(self.days)}")

    def session(self, now_ns: int) -> Interval | None:
        """Begin and end of the session open at a time, in ns since the epoch, the end not included; None if closed."""
        begin_ns, end_ns = self._latest(now_ns)
        return (begin_ns, end_ns) if begin_ns <= now_ns < end_ns else None

    def is_open(self, now_ns: int) -> bool:
        """Whether the session is open at a time."""
        return self.session(now_ns) is not None

    def _latest(self, now_ns: int) -> Interval:
        """The session that began last; an empty one long ago where there is none."""
        today = datetime.fromtimestamp(now_ns // SECOND_NS, ZoneInfo(self.zone)).date()
        found: Interval = (0, 0)
        for back in range(-1, DAYS_BACK + 1):
            interval = _interval(self, today - timedelta(days=back))
            if interval is not None and interval[0] <= now_ns:
                return interval
        return found


@lru_cache(maxsize=1024)
def _interval(schedule: Schedule, day: date) -> Interval | None:
    """The session that begins on a day, if one does."""
    if schedule.start_day is not None and schedule.end_day is not None:
        if day.weekday() != schedule.start_day:
            return None
        length_days = (schedule.end_day - schedule.start_day) % 7
        if length_days == 0 and schedule.end <= schedule.start:
            length_days = 7
    else:
        if day.weekday() not in schedule.days:
            return None
        length_days = 0 if schedule.end > schedule.start else 1
    zone = ZoneInfo(schedule.zone)
    begin = datetime.combine(day, schedule.start, zone)
    end = datetime.combine(day + timedelta(days=length_days), schedule.end, zone)
    return _ns(begin), _ns(end)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND_NS
