# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, annotation_typing=False
"""Orders, price levels and the sides of a book: the matching engine's own, in whole ticks and units.

It shares no code with the book of `tapewatch.market`, so that each can check the other. Types are in the .pxd beside.
"""

from __future__ import annotations

BUY = 1
SELL = -1
DAY = "DAY"
IMMEDIATE_OR_CANCEL = "IOC"
LIMIT = "LIMIT"
MARKET = "MARKET"


class Order:
    """An order at the venue, kept current by the engine; `leaves` is what may still trade, 0 once it is closed.

    `limit` is the price in ticks, 0 for a market order; `number` and `request` are the venue's numbers of the order and
    of its latest request; `person` and `match_key` are the tape's numbers of its account and of whom it must not meet.
    """

    def __init__(self) -> None:
        self.time_ns = 0
        self.last_time_ns = 0
        self.account = ""
        self.trader = ""
        self.person = 0
        self.match_key = 0
        self.side = BUY
        self.limit = 0
        self.leaves = 0
        self.filled = 0
        self.display = 0
        self.shown = 0
        self.is_immediate = False
        self.number = 0
        self.request = 0
        self.trades: list[int] | None = None
        self.level: Level | None = None
        self.previous: Order | None = None
        self.next: Order | None = None

    @property
    def price(self) -> int | None:
        """The limit in ticks, None for a market order."""
        return self.limit or None

    @property
    def quantity(self) -> int:
        """Total quantity, including what is filled."""
        return self.filled + self.leaves

    @property
    def is_resting(self) -> bool:
        """Whether the order is in the book."""
        return self.level is not None

    @property
    def order_id(self) -> str:
        """The venue's id, constant for the order's life."""
        return str(self.number)

    @property
    def client_order_id(self) -> str:
        """The id of the latest request about the order."""
        return str(self.request)

    @property
    def trade_ids(self) -> tuple[str, ...]:
        """The ids of its trades so far, in order."""
        return tuple(str(number) for number in self.trades or ())

    @property
    def order_type(self) -> str:
        """LIMIT or MARKET."""
        return LIMIT if self.limit else MARKET

    @property
    def time_in_force(self) -> str:
        """DAY or IOC."""
        return IMMEDIATE_OR_CANCEL if self.is_immediate else DAY


class Level:
    """The orders at one price in time priority; `shown` is the visible quantity, `quantity` all of it.

    `key` is side x price, so that the best level of a side has the greatest; `better` and `worse` are its neighbours.
    """

    def __init__(self) -> None:
        self.key = 0
        self.head: Order | None = None
        self.tail: Order | None = None
        self.shown = 0
        self.quantity = 0
        self.better: Level | None = None
        self.worse: Level | None = None

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
    """One side of the book: levels linked from the best down, and the market orders that wait for an auction."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.top: Level | None = None
        self.levels: dict[int, Level] = {}
        self.at_market = Level()

    def add(self, order: Order) -> None:
        """Rest an order at its limit, behind those already there; a market order among those without one."""
        if not order.limit:
            self.at_market.append(order)
            return
        key = self.side * order.limit
        level = self.levels.get(key)
        if level is None:
            level = self._insert(key)
        level.append(order)

    def _insert(self, key: int) -> Level:
        level = Level()
        level.key = key
        self.levels[key] = level
        before: Level | None = None
        after = self.top
        while after is not None and after.key > key:
            before = after
            after = after.worse
        level.better = before
        level.worse = after
        if before is None:
            self.top = level
        else:
            before.worse = level
        if after is not None:
            after.better = level
        return level

    def remove(self, order: Order) -> None:
        """Take a resting order out, and its level when that was the last."""
        level = order.level
        if level is None:
            raise ValueError(f"expected a resting order, found {order.order_id} which is not in the book")
        level.remove(order)
        if level.head is not None or level is self.at_market:
            return
        del self.levels[level.key]
        if level.better is None:
            self.top = level.worse
        else:
            level.better.worse = level.worse
        if level.worse is not None:
            level.worse.better = level.better
        level.better = level.worse = None

    def best_ticks(self) -> int:
        """Return the best price in ticks, 0 when the side is empty."""
        return self.side * self.top.key if self.top is not None else 0

    def best(self) -> int | None:
        """Return the best price in ticks, None when the side is empty."""
        return self.best_ticks() or None

    def first(self) -> Order | None:
        """Return the order that trades next, None when the side is empty."""
        if self.at_market.head is not None:
            return self.at_market.head
        return self.top.head if self.top is not None else None

    def depth(self, level_count: int) -> int:
        """Return the visible quantity on the best levels."""
        total = 0
        level = self.top
        while level is not None and level_count > 0:
            total += level.shown
            level_count -= 1
            level = level.worse
        return total

    def prices(self) -> list[tuple[int, int, int]]:
        """Return (price in ticks, visible quantity, whole quantity) of every level, best first."""
        found = []
        level = self.top
        while level is not None:
            found.append((self.side * level.key, level.shown, level.quantity))
            level = level.worse
        return found
