"""Reference data: who owns an account, what an instrument is, what was announced."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ACCOUNT_COLUMNS: Final = (
    *("account", "owner", "firm", "desk", "account_type", "device", "ip_subnet", "baseline_notional_per_day"),
    *("linked_accounts", "valid_from", "valid_to"),
)
INSTRUMENT_COLUMNS: Final = (
    *("instrument", "venue", "asset_class", "product", "isin", "underlying", "currency", "multiplier", "tick_size"),
    *("lot_size", "float_quantity", "average_daily_volume", "session_open", "session_close", "timezone"),
    *("session_close_ns", "valid_from", "valid_to"),
)
ANNOUNCEMENT_COLUMNS: Final = ("instrument", "time_ns", "text")
TABLES: Final[dict[str, tuple[str, ...]]] = {
    "accounts": ACCOUNT_COLUMNS,
    "instruments": INSTRUMENT_COLUMNS,
    "announcements": ANNOUNCEMENT_COLUMNS,
}
_KEYS: Final = {"accounts": "account", "instruments": "instrument", "announcements": "instrument"}
LINK_SEPARATOR: Final = ";"

Row = Mapping[str, str]


class ReferenceDataError(ValueError):
    """A reference file or record is not what was expected; says where."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Reference tables as rows of text by column name."""

    accounts: tuple[Row, ...] = ()
    instruments: tuple[Row, ...] = ()
    announcements: tuple[Row, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict, compare=False)
    groups: Mapping[str, str] = field(default_factory=dict, compare=False)
    group_owners: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False)

    @staticmethod
    def of(
        accounts: Iterable[Row] = (), instruments: Iterable[Row] = (), announcements: Iterable[Row] = ()
    ) -> Reference:
        """Reference data with its links worked out."""
        rows = tuple(accounts)
        owners = {row["account"]: row.get("owner") or row["account"] for row in rows}
        groups = dict(_groups(rows, owners))
        members: dict[str, set[str]] = {}
        for account, group in groups.items():
            members.setdefault(group, set()).add(owners.get(account, account))
        group_owners = {group: frozenset(names) for group, names in members.items()}
        return Reference(rows, tuple(instruments), tuple(announcements), owners, groups, group_owners)

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
    columns, key = TABLES[table], _KEYS[table]
    for number, row in enumerate(rows, start=1):
        unknown = [name for name in row if name not in columns]
        if unknown:
            expected = ", ".join(columns)
            raise ReferenceDataError(f"{where}, row {number}: unknown column {unknown[0]!r}; expected {expected}")
        clean = {name: str(value) for name, value in row.items() if value not in (None, "")}
        if key not in clean:
            raise ReferenceDataError(f"{where}, row {number}: {key} is empty")
        yield clean


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
