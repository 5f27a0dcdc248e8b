"""The life of every order, as one column each: entered, taken off, traded."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from simulator.scorecard.table import NOBODY, Array, EventTable, Mask
from tapewatch.market.event import Kind


@dataclass(frozen=True, slots=True)
class Lives:
    """Orders whose entry is in the table; arrays of shape (orders,), `code` the order's, times NEVER where not."""

    code: Array
    row: Array
    time_ns: Array
    end_ns: Array
    side: Array
    price: Array
    quantity: Array
    traded: Array
    market: Array
    group: Array
    was_cancelled: Mask

    @property
    def life_s(self) -> Array:
        """Seconds from entry to end."""
        life: Array = (self.end_ns - self.time_ns) / 1e9
        return life


_KNOWN: WeakKeyDictionary[EventTable, Lives] = WeakKeyDictionary()


def lives(table: EventTable) -> Lives:
    """The orders of a table, worked out once; one still open at its end ends with the last event."""
    if table not in _KNOWN:
        _KNOWN[table] = _lives(table)
    return _KNOWN[table]


def _lives(table: EventTable) -> Lives:
    order_count = len(table.orders)
    entered = np.flatnonzero((table.kind == Kind.NEW) & (table.order != NOBODY))
    row = np.full(order_count, -1, dtype=np.int64)
    row[table.order[entered[::-1]]] = entered[::-1]
    code = np.flatnonzero(row >= 0)
    end = np.full(order_count, int(table.time_ns[-1]) if len(table) else 0, dtype=np.int64)
    over = np.flatnonzero(((table.kind == Kind.CANCEL) | (table.kind == Kind.EXPIRE)) & (table.order != NOBODY))
    end[table.order[over]] = table.time_ns[over]
    cancelled = np.zeros(order_count, dtype=bool)
    withdrawn = over[table.kind[over] == Kind.CANCEL]
    cancelled[table.order[withdrawn]] = True
    fills = np.flatnonzero(table.is_fill)
    traded = np.bincount(table.order[fills], weights=np.nan_to_num(table.quantity[fills]), minlength=order_count)
    first = row[code]
    return Lives(
        code=code,
        row=first,
        time_ns=table.time_ns[first],
        end_ns=end[code],
        side=table.side[first],
        price=table.price[first],
        quantity=table.quantity[first],
        traded=traded[code],
        market=table.market[first],
        group=table.group[first],
        was_cancelled=cancelled[code],
    )


def events_of(table: EventTable, codes: Array) -> Mask:
    """All events of some orders."""
    chosen = np.zeros(len(table.orders), dtype=bool)
    chosen[codes] = True
    chosen[NOBODY] = False
    return np.asarray(chosen[table.order])
