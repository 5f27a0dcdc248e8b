"""Reference data: who owns an account, what an instrument is, what was announced, held, and worth."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

ACCOUNT_COLUMNS: Final = (
    *("account", "owner", "firm", "desk", "account_type", "device", "ip_subnet", "baseline_notional_per_day"),
    *("linked_accounts", "valid_from", "valid_to"),
)
INSTRUMENT_COLUMNS: Final = (
    *("instrument", "venue", "asset_class", "product", "isin", "underlying", "currency", "multiplier", "tick_size"),
    *("lot_size", "float_quantity", "average_daily_volume", "session_open", "session_close", "timezone"),
    *("session_close_ns", "fixings", "valid_from", "valid_to"),
)
ANNOUNCEMENT_COLUMNS: Final = ("instrument", "time_ns", "text")
POSITION_COLUMNS: Final = ("account", "instrument", "quantity")
FX_RATE_COLUMNS: Final = ("currency", "rate", "valid_from", "valid_to")
RESTRICTED_COLUMNS: Final = ("account", "instrument", "reason", "valid_from", "valid_to")
TABLES: Final[dict[str, tuple[str, ...]]] = {
    "accounts": ACCOUNT_COLUMNS,
    "instruments": INSTRUMENT_COLUMNS,
    "announcements": ANNOUNCEMENT_COLUMNS,
    "positions": POSITION_COLUMNS,
    "fx_rates": FX_RATE_COLUMNS,
    "restricted": RESTRICTED_COLUMNS,
}
_KEYS: Final = {
    "accounts": ("account",),
    "instruments": ("instrument",),
    "announcements": ("instrument",),
    "positions": ("account", "instrument", "quantity"),
    "fx_rates": ("currency", "rate"),
    "restricted": (),
}
_NUMBERS: Final = ("quantity", "rate", "baseline_notional_per_day", "float_quantity", "multiplier")
LINK_SEPARATOR: Final = ";"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Row = Mapping[str, str]


class ReferenceDataError(ValueError):
    """A reference file or record is not what was expected; says where."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Reference tables as rows of text by column name."""

    accounts: tuple[Row, ...] = ()
    instruments: tuple[Row, ...] = ()
    announcements: tuple[Row, ...] = ()
    positions: tuple[Row, ...] = ()
    fx_rates: tuple[Row, ...] = ()
    restricted: tuple[Row, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict, compare=False)
    groups: Mapping[str, str] = field(default_factory=dict, compare=False)
    group_owners: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False)

    @staticmethod
    def of(
        accounts: Iterable[Row] = (),
        instruments: Iterable[Row] = (),
        announcements: Iterable[Row] = (),
        positions: Iterable[Row] = (),
        fx_rates: Iterable[Row] = (),
        restricted: Iterable[Row] = (),
    ) -> Reference:
        """Reference data with its links worked out."""
        rows = tuple(accounts)
        owners = {row["account"]: row.get("owner") or row["account"] for row in rows}
        groups = dict(_groups(rows, owners))
        members: dict[str, set[str]] = {}
        for account, group in groups.items():
            members.setdefault(group, set()).add(owners.get(account, account))
        group_owners = {group: frozenset(names) for group, names in members.items()}
        return Reference(
            accounts=rows,
            instruments=tuple(instruments),
            announcements=tuple(announcements),
            positions=tuple(positions),
            fx_rates=tuple(fx_rates),
            restricted=tuple(restricted),
            owners=owners,
            groups=groups,
            group_owners=group_owners,
        )

    def account(self, name: str, time_ns: int | None = None) -> Row:
        """The row of an account, valid at a time where one is given; empty where there is none."""
        return _newest(self.accounts, time_ns, account=name)

    def instrument(self, venue: str, name: str, time_ns: int | None = None) -> Row:
        """The row of an instrument on a venue, else one that names no venue; empty where there is none."""
        return _newest(self.instruments, time_ns, instrument=name, venue=venue) or _newest(
            self.instruments, time_ns, instrument=name, venue=""
        )

    def rate(self, currency: str, time_ns: int | None = None) -> float:
        """What a unit of a currency is worth in the currency notionals are compared in; 1 where nothing is said."""
        return number_in(_newest(self.fx_rates, time_ns, currency=currency), "rate", 1.0)

    def restriction(self, account: str, instrument: str, time_ns: int) -> Row:
        """The row that forbids an account to deal in an instrument at a time; empty where none does.

        A row may name an instrument (for everybody), an account (for everything) or both; an account stands for the
        whole group of its beneficial owner. The most particular row is given: the account's own before its group's.
        """
        group = self.group_of(account)
        found: Row = {}
        closeness = -1
        for row in self.restricted:
            named, where = row.get("account", ""), row.get("instrument", instrument)
            if where != instrument or not is_valid(row, time_ns) or (named and self.group_of(named) != group):
                continue
            close = 2 * (named == account) + bool(named)
            if close > closeness:
                found, closeness = row, close
        return found

    def names_account(self, account: str) -> bool:
        """Whether the restricted list names the account or one of its group, for any instrument and time."""
        group = self.group_of(account)
        return any(self.group_of(row["account"]) == group for row in self.restricted if "account" in row)

    def names_instrument(self, instrument: str) -> bool:
        """Whether the restricted list forbids an instrument to everybody, at any time."""
        return any(row["instrument"] == instrument for row in self.restricted if "account" not in row)

    def owners_behind(self, account: str) -> frozenset[str]:
        """Beneficial owners of an account's whole group; the account itself where none is known."""
        return self.group_owners.get(self.group_of(account), frozenset({account}))

    def group_of(self, account: str) -> str:
        """Name of the group of accounts that one beneficial owner or declared links join."""
        return self.groups.get(account, f"account:{account}")

    def to_json(self) -> dict[str, list[dict[str, str]]]:
        """The tables as JSON, the content of a reference control record."""
        return {name: [dict(row) for row in getattr(self, name)] for name in TABLES}

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> Reference:
        """The reverse of `to_json`. Raises ReferenceDataError on an unknown table or column."""
        for name in content:
            if name not in TABLES:
                raise ReferenceDataError(f"unknown reference table {name!r}; expected {', '.join(TABLES)}")
            rows = content[name]
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise ReferenceDataError(f"reference table {name}: expected a list of objects, found {rows!r:.80}")
        return Reference.of(**{name: list(checked_rows(name, content.get(name, ()), name)) for name in TABLES})

    def digest(self) -> str:
        """SHA-256 of the tables, 64 hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


def checked_rows(table: str, rows: Iterable[Mapping[str, Any]], where: str) -> Iterator[dict[str, str]]:
    """The rows as text without empty values. Raises ReferenceDataError naming row and column."""
    columns, keys = TABLES[table], _KEYS[table]
    for number, row in enumerate(rows, start=1):
        unknown = [name for name in row if name not in columns]
        if unknown:
            expected = ", ".join(columns)
            raise ReferenceDataError(f"{where}, row {number}: unknown column {unknown[0]!r}; expected {expected}")
        clean = {name: str(value) for name, value in row.items() if value not in (None, "")}
        missing = [key for key in keys if key not in clean]
        if missing:
            raise ReferenceDataError(f"{where}, row {number}: {missing[0]} is empty")
        if table == "restricted" and not clean.keys() & {"account", "instrument"}:
            raise ReferenceDataError(f"{where}, row {number}: expected account or instrument, found neither")
        for name in clean:
            _check(name, clean[name], f"{where}, row {number}")
        yield clean


def number_in(row: Row, name: str, absent: float) -> float:
    """A number of a row; `absent` where the row does not say."""
    return float(row[name]) if name in row else absent


def is_valid(row: Row, time_ns: int | None) -> bool:
    """Whether a row holds at a time: from `valid_from` (inclusive) to `valid_to` (exclusive), each optional."""
    if time_ns is None:
        return True
    begins, ends = row.get("valid_from"), row.get("valid_to")
    return (begins is None or _time_ns(begins) <= time_ns) and (ends is None or time_ns < _time_ns(ends))


def validity_ns(row: Row) -> list[int]:
    """The times at which a row begins and ceases to hold, as far as it says."""
    return [_time_ns(row[name]) for name in ("valid_from", "valid_to") if name in row]


def _newest(rows: Iterable[Row], time_ns: int | None, **named: str) -> Row:
    """The last of the rows that bear the values named (an absent one is "") and hold at a time."""
    found: Row = {}
    for row in rows:
        if all(row.get(name, "") == value for name, value in named.items()) and is_valid(row, time_ns):
            found = row
    return found


def _time_ns(text: str) -> int:
    """Nanoseconds since 1970 UTC: as such, or of an ISO 8601 date or time (UTC where it does not say)."""
    if text.isdecimal():
        return int(text)
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _check(name: str, text: str, where: str) -> None:
    try:
        if name in _NUMBERS and not math.isfinite(float(text)):
            raise ValueError(text)
        if name in ("valid_from", "valid_to"):
            _time_ns(text)
        elif name == "time_ns":
            int(text)
    except ValueError as error:
        expected = "a number" if name in _NUMBERS else "nanoseconds since 1970 or, for validity, an ISO 8601 time"
        raise ReferenceDataError(f"{where}: {name}: expected {expected}, found {text!r}") from error


def read_table(table: str, path: Path) -> list[dict[str, str]]:
    """A reference table from a CSV file with its column names as header. Raises ReferenceDataError."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(checked_rows(table, csv.DictReader(file), str(path)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReferenceDataError(f"{path}: expected a CSV file of {table}: {error}") from error


def _groups(rows: Iterable[Row], owners: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Joins accounts of one owner, and those declared linked, by union-find; a group's name is its least member."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def join(one: str, other: str) -> None:
        first, second = sorted((root(one), root(other)))
        parent[second] = first

    accounts = set(owners)
    for row in rows:
        join(f"account:{row['account']}", f"owner:{owners[row['account']]}")
        for linked in filter(None, row.get("linked_accounts", "").split(LINK_SEPARATOR)):
            accounts.add(linked.strip())
            join(f"account:{row['account']}", f"account:{linked.strip()}")
    for account in sorted(accounts):
        yield account, root(f"account:{account}")
