"""Reference data beside the feed: what was announced, who is restricted, who holds what, what an account usually does.

Most rows are drawn from the seed before any scheme is planned, so that a row by itself tells nothing: companies
announce what moves no price, lists forbid what nobody does, owners hold what they keep.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Literal

from simulator.instrument import Instrument
from simulator.population import INSTITUTION, MARKET_MAKER, Account, Population
from simulator.randomness import SECOND_NS, stream
from simulator.tables import write_table

Table = Literal["announcements", "positions", "restricted", "fx_rates"]
HEADERS: dict[Table, tuple[str, ...]] = {
    "announcements": ("instrument", "time_ns", "text"),
    "positions": ("account", "instrument", "quantity"),
    "restricted": ("account", "instrument", "reason", "valid_from", "valid_to"),
    "fx_rates": ("currency", "rate"),
}
"""The columns of each table, as detection reads them."""

HARMLESS_ANNOUNCEMENTS = ("Notice of the annual meeting", "Change of the registered office", "Monthly voting rights")
ANNOUNCEMENTS_PER_INSTRUMENT = 2
RESTRICTIONS_PER_INSTRUMENT = 2
HOLDING_SHARE_MEDIAN = 0.002
"""Of the float; what an institution holds of a share at the beginning."""
HOLDING_SIGMA = 0.8
DAY_SECONDS = 86_400.0
BASELINE_SIGMA = 0.4
MAKER_ORDER_SECONDS = 3.0
FIXING_MINUTES = 30
"""Benchmarks are fixed so often; a fixing is a moment worth moving the price for."""
USD_PER_EUR = 1.08


@dataclass(slots=True)
class ReferenceRows:
    """Rows by table, as they are written."""

    rows: dict[Table, list[tuple[object, ...]]] = field(default_factory=lambda: {name: [] for name in HEADERS})

    def add(self, table: Table, *values: object) -> None:
        """Add a row; the values are those of the table's columns, in order."""
        if len(values) != len(HEADERS[table]):
            raise ValueError(f"{table}: expected {len(HEADERS[table])} values, found {len(values)}")
        self.rows[table].append(values)

    @property
    def row_count(self) -> int:
        """How many rows there are in all tables."""
        return sum(map(len, self.rows.values()))

    def write(self, out: Path) -> list[str]:
        """Write a CSV file for every table, rows sorted; returns the files' names."""
        for table, rows in self.rows.items():
            write_table(out / f"{table}.csv", HEADERS[table], sorted(rows, key=lambda row: tuple(map(str, row))))
        return [f"{table}.csv" for table in self.rows]


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a scheme knows when it prepares its reference data: who will play, where, from when, how hard."""

    rows: ReferenceRows
    random: Random
    instrument: Instrument
    accounts: tuple[Account, ...]
    start_time_ns: int
    duration_seconds: float
    ratios: Mapping[str, float]

    def add(self, table: Table, *values: object) -> None:
        """Add a row."""
        self.rows.add(table, *values)


def ordinary_rows(
    population: Population, instruments: Iterable[Instrument], seed: int, start_time_ns: int, minutes: float
) -> ReferenceRows:
    """Draw what is announced, forbidden and held whatever is played."""
    random = stream(seed, "reference")
    rows = ReferenceRows()
    makers = population.of_type(MARKET_MAKER)
    institutions = population.of_type(INSTITUTION)
    for instrument in instruments:
        for _ in range(ANNOUNCEMENTS_PER_INSTRUMENT):
            time_ns = start_time_ns + int(random.random() * (minutes or 60.0) * 60 * SECOND_NS)
            rows.add("announcements", instrument.symbol, time_ns, random.choice(HARMLESS_ANNOUNCEMENTS))
        for _ in range(RESTRICTIONS_PER_INSTRUMENT):
            expired = time_text(start_time_ns - int(random.random() * 5 * DAY_SECONDS * SECOND_NS))
            rows.add("restricted", random.choice(makers).account, instrument.symbol, "research", "", expired)
        for account in random.sample(institutions, len(institutions) // 2):
            held = instrument.float_quantity * HOLDING_SHARE_MEDIAN * random.lognormvariate(0.0, HOLDING_SIGMA)
            rows.add("positions", account.account, instrument.symbol, int(held))
    rows.add("fx_rates", "EUR", "1")
    rows.add("fx_rates", "USD", f"{1 / USD_PER_EUR:.6f}")
    return rows


def baselines(population: Population, instruments: tuple[Instrument, ...], seed: int) -> dict[str, int]:
    """Return what each account usually trades a day, as its stored profile says: its kind's pace, give or take."""
    random = stream(seed, "baselines")
    value = sum(one.typical_quantity * one.price(one.start_price_ticks) for one in instruments) / len(instruments)
    profile: dict[str, int] = {}
    for account in population.everybody:
        pace = MAKER_ORDER_SECONDS
        if account.account_type != MARKET_MAKER:
            pace = population.order_seconds(account)
        profile[account.account] = int(value * DAY_SECONDS / pace * random.lognormvariate(0.0, BASELINE_SIGMA))
    return profile


def next_fixing_ns(time_ns: int) -> int:
    """Return the first benchmark fixing at or after a time."""
    step_ns = FIXING_MINUTES * 60 * SECOND_NS
    return -(-time_ns // step_ns) * step_ns


def fixings_text() -> str:
    """Return the times of day of all fixings, as the instruments' table has them."""
    return ";".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(0, 24 * 60, FIXING_MINUTES))


def time_text(time_ns: int) -> str:
    """Return a time as the reference tables have it: ISO 8601, UTC."""
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
