# cython: language_level=3
"""FIX times to integer nanoseconds UTC and back: 0 to 12 fractional digits, no strptime, the minute cached."""

from datetime import date

DAY_NS = 86_400_000_000_000
SECOND_NS = 1_000_000_000
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
YEAR_MIN, YEAR_MAX = "1970", "2261"  # what 64 bits of nanoseconds hold
FRACTION_DIGITS_MAX = 12
CACHED_MINUTES_MAX = 4096

_minutes: dict[str, int] = {}
_days: dict[int, str] = {}


class TimestampError(ValueError):
    """The text is no FIX UTC timestamp."""


def parse_timestamp_ns(text: str) -> int:
    """Turns ``YYYYMMDD-HH:MM:SS[.f{1,12}][Z]`` into nanoseconds since the epoch, UTC.

    Digits beyond the ninth are cut; second 60 (a leap second) is the first of the next minute, as POSIX counts.
    Raises TimestampError with the text found.
    """
    minute_ns = _minutes.get(text[:14])
    if minute_ns is None:
        minute_ns = _read_minute(text)
    if text[14:15] != ":":
        raise _refusal(text)
    seconds = text[15:17]
    fraction = text[17:]
    if len(seconds) != 2 or not (seconds.isascii() and seconds.isdigit()) or seconds > "60":
        raise _refusal(text)
    total_ns = minute_ns + int(seconds) * SECOND_NS
    if not fraction or fraction == "Z":
        return total_ns
    return total_ns + _read_fraction(fraction, text)


def parse_date_ns(text: str) -> int:
    """Turns ``YYYYMMDD`` into the nanoseconds at which that day begins, UTC."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()) or not YEAR_MIN <= text[:4] <= YEAR_MAX:
        raise _refusal(text)
    try:
        ordinal = date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
    except ValueError:
        raise _refusal(text) from None
    return (ordinal - EPOCH_ORDINAL) * DAY_NS


def format_timestamp(time_ns: int, digits: int = 3) -> str:
    """Writes ``YYYYMMDD-HH:MM:SS`` with 0, 3, 6 or 9 fractional digits."""
    day, rest_ns = divmod(time_ns, DAY_NS)
    second, fraction_ns = divmod(rest_ns, SECOND_NS)
    text = f"{_day_text(day)}-{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return text if digits == 0 else f"{text}.{fraction_ns:09d}"[: 18 + digits]


def day_text(time_ns: int) -> str:
    """The UTC day of a time, YYYYMMDD."""
    return _day_text(time_ns // DAY_NS)


def day_number(time_ns: int) -> int:
    """The UTC day of a time as the integer YYYYMMDD."""
    return int(_day_text(time_ns // DAY_NS))


def _day_text(day: int) -> str:
    text = _days.get(day)
    if text is None:
        if len(_days) >= CACHED_MINUTES_MAX:
            _days.clear()
        text = date.fromordinal(EPOCH_ORDINAL + day).strftime("%Y%m%d")
        _days[day] = text = text.rjust(8, "0")
    return text


def _read_minute(text: str) -> int:
    hour, minute = text[9:11], text[12:14]
    shaped = text[8:9] == "-" and text[11:12] == ":" and len(minute) == 2
    if not (shaped and (hour + minute).isascii() and (hour + minute).isdigit()):
        raise _refusal(text)
    if hour > "23" or minute > "59":
        raise _refusal(text)
    try:
        day_ns = parse_date_ns(text[:8])
    except TimestampError:
        raise _refusal(text) from None
    minute_ns = day_ns + (int(hour) * 60 + int(minute)) * 60 * SECOND_NS
    if len(_minutes) >= CACHED_MINUTES_MAX:
        _minutes.clear()
    _minutes[text[:14]] = minute_ns
    return minute_ns


def _read_fraction(fraction: str, text: str) -> int:
    digits = fraction[1:-1] if fraction[-1] == "Z" else fraction[1:]
    if fraction[0] != "." or not (digits.isascii() and digits.isdigit()) or len(digits) > FRACTION_DIGITS_MAX:
        raise _refusal(text)
    return int(digits[:9].ljust(9, "0"))


def _refusal(text: str) -> TimestampError:
    return TimestampError(
        f"expected a UTC timestamp YYYYMMDD-HH:MM:SS with 0-12 decimals, 1970 to 2261, found {text[:40]!r}"
    )
