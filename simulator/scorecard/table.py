"""The events as columns of numbers, for rules that look at a whole table at once and for scores event by event."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tapewatch.market.event import Kind
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference

Array = NDArray[Any]
Mask = NDArray[np.bool_]
NOBODY: Final = 0
"""Code of an absent account, order or trade."""
NUMBERS: Final = ("price", "quantity")


@dataclass(frozen=True, eq=False)
class EventTable:
    """Events in the order in which a detector got them; all arrays but `owner` of shape (events,).

    `market`, `account`, `contra`, `order` and `trade` are codes: places in `markets`, `accounts` (contra too), `orders`
    and `trades`, whose place 0 is nobody and nothing. `owner` is, by account code, the code of its owner in `owners`.
    `kind`, `side` and `aggressor` are the codes of the event table. `row` is each event's place in its file, from 1.
    """

    time_ns: Array
    kind: Array
    side: Array
    aggressor: Array
    price: Array
    quantity: Array
    market: Array
    account: Array
    contra: Array
    order: Array
    trade: Array
    phase: Array
    row: Array
    markets: list[tuple[str, str]]
    accounts: list[str]
    orders: list[str]
    trades: list[str]
    phases: list[str]
    owner: Array
    owners: list[str]
    reference: Reference = field(default_factory=Reference.of)

    def __len__(self) -> int:
        return len(self.time_ns)

    @cached_property
    def group(self) -> Array:
        """The owner of each event's account; 0 where nobody is named."""
        return self.owner[self.account]

    @cached_property
    def contra_account(self) -> Array:
        """The other side of each fill, its contra account or the account of its trade's other fill; 0 unknown."""
        fills = np.flatnonzero((self.kind == Kind.FILL) & (self.trade != NOBODY) & (self.contra == NOBODY))
        ordered = fills[np.argsort(self.trade[fills], kind="stable")]
        first, second = ordered[:-1], ordered[1:]
        paired = (self.trade[first] == self.trade[second]) & (self.side[first] != self.side[second])
        found = self.contra.copy()
        found[first[paired]], found[second[paired]] = self.account[second[paired]], self.account[first[paired]]
        return found

    @cached_property
    def contra_group(self) -> Array:
        """The owner of the other side of each fill; 0 unknown."""
        return self.owner[self.contra_account]

    @cached_property
    def is_fill(self) -> Mask:
        """Fills of orders."""
        return np.asarray(self.kind == Kind.FILL)

    @cached_property
    def is_volume(self) -> Mask:
        """Each match once: the print where a market has prints, else the aggressor's fill, else the buy side's."""
        prints = self.kind == Kind.TRADE
        has_prints = np.zeros(len(self.markets), dtype=bool)
        has_prints[self.market[prints]] = True
        taking = self.is_fill & (self.aggressor == 2)
        has_takers = np.zeros(len(self.markets), dtype=bool)
        has_takers[self.market[taking]] = True
        bought = self.is_fill & (self.side == 1)
        of_fills = np.where(has_takers[self.market], taking, bought)
        return np.asarray(np.where(has_prints[self.market], prints, of_fills))

    @cached_property
    def last_price(self) -> Array:
        """The price of the last match of the market before each event; NaN before the first."""
        last = np.full(len(self), np.nan)
        for rows in self.rows_by_market:
            places = np.where(self.is_volume[rows] & ~np.isnan(self.price[rows]), np.arange(len(rows)), -1)
            before = np.concatenate(([-1], np.maximum.accumulate(places)[:-1])) if len(rows) else places
            last[rows[before >= 0]] = self.price[rows[before[before >= 0]]]
        return last

    @cached_property
    def rows_by_market(self) -> list[Array]:
        """The events of each market, in order."""
        ordered = np.argsort(self.market, kind="stable")
        ends = np.cumsum(np.bincount(self.market, minlength=len(self.markets)))
        return list(np.split(ordered, ends[:-1]))

    @cached_property
    def usual_quantity(self) -> Array:
        """The median size of new orders (of matches, where there are none), by market."""
        usual = np.full(len(self.markets), np.nan)
        for market, rows in enumerate(self.rows_by_market):
            entered = rows[self.kind[rows] == Kind.NEW]
            sizes = self.quantity[entered if len(entered) else rows[self.is_volume[rows]]]
            sizes = sizes[sizes > 0]
            if sizes.size:
                usual[market] = np.median(sizes)
        return usual


