# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The order book of one instrument on one venue: ordered price levels, best at the end, no tick is ever walked.

A level holds the open quantity of its known orders and, apart from it, anonymous quantity that was seeded by
BOOK_LEVEL events, so that reports of orders never seen take away only what was never known. The known quantity is a
double-double sum (Knuth's two-sum), exact where plain adding and subtracting would drift, and is zero again when the
last order leaves.
"""

import cython

from tapewatch.market import arrays

_INITIAL = 64
_FIELDS = ("is_bid", "length", "free", "rank", "place", "price", "high", "low", "seeded", "orders")
SELL = cython.declare(cython.int, 2)


class Ladder:
    """One side of a book.

    `rank` (ascending; price for bids, minus price for asks; shape (length,)) and `place` (the level at that rank) are
    ordered; the level's own arrays are not, so a level keeps its number for its life.
    """

    def __init__(self, is_bid):
        self.is_bid = is_bid
        self.length = 0
        self.rank = arrays.doubles(_INITIAL)
        self.place = arrays.integers(_INITIAL)
        self.price = arrays.doubles(_INITIAL)
        self.high = arrays.doubles(_INITIAL)
        self.low = arrays.doubles(_INITIAL)
        self.seeded = arrays.doubles(_INITIAL)
        self.orders = arrays.integers(_INITIAL)
        self.free = 0
        self._chain(0)

    def _chain(self, start):
        """Links the unused levels from `start` on through `orders`; -1 ends the chain."""
        size = len(self.orders)
        for level in range(start, size):
            self.orders[level] = level + 1 if level + 1 < size else -1

    def _grow(self):
        size = len(self.rank)
        self.rank = arrays.grown(self.rank, 2 * size)
        self.place = arrays.grown(self.place, 2 * size)
        self.price = arrays.grown(self.price, 2 * size)
        self.high = arrays.grown(self.high, 2 * size)
        self.low = arrays.grown(self.low, 2 * size)
        self.seeded = arrays.grown(self.seeded, 2 * size)
        self.orders = arrays.grown(self.orders, 2 * size)
        self._chain(size)
        self.free = size

    def _find(self, rank):
        """Position of the first level whose rank is not below `rank`; searches outward from the best."""
        low: cython.Py_ssize_t
        high: cython.Py_ssize_t = self.length
        step: cython.Py_ssize_t = 4
        middle: cython.Py_ssize_t
        low = high - step
        while low > 0 and self.rank[low] >= rank:
            high = low
            step = step * 4
            low = high - step
        if low < 0:
            low = 0
        while low < high:
            middle = (low + high) >> 1
            if self.rank[middle] < rank:
                low = middle + 1
            else:
                high = middle
        return low

    def _insert(self, position, price):
        """A new empty level at a position; its number."""
        index: cython.Py_ssize_t
        level: cython.int
        if self.free < 0:
            self._grow()
        level = self.free
        self.free = self.orders[level]
        index = self.length
        while index > position:
            self.rank[index] = self.rank[index - 1]
            self.place[index] = self.place[index - 1]
            index -= 1
        self.rank[position] = price if self.is_bid else -price
        self.place[position] = level
        self.price[level] = price
        self.high[level] = 0.0
        self.low[level] = 0.0
        self.seeded[level] = 0.0
        self.orders[level] = 0
        self.length += 1
        return level

    def _remove(self, level):
        index: cython.Py_ssize_t
        price: cython.double = self.price[level]
        index = self._find(price if self.is_bid else -price)
        self.length -= 1
        while index < self.length:
            self.rank[index] = self.rank[index + 1]
            self.place[index] = self.place[index + 1]
            index += 1
        self.orders[level] = self.free
        self.free = level

    def _level(self, price):
        rank: cython.double = price if self.is_bid else -price
        position: cython.Py_ssize_t = self._find(rank)
        if position < self.length and self.rank[position] == rank:
            return self.place[position]
        return self._insert(position, price)

    def enter(self, price, quantity):
        """An order of `quantity` comes to rest at `price`; the number of its level, to be given to the others."""
        level: cython.int = self._level(price)
        self.orders[level] += 1
        self.change(level, quantity)
        return level

    def leave(self, level, quantity):
        """An order with `quantity` still open leaves its level."""
        self.orders[level] -= 1
        if self.orders[level] > 0:
            self.change(level, -quantity)
            return
        self.high[level] = 0.0
        self.low[level] = 0.0
        if self.seeded[level] <= 0.0:
            self._remove(level)

    def change(self, level, delta):
        """The open quantity of a level's orders changes by `delta`."""
        high: cython.double = self.high[level]
        total: cython.double = high + delta
        part: cython.double = total - high
        error: cython.double = (high - (total - part)) + (delta - part)
        low: cython.double = self.low[level] + error
        self.high[level] = total + low
        self.low[level] = low - (self.high[level] - total)

    def seed(self, price, quantity):
        """The anonymous quantity at `price` becomes `quantity`."""
        rank: cython.double = price if self.is_bid else -price
        position: cython.Py_ssize_t = self._find(rank)
        level: cython.int
        if position < self.length and self.rank[position] == rank:
            level = self.place[position]
        elif quantity > 0.0:
            level = self._insert(position, price)
        else:
            return
        self.seeded[level] = quantity
        if quantity <= 0.0 and self.orders[level] == 0:
            self._remove(level)

    def take_seeded(self, price, quantity):
        """Up to `quantity` of the anonymous quantity at `price` goes away."""
        rank: cython.double = price if self.is_bid else -price
        position: cython.Py_ssize_t = self._find(rank)
        level: cython.int
        if position >= self.length or self.rank[position] != rank:
            return
        level = self.place[position]
        self.seeded[level] = max(0.0, self.seeded[level] - quantity)
        if self.seeded[level] <= 0.0 and self.orders[level] == 0:
            self._remove(level)

    def best(self):
        """Best price; NaN when the side is empty."""
        if self.length == 0:
            return float("nan")
        return self.price[self.place[self.length - 1]]

    def quantity(self, level):
        """Open quantity of a level, seeded quantity included."""
        return self.high[level] + self.seeded[level]

    def depth(self, levels):
        """Open quantity of the best `levels` levels."""
        total: cython.double = 0.0
        position: cython.Py_ssize_t = self.length
        last: cython.Py_ssize_t = max(0, self.length - levels)
        while position > last:
            position -= 1
            total += self.quantity(self.place[position])
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
            level = self.place[position]
            if self.rank[position] < (limit if self.is_bid else -limit):
                break
            found = self.price[level]
            quantity -= self.quantity(level)
        return found

    def behind(self, price):
        """Number of levels that are better than `price`."""
        position: cython.Py_ssize_t = self._find(price if self.is_bid else -price)
        if position < self.length and self.rank[position] == (price if self.is_bid else -price):
            position += 1
        return float(self.length - position)

    def top(self, levels: int) -> list[tuple[float, float, int]]:
        """The best levels as (price, quantity, known orders), best first."""
        numbers = [self.place[self.length - 1 - step] for step in range(min(levels, self.length))]
        return [(self.price[level], self.quantity(level), self.orders[level]) for level in numbers]

    def state(self):
        """Plain values from which `restore` makes the same ladder."""
        return arrays.dump(self, _FIELDS)

    def restore(self, state):
        """Becomes the ladder whose `state` was taken."""
        arrays.load(self, _FIELDS, state)


class Book:
    """Both sides of one instrument on one venue."""

    def __init__(self):
        self.bids = Ladder(True)
        self.asks = Ladder(False)

    def ladder(self, side):
        """The ladder of a side code (1 buy, 2 sell)."""
        return self.asks if side == SELL else self.bids

    def crosses(self, side, price):
        """Whether an order of a side at `price` would meet the other side's best."""
        if side == SELL:
            return self.bids.length > 0 and self.bids.best() >= price
        return self.asks.length > 0 and self.asks.best() <= price

    def state(self):
        """Plain values from which `restore` makes the same book."""
        return {"bids": self.bids.state(), "asks": self.asks.state()}

    def restore(self, state):
        """Becomes the book whose `state` was taken."""
        self.bids.restore(state["bids"])
        self.asks.restore(state["asks"])
