"""What reference data says of markets and accounts to the stages that look across them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from math import isnan, nan
from typing import Final, TypeVar

from tapewatch.market.history import ALWAYS_NS, NOTHING, History
from tapewatch.market.reference import Reference, Row, number_in

CLUSTER_ACCOUNTS_MAX: Final = 20
SHARED: Final = ("device", "ip_subnet")
"""What tells of accounts of different owners that they belong together, the stronger first."""
UNKNOWN_FLOAT: Final = float("inf")
UNKNOWN_RATE: Final = nan
Key = TypeVar("Key", bound=Hashable)
_SHARED: Final = ("desk", "device", "ip_subnet", "firm")


@dataclass(frozen=True, slots=True)
class MarketIdentity:
    """What one market is: the family (one instrument wherever traded), the product (all that rests on one underlying),
    the worth of price times quantity in the common currency, the float (infinite where unknown), and when the reactions
    to its announcements are known. `currency` is that of its prices, empty where unknown, and `rate` what a unit of it
    is worth in the common one, NaN where that is not known. All of it holds before `until_ns`."""

    family: str
    product: str
    unit: float
    float_quantity: float
    news_due_ns: tuple[int, ...]
    currency: str = ""
    rate: float = UNKNOWN_RATE
    until_ns: int = ALWAYS_NS


class Relations:
    """Lookups by name in some reference data; the reaction to an announcement is known `reaction_ns` after it.

    What is asked for a time is what the rows valid then say; without one, what the last rows say.
    """

    def __init__(self, reference: Reference, reaction_ns: int = 0) -> None:
        self._reference = reference
        self.reaction_ns = reaction_ns
        instruments = reference.instruments
        self._isins = _by((row["instrument"], row) for row in instruments if "isin" in row)
        self._instruments = _by(((row.get("venue", ""), row["instrument"]), row) for row in instruments)
        self._floats = _by(
            (self._family(row["instrument"], row), row) for row in instruments if "float_quantity" in row
        )
        self._rates = _by((row["currency"], row) for row in reference.fx_rates)
        self._news: dict[str, list[Row]] = {}
        for row in reference.announcements:
            self._news.setdefault(self._family(row["instrument"]), []).append(row)
        self._accounts = _by((row["account"], row) for row in reference.accounts)
        self._sharers: dict[str, list[str]] = {}
        for row in reference.accounts:
            for name in SHARED:
                if name in row:
                    self._sharers.setdefault(_label(name, row[name]), []).append(row["account"])
        self._members: dict[str, list[str]] = {}
        for account in self._accounts:
            self._members.setdefault(reference.group_of(account), []).append(account)
        self._sharing: dict[tuple[str, str], frozenset[str]] = {}
        self._baselines: dict[str, float] = {}
        self._with_baseline = frozenset(
            reference.group_of(row["account"]) for row in reference.accounts if "baseline_notional_per_day" in row
        )
        self._positions: dict[tuple[str, str], float] = {}
        for row in reference.positions:
            key = (reference.group_of(row["account"]), self._family(row["instrument"]))
            self._positions[key] = self._positions.get(key, 0.0) + float(row["quantity"])

    def identity(self, venue: str, instrument: str, time_ns: int | None = None) -> MarketIdentity:
        """What a market is at a time; an instrument nobody describes is known by its name."""
        own, any_venue = (self._instruments.get((each, instrument), NOTHING) for each in (venue, ""))
        row = own.at(time_ns) or any_venue.at(time_ns)
        family = self._family(instrument, row, time_ns)
        underlying, currency = row.get("underlying", ""), row.get("currency", "")
        rates, floats = self._rates.get(currency, NOTHING), self._floats.get(family, NOTHING)
        rate = number_in(rates.at(time_ns), "rate", UNKNOWN_RATE)
        looked_at = (
            own,
            any_venue,
            rates,
            floats,
            *(self._isins.get(name, NOTHING) for name in (instrument, underlying)),
        )
        return MarketIdentity(
            family=family,
            product=self._family(underlying, None, time_ns) if underlying else family,
            unit=number_in(row, "multiplier", 1.0) * (1.0 if isnan(rate) else rate),
            float_quantity=number_in(floats.at(time_ns), "float_quantity", UNKNOWN_FLOAT),
            news_due_ns=tuple(
                int(each["time_ns"]) + self.reaction_ns for each in self._news.get(family, ()) if "time_ns" in each
            ),
            currency=currency,
            rate=rate,
            until_ns=min(each.until_ns(time_ns) for each in looked_at),
        )

    def _family(self, instrument: str, row: Row | None = None, time_ns: int | None = None) -> str:
        isin = (row or {}).get("isin") or self._isins.get(instrument, NOTHING).at(time_ns).get("isin")
        return f"isin:{isin}" if isin else f"name:{instrument}"

    def announced(self, instrument: str, time_ns: int) -> str:
        """What was announced of an instrument at a time; empty where nothing is said."""
        rows = self._news.get(self._family(instrument), ())
        return next((row.get("text", "") for row in rows if row.get("time_ns") == str(time_ns)), "")

    @property
    def holds_any(self) -> bool:
        """Whether anything is said of what groups held when the data begin."""
        return bool(self._positions)

    def held_at_start(self, group: str, family: str) -> float:
        """Quantity a group held of a family when the data begin."""
        return self._positions.get((group, family), 0.0)

    def cluster_of(self, account: str, time_ns: int | None = None) -> str:
        """What an account shares with accounts of other owners (a device, else a subnet); empty where nothing."""
        return self.cluster(account, time_ns)[0]

    def cluster(self, account: str, time_ns: int | None = None) -> tuple[str, int]:
        """The same, and until when it stays so. What a crowd shares says nothing."""
        own = self._accounts.get(account, NOTHING)
        until_ns = own.until_ns(time_ns)
        for name in SHARED:
            value = own.at(time_ns).get(name)
            if value is None:
                continue
            sharing, sharing_until_ns = self._sharing_at(name, value, time_ns)
            until_ns = min(until_ns, sharing_until_ns)
            groups = {self._reference.group_of(each) for each in sharing}
            if len(groups) > 1 and len(sharing) <= CLUSTER_ACCOUNTS_MAX:
                return _label(name, value), until_ns
        return "", until_ns

    def _sharing_at(self, name: str, value: str, time_ns: int | None) -> tuple[set[str], int]:
        """Accounts that have a value at a time, no more than it takes to be a crowd, and until when that is so."""
        sharing: set[str] = set()
        until_ns = ALWAYS_NS
        for account in self._sharers.get(_label(name, value), ()):
            history = self._accounts[account]
            until_ns = min(until_ns, history.until_ns(time_ns))
            if history.at(time_ns).get(name) == value:
                sharing.add(account)
            if len(sharing) > CLUSTER_ACCOUNTS_MAX:
                break
        return sharing, until_ns

    def cluster_size(self, cluster: str, time_ns: int | None = None) -> int:
        """Number of accounts that share something."""
        return sum(self.cluster_of(account, time_ns) == cluster for account in set(self._sharers.get(cluster, ())))

    def has_baseline(self, group: str) -> bool:
        """Whether the profile of an account of a group has ever said what it trades a day."""
        return group in self._with_baseline

    def baseline_per_day(self, group: str, time_ns: int | None = None) -> float:
        """Notional that the accounts of a group trade a day by their profile, 0 where unknown."""
        known = self._baselines.get(group)
        if known is not None:
            return known
        histories = [self._accounts[account] for account in self._members.get(group, ())]
        found = sum(number_in(each.at(time_ns), "baseline_notional_per_day", 0.0) for each in histories)
        if all(each.until_ns(None) == ALWAYS_NS for each in histories):
            self._baselines[group] = found
        return found

    def related(self, one: str, other: str, time_ns: int | None = None) -> str:
        """What two accounts of different groups have in common: a desk, a firm, a device or a subnet; else empty."""
        name = self._shared(one, other, time_ns)
        return f"{name.removeprefix('ip_')} {self._account(one, time_ns)[name]}" if name else ""

    def sharing(self, one: str, other: str, time_ns: int) -> int:
        """How many groups share with an account what `related` says that another does; 0 where they share nothing.

        Those count that shared it at any time.
        """
        return max(0, len(self.sharers(one, other, time_ns)) - 1)

    def sharers(self, one: str, other: str, time_ns: int) -> frozenset[str]:
        """The groups that have it, that of the account among them; none where they share nothing."""
        name = self._shared(one, other, time_ns)
        if not name:
            return frozenset()
        key = (name, self._account(other, time_ns)[name])
        if key not in self._sharing:
            rows = (row for row in self._reference.accounts if row.get(name) == key[1])
            self._sharing[key] = frozenset(self._reference.group_of(row["account"]) for row in rows)
        return self._sharing[key]

    def _shared(self, one: str, other: str, time_ns: int | None) -> str:
        first, second = self._account(one, time_ns), self._account(other, time_ns)
        return next((name for name in _SHARED if name in first and first[name] == second.get(name)), "")

    def _account(self, account: str, time_ns: int | None) -> Row:
        return self._accounts.get(account, NOTHING).at(time_ns)


def _by(rows: Iterable[tuple[Key, Row]]) -> dict[Key, History]:
    """The histories of rows by key."""
    found: dict[Key, list[Row]] = {}
    for key, row in rows:
        found.setdefault(key, []).append(row)
    return {key: History(each) for key, each in found.items()}


def _label(name: str, value: str) -> str:
    """What is shared, in words."""
    return f"{name.removeprefix('ip_')} {value}"
