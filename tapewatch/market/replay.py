"""One market's book rebuilt event by event, with what each event changed: what an analyst steps through.

Orders come to rest, move and leave as in the engine (detection_service/engine/core.py and live_book.py), on the same
ladders, so that both give the same levels; a test compares them. Written for windows of some hundred thousand events,
not for a market's whole flow. Rows are `Frame.rows()`; a row without a value for a column has none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tapewatch.market.book import Book, Ladder

BUY: Final = 1
SELL: Final = 2
SIDES: Final[Mapping[str, int]] = {"BUY": BUY, "SELL": SELL}
ROUNDING: Final = 1e-12
"""What rounding leaves of an order, as a share of its quantity, closes it."""
LEVELS_MAX: Final = 1 << 20
Row = Mapping[str, Any]


@dataclass(slots=True)
class OpenOrder:
    """An open order; `price` is NaN for market orders, `level` its level in the ladder or -1 where it does not rest."""

    order_id: str
    side: int
    price: float
    quantity: float
    leaves: float
    account: str = ""
    level: int = -1


@dataclass(frozen=True, slots=True)
class Level:
    """A price level: open quantity, known orders, and the part of the quantity that is the subject's."""

    price: float
    quantity: float
    orders: int
    subject_quantity: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """A level of a side after an event; quantity 0 without orders: there is none any more."""

    side: int
    level: Level


