"""Times, numbers and markets as people read them."""

import math
from datetime import UTC, datetime

NANOSECONDS_OF_SECOND = 1_000_000_000


def time_text(time_ns: int) -> str:
    """2026-03-02 09:30:00.123456 UTC; nothing for 0."""
    if time_ns <= 0:
        return ""
    seconds, nanoseconds = divmod(time_ns, NANOSECONDS_OF_SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{nanoseconds // 1_000:06d} UTC"


def clock_text(time_ns: int) -> str:
    """09:30:00.123456; nothing for 0."""
    return time_text(time_ns)[11:26]


def date_text(time_ns: int) -> str:
    """2026-03-02; nothing for 0."""
    return time_text(time_ns)[:10]


def number_text(value: float) -> str:
    """The shortest text that says the number; nothing for NaN."""
    if math.isnan(value):
        return ""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:.10g}"


def measured_text(value: float) -> str:
    """A measurement as people read it: six digits."""
    return number_text(float(f"{value:.6g}"))


def market_text(venue: str, instrument: str) -> str:
    """Venue and instrument in words."""
    return f"{instrument} on {venue}" if venue and instrument else venue or instrument or "no single market"


def counted(count: int, noun: str) -> str:
    """A number with its noun: 1 case, 2 cases."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: list[str], most: int = 5) -> str:
    """Names joined for a sentence, the first few and how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return ", ".join(names)
