"""When sessions open, close and fix."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection_service.engine.session import (
    ASK_NOW,
    AUCTION,
    CLOSE,
    FIXING,
    NEVER_NS,
    NO_MOMENT,
    OPEN,
    Moment,
    SessionCalendar,
    SessionSchedule,
    pass_by,
)
from tapewatch.market.reference import ReferenceDataError

NEW_YORK = {
    "instrument": "ACME",
    "session_open": "09:30",
    "session_close": "16:00",
    "timezone": "America/New_York",
}


def instant_ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def after(text: str, **columns: str) -> Moment:
    return SessionSchedule.of({**NEW_YORK, **columns}).next_after(instant_ns(text))


def test_the_close_is_local_time_of_day() -> None:
    assert after("2024-01-10T18:00:00") == (instant_ns("2024-01-10T21:00:00"), CLOSE)


def test_after_the_close_comes_the_open_of_the_next_day() -> None:
    assert after("2024-01-10T21:00:00") == (instant_ns("2024-01-11T14:30:00"), OPEN)


def test_the_close_is_an_hour_earlier_in_utc_once_clocks_went_forward() -> None:
    assert after("2024-03-11T18:00:00") == (instant_ns("2024-03-11T20:00:00"), CLOSE)


def test_the_open_on_the_day_clocks_go_back_is_in_winter_time() -> None:
    assert after("2024-11-03T10:00:00") == (instant_ns("2024-11-03T14:30:00"), OPEN)


def test_a_time_that_the_clocks_leap_over_comes_just_past_the_gap() -> None:
    only = {"session_open": "02:30", "session_close": ""}
    assert after("2024-03-10T05:00:00", **only) == (instant_ns("2024-03-10T07:30:00"), OPEN)


def test_a_zone_far_from_utc_has_its_own_day() -> None:
    row = {"instrument": "X", "session_close": "15:00", "timezone": "Pacific/Kiritimati"}
    assert SessionSchedule.of(row).next_after(instant_ns("2024-01-10T00:30:00")).time_ns == instant_ns(
        "2024-01-10T01:00:00"
    )


def test_fixings_are_several_times_of_a_day() -> None:
    row = {"instrument": "GOLD", "fixings": "10:30;15:00", "timezone": "Europe/London"}
    schedule = SessionSchedule.of(row)
    first = schedule.next_after(instant_ns("2024-07-01T00:00:00"))
    assert [first, schedule.next_after(first.time_ns)] == [
        (instant_ns("2024-07-01T09:30:00"), FIXING),
        (instant_ns("2024-07-01T14:00:00"), FIXING),
    ]


def test_a_single_close_comes_once() -> None:
    close_ns = instant_ns("2024-01-10T21:00:00")
    schedule = SessionSchedule.of({"instrument": "ACME", "session_close_ns": str(close_ns)})
    assert schedule.next_after(close_ns - 1) == (close_ns, CLOSE)
    assert schedule.next_after(close_ns) == NO_MOMENT


def test_an_instrument_without_sessions_has_no_moment() -> None:
    assert SessionSchedule.of({"instrument": "BTC"}).next_after(0) == NO_MOMENT


def test_a_venue_of_its_own_wins_over_any_venue() -> None:
    rows = [{**NEW_YORK, "session_close": "13:00"}, {**NEW_YORK, "venue": "XNAS"}]
    calendar = SessionCalendar(rows)
    noon_ns = instant_ns("2024-01-10T17:00:00")
    assert calendar.schedule("XNAS", "ACME").next_after(noon_ns).time_ns == instant_ns("2024-01-10T21:00:00")
    assert calendar.schedule("BATS", "ACME").next_after(noon_ns).time_ns == instant_ns("2024-01-10T18:00:00")
    assert calendar.schedule("BATS", "OTHER").next_after(noon_ns) == NO_MOMENT


@pytest.mark.parametrize(
    ("column", "found", "expected"),
    [
        ("timezone", "Mars/Olympus", "a zone of the tz database"),
        ("session_close", "4 pm", "HH:MM"),
        ("session_close", "16:00+02:00", "HH:MM"),
        ("session_close_ns", "1e18", "nanoseconds since"),
        ("session_close_ns", "0", "nanoseconds since"),
    ],
)
def test_what_can_not_be_read_is_refused_by_name(column: str, found: str, expected: str) -> None:
    with pytest.raises(ReferenceDataError) as caught:
        SessionSchedule.of({**NEW_YORK, column: found})
    for part in ("ACME", column, expected, found):
        assert part in str(caught.value)


@given(st.integers(0, 8_000_000_000), st.sampled_from(["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]))
def test_the_next_moment_is_later_and_no_more_than_a_day_and_an_hour_away(seconds: int, zone: str) -> None:
    schedule = SessionSchedule.of({"instrument": "X", "session_close": "16:00", "timezone": zone})
    time_ns = seconds * 1_000_000_000
    moment = schedule.next_after(time_ns)
    assert 0 < moment.time_ns - time_ns <= 25 * 3_600 * 1_000_000_000


HOUR_NS = 3_600_000_000_000
MINUTE_NS = 60_000_000_000


def asked(schedule: SessionSchedule, event_times_ns: list[int]) -> list[tuple[int, Moment]]:
    """When rules are asked about which moment by a market with events at these times."""
    market = FakeMarket()
    calendar = SessionCalendar()
    calendar.add("XNYS", "ACME", schedule)
    times = []
    for now_ns in event_times_ns:
        while now_ns >= market.session_due:
            if pass_by(market, calendar, now_ns):
                times.append((now_ns, Moment(market.session_time, market.session_kind)))
    return times


@dataclass
class FakeMarket:
    venue_name: str = "XNYS"
    instrument_name: str = "ACME"
    session_time: int = -1
    session_kind: str = ""
    session_due: int = ASK_NOW
    phase: str = ""
    phase_before: str = ""


def test_rules_are_asked_before_a_moment_just_after_it_and_for_half_an_hour() -> None:
    close_ns = 10 * HOUR_NS
    schedule = SessionSchedule(ZoneInfo("UTC"), single=(Moment(close_ns, CLOSE),))
    times = [second * 1_000_000_000 for second in range(9 * 3_600, 11 * 3_600, 5)]
    lags_s = [(now_ns - close_ns) // 1_000_000_000 for now_ns, _ in asked(schedule, times)]
    assert lags_s == [-30, 5, 65, 305, 1_805]


def test_moments_without_events_are_asked_about_one_by_one_at_the_next_event() -> None:
    schedule = SessionSchedule.of({"instrument": "ACME", "session_open": "09:00", "session_close": "17:00"})
    asks = asked(schedule, [16 * HOUR_NS, 24 * HOUR_NS + 12 * HOUR_NS])
    assert asks == [
        (36 * HOUR_NS, Moment(17 * HOUR_NS, CLOSE)),
        (36 * HOUR_NS, Moment(33 * HOUR_NS, OPEN)),
    ]


def test_a_market_asleep_for_a_year_is_asked_about_two_days_only() -> None:
    schedule = SessionSchedule.of({"instrument": "ACME", "session_close": "17:00"})
    assert len(asked(schedule, [16 * HOUR_NS, 365 * 24 * HOUR_NS])) == 2


@pytest.mark.parametrize(
    ("before", "phase", "moment"),
    [
        ("CONTINUOUS", "AUCTION", CLOSE),
        ("CONTINUOUS", "CLOSE", CLOSE),
        ("AUCTION", "CONTINUOUS", AUCTION),
        ("AUCTION", "CLOSE", AUCTION),
        ("PRE_OPEN", "CONTINUOUS", OPEN),
        ("PRE_OPEN", "AUCTION", ""),
        ("CONTINUOUS", "HALT", ""),
        ("HALT", "CONTINUOUS", ""),
        ("", "CONTINUOUS", ""),
    ],
)
def test_a_change_of_phase_is_a_moment(before: str, phase: str, moment: str) -> None:
    market = FakeMarket(phase_before=before, phase=phase, session_due=NEVER_NS)
    assert pass_by(market, SessionCalendar(), HOUR_NS) is bool(moment)
    assert (market.session_kind, market.session_time) == ((moment, HOUR_NS) if moment else ("", -1))


def test_a_moment_of_phase_is_asked_about_again_like_any_other() -> None:
    market = FakeMarket(phase_before="CONTINUOUS", phase="CLOSE", session_due=NEVER_NS)
    pass_by(market, SessionCalendar(), HOUR_NS)
    assert market.session_due == HOUR_NS + 1
    pass_by(market, SessionCalendar(), HOUR_NS + 2)
    assert (market.session_due, market.session_time) == (HOUR_NS + MINUTE_NS + 1, HOUR_NS)
