"""What is traded: a symbol, its tick, its usual size and how restless it is."""

from dataclasses import dataclass, replace
from math import ceil

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Hours:
    """A trading day in seconds after midnight UTC: the opening call, continuous trading, the closing call, the close.

    Orders rest without trading in a call and trade at one price at its end.
    """

    opening_call_s: float
    open_s: float
    closing_call_s: float
    close_s: float

    def __post_init__(self) -> None:
        """Raise ValueError unless the four times follow each other within a day."""
        times = (self.opening_call_s, self.open_s, self.closing_call_s, self.close_s)
        if list(times) != sorted(times) or not 0 <= times[0] < times[3] <= 86_400:
            raise ValueError(f"expected four rising times within a day of 86400 s, found {times}")


@dataclass(frozen=True, slots=True)
class Instrument:
    """One listed instrument.

    `ticks_per_unit` divides a price in ticks into a price in currency, so that 5003 ticks at 100 a unit are
    exactly the double nearest 50.03. `volatility_ticks` is the standard deviation of the value's change over one
    second. `typical_quantity` is the median size of an ordinary order; `activity` scales every arrival rate.
    `underlying` is the symbol of what a derivative rests on, `multiplier` what one unit is of it or of a coin. Without
    `hours` it trades around the clock. `listing` names it in the market where its symbol alone does not: the same
    symbol at a second venue.
    """

    symbol: str
    venue: str
    start_price_ticks: int
    ticks_per_unit: int
    lot_size: int
    typical_quantity: int
    volatility_ticks: float
    half_spread_ticks: float
    activity: float
    currency: str
    isin: str
    float_quantity: int
    average_daily_volume: int
    asset_class: str = "EQUITY"
    product: str = "SHARE"
    underlying: str = ""
    hours: Hours | None = None
    multiplier: float = 1.0
    listing: str = ""

    @property
    def key(self) -> str:
        """Name of the listing in the market: the symbol, or `listing` where that is given."""
        return self.listing or self.symbol

    def at_pace(self, activity: float) -> "Instrument":
        """Return it as it is in a market so busy: where little is traded the price moves less, by the root of it.

        Volatility goes with the number of trades (Jones, Kaul, Lipson, Transactions, Volume, and Volatility, 1994).
        """
        if activity >= 1.0:
            return self
        return replace(self, volatility_ticks=self.volatility_ticks * activity**0.5)

    def price(self, ticks: int) -> float:
        """Return the price in currency of a price in ticks."""
        return ticks / self.ticks_per_unit

    def whole_lots(self, quantity: float) -> int:
        """Return a quantity rounded up to whole lots, one at least."""
        return max(self.lot_size, ceil(quantity / self.lot_size) * self.lot_size)

    def typical(self, multiple: float) -> int:
        """Return that many typical orders in whole lots, one at least."""
        return self.whole_lots(self.typical_quantity * multiple)


EQUITIES = (
    Instrument("NRDL", "XTWS", 5000, 100, 100, 200, 0.75, 1.4, 1.0, "EUR", "XS0000000017", 400_000_000, 3_000_000),
    Instrument("HALM", "XTWS", 12140, 100, 100, 150, 1.45, 2.0, 1.0, "EUR", "XS0000000025", 150_000_000, 1_500_000),
    Instrument("OSTA", "XTWS", 2315, 100, 100, 300, 0.54, 1.2, 0.9, "EUR", "XS0000000033", 800_000_000, 5_000_000),
    Instrument("VYRN", "XTWS", 812, 100, 100, 400, 0.42, 1.6, 0.6, "EUR", "XS0000000041", 30_000_000, 250_000),
)
"""Four invented shares: three liquid ones and a small company, the natural target of a pump."""
