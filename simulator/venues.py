"""The venues and what they list: an exchange for shares, one for futures, a currency market, two for crypto."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from simulator.instrument import DAY_NS, EQUITIES, SECOND_NS, Hours, Instrument

MarketName = Literal["shares", "whole"]
HoursName = Literal["none", "listed", "fitted"]
HOURS: tuple[HoursName, ...] = ("none", "listed", "fitted")

FUTURES = (
    Instrument(
        "NRDLF", "XTWD", 5010, 100, 1, 8, 0.75, 1.6, 0.8, "EUR", "XS0000000058", 0, 400_000, "FUTURE", "INDEX_FUTURE",
        underlying="NRDL", multiplier=100.0,
    ),
)  # fmt: skip
"""A future on the most active share; a tick is as large as the share's, a contract is a hundred shares."""
CURRENCIES = (
    Instrument(
        "EURUSD", "XTFX", 108_000, 100_000, 1_000, 200_000, 1.9, 2.5, 1.0, "USD", "", 0, 20_000_000_000, "FX", "SPOT",
    ),
)  # fmt: skip
CRYPTO = (
    Instrument(
        "BTCUSD", "XTCA", 64_000, 1, 1, 60, 6.0, 4.0, 1.2, "USD", "", 0, 30_000_000, "CRYPTO", "SPOT", multiplier=0.001,
    ),
    Instrument(
        "BTCUSD", "XTCB", 64_000, 1, 1, 40, 6.0, 6.0, 0.8, "USD", "", 0, 12_000_000, "CRYPTO", "SPOT", multiplier=0.001,
        listing="BTCUSD@XTCB",
    ),
)  # fmt: skip
"""One coin at two venues, around the clock; a unit is a thousandth of a coin."""
WHOLE_MARKET = (*EQUITIES, *FUTURES, *CURRENCIES, *CRYPTO)
MARKETS: dict[MarketName, tuple[Instrument, ...]] = {"shares": EQUITIES, "whole": WHOLE_MARKET}
LISTED_HOURS = Hours(7 * 3600 + 50 * 60, 8 * 3600, 16 * 3600 + 30 * 60, 16 * 3600 + 35 * 60)
"""Of the exchanges for shares and futures: a call from 07:50, trading from 08:00, the closing call at 16:30."""
WITH_SESSIONS = ("EQUITY", "FUTURE")
CALL_SHARE = 0.06
CALL_SECONDS_MAX = 180.0
CLOSED_SECONDS = 1.0
"""A day fitted into a run closes so long before the run's end."""


def market_of(name: MarketName, hours: HoursName, start_time_ns: int, minutes: float) -> tuple[Instrument, ...]:
    """Return what is traded, with its hours: none, those of the exchange, or a whole day fitted into the run.

    Raises ValueError for a name that is no market and for a run that does not fit into a day.
    """
    if name not in MARKETS:
        raise ValueError(f"no market named {name}: choose from {', '.join(MARKETS)}")
    if hours == "none":
        return MARKETS[name]
    kept = LISTED_HOURS if hours == "listed" else fitted_hours(start_time_ns, minutes)
    return tuple(replace(one, hours=kept) if one.asset_class in WITH_SESSIONS else one for one in MARKETS[name])


def fitted_hours(start_time_ns: int, minutes: float) -> Hours:
    """Return the hours of a day from an opening call at the start of a run to a close just before its end."""
    start_s = start_time_ns % DAY_NS / SECOND_NS
    call_s = min(CALL_SECONDS_MAX, CALL_SHARE * minutes * 60)
    end_s = start_s + minutes * 60 - CLOSED_SECONDS
    return Hours(start_s, start_s + call_s, end_s - call_s, end_s)


def continuous_minutes(instruments: Sequence[Instrument], start_time_ns: int, minutes: float) -> float:
    """Return how long a run trades continuously everywhere, counted from its start, at most its length."""
    start_s = start_time_ns % DAY_NS / SECOND_NS
    calls = [(one.hours.closing_call_s - start_s) / 60 for one in instruments if one.hours is not None]
    return min([minutes, *(call for call in calls if call > 0)])


def clock_text(seconds: float) -> str:
    """Return seconds after midnight as HH:MM:SS; the last second of the day for its end."""
    whole = min(86_399, round(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