@dataclass(slots=True)
class BookReplay:
    """The book of one market; `subject` are the accounts whose part of each level is told."""

    subject: frozenset[str] = frozenset()
    book: Book = field(default_factory=Book)
    _orders: dict[str, list[OpenOrder]] = field(default_factory=dict)
    _own: dict[tuple[int, float], list[OpenOrder]] = field(default_factory=dict)
    _seeded: dict[tuple[int, float], float] = field(default_factory=dict)
    _touched: dict[tuple[int, float], None] = field(default_factory=dict)
    _pending: OpenOrder | None = None
    _pending_ns: int = 0

    def take(self, row: Row) -> list[Change]:
        """One event of the market, in order of time; the levels it changed."""
        self._touched.clear()
        now_ns, kind = row["event_time_ns"], row["kind"]
        if self._pending is not None and (now_ns > self._pending_ns or kind != "FILL"):
            order, self._pending = self._pending, None
            self._rest(order)
        reduce = _REDUCERS.get(kind)
        if reduce is not None:
            reduce(self, row)
        return [Change(side, self._level(side, price)) for side, price in self._touched]

    def side(self, side: int, levels_max: int = LEVELS_MAX) -> list[Level]:
        """Levels of a side code, best first."""
        return [
            Level(price, quantity, orders, self._own_quantity(side, price))
            for price, quantity, orders in self.book.ladder(side).top(levels_max)
        ]

    def opening(self) -> dict[str, Any]:
        """Plain values from which `open` makes the same book: open orders in the order they came, and the rest."""
        orders = [asdict(order) | {"level": None} for each in self._orders.values() for order in each]
        for order, known in zip((o for each in self._orders.values() for o in each), orders, strict=True):
            known["rests"] = order.level >= 0
            known["pending"] = order is self._pending
            known["price"] = None if math.isnan(order.price) else order.price
            del known["level"]
        seeded = [[side, price, quantity] for (side, price), quantity in self._seeded.items()]
        return {"orders": orders, "seeded": seeded, "pending_ns": self._pending_ns}

    @staticmethod
    def open(opening: Mapping[str, Any], subject: Iterable[str] = ()) -> BookReplay:
        """The book whose `opening` was taken."""
        made = BookReplay(frozenset(subject))
        made._pending_ns = opening["pending_ns"]
        for side, price, quantity in opening["seeded"]:
            made._seed(side, price, quantity)
        for known in opening["orders"]:
            price = math.nan if known["price"] is None else known["price"]
            order = OpenOrder(
                known["order_id"], known["side"], price, known["quantity"], known["leaves"], known["account"]
            )
            made._orders.setdefault(order.order_id, []).append(order)
            if known["rests"]:
                made._rest(order)
            if known["pending"]:
                made._pending = order
        made._touched.clear()
        return made

    # Orders.

    def _find(self, row: Row) -> OpenOrder | None:
        for name in (_order_text(row), row.get("previous_order_id", "")):
            if name and (found := self._orders.get(name)):
                return found[0]
        return None

    def _insert(self, row: Row, quantity: float, leaves: float) -> OpenOrder:
        side, price = SIDES.get(row.get("side", ""), BUY), _number(row, "price")
        order = OpenOrder(_order_text(row), side, price, quantity, leaves, row.get("account", ""))
        self._orders.setdefault(order.order_id, []).append(order)
        return order

    def _forget(self, order: OpenOrder) -> None:
        held = self._orders[order.order_id]
        held[:] = [each for each in held if each is not order]
        if not held:
            del self._orders[order.order_id]

    def _meets(self, order: OpenOrder, now_ns: int) -> None:
        """The order rests, or waits for its fills where it meets the other side."""
        if self.book.ladder(3 - order.side).meets(order.price):
            self._pending, self._pending_ns = order, now_ns
        else:
            self._rest(order)

    def _rest(self, order: OpenOrder) -> None:
        if math.isnan(order.price) or order.leaves <= 0.0:
            return
        order.level = self.book.ladder(order.side).enter(order.price, order.leaves)
        self._touch(order)
        if order.account in self.subject:
            self._own.setdefault((order.side, order.price), []).append(order)

    def _leave(self, order: OpenOrder) -> None:
        if order.level < 0:
            return
        self._touch(order)
        self.book.ladder(order.side).leave(order.level, order.leaves)
        order.level = -1
        if order.account in self.subject:
            place = (order.side, order.price)
            self._own[place] = [each for each in self._own[place] if each is not order]
            if not self._own[place]:
                del self._own[place]

    def _close(self, order: OpenOrder) -> None:
        self._leave(order)
        if self._pending is order:
            self._pending = None
        self._forget(order)

    def _set_leaves(self, order: OpenOrder, leaves: float) -> None:
        if leaves <= 0.0 or leaves <= ROUNDING * order.quantity:
            self._close(order)
            return
        if order.level >= 0:
            self._touch(order)
            self.book.ladder(order.side).change(order.level, leaves - order.leaves)
        order.leaves = leaves

    def _enter(self, row: Row) -> None:
        if self._find(row) is not None:
            return  # told again, as after a resend under another key
        quantity, leaves = _number(row, "quantity"), _number(row, "leaves_quantity")
        order = self._insert(row, quantity, quantity if math.isnan(leaves) else leaves)
        if order.leaves <= 0.0:
            self._close(order)
            return
        self._meets(order, row["event_time_ns"])

    def _cancel(self, row: Row) -> None:
        order = self._find(row)
        if order is None:
            self._unknown(row)
            return
        quantity, leaves = _number(row, "quantity"), _number(row, "leaves_quantity")
        if math.isnan(leaves):
            leaves = 0.0 if math.isnan(quantity) else order.leaves - quantity
        self._set_leaves(order, leaves)

    def _expire(self, row: Row) -> None:
        order = self._find(row)
        if order is not None:
            self._close(order)
        elif row["kind"] == "EXPIRE":
            self._unknown(row)

    def _replace(self, row: Row) -> None:
        order = self._find(row)
        if order is None:
            self._unknown(row)
            return
        price, quantity, leaves = (_number(row, name) for name in ("price", "quantity", "leaves_quantity"))
        price = order.price if math.isnan(price) else price
        quantity = order.quantity if math.isnan(quantity) else quantity
        leaves = quantity - (order.quantity - order.leaves) if math.isnan(leaves) else leaves
        if leaves <= 0.0 or leaves <= ROUNDING * quantity:
            self._close(order)
            return
        self._leave(order)
        name = _order_text(row)
        if name and name != order.order_id:  # renamed: behind an order that has the name already
            self._forget(order)
            order.order_id = name
            self._orders.setdefault(name, []).append(order)
        order.price, order.quantity, order.leaves = price, quantity, leaves
        self._meets(order, row["event_time_ns"])

    def _fill(self, row: Row) -> None:
        order = self._find(row)
        if order is None:
            if _order_text(row):
                self._unknown(row)
            return
        leaves = _number(row, "leaves_quantity")
        self._set_leaves(order, order.leaves - _number(row, "quantity") if math.isnan(leaves) else leaves)

    def _status(self, row: Row) -> None:
        if _number(row, "leaves_quantity") > 0.0 and self._find(row) is None:
            self._unknown(row)

    def _unknown(self, row: Row) -> None:
        """An order never seen: what it takes comes from anonymous quantity only; what is left of it rests."""
        side, price, quantity = SIDES.get(row.get("side", ""), 0), _number(row, "price"), _number(row, "quantity")
        if side == 0 or math.isnan(price) or not _order_text(row):
            return
        held = self._seeded.get((side, price), 0.0)
        if row["kind"] not in ("REPLACE", "STATUS") and not math.isnan(quantity) and held > 0.0:
            self._seed(side, price, max(0.0, held - quantity))
        leaves = _number(row, "leaves_quantity")
        if leaves > 0.0 and row.get("aggressor") is not True:
            self._rest(self._insert(row, leaves, leaves))

    # Levels.

    def _book_level(self, row: Row) -> None:
        self._seed(SIDES.get(row.get("side", ""), BUY), _number(row, "price"), _number(row, "quantity"))

    def _seed(self, side: int, price: float, quantity: float) -> None:
        self.book.ladder(side).seed(price, quantity)
        self._touched[side, price] = None
        if quantity > 0.0:
            self._seeded[side, price] = quantity
        else:
            self._seeded.pop((side, price), None)

    def _touch(self, order: OpenOrder) -> None:
        self._touched[order.side, order.price] = None

    def _own_quantity(self, side: int, price: float) -> float:
        return math.fsum(order.leaves for order in self._own.get((side, price), ()))

    def _level(self, side: int, price: float) -> Level:
        ladder: Ladder = self.book.ladder(side)
        levels = ladder.top(int(ladder.behind(price)) + 1)
        if not levels or levels[-1][0] != price:
            return Level(price, 0.0, 0)
        return Level(*levels[-1], self._own_quantity(side, price))


_REDUCERS: Final = {
    "NEW": BookReplay._enter,
    "CANCEL": BookReplay._cancel,
    "FILL": BookReplay._fill,
    "REPLACE": BookReplay._replace,
    "EXPIRE": BookReplay._expire,
    "REJECT": BookReplay._expire,
    "STATUS": BookReplay._status,
    "BOOK_LEVEL": BookReplay._book_level,
}


def apply(levels: dict[tuple[int, float], Level], changes: Iterable[Change]) -> None:
    """Brings levels by (side, price) up to date: what a client without this module does in its own words."""
    for change in changes:
        if change.level.quantity == 0.0 and change.level.orders == 0:
            levels.pop((change.side, change.level.price), None)
        else:
            levels[change.side, change.level.price] = change.level


def _order_text(row: Row) -> str:
    """The order's id: `order_id`, or the client's where the venue gives none; empty without either."""
    return row.get("order_id") or row.get("client_order_id") or ""


def _number(row: Row, name: str) -> float:
    value = row.get(name)
    return math.nan if value is None else float(value)
