"""The published figure for every fact, where it is from, and the range in which a simulated one is taken to hold.

`is_checked` says whether the figure was read in the source's own text or abstract; the others are told from memory of
the literature and marked in every table.
"""

from dataclasses import dataclass

CONT = "Cont (2001), Quantitative Finance 1, 223-236"
SEC = "SEC, The Speed of the Equity Markets (October 2013), Q2 2013 corporate stocks"
HASBROUCK = "Hasbrouck and Saar (2009), Technology and liquidity provision; INET"
MASLOV = "Maslov and Mills (2001), NASDAQ Level II"
LILLO = "Lillo and Farmer (2004), The long memory of the efficient market; LSE"
BOUCHAUD = "Bouchaud, Mezard and Potters (2002), Quantitative Finance 2, 251-256; Paris"
GOULD = "Gould et al. (2013), Limit order books, Quantitative Finance 13, 1709-1742"
FILIMONOV = "Filimonov and Sornette (2012), S&P 500 E-mini; Lallouache and Challet (2014), FX"
KARPOFF = "Karpoff (1987), JFQA 22, 109-126"
IMPACT = "Maitrier, Loeper, Kanazawa and Bouchaud (2025), and reviews cited there"
KURTOSIS = "Phillips et al. (2018), Cowles discussion paper 2151; Cont (2001)"
U_SHAPE = "Intraday volume of the Dow Jones stocks 2003-2014 (2018), arXiv:1810.12099"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its name in `Measured.facts`, and what is published about it; it holds from `low` to `high`."""

    name: str
    label: str
    published: str
    low: float
    high: float
    source: str
    is_checked: bool = True

    def holds(self, value: float) -> bool | None:
        """Whether a measured value is in the range; None where there is none."""
        return None if value != value else bool(self.low <= value <= self.high)


INFINITE = float("inf")
FACTS = (
    Fact("orders_per_trade", "orders entered per trade", "at most a few % of orders trade", 10.0, 200.0, SEC),
    Fact("cancelled_share", "resting orders cancelled untraded", "the great majority", 0.85, 0.995, SEC),
    Fact("fleeting_share", "resting orders cancelled within 2 s", "over a third", 1 / 3, 0.8, HASBROUCK),
    Fact("cancels_over_half_second", "cancels of orders older than 0.5 s", "over 60 % (61.3 %)", 0.5, 0.85, SEC),
    Fact("orders_over_five_seconds", "orders that last 5 s or longer", "more than a third", 0.25, 0.6, SEC),
    Fact("orders_done_in_ten_minutes", "orders done within 10 minutes", "nearly 100 %", 0.95, 1.0, SEC),
    Fact("order_size_tail", "tail exponent of limit order sizes", "about 1, measured below 2.5", 1.0, 2.5, MASLOV),
    Fact("trade_size_tail", "tail exponent of trade sizes", "1.4 +- 0.1", 1.2, 2.2, MASLOV),
    Fact("distance_tail", "tail exponent of the distance at entry", "power law, 0.6 to 1.5", 0.6, 1.8, BOUCHAUD, False),
    Fact("trades_fano", "variance / mean of trades in 10 s", "above 1: bursts", 1.5, 50.0, FILIMONOV),
    Fact(
        "trades_branching",
        "share of trades provoked by others",
        "0.3 (1998) to 0.7 and above, FX 0.8",
        0.3,
        1.0,
        FILIMONOV,
    ),
    Fact("sign_correlation", "correlation of one trade's sign with the next", "positive", 0.1, 0.6, LILLO),
    Fact("sign_decay", "decay exponent of the correlation of signs", "0.6 (0.36 to 0.77)", 0.3, 0.9, LILLO),
    Fact("spread_skew", "spread: 99th percentile / median", "skewed to the right", 1.5, 10.0, GOULD, False),
    Fact(
        "depth_peak", "depth peaks this many spreads behind the best", "behind the best price", 0.1, INFINITE, BOUCHAUD
    ),
    Fact("return_tail", "tail exponent of returns over 10 s", "2 to 5", 2.0, 5.0, CONT, False),
    Fact(
        "kurtosis_10s",
        "excess kurtosis of returns over 10 s",
        "large; 13 for 5 minutes of S&P futures",
        1.0,
        100.0,
        CONT,
        False,
    ),
    Fact("kurtosis_fall", "kurtosis over 10 s / over 5 minutes", "falls towards the normal", 1.5, INFINITE, KURTOSIS),
    Fact("return_correlation", "correlation of successive returns over a minute", "none", -0.1, 0.1, CONT),
    Fact("volatility_correlation", "correlation of |returns| over 10 to 30 s", "positive", 0.05, 0.6, CONT),
    Fact("volatility_decay", "decay exponent of that correlation", "0.2 to 0.4", 0.1, 0.6, CONT, False),
    Fact("volume_volatility", "correlation of a minute's volume and |return|", "positive", 0.2, 0.8, KARPOFF),
    Fact("impact_exponent", "exponent of a parent order's impact in its size", "0.5", 0.35, 0.7, IMPACT),
    Fact("u_shape", "volume at both ends of the day / in the middle", "U-shaped", 1.2, 10.0, U_SHAPE),
)
