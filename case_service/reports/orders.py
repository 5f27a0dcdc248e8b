"""What became of each order in a window: one line an order."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from case_service.evidence.event_file import Row

ENDINGS = {"CANCEL": "cancelled", "EXPIRE": "expired", "REJECT": "rejected"}


@dataclass(slots=True)
class OrderLine:
    """An order as the window shows it; times in nanoseconds UTC, `entered_ns` 0 where it was entered before."""

    order_id: str
    account: str = ""
    trader: str = ""
    venue: str = ""
    instrument: str = ""
    side: str = ""
    price: float = math.nan
    quantity: float = math.nan
    entered_ns: int = 0
    last_ns: int = 0
    changes: int = 0
    filled: float = 0.0
    cancelled: float = 0.0
    ending: str = "open"
    is_named: bool = False
    """Whether an alert of the case names it."""
    _fills: list[tuple[float, float]] = field(default_factory=list)

    @property
    def average_price(self) -> float:
        """Volume-weighted price of its fills; NaN without any."""
        quantity = math.fsum(quantity for _, quantity in self._fills)
        return math.fsum(price * quantity for price, quantity in self._fills) / quantity if quantity else math.nan

    def is_of(self, venue: str, instrument: str) -> bool:
        """Whether it is an order of a market."""
        return (self.venue, self.instrument) == (venue, instrument)

    def take(self, row: Row) -> None:
        """One event of the order."""
        self.last_ns = row["event_time_ns"]
        for name in ("account", "trader", "venue", "instrument", "side"):
            setattr(self, name, getattr(self, name) or row.get(name, ""))
        kind, quantity = row["kind"], _number(row, "quantity")
        if kind == "NEW":
            self.entered_ns, self.price, self.quantity = row["event_time_ns"], _number(row, "price"), quantity
        elif kind == "REPLACE":
            self.changes += 1
            self.price = _or(_number(row, "price"), self.price)
            self.quantity = _or(quantity, self.quantity)
        elif kind == "FILL":
            self._fills.append((_number(row, "price"), quantity))
            self.filled = math.fsum(each for _, each in self._fills)
            if row.get("leaves_quantity") == 0 or self.filled >= self.quantity:
                self.ending = "filled"
        elif kind in ENDINGS:
            self.cancelled += 0.0 if math.isnan(quantity) else quantity
            if kind != "CANCEL" or row.get("leaves_quantity", 0) == 0:
                self.ending = ENDINGS[kind]


def order_lines(rows: Iterable[Row], accounts: Collection[str], named: Collection[str]) -> list[OrderLine]:
    """The orders of some accounts, and those named; by time of the first event seen. A renamed order goes on."""
    lines: dict[str, OrderLine] = {}
    for row in rows:
        name = row.get("order_id") or row.get("client_order_id")
        previous = row.get("previous_order_id")
        if not name or (row.get("account") not in accounts and name not in named and name not in lines):
            continue
        if previous and previous in lines and name not in lines:
            lines[name] = lines.pop(previous)
        line = lines.setdefault(name, OrderLine(name))
        line.is_named |= name in named
        line.take(row)
    return sorted(lines.values(), key=lambda line: (line.entered_ns or line.last_ns, line.order_id))


def _number(row: Row, name: str) -> float:
    value: Any = row.get(name)
    return math.nan if value is None else float(value)


def _or(value: float, otherwise: float) -> float:
    return otherwise if math.isnan(value) else value
