"""A price-time priority matching engine for one instrument.

Prices are whole ticks and quantities whole units inside; reports carry doubles. The engine shares no code with
the book of `tapewatch.market`, so that each can check the other.
"""

from bisect import bisect_left, insort
from collections.abc import Callable
from itertools import count

from simulator.instrument import Instrument
from simulator.report import Report

BUY = 1
SELL = -1
SIDE_NAMES = {BUY: "BUY", SELL: "SELL"}

DAY = "DAY"
IMMEDIATE_OR_CANCEL = "IOC"

LIMIT = "LIMIT"
MARKET = "MARKET"

SELF_MATCH_TEXT = "self-match prevention"
SESSION_END_TEXT = "end of session"
UNFILLED_TEXT = "immediate or cancel: remainder"
NO_SUCH_ORDER_TEXT = "order is not open"

QUANTITY_MAX = 10**12


class Numbering:
    """Hands out the venue's ids in the order in which the venue processes requests, whoever sent them.

    Ids therefore say nothing about their owner or purpose. One numbering serves all instruments of a venue; `first`
    is the first number of each kind, so that sessions of a venue do not use an id twice.
    """

    __slots__ = ("execution", "order", "request", "trade")

    def __init__(self, first: int = 1) -> None:
        self.order = count(first)
        self.request = count(first)
        self.execution = count(first)
        self.trade = count(first)


class Order:
    """An order at the venue, kept current by the engine; `leaves` is what may still trade, 0 once it is closed."""

    __slots__ = (
        "account", "client_order_id", "display", "filled", "last_time_ns", "leaves", "level", "next", "order_id",
        "order_type", "previous", "price", "self_match_key", "shown", "side", "time_in_force", "time_ns", "trade_ids",
        "trader",
    )  # fmt: skip

    def __init__(
        self,
        time_ns: int,
        account: str,
        trader: str,
        side: int,
        price: int | None,
        quantity: int,
        time_in_force: str,
        display: int,
        self_match_key: str,
    ) -> None:
        self.time_ns = time_ns
        self.last_time_ns = time_ns
        self.account = account
        self.trader = trader
        self.side = side
        self.price = price
        self.leaves = quantity
        self.filled = 0
        self.display = display
        self.shown = min(display, quantity) if display else quantity
        self.time_in_force = time_in_force
        self.order_type = MARKET if price is None else LIMIT
        self.self_match_key = self_match_key
        self.order_id = ""
        self.client_order_id = ""
        self.trade_ids: tuple[str, ...] = ()
        self.level: Level | None = None
        self.previous: Order | None = None
        self.next: Order | None = None

    @property
    def is_resting(self) -> bool:
        """Whether the order is in the book."""
        return self.level is not None

    @property
    def quantity(self) -> int:
        """Total quantity, including what is filled."""
        return self.filled + self.leaves


class Level:
    """The orders at one price in time priority; `shown` is the visible quantity, `quantity` all of it."""

    __slots__ = ("head", "key", "quantity", "shown", "tail")

    def __init__(self, key: int) -> None:
        self.key = key
        self.head: Order | None = None
        self.tail: Order | None = None
        self.shown = 0
        self.quantity = 0

    def append(self, order: Order) -> None:
        """Put an order last in the queue."""
        order.level = self
        order.previous = self.tail
        order.next = None
        if self.tail is None:
            self.head = order
        else:
            self.tail.next = order
        self.tail = order
        self.shown += order.shown
        self.quantity += order.leaves

    def remove(self, order: Order) -> None:
        """Take an order out of the queue, wherever it stands."""
        if order.previous is None:
            self.head = order.next
        else:
            order.previous.next = order.next
        if order.next is None:
            self.tail = order.previous
        else:
            order.next.previous = order.previous
        order.level = order.previous = order.next = None
        self.shown -= order.shown
        self.quantity -= order.leaves