class TableBuilder:
    """Takes frames as they come and makes one table of them."""

    def __init__(self) -> None:
        self._parts: list[dict[str, Array]] = []
        self._codes: dict[str, dict[Any, int]] = {
            name: {"": NOBODY} for name in ("account", "order_id", "trade_id", "phase")
        }
        self._codes["market"] = {}
        self._taken = 0

    def take(self, frame: Frame) -> None:
        """Adds the events of a frame."""
        count, columns = frame.row_count, frame.columns
        numbers = {name: columns.get(name, np.full(count, np.nan)).astype(np.float64) for name in NUMBERS}
        kinds = {name: columns.get(name, np.zeros(count)).astype(np.uint8) for name in ("kind", "side", "aggressor")}
        rows = columns.get("source_sequence")
        self._parts.append(
            numbers
            | kinds
            | {
                "time_ns": columns["event_time_ns"].astype(np.int64),
                "row": np.arange(self._taken + 1, self._taken + count + 1) if rows is None else rows.astype(np.int64),
                "market": self._markets(frame),
                "account": self._texts(frame, "account", "account"),
                "contra": self._texts(frame, "contra_account", "account"),
                "order": self._texts(frame, "order_id", "order_id"),
                "trade": self._texts(frame, "trade_id", "trade_id"),
                "phase": self._texts(frame, "phase", "phase"),
            }
        )
        self._taken += count

    def _texts(self, frame: Frame, column: str, space: str) -> Array:
        indices = frame.columns.get(column)
        if indices is None:
            return np.zeros(frame.row_count, dtype=np.int32)
        codes, strings = self._codes[space], frame.strings
        used, places = np.unique(indices, return_inverse=True)
        found = [codes.setdefault(strings[index], len(codes)) for index in used.tolist()]
        return np.asarray(found, dtype=np.int32)[places]

    def _markets(self, frame: Frame) -> Array:
        codes, strings = self._codes["market"], frame.strings
        both = frame.columns["venue"].astype(np.int64) << 32 | frame.columns["instrument"]
        used, places = np.unique(both, return_inverse=True)
        names = [(strings[each >> 32], strings[each & 0xFFFFFFFF]) for each in used.tolist()]
        return np.asarray([codes.setdefault(name, len(codes)) for name in names], dtype=np.int32)[places]

    def table(self, reference: Reference | None = None) -> EventTable:
        """The events taken so far; accounts that the reference data do not know are their own owners."""
        known = reference or Reference.of()
        columns = {
            name: np.concatenate([part[name] for part in self._parts]) if self._parts else np.zeros(0)
            for name in (*NUMBERS, "kind", "side", "aggressor", "time_ns", "row", "market", "account", "contra",
                         "order", "trade", "phase")
        }  # fmt: skip
        accounts = list(self._codes["account"])
        owners, owner = _owners(accounts, known.owners)
        return EventTable(
            **columns,
            markets=list(self._codes["market"]),
            accounts=accounts,
            orders=list(self._codes["order_id"]),
            trades=list(self._codes["trade_id"]),
            phases=list(self._codes["phase"]),
            owner=owner,
            owners=owners,
            reference=known,
        )


def table_of(frames: Iterable[Frame], reference: Reference | None = None) -> EventTable:
    """The events of some frames."""
    builder = TableBuilder()
    for frame in frames:
        builder.take(frame)
    return builder.table(reference)


def _owners(accounts: list[str], owner_of: Mapping[str, str]) -> tuple[list[str], Array]:
    codes: dict[str, int] = {"": NOBODY}
    owner = [codes.setdefault(owner_of.get(account, account), len(codes)) for account in accounts]
    return list(codes), np.asarray(owner, dtype=np.int32)
