"""What reference data says of markets and accounts to the stages that look across them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tapewatch.market.reference import Reference, Row, number_in

CLUSTER_ACCOUNTS_MAX: Final = 20
UNKNOWN_FLOAT: Final = float("inf")


@dataclass(frozen=True, slots=True)
class MarketIdentity:
    """What one market is: the family (one instrument wherever traded), the product (all that rests on one underlying),
    the worth of price times quantity in the common currency, the float (infinite where unknown), and when the reactions
    to its announcements are known."""

    family: str
    product: str
    unit: float
    float_quantity: float
    news_due_ns: tuple[int, ...]


class Relations:
    """Lookups by name in some reference data; the reaction to an announcement is known `reaction_ns` after it."""

    def __init__(self, reference: Reference, reaction_ns: int = 0) -> None:
        self._reference = reference
        self.reaction_ns = reaction_ns
        self._isins = {row["instrument"]: row["isin"] for row in reference.instruments if "isin" in row}
        self._instruments = {(row.get("venue", ""), row["instrument"]): row for row in reference.instruments}
        self._floats = {
            self._family(row["instrument"], row): number_in(row, "float_quantity", UNKNOWN_FLOAT)
            for row in reference.instruments
            if "float_quantity" in row
        }
        self._news: dict[str, list[Row]] = {}
        for row in reference.announcements:
            self._news.setdefault(self._family(row["instrument"]), []).append(row)
        self._clusters = dict(_clusters(reference))
        self._baselines: dict[str, float] = {}
        for row in reference.accounts:
            group = reference.group_of(row["account"])
            baseline = number_in(row, "baseline_notional_per_day", 0.0)
            self._baselines[group] = self._baselines.get(group, 0.0) + baseline
        self._positions: dict[tuple[str, str], float] = {}
        for row in reference.positions:
            key = (reference.group_of(row["account"]), self._family(row["instrument"]))
            self._positions[key] = self._positions.get(key, 0.0) + float(row["quantity"])

    def identity(self, venue: str, instrument: str) -> MarketIdentity:
        """What a market is; an instrument nobody describes is known by its name."""
        row = self._instruments.get((venue, instrument)) or self._instruments.get(("", instrument)) or {}
        family = self._family(instrument, row)
        underlying = row.get("underlying", "")
        return MarketIdentity(
            family=family,
            product=self._family(underlying) if underlying else family,
            unit=number_in(row, "multiplier", 1.0) * self._reference.rate(row.get("currency", "")),
            float_quantity=self._floats.get(family, UNKNOWN_FLOAT),
            news_due_ns=tuple(
                int(each["time_ns"]) + self.reaction_ns for each in self._news.get(family, ()) if "time_ns" in each
            ),
        )

    def _family(self, instrument: str, row: Mapping[str, str] | None = None) -> str:
        isin = (row or {}).get("isin") or self._isins.get(instrument)
        return f"isin:{isin}" if isin else f"name:{instrument}"

    def announced(self, instrument: str, time_ns: int) -> str:
        """What was announced of an instrument at a time; empty where nothing is said."""
        rows = self._news.get(self._family(instrument), ())
        return next((row.get("text", "") for row in rows if row.get("time_ns") == str(time_ns)), "")

    def held_at_start(self, group: str, family: str) -> float:
        """Quantity a group held of a family when the data begin."""
        return self._positions.get((group, family), 0.0)

    def cluster_of(self, account: str) -> str:
        """What an account shares with accounts of other owners (a device, else a subnet); empty where nothing."""
        return self._clusters.get(account, "")

    def cluster_size(self, cluster: str) -> int:
        """Number of accounts that share something."""
        return sum(name == cluster for name in self._clusters.values())

    def baseline_per_day(self, group: str) -> float:
        """Notional that the accounts of a group trade a day by their profile, 0 where unknown."""
        return self._baselines.get(group, 0.0)

    def related(self, one: str, other: str) -> str:
        """What two accounts of different groups have in common: a desk, a firm, a device or a subnet; else empty."""
        first, second = self._reference.account(one), self._reference.account(other)
        for name in ("desk", "device", "ip_subnet", "firm"):
            if name in first and first[name] == second.get(name):
                return f"{name.removeprefix('ip_')} {first[name]}"
        return ""


def _clusters(reference: Reference) -> Iterator[tuple[str, str]]:
    """Account to what it shares: a device or subnet of accounts of two or more groups, but not of a crowd."""
    for name in ("ip_subnet", "device"):
        sharing: dict[str, list[Row]] = {}
        for row in reference.accounts:
            if name in row:
                sharing.setdefault(row[name], []).append(row)
        for value, rows in sharing.items():
            groups = {reference.group_of(row["account"]) for row in rows}
            if len(groups) > 1 and len(rows) <= CLUSTER_ACCOUNTS_MAX:
                yield from ((row["account"], f"{name.removeprefix('ip_')} {value}") for row in rows)
