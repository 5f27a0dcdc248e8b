# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Live orders and the books they make; what entering, moving and closing an order does to both."""

import cython

from detection_service.engine import triggers
from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.market_state import MarketState
    from cython.cimports.detection_service.engine.records import ActivityPointer
    from cython.cimports.detection_service.engine.registry import Registry, activity_at
    from cython.cimports.tapewatch.market.arena import record_at
    from cython.cimports.tapewatch.market.book import Ladder
    from cython.cimports.tapewatch.market.memory import mix, prefetch
    from cython.cimports.tapewatch.market.order_table import OrderTable, order_at
    from cython.cimports.tapewatch.market.records import OrderPointer
else:
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.market_state import MarketState
    from detection_service.engine.records import Activity as ActivityPointer
    from detection_service.engine.registry import Registry, activity_at
    from tapewatch.market.book import Ladder
    from tapewatch.market.hashing import mix
    from tapewatch.market.order_table import OrderTable, order_at
    from tapewatch.market.records import Order as OrderPointer

_HAS_UNNAMED = cython.declare(cython.int, triggers.HAS_UNNAMED)
_HAS_ACCOUNTS = cython.declare(cython.int, triggers.HAS_ACCOUNTS)
_NEW = cython.declare(cython.int, 1)
_REPLACE = cython.declare(cython.int, 2)
_CANCEL = cython.declare(cython.int, 3)
_FILL = cython.declare(cython.int, 4)
_BUY = cython.declare(cython.int, 1)
_INDEX_AHEAD = cython.declare(cython.int, 15)  # rows; below 16
_RECORDS_AHEAD = cython.declare(cython.int, 11)
_RINGS_AHEAD = cython.declare(cython.int, 6)
_MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
_HIGH_LANE = cython.declare(cython.ulonglong, 0x5851F42D4C957F2D)
_LOW_LANE = cython.declare(cython.ulonglong, 0x14057B7EF767814F)
_DEPTH_LEVELS = cython.declare(cython.int, 10)
_MARKET_BITS = cython.declare(cython.int, 0xFFFF)
_NOTABLE = cython.declare(cython.double, 1.25)
# 0.027 less 0.01, 0.01 and 0.007 is 9e-19; no venue trades a millionth of a millionth of an order.
_ROUNDING = cython.declare(cython.double, 1e-12)


