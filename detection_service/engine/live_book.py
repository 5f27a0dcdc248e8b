# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Live orders and the books they make; what entering, moving and closing an order does to both."""

import cython

from detection_service.engine import triggers

if cython.compiled:
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.records import ActivityPointer
    from cython.cimports.detection_service.engine.registry import Registry
    from cython.cimports.tapewatch.market.book import Ladder
    from cython.cimports.tapewatch.market.hashing import mix
    from cython.cimports.tapewatch.market.order_table import OrderTable
    from cython.cimports.tapewatch.market.records import OrderPointer
else:
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.records import Activity as ActivityPointer
    from detection_service.engine.registry import Registry
    from tapewatch.market.book import Ladder
    from tapewatch.market.hashing import mix
    from tapewatch.market.order_table import OrderTable
    from tapewatch.market.records import Order as OrderPointer

_HAS_UNNAMED = cython.declare(cython.int, triggers.HAS_UNNAMED)
_HAS_ACCOUNTS = cython.declare(cython.int, triggers.HAS_ACCOUNTS)
_BUY = cython.declare(cython.int, 1)
_MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
_HIGH_LANE = cython.declare(cython.ulonglong, 0x5851F42D4C957F2D)
_LOW_LANE = cython.declare(cython.ulonglong, 0x14057B7EF767814F)
_DEPTH_LEVELS = cython.declare(cython.int, 10)
_NOTABLE = cython.declare(cython.double, 1.25)


class LiveBook(Registry):
    """Orders by id and the book of the market in hand (`market`) at the time in hand (`now`, minute `now_minute`)."""

    def __init__(self, group_of):
        Registry.__init__(self, group_of)
        self.orders = OrderTable()
        self.now = 0
        self.now_minute = 0
        self.minute_start = 0
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
        order: OrderPointer = self.orders.at(slot)
        account: cython.int = self.account_of(view.account[row])
        activity: ActivityPointer
        order.side = view.side[row] if view.side[row] else _BUY
        order.price = view.price[row]
        order.quantity = quantity
        order.leaves = leaves
        order.entry_time = self.now
        order.account = account
        order.event_high = self.event_high
        order.event_low = self.event_low
        if account >= 0:
            self.capabilities[self.source] |= _HAS_ACCOUNTS
            order.participant = self.activity_of(account, self.market)
            activity = self.activity_at(order.participant)
            activity.orders_open += 1
            self._hold(order, leaves)
        else:
            self.capabilities[self.source] |= _HAS_UNNAMED
        return slot

    def _rest(self, slot):
        """The order comes to rest in the book with what is open of it."""
        order: OrderPointer = self.orders.at(slot)
        ladder: Ladder
        depth: cython.double
        if order.price != order.price or order.leaves <= 0.0:
            return
        ladder = self.market.book.ladder(order.side)
        order.level = ladder.enter(order.price, order.leaves)
        if order.quantity >= _NOTABLE * self.market.sizes.median:  # reading ten levels is dear
            depth = ladder.depth(_DEPTH_LEVELS)
            if depth > 0.0:
                order.depth_share = order.leaves / depth

    def _close(self, slot):
        order: OrderPointer = self.orders.at(slot)
        ladder: Ladder
        activity: ActivityPointer
        if order.level >= 0:
            ladder = self.market.book.ladder(order.side)
            ladder.leave(order.level, order.leaves)
        if self.market.pending == slot:
            self.market.pending = -1
        if order.participant >= 0:
            self._hold(order, -order.leaves)
            activity = self.activity_at(order.participant)
            activity.orders_open -= 1
        self.orders.remove(slot)

    def _hold(self, order, delta):
        """The quantity the order's owner has open on its side changes by `delta` (Knuth's two-sum, as in the book)."""
        activity: ActivityPointer
        side: cython.int = order.side
        high: cython.double
        total: cython.double
        part: cython.double
        low: cython.double
        if order.participant < 0:
            return
        activity = self.activity_at(order.participant)
        high = activity.open_high[side]
        total = high + delta
        part = total - high
        low = activity.open_low[side] + ((high - (total - part)) + (delta - part))
        activity.open_high[side] = total + low
        activity.open_low[side] = low - (activity.open_high[side] - total)

    def _set_leaves(self, slot, leaves):
        """Changes the open quantity of an order; 0 closes it."""
        order: OrderPointer
        ladder: Ladder
        if leaves <= 0.0:
            self._close(slot)
            return
        order = self.orders.at(slot)
        if order.level >= 0:
            ladder = self.market.book.ladder(order.side)
            ladder.change(order.level, leaves - order.leaves)
        self._hold(order, leaves - order.leaves)
        order.leaves = leaves

    def _rekey(self, row, slot, price, quantity, leaves):
        """The order rests again, under its new id where the venue renamed it."""
        view: FrameView = self.view
        order: OrderPointer = self.orders.at(slot)
        renamed: OrderPointer
        key: cython.ulonglong = view.hash_of(view.order_text(row), self.market.seed)
        fresh: cython.int = slot
        self._hold(order, leaves - order.leaves)
        if key != order.key and view.order_text(row):
            fresh = self.orders.insert(key)
            renamed = self.orders.at(fresh)
            renamed.side = order.side
            renamed.entry_time = order.entry_time
            renamed.account = order.account
            renamed.participant = order.participant
            renamed.event_high = order.event_high
            renamed.event_low = order.event_low
            renamed.depth_share = order.depth_share
            renamed.distance = order.distance
            self.orders.remove(slot)
            order = renamed
        order.price = price
        order.quantity = quantity
        order.leaves = leaves
        order.crossed = self.market.book.crosses(order.side, price)
        if order.crossed:
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
