# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The order book of one instrument on one venue: ordered price levels, best at the end, no tick is ever walked.

A level holds the open quantity of its known orders and, apart from it, anonymous quantity that was seeded by
BOOK_LEVEL events, so that reports of orders never seen take away only what was never known. The known quantity is a
double-double sum (Knuth's two-sum), exact where plain adding and subtracting would drift, and is zero again when the
last order leaves.
"""

import cython

from tapewatch.market.records import Level, Step

if cython.compiled:
    from cython.cimports.tapewatch.market.memory import prefetch
    from cython.cimports.tapewatch.market.records import LevelPointer, StepPointer
    from cython.cimports.tapewatch.market.rows import Rows
else:
    from tapewatch.market.records import Level as LevelPointer
    from tapewatch.market.records import Step as StepPointer
    from tapewatch.market.rows import Rows

_INITIAL = 64
SELL = cython.declare(cython.int, 2)


class Ladder:
    """One side of a book.

    `steps` are ordered by ascending rank (price for bids, minus price for asks), the first `length` of them in use;
    `levels` are not, so a level keeps its number for its life. Raises MemoryError.
    """

    def __init__(self, is_bid):
        self.is_bid = is_bid
        self.length = 0
        self.step_rows, self.level_rows = Rows(Step, _INITIAL), Rows(Level, _INITIAL)
        self._point()
        self._chain(0)

    def _point(self):
        if cython.compiled:
            self.steps = cython.cast(StepPointer, self.step_rows.first)
            self.levels = cython.cast(LevelPointer, self.level_rows.first)
        else:
            self.steps, self.levels = self.step_rows.items, self.level_rows.items

    def _chain(self, start):
        """Links the unused levels from `start` on through `orders`; -1 ends the chain."""
        level: cython.Py_ssize_t
        for level in range(start, self.level_rows.count):
            self._at(level).orders = level + 1 if level + 1 < self.level_rows.count else -1
        self.free = start

    def _grow(self):
        size: cython.Py_ssize_t = self.level_rows.count
        self.step_rows.grow(2 * size)
        self.level_rows.grow(2 * size)
        self._point()
        self._chain(size)

    def _step(self, position):
        if cython.compiled:
            return cython.address(self.steps[position])
        else:  # noqa: RET505 - compiled, only one of the two remains
            return self.steps[position]

    def _at(self, level):
        if cython.compiled:
            return cython.address(self.levels[level])
        else:  # noqa: RET505 - compiled, only one of the two remains
            return self.levels[level]

    def prefetch(self):
        """Has the processor fetch what leads to the levels."""
        if cython.compiled:
            prefetch(cython.address(self.length))

    def prefetch_level(self, level):
        """Has the processor fetch a level (-1: none) and the best steps."""
        if cython.compiled:
            prefetch(self._step(max(0, self.length - 4)))
            if level >= 0:
                prefetch(self._at(level))

    def _find(self, rank):
        """Position of the first level whose rank is not below `rank`; searches outward from the best."""
        low: cython.Py_ssize_t
        high: cython.Py_ssize_t = self.length
        step: cython.Py_ssize_t = 4
        middle: cython.Py_ssize_t
        low = high - step
        while low > 0 and self._step(low).rank >= rank:
            high = low
            step = step * 4
            low = high - step
        if low < 0:
            low = 0
        while low < high:
            middle = (low + high) >> 1
            if self._step(middle).rank < rank:
                low = middle + 1
            else:
                high = middle
        return low

    def _insert(self, position, price):
        """A new empty level at a position; its number."""
        index: cython.Py_ssize_t
        number: cython.int
        level: LevelPointer
        if self.free < 0:
            self._grow()
        number = self.free
        level = self._at(number)
        self.free = level.orders
        index = self.length
        while index > position:
            self._copy(index - 1, index)
            index -= 1
        self._step(position).rank = price if self.is_bid else -price
        self._step(position).place = number
        level.price = price
        level.high = 0.0
        level.low = 0.0
        level.seeded = 0.0
        level.orders = 0
        self.length += 1
        return number

    def _copy(self, source, target):
        """What stands at a position stands at another as well."""
        self._step(target).rank = self._step(source).rank
        self._step(target).place = self._step(source).place

    def _remove(self, number):
        index: cython.Py_ssize_t
        level: LevelPointer = self._at(number)
        index = self._find(level.price if self.is_bid else -level.price)
        self.length -= 1
        while index < self.length:
            self._copy(index + 1, index)
            index += 1
        level.orders = self.free
        self.free = number

    def _level(self, price):
        rank: cython.double = price if self.is_bid else -price
        position: cython.Py_ssize_t = self._find(rank)
        if position < self.length and self._step(position).rank == rank:
            return self._step(position).place
        return self._insert(position, price)

    def enter(self, price, quantity):
        """An order of `quantity` comes to rest at `price`; the number of its level, to be given to the others."""
        level: cython.int = self._level(price)
        self._at(level).orders += 1
        self.change(level, quantity)
        return level

    def leave(self, number, quantity):
        """An order with `quantity` still open leaves its level."""
        level: LevelPointer = self._at(number)
        level.orders -= 1
        if level.orders > 0:
            self.change(number, -quantity)
            return
        level.high = 0.0
        level.low = 0.0
        if level.seeded <= 0.0:
            self._remove(number)

    def change(self, number, delta):
        """The open quantity of a level's orders changes by `delta`."""
        level: LevelPointer = self._at(number)
        high: cython.double = level.high
        total: cython.double = high + delta
        part: cython.double = total - high
        error: cython.double = (high - (total - part)) + (delta - part)
        low: cython.double = level.low + error
        level.high = total + low
        level.low = low - (level.high - total)

    def seed(self, price, quantity):
        """The anonymous quantity at `price` becomes `quantity`."""
        rank: cython.double = price if self.is_bid else -price
        position: cython.Py_ssize_t = self._find(rank)
        level: cython.int
        if position < self.length and self._step(position).rank == rank:
            level = self._step(position).place
        elif quantity > 0.0:
            level = self._insert(position, price)
        else:
            return
        self._at(level).seeded = quantity
        if quantity <= 0.0 and self._at(level).orders == 0:
            self._remove(level)

    def take_seeded(self, price, quantity):
        """Up to `quantity` of the anonymous quantity at `price` goes away."""
        rank: cython.double = price if self.is_bid else -price
        position: cython.Py_ssize_t = self._find(rank)
        level: LevelPointer
        if position >= self.length or self._step(position).rank != rank:
            return
        level = self._at(self._step(position).place)
        level.seeded = max(0.0, level.seeded - quantity)
        if level.seeded <= 0.0 and level.orders == 0:
            self._remove(self._step(position).place)

    def best(self):
        """Best price; NaN when the side is empty."""
        if self.length == 0:
            return float("nan")
        return self._step(self.length - 1).rank if self.is_bid else -self._step(self.length - 1).rank

    def quantity(self, level):
        """Open quantity of a level, seeded quantity included."""
        return self._at(level).high + self._at(level).seeded

    def depth(self, levels):
        """Open quantity of the best `levels` levels."""
        total: cython.double = 0.0
        position: cython.Py_ssize_t = self.length
        last: cython.Py_ssize_t = max(0, self.length - levels)
        while position > last:
            position -= 1
            total += self.quantity(self._step(position).place)
        return total

    def reach(self, quantity, limit):
        """Price of the last level that an order of `quantity` would take, no further than a limit (NaN: any price).

        NaN where it would take none.
        """
        position: cython.Py_ssize_t = self.length
        level: cython.int
        found: cython.double = float("nan")
        while position > 0 and quantity > 0.0:
            position -= 1
            level = self._step(position).place
            if self._step(position).rank < (limit if self.is_bid else -limit):
                break
            found = self._at(level).price
            quantity -= self.quantity(level)
        return found

    def behind(self, price):
        """Number of levels that are better than `price`."""
        position: cython.Py_ssize_t = self._find(price if self.is_bid else -price)
        if position < self.length and self._step(position).rank == (price if self.is_bid else -price):
            position += 1
        return float(self.length - position)

    def meets(self, price):
        """Whether an order of the other side at `price` would meet the best level."""
        return self.length > 0 and self._step(self.length - 1).rank >= (price if self.is_bid else -price)

    def leads(self, price):
        """Whether no level is better than `price`."""
        return self.length == 0 or (price if self.is_bid else -price) >= self._step(self.length - 1).rank

    def top(self, levels: int) -> list[tuple[float, float, int]]:
        """The best levels as (price, quantity, known orders), best first."""
        numbers = [self._step(self.length - 1 - step).place for step in range(min(levels, self.length))]
        return [(self._at(level).price, self.quantity(level), self._at(level).orders) for level in numbers]

    def state(self):
        """Plain values from which `restore` makes the same ladder."""
        rows = {"steps": self.step_rows.state(), "levels": self.level_rows.state()}
        return {"length": self.length, "free": self.free} | rows

    def restore(self, state):
        """Becomes the ladder whose `state` was taken."""
        self.length, self.free = state["length"], state["free"]
        self.step_rows.restore(state["steps"])
        self.level_rows.restore(state["levels"])
        self._point()


class Book:
    """Both sides of one instrument on one venue."""

    def __init__(self):
        self.bids = Ladder(True)
        self.asks = Ladder(False)

    def ladder(self, side):
        """The ladder of a side code (1 buy, 2 sell)."""
        return self.asks if side == SELL else self.bids

    def state(self):
        """Plain values from which `restore` makes the same book."""
        return {"bids": self.bids.state(), "asks": self.asks.state()}

    def restore(self, state):
        """Becomes the book whose `state` was taken."""
        self.bids.restore(state["bids"])
        self.asks.restore(state["asks"])
