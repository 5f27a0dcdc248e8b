"""What the measures need of one instrument, gathered from rows of the event table in order of time.

Works on any order-by-order source: orders with or without accounts, fills of one side or both, prints without owner.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SECOND_NS = 1_000_000_000
SNAPSHOT_SECONDS = 5
"""The depth of the book is looked at so often."""
SNAPSHOT_LEVELS_MAX = 200
Doubles = NDArray[np.float64]
Times = NDArray[np.int64]
SIGNS = {"BUY": 1, "SELL": -1}
MESSAGE_KINDS = ("NEW", "REPLACE", "CANCEL")
NOTHING_LEFT = 1e-9
TICK_USUAL = 0.01


class Depth:
    """One side of a book: quantity by price, the best price first in mind."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[float] = []
        self._quantities: dict[float, float] = {}

    def change(self, price: float, quantity: float) -> None:
        """Add to (or take from) what rests at a price; a level ends when nothing is left."""
        key = self._sign * price
        held = self._quantities.get(key, 0.0) + quantity
        if held > NOTHING_LEFT:
            if key not in self._quantities:
                insort(self._keys, key)
            self._quantities[key] = held
        elif key in self._quantities:
            del self._quantities[key]
            del self._keys[bisect_left(self._keys, key)]

    def set(self, price: float, quantity: float) -> None:
        """Have so much rest at a price."""
        self.change(price, quantity - self._quantities.get(self._sign * price, 0.0))

    def best(self) -> float:
        """Return the best price, NaN where nothing rests."""
        return self._sign * self._keys[-1] if self._keys else float("nan")

    def levels(self) -> list[tuple[float, float]]:
        """Return (distance from the best price, quantity) of the best levels."""
        best = self._keys[-1] if self._keys else 0.0
        return [(best - key, self._quantities[key]) for key in reversed(self._keys[-SNAPSHOT_LEVELS_MAX:])]


@dataclass(slots=True)
class _Trade:
    """An aggressive order that traded; sign 0 where the source does not say."""

    time_ns: int
    order_id: str
    size: float
    sign: int


@dataclass(slots=True)
class _Order:
    """An order that is open; distance is how far behind its own side's best price it was entered."""

    entry_ns: int
    sign: int
    price: float | None
    size: float
    leaves: float
    distance: float
    is_marketable: bool
    may_rest: bool
    is_in_book: bool = False
    filled: float = 0.0


@dataclass(frozen=True, slots=True)
class Recording:
    """One instrument's session as arrays; prices in currency, times in nanoseconds, lives in seconds.

    `order_*` have a value for every resting limit order entered and closed: its life, whether it was cancelled
    untraded, its size and how far behind its own side's best price it was entered (negative: it improved it). `trade_*`
    have one for every aggressive order that traded; sign 0 where the source does not say. `quote_*` have one for every
    change of the best prices. `snapshots` are levels as (distance, quantity) of both sides; `entered` counts orders.
    """

    tick: float
    entered: int
    message_ns: Times
    order_life: Doubles
    order_untraded: NDArray[np.bool_]
    order_size: Doubles
    order_distance: Doubles
    trade_ns: Times
    trade_size: Doubles
    trade_sign: NDArray[np.int8]
    quote_ns: Times
    quote_bid: Doubles
    quote_ask: Doubles
    snapshots: list[list[tuple[float, float]]]

    @property
    def seconds(self) -> float:
        """Length of the session."""
        return float(self.message_ns[-1] - self.message_ns[0]) / SECOND_NS if len(self.message_ns) else 0.0


