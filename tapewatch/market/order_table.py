# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Live orders by key: open addressing over slots of flat arrays, about 85 bytes an order, the index included.

The key is a 64-bit hash of market and order id; that two live orders share one has a chance of n^2 / 2^65 (3e-8 for a
million live orders).
"""

import cython

from tapewatch.market import arrays

_SLOT_FIELDS = (
    "key", "event_high", "event_low", "price", "quantity", "leaves", "depth_share", "entry_time", "level", "account",
    "participant", "side",
)  # fmt: skip
_FIELDS = ("live", "free", "index", "index_mask", *_SLOT_FIELDS)
_CAPACITY_MINIMUM = 1024


class OrderTable:
    """Open orders. A slot number is good from `insert` to `remove`; the arrays are indexed by it.

    `price` is NaN for market orders, `leaves` the open quantity, `depth_share` the order's share of its side's best
    levels when it entered, `level` its level in the book or -1, `account` and `participant` the numbers of its account
    and of its owner's activity in the market, or -1. `event_high` and `event_low` identify its entry event.
    """

    def __init__(self, capacity=_CAPACITY_MINIMUM):
        size = _CAPACITY_MINIMUM
        while size < capacity:
            size *= 2
        self.live = 0
        self.free = 0
        self.key = arrays.words(size)
        self.event_high = arrays.words(size)
        self.event_low = arrays.words(size)
        self.price = arrays.doubles(size)
        self.quantity = arrays.doubles(size)
        self.leaves = arrays.doubles(size)
        self.depth_share = arrays.doubles(size)
        self.entry_time = arrays.longs(size)
        self.level = arrays.integers(size)
        self.account = arrays.integers(size)
        self.participant = arrays.integers(size)
        self.side = arrays.octets(size)
        self._chain(0)
        self._rebuild_index(2 * size)

    def _chain(self, start):
        """Links the unused slots from `start` on through `level`; -1 ends the chain."""
        size: cython.int = len(self.level)
        slot: cython.int
        for slot in range(start, size):
            self.level[slot] = slot + 1 if slot + 1 < size else -1

    def _rebuild_index(self, size):
        slot: cython.int
        place: cython.ulonglong
        self.index_mask = size - 1
        self.index = arrays.integers(size)
        used: cython.int = len(self.key) if self.live else 0
        for slot in range(used):
            if self.side[slot]:
                place = self.key[slot] & self.index_mask
                while self.index[place]:
                    place = (place + 1) & self.index_mask
                self.index[place] = slot + 1

    def _grow(self):
        size = len(self.key)
        for name in _SLOT_FIELDS:
            setattr(self, name, arrays.grown(getattr(self, name), 2 * size))
        self._chain(size)
        self.free = size
        self._rebuild_index(4 * size)

    def find(self, key):
        """Slot of the live order with this key; -1 where there is none."""
        place: cython.ulonglong = key & self.index_mask
        slot: cython.int
        while True:
            slot = self.index[place] - 1
            if slot < 0 or self.key[slot] == key:
                return slot
            place = (place + 1) & self.index_mask

    def insert(self, key):
        """A slot for a new order; the caller sets its fields, `side` to 1 or 2 before anything else."""
        place: cython.ulonglong
        slot: cython.int
        if self.free < 0:
            self._grow()
        slot = self.free
        self.free = self.level[slot]
        place = key & self.index_mask
        while self.index[place]:
            place = (place + 1) & self.index_mask
        self.index[place] = slot + 1
        self.key[slot] = key
        self.side[slot] = 1
        self.level[slot] = -1
        self.participant[slot] = -1
        self.account[slot] = -1
        self.live += 1
        return slot

    def remove(self, slot):
        """Frees a slot; later entries of its probe run move up, so that no tombstones remain."""
        place: cython.ulonglong = self.key[slot] & self.index_mask
        hole: cython.ulonglong
        home: cython.ulonglong
        other: cython.int
        while self.index[place] != slot + 1:
            place = (place + 1) & self.index_mask
        hole = place
        while True:
            place = (place + 1) & self.index_mask
            other = self.index[place] - 1
            if other < 0:
                break
            home = self.key[other] & self.index_mask
            if ((place - home) & self.index_mask) >= ((place - hole) & self.index_mask):
                self.index[hole] = other + 1
                hole = place
        self.index[hole] = 0
        self.side[slot] = 0
        self.level[slot] = self.free
        self.free = slot
        self.live -= 1

    def state(self):
        """Plain values from which `restore` makes the same table."""
        return arrays.dump(self, _FIELDS)

    def restore(self, state):
        """Becomes the table whose `state` was taken."""
        arrays.load(self, _FIELDS, state)
