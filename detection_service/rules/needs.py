"""What rules can need of a source, in words."""

from __future__ import annotations

from typing import Final

from detection_service.engine.triggers import (
    HAS_ACCOUNTS,
    HAS_FILLS,
    HAS_MATCHES,
    HAS_ORDERS,
    HAS_PHASES,
    HAS_PRINTS,
    HAS_QUOTES,
    HAS_UNNAMED,
)
from detection_service.rules.rule import Need

ORDERS: Final = Need(HAS_ORDERS, "orders")
UNNAMED_ORDERS: Final = Need(HAS_UNNAMED, "orders without an account (where all have one, the rule's namesake watches)")
ACCOUNTS: Final = Need(HAS_ACCOUNTS, "accounts")
FILLS: Final = Need(HAS_FILLS, "fills")
MATCHES: Final = Need(HAS_MATCHES, "both accounts of a match (a trade_id both sides share, or contra_account)")
PRINTS: Final = Need(HAS_PRINTS, "trades that count as market volume (TRADE, or fills with a trade_id or aggressor)")
QUOTES: Final = Need(HAS_QUOTES | HAS_ORDERS, "quotes, or orders to build the book from")
MODEL: Final = Need((1 << 31) - 1, "a calibrated anomaly model in force")
OWNERS: Final = Need(0, "reference data of accounts: owners and links", "accounts")
PROFILES: Final = Need(
    0, "baseline_notional_per_day in the reference data of accounts", "accounts", ("baseline_notional_per_day",)
)
FLOATS: Final = Need(0, "float_quantity in the reference data of instruments", "instruments", ("float_quantity",))
UNDERLYINGS: Final = Need(0, "underlying in the reference data of instruments", "instruments", ("underlying",))
ANNOUNCEMENTS: Final = Need(0, "reference data of announcements", "announcements", ("time_ns",))
RESTRICTIONS: Final = Need(0, "reference data of what is restricted", "restricted")
SESSION_TIMES: Final = Need(
    HAS_PHASES,
    "session times (PHASE events, or times in the reference data of instruments)",
    "instruments",
    ("session_open", "session_close", "fixings", "session_close_ns"),
)
EVENTS: Final = Need((1 << 31) - 1, "events of any kind")