class LiveBook(Registry):
    """Orders by id and the book of the market in hand (`market`) at the time in hand (`now`, minute `now_minute`).

    The `ahead_...` of row n are at n % 16, and are of that row where `ahead_row` says so: what compiled code looked up
    before the row's turn: number of its market, the order's key and slot (-1: none, or not looked up), the activity's
    key and number.
    """

    def __init__(self, group_of):
        Registry.__init__(self, group_of)
        self.orders = OrderTable()
        self.now = 0
        self.now_minute = 0
        self.minute_start = 0
        self.source = 0
        self.event_high = 0
        self.event_low = 0
        self.identified = -1
        self.epoch = self.part = 0
        self.identity_high = self.identity_low = 0
        self.ahead = 0
        self.ahead_row = arrays.longs(16)
        self.ahead_key = arrays.words(16)
        self.ahead_activity = arrays.words(16)
        self.ahead_market = arrays.integers(16)
        self.ahead_slot = arrays.integers(16)
        self.ahead_number = arrays.integers(16)

    def take_up(self, view):
        """Begins with a frame."""
        self.view, self.ahead, self.identified = view, 0, -1
        for place in range(16):
            self.ahead_row[place] = -1

    def _fetch_ahead(self, row):
        """Has the processor fetch what the next events will touch, in three steps: indexes, records, rings.

        Most of the cost of an event is waiting for memory; this changes no state and no result.
        """
        view: FrameView = self.view
        last: cython.Py_ssize_t = min(view.row_count, row + _INDEX_AHEAD + 1)
        while self.ahead < last:
            self._fetch_index(self.ahead)
            self.ahead += 1
        if row + _RECORDS_AHEAD < view.row_count:
            self._fetch_records(row + _RECORDS_AHEAD)
        if row + _RINGS_AHEAD < view.row_count:
            self._fetch_rings(row + _RINGS_AHEAD)

    def _fetch_index(self, row):
        """Where the order and the activity of a row are told."""
        view: FrameView = self.view
        place: cython.int = row & 15
        number: cython.int = self.known_market(row)
        account: cython.int
        market: MarketState
        self.ahead_row[place] = -1
        self.ahead_slot[place] = -1
        self.ahead_number[place] = -1
        self.ahead_activity[place] = 0
        if number < 0 or view.order_text(row) == 0:
            return
        market = cython.cast(MarketState, self.markets[number])
        market.prefetch()
        account = self.known_account(view.account[row])
        self.ahead_row[place] = row
        self.ahead_market[place] = number
        self.ahead_key[place] = view.hash_of(view.order_text(row), market.seed)
        self.orders.index.prefetch(self.ahead_key[place])
        if account >= 0:
            self.ahead_activity[place] = (cython.cast(cython.ulonglong, number) << 32) | self.group_of_account[account]
            self.activity_index.prefetch(self.ahead_activity[place])

    def _fetch_records(self, row):
        """The order and the activity themselves, and the side of the book."""
        market: MarketState
        place: cython.int = row & 15
        slot: cython.int
        number: cython.int
        if self.ahead_row[place] != row:
            return
        if self.view.kind[row] != _NEW:
            slot = self.orders.index.find(self.ahead_key[place])
            if slot >= 0:
                self.ahead_slot[place] = slot
                self.orders.arena.prefetch(slot)
        if self.ahead_activity[place]:
            number = self.activity_index.find(self.ahead_activity[place])
            if number >= 0:
                self.ahead_number[place] = number
                self._fetch_activity(number, self.view.kind[row])
        market = cython.cast(MarketState, self.markets[self.ahead_market[place]])
        market.prefetch_side(self.view.side[row])
        if self.view.kind[row] == _FILL and self.ahead_activity[place]:
            self._fetch_across(row, self.ahead_activity[place] & 0xFFFFFFFF)

    def _fetch_across(self, row, group):
        """What a group's fill touches beyond the group in its market: the layers above know."""

    def _fetch_across_rings(self, row, group):
        """The same, a step later."""

    def _fetch_activity(self, number, kind):
        """The lines of an activity that an event of a kind touches: a new order's are four of nine, a cancel's six."""
        line: cython.p_char
        if cython.compiled:
            if kind not in (_NEW, _CANCEL):
                self.activities.prefetch(number)
                return
            line = cython.cast(cython.p_char, record_at(self.activities, number))
            prefetch(line)
            prefetch(line + 64)
            prefetch(line + 128)
            prefetch(line + 256)
            if kind == _CANCEL:
                prefetch(line + 320)
                prefetch(line + 448)

    def _fetch_rings(self, row):
        """Where the activity of a row keeps its next withdrawal or fill, its closed minutes, and the order's level."""
        market: MarketState
        place: cython.int = row & 15
        kind: cython.int = self.view.kind[row]
        number: cython.int = self.ahead_number[place]
        activity: ActivityPointer
        if self.ahead_row[place] != row:
            return
        market = cython.cast(MarketState, self.markets[self.ahead_market[place]])
        market.ladder(self.view.side[row]).prefetch_level(
            order_at(self.orders, self.ahead_slot[place]).level if self.ahead_slot[place] >= 0 else -1
        )
        if number < 0:
            if self.ahead_slot[place] < 0:
                return
            number = order_at(self.orders, self.ahead_slot[place]).participant
            if number < 0:
                return
        activity = activity_at(self, number)
        if kind in (_CANCEL, _REPLACE):
            self.withdrawals.prefetch(activity)
        elif kind == _FILL:
            self.fills.prefetch(activity)
            self._fetch_across_rings(row, activity.group)
        if activity.flow and activity.minute != self.now_minute:
            self.flows.prefetch(activity)

    def _market(self, row):
        """The market of a row."""
        if self.ahead_row[row & 15] == row:
            return cython.cast(MarketState, self.markets[self.ahead_market[row & 15]])
        return self.market_of(row)

    def _key(self, row):
        """Key of the order a row names."""
        if self.ahead_row[row & 15] == row:
            return self.ahead_key[row & 15]
        return self.view.hash_of(self.view.order_text(row), self.market.seed)

    def _activity(self, row, account):
        """Number of what the account of a row does in its market."""
        number: cython.int
        activity: ActivityPointer
        if self.ahead_row[row & 15] == row and self.ahead_number[row & 15] >= 0:
            number = self.ahead_number[row & 15]
            activity = activity_at(self, number)
            if activity.group == self.group_of_account[account] and activity.market == self.market.number:
                return number
        return self.activity_of(account, self.market)

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
        if self.source != self.identified or view.source_epoch[row] != self.epoch or view.source_part[row] != self.part:
            self.identified, self.epoch, self.part = self.source, view.source_epoch[row], view.source_part[row]
            numbers = mix((mix(self.epoch & _MASK) + self.part) & _MASK)
            self.identity_high = mix(base ^ _HIGH_LANE ^ numbers)
            self.identity_low = mix(base ^ _LOW_LANE ^ numbers)
        sequence = view.source_sequence[row] & _MASK
        self.event_high = mix(self.identity_high ^ sequence)
        self.event_low = mix(self.identity_low ^ sequence)

    def _find(self, row):
        """Slot of the order an event names: by its id, the client's, or the id before; -1 for an unknown order."""
        view: FrameView = self.view
        here: cython.int = self.market.number & _MARKET_BITS
        slot: cython.int
        order: OrderPointer
        key: cython.ulonglong
        if self.ahead_row[row & 15] == row and self.ahead_slot[row & 15] >= 0:
            slot = self.ahead_slot[row & 15]
            order = order_at(self.orders, slot)
            if order.key == self.ahead_key[row & 15] and order.side:
                return slot if order.market == here else -1
        slot = self.orders.find(self._key(row)) if view.order_text(row) else -1
        if slot < 0 and view.previous_order_id[row]:
            key = view.hash_of(view.previous_order_id[row], self.market.seed)
            slot = self.orders.find(key)
        return -1 if slot >= 0 and order_at(self.orders, slot).market != here else slot

    def _insert(self, row, quantity, leaves):
        view: FrameView = self.view
        slot: cython.int = self.orders.insert(self._key(row))
        order: OrderPointer = order_at(self.orders, slot)
        account: cython.int = self.account_of(view.account[row])
        activity: ActivityPointer
        order.market = self.market.number & _MARKET_BITS
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
            order.participant = self._activity(row, account)
            activity = activity_at(self, order.participant)
            activity.orders_open += 1
            self._hold(order, leaves)
        else:
            self.capabilities[self.source] |= _HAS_UNNAMED
        return slot

    def _rest(self, slot):
        """The order comes to rest in the book with what is open of it."""
        order: OrderPointer = order_at(self.orders, slot)
        ladder: Ladder
        depth: cython.double
        if order.price != order.price or order.leaves <= 0.0:
            return
        ladder = self.market.ladder(order.side)
        order.level = ladder.enter(order.price, order.leaves)
        if order.quantity >= _NOTABLE * self.market.sizes.median:  # reading ten levels is dear
            depth = ladder.depth(_DEPTH_LEVELS)
            if depth > 0.0:
                order.depth_share = order.leaves / depth

    def _close(self, slot):
        order: OrderPointer = order_at(self.orders, slot)
        ladder: Ladder
        activity: ActivityPointer
        if order.level >= 0:
            ladder = self.market.ladder(order.side)
            ladder.leave(order.level, order.leaves)
        if self.market.pending == slot:
            self.market.pending = -1
        if order.participant >= 0:
            self._hold(order, -order.leaves)
            activity = activity_at(self, order.participant)
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
        activity = activity_at(self, order.participant)
        high = activity.open_high[side]
        total = high + delta
        part = total - high
        low = activity.open_low[side] + ((high - (total - part)) + (delta - part))
        activity.open_high[side] = total + low
        activity.open_low[side] = low - (activity.open_high[side] - total)

    def _set_leaves(self, slot, leaves):
        """Changes the open quantity of an order; 0 closes it, and so does what rounding leaves of it."""
        order: OrderPointer = order_at(self.orders, slot)
        ladder: Ladder
        if leaves <= 0.0 or leaves <= _ROUNDING * order.quantity:
            self._close(slot)
            return
        if order.level >= 0:
            ladder = self.market.ladder(order.side)
            ladder.change(order.level, leaves - order.leaves)
        self._hold(order, leaves - order.leaves)
        order.leaves = leaves

    def _rekey(self, row, slot, price, quantity, leaves):
        """The order rests again, under its new id where the venue renamed it."""
        view: FrameView = self.view
        order: OrderPointer = order_at(self.orders, slot)
        renamed: OrderPointer
        key: cython.ulonglong = self._key(row)
        fresh: cython.int = slot
        self._hold(order, leaves - order.leaves)
        if key != order.key and view.order_text(row):
            fresh = self.orders.insert(key)
            renamed = order_at(self.orders, fresh)
            renamed.market = order.market
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
        order.crossed = self.market.ladder(3 - order.side).meets(price)
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
