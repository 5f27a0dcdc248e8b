"""Which events a label or a sighting points to: those of its orders, and those of its trades by its own people."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from simulator.scorecard.table import NOBODY, EventTable, Mask


class Pointer(Protocol):
    """What a label and a sighting have in common."""

    @property
    def accounts(self) -> frozenset[str]:
        """Accounts it names."""
        ...

    @property
    def order_ids(self) -> frozenset[str]:
        """Orders it names."""
        ...

    @property
    def trade_ids(self) -> frozenset[str]:
        """Trades it names."""
        ...


class EventMarks:
    """Finds the events of pointers in one table."""

    def __init__(self, table: EventTable) -> None:
        self._table = table
        self._order_codes = {text: code for code, text in enumerate(table.orders)}
        self._trade_codes = {text: code for code, text in enumerate(table.trades)}
        self._account_codes = {text: code for code, text in enumerate(table.accounts)}

    def of(self, pointers: Iterable[Pointer]) -> Mask:
        """A mask over the events: those of the orders named, and of the trades named where the event's account is named
        too (a match has two sides, and only one may be the culprit's) or the event has none."""
        table = self._table
        orders = np.zeros(len(table.orders), dtype=bool)
        prints = np.zeros(len(table.trades), dtype=bool)
        sides: list[int] = []
        for pointer in pointers:
            orders[[self._order_codes[text] for text in pointer.order_ids if text in self._order_codes]] = True
            trades = [self._trade_codes[text] for text in pointer.trade_ids if text in self._trade_codes]
            prints[trades] = True
            people = [self._account_codes[text] for text in pointer.accounts if text in self._account_codes]
            sides += [trade * len(table.accounts) + account for trade in trades for account in people]
        orders[NOBODY] = prints[NOBODY] = False
        marked = orders[table.order]
        candidates = np.flatnonzero(prints[table.trade] & ~marked)
        found = table.trade[candidates].astype(np.int64) * len(table.accounts) + table.account[candidates]
        named = np.isin(found, np.asarray(sides, dtype=np.int64))
        marked[candidates[named | (table.account[candidates] == NOBODY)]] = True
        return np.asarray(marked)

    def of_rows(self, rows: Iterable[int]) -> Mask:
        """A mask over the events at places in their file."""
        return np.asarray(np.isin(self._table.row, np.asarray(list(rows), dtype=np.int64)))
