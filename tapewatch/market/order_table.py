# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Live orders by key: 88 bytes an order in pages that never move, and 25 to 50 in the index.

The key is a 64-bit hash of market and order id; that two live orders share one has a chance of n^2 / 2^65 (3e-8 for a
million live orders).
"""

import cython

from tapewatch.market.records import Order

if cython.compiled:
    from cython.cimports.tapewatch.market.arena import Arena
    from cython.cimports.tapewatch.market.key_index import KeyIndex
    from cython.cimports.tapewatch.market.records import OrderPointer
else:
    from tapewatch.market.arena import Arena
    from tapewatch.market.key_index import KeyIndex
    from tapewatch.market.records import Order as OrderPointer


class OrderTable:
    """Open orders. A slot number is good from `insert` to `remove`.

    `price` is NaN for market orders, `leaves` the open quantity, `depth_share` the order's share of its side's best
    levels when it entered (0 for one hardly above the usual size), `distance` how far behind its side's best it entered
    (share of that price; negative where it improved it), `level` its level in the book or -1, `account` and
    `participant` the numbers of its account and of its owner's activity in the market, or -1. `event_high` and
    `event_low` identify its entry event; `crossed` says that it met the other side when it entered. `market` is its
    market's number (the low sixteen bits): keys are no secret, and ids can be chosen that have one key in two markets.
    """

    def __init__(self):
        self.live = 0
        self.arena = Arena(Order)
        self.index = KeyIndex()

    def at(self, slot):
        """The order in a slot."""
        return order_at(self, slot)

    def find(self, key):
        """Slot of the live order with this key; -1 where there is none."""
        return self.index.find(key)

    def insert(self, key):
        """A slot for a new order; the caller sets its fields."""
        slot: cython.int = self.arena.take()
        order: OrderPointer = order_at(self, slot)
        order.key = key
        order.level = -1
        order.participant = -1
        order.account = -1
        self.index.put(key, slot)
        self.live += 1
        return slot

    def remove(self, slot):
        """Frees a slot."""
        order: OrderPointer = order_at(self, slot)
        self.index.remove(order.key, slot)
        order.side = 0
        self.arena.give_back(slot)
        self.live -= 1

    def get(self, slot):
        """A copy of an order (tapewatch.market.records.Order); for tests and tools."""
        return self.arena.get(slot)

    def memory(self):
        """Bytes held."""
        return self.arena.memory() + self.index.memory()

    def state(self):
        """Plain values from which `restore` makes the same table."""
        return {"live": self.live, "arena": self.arena.state()}

    def restore(self, state):
        """Becomes the table whose `state` was taken."""
        slot: cython.int
        order: OrderPointer
        unused: cython.uchar[::1]
        self.live = state["live"]
        self.arena = Arena(Order)
        self.arena.restore(state["arena"])
        self.index = KeyIndex()
        unused = self.arena.given_back()
        for slot in range(self.arena.used):
            if not unused[slot]:
                order = order_at(self, slot)
                self.index.put(order.key, slot)


if not cython.compiled:  # compiled, inline in the .pxd beside

    def order_at(table, slot):
        """The order in a slot."""
        return table.arena.items[slot]
