"""Hours of a session, by a clock that is a number: days, weeks, time zones and the change to summer time."""

from datetime import time
from typing import Any

import pytest

from tapewatch.fix.codec import format_timestamp, parse_timestamp_ns
from tapewatch.fix.schedule import SECOND_NS, Interval, Schedule


def ns(text: str) -> int:
    return parse_timestamp_ns(text)


def utc(interval: Interval | None) -> tuple[str, str] | None:
    return None if interval is None else (format_timestamp(interval[0], 0), format_timestamp(interval[1], 0))


DAY = Schedule(time(7, 30), time(18, 0))
NIGHT = Schedule(time(18, 0), time(17, 0), "America/New_York")
WEEK = Schedule(time(17, 0), time(16, 0), "America/Chicago", start_day=6, end_day=4)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("20260105-07:29:59", None),
        ("20260105-07:30:00", ("20260105-07:30:00", "20260105-18:00:00")),
        ("20260105-17:59:59", ("20260105-07:30:00", "20260105-18:00:00")),
        ("20260105-18:00:00", None),
    ],
)
def test_a_daily_session_is_open_between_its_hours(now: str, expected: tuple[str, str] | None) -> None:
    assert utc(DAY.session(ns(now))) == expected


def test_a_session_over_midnight_is_one() -> None:
    assert utc(NIGHT.session(ns("20260106-03:00:00"))) == ("20260105-23:00:00", "20260106-22:00:00")
    assert NIGHT.session(ns("20260106-22:30:00")) is None


def test_equal_hours_make_a_session_of_a_day_that_begins_anew_at_them() -> None:
    round_the_clock = Schedule(time(22, 0), time(22, 0))
    assert utc(round_the_clock.session(ns("20260105-21:59:59"))) == ("20260104-22:00:00", "20260105-22:00:00")
    assert utc(round_the_clock.session(ns("20260105-22:00:00"))) == ("20260105-22:00:00", "20260106-22:00:00")


def test_a_weekly_session_lasts_from_sunday_to_friday() -> None:
    whole = ("20260104-23:00:00", "20260109-22:00:00")
    for now in ("20260104-23:00:00", "20260107-12:00:00", "20260109-21:59:59"):
        assert utc(WEEK.session(ns(now))) == whole
    for now in ("20260104-22:59:59", "20260109-22:00:00", "20260110-12:00:00"):
        assert WEEK.session(ns(now)) is None


def test_a_week_from_a_day_to_the_same_day_has_seven_days() -> None:
    week = Schedule(time(22, 0), time(21, 0), start_day=6, end_day=6)
    assert utc(week.session(ns("20260110-12:00:00"))) == ("20260104-22:00:00", "20260111-21:00:00")
    assert week.session(ns("20260111-21:30:00")) is None


def test_only_the_days_named_open_a_session() -> None:
    weekdays = Schedule(time(18, 0), time(8, 0), days=frozenset(range(5)))
    assert utc(weekdays.session(ns("20260110-07:00:00"))) == ("20260109-18:00:00", "20260110-08:00:00")
    assert weekdays.session(ns("20260110-19:00:00")) is None


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("Europe/London", "20260327-12:00:00", ("20260327-08:00:00", "20260327-16:30:00")),
        ("Europe/London", "20260330-12:00:00", ("20260330-07:00:00", "20260330-15:30:00")),
        ("Asia/Tokyo", "20260105-00:00:00", ("20260104-23:00:00", "20260105-07:30:00")),
    ],
)
def test_the_hours_are_those_of_the_wall_clock(zone: str, now: str, expected: tuple[str, str]) -> None:
    assert utc(Schedule(time(8, 0), time(16, 30), zone).session(ns(now))) == expected


@pytest.mark.parametrize(("day", "hours"), [("20260329", 23), ("20261025", 25), ("20260328", 24)])
def test_a_day_on_which_the_clock_changes_is_shorter_or_longer(day: str, hours: int) -> None:
    interval = Schedule(time(0, 0), time(0, 0), "Europe/London").session(ns(f"{day}-12:00:00"))
    assert interval is not None
    assert (interval[1] - interval[0]) // (3600 * SECOND_NS) == hours


def test_an_hour_the_change_of_the_clock_skips_still_opens_the_session() -> None:
    skipped = Schedule(time(1, 30), time(9, 0), "Europe/London")
    assert utc(skipped.session(ns("20260329-05:00:00"))) == ("20260329-01:30:00", "20260329-08:00:00")


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"zone": "Europe/Lodnon"}, "Europe/Lodnon"),
        ({"start_day": 1}, "start_day and end_day"),
        ({"days": frozenset()}, "days"),
        ({"days": frozenset({9})}, "days"),
    ],
)
def test_hours_that_make_no_sense_are_refused(settings: dict[str, Any], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        Schedule(time(8, 0), time(9, 0), **settings)
