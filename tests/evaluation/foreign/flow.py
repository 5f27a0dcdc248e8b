"""What a generator of foreign flow hands over: rows of events, the truth about what it planted, reference data."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Final

SECOND_NS: Final = 1_000_000_000
START_NS: Final = 1_772_445_600 * SECOND_NS
VENUE: Final = "SIM"
Row = dict[str, object]


@dataclass(slots=True)
class Planted:
    """One planted scenario: who, where, from when to when, with which orders and trades."""

    scenario_id: str
    typology: str
    severity: float
    instrument: str
    accounts: set[str] = field(default_factory=set)
    order_ids: set[str] = field(default_factory=set)
    trade_ids: set[str] = field(default_factory=set)
    start_ns: int = 1 << 62
    end_ns: int = 0

    def saw(self, time_ns: int) -> None:
        """The scenario lasted at least until then."""
        self.start_ns, self.end_ns = min(self.start_ns, time_ns), max(self.end_ns, time_ns)


@dataclass(slots=True)
class Flow:
    """Rows in order of time, what was planted, and the reference tables the project behind the style would have."""

    rows: list[Row] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    accounts: list[dict[str, str]] = field(default_factory=list)
    instruments: list[dict[str, str]] = field(default_factory=list)
    numbers: int = 0

    def number(self, prefix: str) -> str:
        """The next id with a prefix."""
        self.numbers += 1
        return f"{prefix}{self.numbers:07d}"

    def plant(self, typology: str, severity: float, instrument: str) -> Planted:
        """A new scenario."""
        made = Planted(f"{typology}-{len(self.planted) + 1:04d}", typology, severity, instrument)
        self.planted.append(made)
        return made

    def add(self, time_ns: float, kind: str, instrument: str, scenario: Planted | None = None, **values: object) -> Row:
        """One event; what belongs to a scenario is written down beside it."""
        row: Row = {"event_time_ns": int(time_ns), "kind": kind, "venue": VENUE, "instrument": instrument, **values}
        self.rows.append(row)
        if scenario is not None:
            scenario.saw(int(time_ns))
            for name, where in (("account", scenario.accounts), ("order_id", scenario.order_ids)):
                where.update({str(row[name])} if row.get(name) else ())
            scenario.trade_ids.update({str(row["trade_id"])} if row.get("trade_id") else ())
        return row

    def done(self) -> Flow:
        """The flow with its rows in order of time and numbered."""
        self.rows.sort(key=lambda row: int(str(row["event_time_ns"])))
        for number, row in enumerate(self.rows, 1):
            row["source_sequence"] = number
        return self


def lerp(low: float, high: float, share: float) -> float:
    """Between two ends."""
    return low + (high - low) * share


def arrivals(random: Random, rate: float, seconds: float) -> Iterable[int]:
    """Times of a Poisson process, ns."""
    at = random.expovariate(rate)
    while at < seconds:
        yield START_NS + math.floor(at * SECOND_NS)
        at += random.expovariate(rate)


def drawn(random: Random, quantiles: list[tuple[float, float]]) -> float:
    """A draw from a distribution told by a few quantiles, straight in between."""
    share = random.random()
    for (low, one), (high, other) in pairwise(quantiles):
        if share <= high:
            return lerp(one, other, (share - low) / (high - low))
    return quantiles[-1][1]
