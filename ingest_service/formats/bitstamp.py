"""Bitstamp's order events, as a table (`orders.csv`) or as the raw feed (`*.log`, also .xz), order by order.

Time is `timestamp`, the receiver's milliseconds: `exchange.timestamp` is the order's creation on deletes. A row is:

- created: NEW.
- changed, of an order seen: FILL of the fall when the volume fell at the same price, REPLACE when the price changed or
  the volume rose (quantity is what was filled plus what is open), else STATUS.
- changed, of an order never created here: STATUS with what is open; the order is known from then on.
- deleted with volume 0, of an order seen: FILL of all that was open. Of one never created here (or open with nothing):
  STATUS with leaves 0, for how much was filled is not known.
- deleted with volume left: CANCEL of that volume.
- trade (feed only): TRADE, a print without a side.

Every row gives one event with its leaves_quantity; a fill's price is its order's, its aggressor is not known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from ingest_service.formats.columns import ValueFault, constant, decimals, encoded, integers, nanoseconds
from ingest_service.formats.contract import FileReport
from ingest_service.formats.delimited import TextBatch, read_delimited
from ingest_service.formats.reading import EventBatch
from tapewatch.market.event import Kind, Side
from tapewatch.market.frame import Array, Frame, Text

VENUE: Final = "BITSTAMP"
INSTRUMENT: Final = "BTC-USD"
VOLUME_UNITS: Final = 100_000_000
_NAMES: Final = ("id", "timestamp", "exchange.timestamp", "price", "volume", "action", "direction")
HEADER: Final = ",".join(_NAMES).encode()
_SIDES: Final = {"bid": int(Side.BUY), "ask": int(Side.SELL)}
ACTIONS: Final = ("created", "changed", "deleted")
_NAN: Final = float("nan")


@dataclass(slots=True)
class _Open:
    """What is open of an order and what was filled, in units of 1e-8."""

    volume: int
    filled: int
    price: float


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A row's event: quantities in units of 1e-8, None where there is none."""

    kind: int
    quantity: int | None
    leaves: int | None
    text: str | None = None


@dataclass(slots=True)
class OrderLives:
    """What is open of each order seen, and what each next row of it therefore means; as large as the live orders."""

    orders: dict[str, _Open] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)

    def apply(self, action: str, order_id: str, price: float, volume: int) -> OrderRow:
        """The event a row stands for; see the module's table."""
        if action == "created":
            self.orders[order_id] = _Open(volume, 0, price)
            return OrderRow(Kind.NEW, volume, volume)
        order = self.orders.get(order_id)
        if order is None:
            self.unknown[action] += 1
        if action == "changed":
            return self._changed(order_id, order, price, volume)
        if order is not None:
            del self.orders[order_id]
        if volume > 0:
            return OrderRow(Kind.CANCEL, volume, 0)
        if order is None or order.volume == 0:
            return OrderRow(Kind.STATUS, None, 0, "filled, how much is not known")
        return OrderRow(Kind.FILL, order.volume, 0)

    def _changed(self, order_id: str, order: _Open | None, price: float, volume: int) -> OrderRow:
        if order is None:
            self.orders[order_id] = _Open(volume, 0, price)
            return OrderRow(Kind.STATUS, None, volume, "first seen when changed")
        fall, moved = order.volume - volume, order.price != price
        order.volume, order.price = volume, price
        if moved or fall < 0:
            return OrderRow(Kind.REPLACE, order.filled + volume, volume)
        if fall == 0:
            return OrderRow(Kind.STATUS, None, volume)
        order.filled += fall
        return OrderRow(Kind.FILL, fall, volume)

    def note(self, report: FileReport) -> None:
        """Says in the report how many rows were of orders never created in the file."""
        if self.unknown:
            counts = ", ".join(f"{count} {action}" for action, count in sorted(self.unknown.items()))
            report.notes.append(f"{self.unknown.total()} rows name orders not open in this file ({counts}): kept")


def read_table(path: Path, place: tuple[str, str], report: FileReport) -> Iterator[EventBatch]:
    """The table's events; `place` is venue and instrument."""
    lives = OrderLives()
    for batch in read_delimited(path, _NAMES, 2, report):
        yield _table_batch(batch, lives, place)
    lives.note(report)


def _table_batch(batch: TextBatch, lives: OrderLives, place: tuple[str, str]) -> EventBatch:
    columns = batch.columns
    times, faults = integers("timestamp", columns["timestamp"])
    volumes, found = integers("volume", columns["volume"])
    prices, found_prices = decimals("price", columns["price"])
    ids = columns["id"].to_pylist()
    actions, directions = columns["action"].to_pylist(), columns["direction"].to_pylist()
    faults = [*faults, *found, *found_prices]
    faults += _not_among("action", actions, ACTIONS) + _not_among("direction", directions, tuple(_SIDES))
    faults += [ValueFault(index, "id", "MISSING", "id is empty") for index, text in enumerate(ids) if text is None]
    faults += [
        ValueFault(index, "volume", "NEGATIVE_QUANTITY", f"volume: expected 0 or more, found {int(volumes[index])}")
        for index in np.flatnonzero(volumes < 0).tolist()
    ]
    bad = {fault.index for fault in faults}
    rows = [
        OrderRow(0, None, 0) if index in bad else lives.apply(*values)
        for index, values in enumerate(zip(actions, ids, prices.tolist(), volumes.tolist(), strict=True))
    ]
    sides = np.array([_SIDES.get(direction, 0) for direction in directions], dtype=np.uint8)
    texts = {
        "venue": constant(place[0], len(rows)),
        "instrument": constant(place[1], len(rows)),
        "order_id": encoded(columns["id"]),
    }
    frame = order_frame(rows, times, prices, sides, texts)
    return EventBatch(frame, batch.lines, batch.lines - 1, None, batch.block.text, faults)


def _not_among(name: str, values: Sequence[str | None], expected: tuple[str, ...]) -> list[ValueFault]:
    return [
        ValueFault(index, name, "UNKNOWN_CODE", f"{name}: expected one of {', '.join(expected)}, found {value!r}")
        for index, value in enumerate(values)
        if value not in expected
    ]


def order_frame(
    rows: Sequence[OrderRow], times_ms: Array, prices: Array, sides: Array, texts: Mapping[str, Text]
) -> Frame:
    """The frame of rows already understood; `texts` are venue, instrument and ids."""
    return Frame.from_columns(
        len(rows),
        {
            "event_time_ns": nanoseconds(times_ms, 1_000_000),
            "kind": np.array([row.kind for row in rows], dtype=np.uint8),
            "side": sides,
            "price": prices,
            "quantity": _amounts([row.quantity for row in rows]),
            "leaves_quantity": _amounts([row.leaves for row in rows]),
        },
        {**texts, "text": encoded(pa.array([row.text for row in rows], type=pa.string()))},
    )


def _amounts(volumes: Sequence[int | None]) -> Array:
    return np.array([_NAN if volume is None else volume / VOLUME_UNITS for volume in volumes])