class BookSide:
    """One side of the book; a level's key is side x price, so the best level always has the greatest key."""

    __slots__ = ("keys", "levels", "side")

    def __init__(self, side: int) -> None:
        self.side = side
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}

    def add(self, order: Order, price: int) -> None:
        """Rest an order at a price, behind those already there."""
        key = self.side * price
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = Level(key)
            insort(self.keys, key)
        level.append(order)

    def remove(self, order: Order) -> None:
        """Take a resting order out, and its level when that was the last."""
        level = order.level
        if level is None:
            raise ValueError(f"expected a resting order, found {order.order_id} which is not in the book")
        level.remove(order)
        if level.head is None:
            del self.levels[level.key]
            del self.keys[bisect_left(self.keys, level.key)]

    def best(self) -> int | None:
        """Return the best price in ticks, None when the side is empty."""
        return self.side * self.keys[-1] if self.keys else None

    def first(self) -> Order | None:
        """Return the order that trades next, None when the side is empty."""
        return self.levels[self.keys[-1]].head if self.keys else None

    def depth(self, level_count: int) -> int:
        """Return the visible quantity on the best levels."""
        levels = self.levels
        return sum(levels[key].shown for key in self.keys[-level_count:])

    def prices(self) -> list[tuple[int, int, int]]:
        """Return (price in ticks, visible quantity, whole quantity) of every level, best first."""
        return [(self.side * key, self.levels[key].shown, self.levels[key].quantity) for key in reversed(self.keys)]


