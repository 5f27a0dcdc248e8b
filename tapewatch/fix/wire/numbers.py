# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Times and decimals read from bytes: those of plain form; for the others the careful way is asked."""

import cython

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
DIGITS_MAX = cython.declare(cython.Py_ssize_t, 18)

if not cython.compiled:
    POWERS = [0.0] * 23
for _power in range(23):
    POWERS[_power] = float(10**_power)


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
    days: cython.int
    hour: cython.int
    minute: cython.int
    second: cython.int
    seconds: cython.longlong
    if end - start < 17 or text[start + 8] != 45 or text[start + 11] != 58 or text[start + 14] != 58:
        return NO_TIME
    days = _date(text, start)
    hour = two_digits(text, start + 9)
    minute = two_digits(text, start + 12)
    second = two_digits(text, start + 15)
    if days < 0 or hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 60:
        return NO_TIME
    seconds = days * DAY_S + hour * 3600 + minute * 60 + second
    if end - start == 17:
        return seconds * SECOND_NS
    return _with_fraction(text, start + 17, end, seconds * SECOND_NS)


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
    unit: cython.longlong = SECOND_NS
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
        unit //= 10
        whole_ns += (text[index] - ZERO) * unit
    return whole_ns


def plain_decimal(text, start, end):
    """What `float` makes of `[-]digits[.digits]`; NaN for what is not of that form or has too many digits for it.

    A whole number below 2**53 divided by a power of ten up to 10**22 is the double nearest to the decimal (Clinger
    1990, "How to read floating point numbers accurately").
    """
    at: cython.Py_ssize_t = start
    value: cython.longlong = 0
    digits: cython.int = 0
    power: cython.int = -1
    number: cython.double
    if at < end and text[at] == 45:
        at += 1
    if end - at > DIGITS_MAX:
        return float("nan")
    while at < end:
        if ZERO <= text[at] <= NINE:
            value = value * 10 + (text[at] - ZERO)
            digits += 1
            if power >= 0:
                power += 1
        elif text[at] == 46 and power < 0:
            power = 0
        else:
            return float("nan")
        at += 1
    if digits == 0 or value > EXACT_MAX:
        return float("nan")
    number = value * 1.0
    if power > 0:
        number /= POWERS[power]
    return -number if text[start] == 45 else number
