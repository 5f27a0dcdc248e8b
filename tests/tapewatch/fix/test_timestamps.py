import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.fix.timestamps import TimestampError, day_number, format_timestamp, parse_date_ns, parse_timestamp_ns

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("19700101-00:00:00", 0),
        ("20260105-09:00:00", 1_767_603_600_000_000_000),
        ("20260105-09:00:00.5", 1_767_603_600_500_000_000),
        ("20260105-09:00:00.123456789", 1_767_603_600_123_456_789),
        ("20260105-09:00:00.123456789012", 1_767_603_600_123_456_789),
        ("20260105-09:00:00Z", 1_767_603_600_000_000_000),
        ("20260105-09:00:00.25Z", 1_767_603_600_250_000_000),
        ("20161231-23:59:60", 1_483_228_800_000_000_000),
    ],
)
def test_a_timestamp_reads_as_nanoseconds(text: str, time_ns: int) -> None:
    assert parse_timestamp_ns(text) == time_ns


@pytest.mark.parametrize(
    "text",
    [
        "", "20260105", "20260105-09:00", "20260105 09:00:00", "20261305-09:00:00", "20260230-09:00:00",
        "20260105-24:00:00", "20260105-09:60:00", "20260105-09:00:61", "20260105-09:00:00.",
        "20260105-09:00:00.1234567890123",
        "20260105-09:00:0", "20260105-09:00:00,5", "2026010a-09:00:00", "20260105-+9:00:00", "20260105-09:00: 1",
        "00010101-00:00:00", "99991231-23:59:59", "20260105-09:00:00.12x",
    ],
)  # fmt: skip
def test_what_is_no_timestamp_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(TimestampError, match="expected a UTC timestamp") as refusal:
        parse_timestamp_ns(text)
    assert repr(text[:40]) in str(refusal.value)


@given(st.integers(0, 9_214_646_399_999_999_999))
def test_writing_and_reading_nine_digits_gives_the_time_back(time_ns: int) -> None:
    assert parse_timestamp_ns(format_timestamp(time_ns, 9)) == time_ns


@given(st.integers(0, 9_214_646_399), st.sampled_from([0, 3, 6]))
def test_the_text_is_what_the_calendar_says(seconds: int, digits: int) -> None:
    moment = EPOCH + timedelta(seconds=seconds)
    expected = moment.strftime("%Y%m%d-%H:%M:%S") + ("." + "0" * digits if digits else "")
    assert format_timestamp(seconds * 1_000_000_000, digits) == expected


@given(st.text(max_size=30))
def test_no_text_does_anything_but_read_or_be_refused(text: str) -> None:
    with contextlib.suppress(TimestampError):
        assert parse_timestamp_ns(text) >= 0


def test_a_day_has_a_number() -> None:
    assert day_number(parse_date_ns("20260105") + 5) == 20260105