@dataclass(slots=True)
class Recorder:
    """Takes rows of one instrument, in order of time, and gives its Recording; `tick` is its price step."""

    tick: float
    _open: dict[str, _Order] = field(default_factory=dict)
    _sides: dict[int, Depth] = field(default_factory=lambda: {1: Depth(1), -1: Depth(-1)})
    _arriving: _Order | None = None
    _entered: int = 0
    _messages: list[int] = field(default_factory=list)
    _lives: list[tuple[float, bool, float, float]] = field(default_factory=list)
    _taken: list[_Trade] = field(default_factory=list)
    _given: list[_Trade] = field(default_factory=list)
    _quotes: list[tuple[int, float, float]] = field(default_factory=list)
    _snapshots: list[list[tuple[float, float]]] = field(default_factory=list)
    _snapshot_ns: int = 0

    def take(self, row: Mapping[str, Any]) -> None:
        """Take the next event of the instrument."""
        time_ns, kind = row["event_time_ns"], row["kind"]
        if self._arriving is not None and (time_ns > self._arriving.entry_ns or kind == "NEW"):
            self._settle(self._arriving)
        if kind in MESSAGE_KINDS:
            self._messages.append(time_ns)
        if kind == "NEW":
            self._enter(time_ns, row)
        elif kind == "REPLACE":
            self._replace(row)
        elif kind == "FILL":
            self._fill(time_ns, row)
        elif kind in ("CANCEL", "EXPIRE"):
            self._withdraw(time_ns, row)
        elif kind == "TRADE":
            _add(self._given, _Trade(time_ns, "", row["quantity"], SIGNS.get(row.get("side", ""), 0)))
        elif kind == "BOOK_LEVEL":
            self._sides[SIGNS[row["side"]]].set(row["price"], row.get("quantity") or 0.0)
        self._look(time_ns)

    def _look(self, time_ns: int) -> None:
        bid, ask = self._sides[1].best(), self._sides[-1].best()
        if not bid < ask:
            return
        if not self._quotes or self._quotes[-1][1:] != (bid, ask):
            self._quotes.append((time_ns, bid, ask))
        if time_ns >= self._snapshot_ns:
            self._snapshot_ns = time_ns + SNAPSHOT_SECONDS * SECOND_NS
            self._snapshots += [self._sides[1].levels(), self._sides[-1].levels()]

    def _enter(self, time_ns: int, row: Mapping[str, Any]) -> None:
        self._entered += 1
        price, sign, size = row.get("price"), SIGNS.get(row.get("side", ""), 0), row.get("quantity") or 0.0
        if not sign:
            return
        is_marketable = price is None or sign * (price - self._sides[-sign].best()) >= 0
        distance = float("nan") if price is None else sign * (self._sides[sign].best() - price)
        may_rest = price is not None and row.get("time_in_force") not in ("IOC", "FOK")
        order = _Order(time_ns, sign, price, size, size, distance, is_marketable, may_rest)
        self._open[row["order_id"]] = order
        if is_marketable:
            self._arriving = order
        elif may_rest:
            self._settle(order)

    def _settle(self, order: _Order) -> None:
        """Let what did not trade at once rest."""
        self._arriving = None
        if order.leaves > 0.0 and order.may_rest and order.price is not None:
            order.is_in_book = True
            self._sides[order.sign].change(order.price, order.leaves)

    def _reduce(self, row: Mapping[str, Any]) -> _Order | None:
        """Take a quantity off an order, or off depth that was there before the source began; return the order."""
        quantity, order = row.get("quantity") or 0.0, self._open.get(row.get("order_id") or "")
        if order is None:
            if "side" in row and "price" in row and not row.get("aggressor"):
                self._sides[SIGNS[row["side"]]].change(row["price"], -quantity)
            return None
        stated = row.get("leaves_quantity")
        leaves = max(0.0, order.leaves - quantity) if stated is None else stated
        if order.is_in_book and order.price is not None:
            self._sides[order.sign].change(order.price, leaves - order.leaves)
        order.leaves = leaves
        return order

    def _withdraw(self, time_ns: int, row: Mapping[str, Any]) -> None:
        order = self._reduce(row)
        if order is not None and order.leaves <= NOTHING_LEFT:
            self._end(time_ns, row["order_id"], order)

    def _fill(self, time_ns: int, row: Mapping[str, Any]) -> None:
        order = self._reduce(row)
        quantity, sign = row.get("quantity") or 0.0, SIGNS.get(row.get("side", ""), 0)
        takes = row.get("aggressor", order is not None and order.is_marketable)
        if takes:
            _add(self._taken, _Trade(time_ns, row.get("order_id") or "", quantity, sign))
        else:
            _add(self._given, _Trade(time_ns, "", quantity, -sign))
        if order is not None:
            order.filled += quantity
            if order.leaves <= NOTHING_LEFT:
                self._end(time_ns, row["order_id"], order)

    def _end(self, time_ns: int, order_id: str, order: _Order) -> None:
        del self._open[order_id]
        if not order.is_marketable and order.may_rest:
            life_seconds = (time_ns - order.entry_ns) / SECOND_NS
            self._lives.append((life_seconds, not order.filled, order.size, order.distance))

    def _replace(self, row: Mapping[str, Any]) -> None:
        order = self._open.get(row["order_id"])
        if order is None:
            return
        stated, price = row.get("leaves_quantity"), row.get("price", order.price)
        leaves = order.leaves if stated is None else stated
        if order.is_in_book and order.price is not None and price is not None:
            self._sides[order.sign].change(order.price, -order.leaves)
            self._sides[order.sign].change(price, leaves)
        order.price, order.leaves = price, leaves

    def recording(self) -> Recording:
        """Return what was gathered; orders still open are in no figure but `entered`."""
        lives = np.array(self._lives, dtype=np.float64).reshape(-1, 4)
        quotes = np.array([quote[1:] for quote in self._quotes], dtype=np.float64).reshape(-1, 2)
        trades = self._taken or self._given
        return Recording(
            tick=self.tick,
            entered=self._entered,
            message_ns=np.array(self._messages, dtype=np.int64),
            order_life=lives[:, 0],
            order_untraded=lives[:, 1].astype(bool),
            order_size=lives[:, 2],
            order_distance=lives[:, 3],
            trade_ns=np.array([trade.time_ns for trade in trades], dtype=np.int64),
            trade_size=np.array([trade.size for trade in trades], dtype=np.float64),
            trade_sign=np.array([trade.sign for trade in trades], dtype=np.int8),
            quote_ns=np.array([quote[0] for quote in self._quotes], dtype=np.int64),
            quote_bid=quotes[:, 0],
            quote_ask=quotes[:, 1],
            snapshots=self._snapshots,
        )


def _add(trades: list[_Trade], trade: _Trade) -> None:
    """Add a fill; those of one aggressive order at one moment are one trade."""
    last = trades[-1] if trades else None
    if last is not None and (last.time_ns, last.order_id, last.sign) == (trade.time_ns, trade.order_id, trade.sign):
        last.size += trade.size
    else:
        trades.append(trade)


def record(rows: Iterable[Mapping[str, Any]], tick: float | None = None) -> dict[str, Recording]:
    """Return the recordings of all instruments in rows of the event table, by "venue instrument".

    `tick` is the price step of them all, a hundredth without.
    """
    recorders: dict[str, Recorder] = {}
    for row in rows:
        key = f"{row['venue']} {row['instrument']}"
        recorder = recorders.get(key)
        if recorder is None:
            recorder = recorders[key] = Recorder(tick or TICK_USUAL)
        recorder.take(row)
    return {key: recorder.recording() for key, recorder in recorders.items()}