class MatchingEngine:
    """Matches the orders of one instrument and reports what happened through `emit`.

    A crossing order is reported NEW first, then its fills at the same time: the aggressor's side, then the resting
    side, joined by one trade id. Orders that share a non-empty `self_match_key` never trade with each other: the
    resting one expires instead, with `SELF_MATCH_TEXT`.
    """

    def __init__(self, instrument: Instrument, numbering: Numbering, emit: Callable[[Report], None]) -> None:
        self.instrument = instrument
        self.bids = BookSide(BUY)
        self.asks = BookSide(SELL)
        self.last_price: int | None = None
        self.bought_quantity = 0
        self.sold_quantity = 0
        self._numbering = numbering
        self._emit = emit
        self._ticks_per_unit = instrument.ticks_per_unit

    def submit(
        self,
        time_ns: int,
        account: str,
        side: int,
        price: int | None,
        quantity: int,
        *,
        trader: str = "",
        time_in_force: str = DAY,
        display: int = 0,
        self_match_key: str = "",
    ) -> Order:
        """Enter an order; `price` None is a market order, whose remainder expires. Refused orders have no leaves."""
        order = Order(time_ns, account, trader, side, price, quantity, time_in_force, display, self_match_key)
        numbering = self._numbering
        order.order_id = str(next(numbering.order))
        order.client_order_id = str(next(numbering.request))
        fault = _fault(price, quantity, display)
        if fault:
            order.leaves = order.shown = 0
            self._report("REJECT", time_ns, order, quantity, text=fault)
            return order
        self._report("NEW", time_ns, order, quantity)
        self._match_and_rest(time_ns, order)
        return order

    def cancel(self, time_ns: int, order: Order) -> bool:
        """Take off what is left of an order; refused (CANCEL_REJECT) when it is not open."""
        order.client_order_id = str(next(self._numbering.request))
        if order.level is None:
            self._report("CANCEL_REJECT", time_ns, order, 0, text=NO_SUCH_ORDER_TEXT)
            return False
        self._close(time_ns, order, "CANCEL")
        return True

    def replace(self, time_ns: int, order: Order, price: int, quantity: int) -> bool:
        """Change the limit and the total quantity (filled part included).

        A new price or a greater quantity loses time priority, and a new price may trade at once. Refused
        (CANCEL_REJECT, the order lives) when the order is not open or the total is not above what is filled.
        """
        order.client_order_id = str(next(self._numbering.request))
        fault = NO_SUCH_ORDER_TEXT if order.level is None else _fault(price, quantity, order.display)
        if not fault and quantity <= order.filled:
            fault = f"total must exceed the filled quantity {order.filled}"
        if fault:
            self._report("CANCEL_REJECT", time_ns, order, 0, text=fault)
            return False
        book = self.bids if order.side == BUY else self.asks
        keeps_priority = price == order.price and quantity <= order.quantity and not order.display
        if keeps_priority and order.level is not None:
            reduction = order.quantity - quantity
            order.leaves -= reduction
            order.shown -= reduction
            order.level.quantity -= reduction
            order.level.shown -= reduction
            self._report("REPLACE", time_ns, order, quantity)
            return True
        book.remove(order)
        order.price = price
        order.leaves = quantity - order.filled
        order.shown = min(order.display, order.leaves) if order.display else order.leaves
        self._report("REPLACE", time_ns, order, quantity)
        self._match_and_rest(time_ns, order)
        return True

    def end_session(self, time_ns: int) -> None:
        """Expire every resting order, bids before asks, best price and oldest order first."""
        for book in (self.bids, self.asks):
            while (order := book.first()) is not None:
                self._close(time_ns, order, "EXPIRE", SESSION_END_TEXT)

    def _match_and_rest(self, time_ns: int, order: Order) -> None:
        self._match(time_ns, order)
        if not order.leaves:
            return
        if order.price is None or order.time_in_force == IMMEDIATE_OR_CANCEL:
            remainder, order.leaves, order.shown = order.leaves, 0, 0
            self._report("EXPIRE", time_ns, order, remainder, text=UNFILLED_TEXT)
            return
        order.shown = min(order.display, order.leaves) if order.display else order.leaves
        (self.bids if order.side == BUY else self.asks).add(order, order.price)

    def _match(self, time_ns: int, order: Order) -> None:
        book = self.asks if order.side == BUY else self.bids
        worst_key = -order.side * order.price if order.price is not None else None
        while order.leaves and (resting := book.first()) is not None:
            if worst_key is not None and book.keys[-1] < worst_key:
                return
            if resting.self_match_key and resting.self_match_key == order.self_match_key:
                self._close(time_ns, resting, "EXPIRE", SELF_MATCH_TEXT)
            else:
                self._trade(time_ns, book, order, resting)

    def _trade(self, time_ns: int, book: BookSide, order: Order, resting: Order) -> None:
        level = resting.level
        price = resting.price
        if level is None or price is None:
            raise AssertionError(f"order {resting.order_id} is matched without resting at a price")
        quantity = min(order.leaves, resting.shown)
        order.leaves -= quantity
        order.filled += quantity
        resting.filled += quantity
        if quantity == resting.leaves:
            book.remove(resting)
            resting.leaves = resting.shown = 0
        else:
            resting.leaves -= quantity
            resting.shown -= quantity
            level.quantity -= quantity
            level.shown -= quantity
            if not resting.shown:
                self._refresh(level, resting)
        if order.side == BUY:
            self.bought_quantity += quantity
        else:
            self.sold_quantity += quantity
        self.last_price = price
        trade_id = str(next(self._numbering.trade))
        self._fill(time_ns, order, resting.account, price, quantity, trade_id, True)
        self._fill(time_ns, resting, order.account, price, quantity, trade_id, False)

    @staticmethod
    def _refresh(level: Level, order: Order) -> None:
        """Show the next part of an iceberg, behind the queue."""
        level.remove(order)
        order.shown = min(order.display, order.leaves)
        level.append(order)

    def _close(self, time_ns: int, order: Order, kind: str, text: str | None = None) -> None:
        (self.bids if order.side == BUY else self.asks).remove(order)
        remainder, order.leaves, order.shown = order.leaves, 0, 0
        self._report(kind, time_ns, order, remainder, text=text)

    def _report(self, kind: str, time_ns: int, order: Order, quantity: int, text: str | None = None) -> None:
        order.last_time_ns = time_ns
        price = order.price
        instrument = self.instrument
        report = Report(
            time_ns, kind, instrument.venue, instrument.symbol, order.account, order.trader, order.order_id,
            order.client_order_id, str(next(self._numbering.execution)), SIDE_NAMES[order.side],
            None if price is None else price / self._ticks_per_unit, float(quantity) if quantity else None,
            float(order.leaves), order.order_type, order.time_in_force, instrument.currency,
            float(order.display) if order.display else None, None, None, None, text,
        )  # fmt: skip
        self._emit(report)

    def _fill(
        self, time_ns: int, order: Order, contra: str, price: int, quantity: int, trade_id: str, aggressor: bool
    ) -> None:
        order.last_time_ns = time_ns
        order.trade_ids += (trade_id,)
        instrument = self.instrument
        report = Report(
            time_ns, "FILL", instrument.venue, instrument.symbol, order.account, order.trader, order.order_id,
            order.client_order_id, str(next(self._numbering.execution)), SIDE_NAMES[order.side],
            price / self._ticks_per_unit, float(quantity), float(order.leaves), order.order_type,
            order.time_in_force, instrument.currency, None, trade_id, contra, aggressor, None,
        )  # fmt: skip
        self._emit(report)


def _fault(price: int | None, quantity: int, display: int) -> str | None:
    """Return why the venue refuses an order of this shape, None when it does not."""
    if not 0 < quantity <= QUANTITY_MAX:
        return f"quantity must be from 1 to {QUANTITY_MAX}, found {quantity}"
    if price is not None and price <= 0:
        return f"price must be at least one tick, found {price}"
    if not 0 <= display <= quantity:
        return f"display quantity must be from 0 to the quantity {quantity}, found {display}"
    return None
