# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Times and decimals read from bytes: those of plain form; for the others the careful way is asked."""

import cython

if cython.compiled:
    from cython.cimports.tapewatch.market.memory import word_at

ZERO = cython.declare(cython.int, 48)
NINE = cython.declare(cython.int, 57)
SECOND_NS = cython.declare(cython.longlong, 1_000_000_000)
DAY_S = cython.declare(cython.longlong, 86_400)
YEAR_MIN = cython.declare(cython.int, 1970)
YEAR_MAX = cython.declare(cython.int, 2261)
FRACTION_DIGITS_MAX = cython.declare(cython.Py_ssize_t, 12)
NO_TIME = cython.declare(cython.longlong, -1)
EXACT_MAX = cython.declare(cython.longlong, 9_007_199_254_740_992)
"""2**53: whole numbers up to here are doubles."""
EXACT_POWER_MAX = cython.declare(cython.int, 22)
"""10**22 is the last power of ten that is a double."""
NANOSECOND_DIGITS = cython.declare(cython.Py_ssize_t, 9)
DIGITS_MAX = cython.declare(cython.Py_ssize_t, 18)
MINUTE_DIGITS = cython.declare(cython.Py_ssize_t, 6)
"""From the start of a text to the eight bytes that end with its minute."""

if not cython.compiled:
    POWERS = [0.0] * 23
    UNITS = [0] * 13
    LAST = [0] * 3
for _power in range(23):
    POWERS[_power] = float(10**_power)
for _power in range(13):
    UNITS[_power] = 10 ** (9 - _power) if _power < 9 else 1
LAST[0], LAST[1] = 0xFFFF_FFFF_FFFF_FFFF, 0  # no text has both: they share two bytes


def two_digits(text, at):
    """The number two digits are; -1 where they are none."""
    if text[at] < ZERO or text[at] > NINE or text[at + 1] < ZERO or text[at + 1] > NINE:
        return -1
    return (text[at] - ZERO) * 10 + (text[at + 1] - ZERO)


def days_before(year, month, day):
    """Days from 1970-01-01 to a day of the Gregorian calendar; -1 where there is no such day.

    Counted from March, so that a leap day is the last of its year.
    """
    length: cython.int = 31
    past: cython.int = year if month > 2 else year - 1
    place: cython.int = (month + 9) % 12
    if month < 1 or month > 12 or day < 1 or year < YEAR_MIN or year > YEAR_MAX:
        return -1
    if month == 2:
        length = 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    elif month in (4, 6, 9, 11):
        length = 30
    if day > length:
        return -1
    return past * 365 + past // 4 - past // 100 + past // 400 + (place * 306 + 5) // 10 + day - 1 - 719_468


def plain_time_ns(text, start, end):
    """`YYYYMMDD-HH:MM:SS[.f{1,12}][Z]` as ns since the epoch, UTC; NO_TIME for what is not of that form."""
    minute_ns: cython.longlong
    second: cython.int
    if end - start < 17 or text[start + 14] != 58:
        return NO_TIME
    minute_ns = _minute_ns(text, start)
    second = two_digits(text, start + 15)
    if minute_ns < 0 or second < 0 or second > 60:
        return NO_TIME
    if end - start == 17:
        return minute_ns + second * SECOND_NS
    return _with_fraction(text, start + 17, end, minute_ns + second * SECOND_NS)


def _minute_ns(text, start):
    """The time `YYYYMMDD-HH:MM` says, most often that of the message before; NO_TIME for another form."""
    days: cython.int
    hour: cython.int
    minute: cython.int
    if cython.compiled and word_at(text + start) == LAST[0] and word_at(text + start + MINUTE_DIGITS) == LAST[1]:
        return cython.cast(cython.longlong, LAST[2])
    days = _date(text, start)
    hour = two_digits(text, start + 9)
    minute = two_digits(text, start + 12)
    if days < 0 or hour < 0 or hour > 23 or minute < 0 or minute > 59:
        return NO_TIME
    if text[start + 8] != 45 or text[start + 11] != 58:
        return NO_TIME
    if cython.compiled:
        LAST[0] = word_at(text + start)
        LAST[1] = word_at(text + start + MINUTE_DIGITS)
        LAST[2] = (days * DAY_S + hour * 3600 + minute * 60) * SECOND_NS
    return (days * DAY_S + hour * 3600 + minute * 60) * SECOND_NS


def _date(text, start):
    century: cython.int = two_digits(text, start)
    year: cython.int = two_digits(text, start + 2)
    month: cython.int = two_digits(text, start + 4)
    day: cython.int = two_digits(text, start + 6)
    if century < 0 or year < 0 or month < 0 or day < 0:
        return -1
    return days_before(century * 100 + year, month, day)


def _with_fraction(text, start, end, whole_ns):
    """A time with what stands behind its seconds; digits beyond the ninth are cut."""
    value: cython.longlong = 0
    index: cython.Py_ssize_t
    if text[end - 1] == 90:
        end -= 1
        if end == start:
            return whole_ns
    if text[start] != 46 or end - start < 2 or end - start - 1 > FRACTION_DIGITS_MAX:
        return NO_TIME
    for index in range(start + 1, end):
        if text[index] < ZERO or text[index] > NINE:
            return NO_TIME
        if index - start <= NANOSECOND_DIGITS:
            value = value * 10 + (text[index] - ZERO)
    return whole_ns + value * UNITS[end - start - 1]


def plain_decimal(text, start, end):
    """What `float` makes of `[-]digits[.digits]`; NaN for what is not of that form or has too many digits for it.

    A whole number below 2**53 divided by a power of ten up to 10**22 is the double nearest to the decimal (Clinger
    1990, "How to read floating point numbers accurately").
    """
    at: cython.Py_ssize_t = start
    point: cython.Py_ssize_t = 0
    value: cython.longlong = 0
    code: cython.int
    number: cython.double
    if at < end and text[at] == 45:
        at += 1
    if end - at > DIGITS_MAX or end == at or (end - at == 1 and text[at] == 46):
        return float("nan")
    while at < end:
        code = text[at]
        at += 1
        if ZERO <= code <= NINE:
            value = value * 10 + (code - ZERO)
        elif code == 46 and point == 0:
            point = at
        else:
            return float("nan")
    if value > EXACT_MAX:
        return float("nan")
    number = value * 1.0
    if point > 0 and end > point:
        number /= POWERS[end - point]
    return -number if text[start] == 45 else number
