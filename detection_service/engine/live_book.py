# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Live orders and the books they make; what entering, moving and closing an order does to both."""

import cython

if cython.compiled:
    from cython.cimports.detection_service.engine.activity import Activity
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.registry import Registry
    from cython.cimports.tapewatch.market.book import Ladder
    from cython.cimports.tapewatch.market.hashing import mix
    from cython.cimports.tapewatch.market.order_table import OrderTable
else:
    from detection_service.engine.activity import Activity
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.registry import Registry
    from tapewatch.market.book import Ladder
    from tapewatch.market.hashing import mix
    from tapewatch.market.order_table import OrderTable

HAS_ACCOUNTS = 2
_HAS_ACCOUNTS = cython.declare(cython.int, HAS_ACCOUNTS)
_BUY = cython.declare(cython.int, 1)
_MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
_HIGH_LANE = cython.declare(cython.ulonglong, 0x5851F42D4C957F2D)
_LOW_LANE = cython.declare(cython.ulonglong, 0x14057B7EF767814F)
_DEPTH_LEVELS = cython.declare(cython.int, 10)


class LiveBook(Registry):
    """Orders by id and the book of the market in hand (`market`) at the time in hand (`now`)."""

    def __init__(self, group_of, orders_expected):
        Registry.__init__(self, group_of)
        self.orders = OrderTable(orders_expected)
        self.now = 0
        self.source = 0
        self.event_high = 0
        self.event_low = 0

    def _identify(self, row):
        """The event's 128-bit identity (tapewatch.market.identity computes the same)."""
        view: FrameView = self.view
        base: cython.ulonglong = self.source_seed[self.source]
        key: cython.uint = view.event_key[row]
        numbers: cython.ulonglong
        sequence: cython.ulonglong
        if key:
            self.event_high = view.hash_of(key, base ^ _HIGH_LANE)
            self.event_low = view.hash_of(key, base ^ _LOW_LANE)
            return
        numbers = mix((mix(view.source_epoch[row] & _MASK) + view.source_part[row]) & _MASK)
        sequence = view.source_sequence[row] & _MASK
        self.event_high = mix(mix(base ^ _HIGH_LANE ^ numbers) ^ sequence)
        self.event_low = mix(mix(base ^ _LOW_LANE ^ numbers) ^ sequence)

    def _find(self, row):
        """Slot of the order an event names: by its id, the client's, or the id before; -1 for an unknown order."""
        view: FrameView = self.view
        seed: cython.ulonglong = self.market.seed
        text: cython.uint = view.order_text(row)
        slot: cython.int = self.orders.find(view.hash_of(text, seed)) if text else -1
        if slot < 0 and view.previous_order_id[row]:
            slot = self.orders.find(view.hash_of(view.previous_order_id[row], seed))
        return slot

    def _insert(self, row, quantity, leaves):
        view: FrameView = self.view
        slot: cython.int = self.orders.insert(view.hash_of(view.order_text(row), self.market.seed))
        account: cython.int = self.account_of(view.account[row])
        side: cython.int = view.side[row]
        activity: Activity
        self.orders.side[slot] = side if side else _BUY
        self.orders.price[slot] = view.price[row]
        self.orders.quantity[slot] = quantity
        self.orders.leaves[slot] = leaves
        self.orders.depth_share[slot] = 0.0
        self.orders.entry_time[slot] = self.now
        self.orders.account[slot] = account
        self.orders.event_high[slot] = self.event_high
        self.orders.event_low[slot] = self.event_low
        if account >= 0:
            self.capabilities[self.source] |= _HAS_ACCOUNTS
            activity = self.activity_of(account, self.market.number)
            self.orders.participant[slot] = activity.number
            activity.hold(self.orders.side[slot], leaves)
        return slot

    def _rest(self, slot):
        """The order comes to rest in the book with what is open of it."""
        ladder: Ladder
        depth: cython.double
        price: cython.double = self.orders.price[slot]
        if price != price or self.orders.leaves[slot] <= 0.0:
            return
        ladder = self.market.book.ladder(self.orders.side[slot])
        self.orders.level[slot] = ladder.enter(price, self.orders.leaves[slot])
        depth = ladder.depth(_DEPTH_LEVELS)
        if depth > 0.0:
            self.orders.depth_share[slot] = self.orders.leaves[slot] / depth

    def _close(self, slot):
        ladder: Ladder
        if self.orders.level[slot] >= 0:
            ladder = self.market.book.ladder(self.orders.side[slot])
            ladder.leave(self.orders.level[slot], self.orders.leaves[slot])
        if self.market.pending == slot:
            self.market.pending = -1
        self._hold(slot, -self.orders.leaves[slot])
        self.orders.remove(slot)

    def _hold(self, slot, delta):
        """The quantity the order's owner has open changes by `delta`."""
        activity: Activity
        if self.orders.participant[slot] >= 0:
            activity = self.activities[self.orders.participant[slot]]
            activity.hold(self.orders.side[slot], delta)

    def _set_leaves(self, slot, leaves):
        """Changes the open quantity of an order; 0 closes it."""
        ladder: Ladder
        if leaves <= 0.0:
            self._close(slot)
            return
        if self.orders.level[slot] >= 0:
            ladder = self.market.book.ladder(self.orders.side[slot])
            ladder.change(self.orders.level[slot], leaves - self.orders.leaves[slot])
        self._hold(slot, leaves - self.orders.leaves[slot])
        self.orders.leaves[slot] = leaves

    def _rekey(self, row, slot, price, quantity, leaves):
        """The order rests again, under its new id where the venue renamed it."""
        view: FrameView = self.view
        orders: OrderTable = self.orders
        key: cython.ulonglong = view.hash_of(view.order_text(row), self.market.seed)
        fresh: cython.int = slot
        self._hold(slot, leaves - orders.leaves[slot])
        if key != orders.key[slot] and view.order_text(row):
            fresh = orders.insert(key)
            orders.side[fresh] = orders.side[slot]
            orders.entry_time[fresh] = orders.entry_time[slot]
            orders.account[fresh] = orders.account[slot]
            orders.participant[fresh] = orders.participant[slot]
            orders.event_high[fresh] = orders.event_high[slot]
            orders.event_low[fresh] = orders.event_low[slot]
            orders.depth_share[fresh] = orders.depth_share[slot]
            orders.remove(slot)
        orders.price[fresh] = price
        orders.quantity[fresh] = quantity
        orders.leaves[fresh] = leaves
        if self.market.book.crosses(orders.side[fresh], price):
            self.market.pending = fresh
            self.market.pending_time = self.now
        else:
            self._rest(fresh)

    def live_book_state(self):
        """Plain values from which `restore_live_book` makes the same orders and books."""
        return {"registry": self.registry_state(), "orders": self.orders.state()}

    def restore_live_book(self, state):
        """Becomes the live book whose state was taken."""
        self.restore_registry(state["registry"])
        self.orders.restore(state["orders"])
