# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The closed set of reducers that run once an event; rules are asked at triggers only.

`run` consumes rows of the frame in `view` until an event gives cause to ask the rules (`triggers`, a set of the bits
below) and returns them with every state as of that event, so what a rule sees never depends on how events were
batched. 0 means the frame is used up.
"""

import cython

if cython.compiled:
    from cython.cimports.detection_service.engine.activity import Activity, FillRing, WithdrawalRing
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.live_book import LiveBook
    from cython.cimports.detection_service.engine.market_state import MarketState
    from cython.cimports.detection_service.engine.matches import MatchTable, PairTable
    from cython.cimports.tapewatch.market.book import Ladder
    from cython.cimports.tapewatch.market.hashing import mix
    from cython.cimports.tapewatch.market.order_table import OrderTable
else:
    from detection_service.engine.activity import Activity, FillRing, WithdrawalRing
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.live_book import LiveBook
    from detection_service.engine.market_state import MarketState
    from detection_service.engine.matches import MatchTable, PairTable
    from tapewatch.market.book import Ladder
    from tapewatch.market.hashing import mix
    from tapewatch.market.order_table import OrderTable

# Triggers, and what a source can show; each a bit.
PRESSURE, MATCH, PAIR, PRICE, DEADLINE = 1, 2, 4, 8, 16
HAS_ORDERS, HAS_ACCOUNTS, HAS_FILLS, HAS_MATCHES, HAS_PRINTS = 1, 2, 4, 8, 16
_PRESSURE = cython.declare(cython.int, PRESSURE)
_MATCH = cython.declare(cython.int, MATCH)
_PAIR = cython.declare(cython.int, PAIR)
_PRICE = cython.declare(cython.int, PRICE)
_DEADLINE = cython.declare(cython.int, DEADLINE)
_HAS_ORDERS = cython.declare(cython.int, HAS_ORDERS)
_HAS_ACCOUNTS = cython.declare(cython.int, HAS_ACCOUNTS)
_HAS_FILLS = cython.declare(cython.int, HAS_FILLS)
_HAS_MATCHES = cython.declare(cython.int, HAS_MATCHES)
_HAS_PRINTS = cython.declare(cython.int, HAS_PRINTS)

# Event kinds and codes (tapewatch.market.event), as compiled constants.
_NEW = cython.declare(cython.int, 1)
_REPLACE = cython.declare(cython.int, 2)
_CANCEL = cython.declare(cython.int, 3)
_FILL = cython.declare(cython.int, 4)
_REJECT = cython.declare(cython.int, 5)
_EXPIRE = cython.declare(cython.int, 7)
_TRADE = cython.declare(cython.int, 10)
_QUOTE = cython.declare(cython.int, 11)
_BOOK_LEVEL = cython.declare(cython.int, 12)
_PHASE = cython.declare(cython.int, 15)
_BUY = cython.declare(cython.int, 1)
_SELL = cython.declare(cython.int, 2)
_AGGRESSOR = cython.declare(cython.int, 2)

_ACCOUNTS = cython.declare(cython.ulonglong, 1 << 31)
_MOSTLY = cython.declare(cython.double, 0.5)
_RING = cython.declare(cython.int, 64)
_SECOND_NS = cython.declare(cython.longlong, 1_000_000_000)


class Core(LiveBook):
    """All state that grows with events, and the reducers that move it.

    The thresholds are pre-checks: they only decide how often rules are asked, and are no stricter than any rule.
    `market`, `activity`, `now` and the `match_...` and `pressure_side` fields describe the event behind a trigger.
    """

    def __init__(self, group_of, orders_expected=1024):
        LiveBook.__init__(self, group_of, orders_expected)
        self.matches = MatchTable()
        self.pairs = PairTable()
        self.row = 0
        self.triggers = 0
        self.entry_time, self.order_quantity = 0, 0.0
        self.pressure_ratio = 3.0
        self.pressure_multiple = 4.0
        self.one_sided_ratio = 3.0
        self.large_multiple = 5.0
        self.layers = 3
        self.pressure_span_ns = 15 * _SECOND_NS
        self.fill_window_ns = 5 * _SECOND_NS
        self.pair_window_ns = 120 * _SECOND_NS
        self.pair_trades = 6
        self.pair_turns = 0.6
        self.price_move = 0.005

    def begin(self, view):
        """Takes up a frame."""
        self.view, self.row = view, 0

    def run(self):
        """Consumes rows until the rules are to be asked; the trigger bits, 0 when the frame is used up."""
        while self.row < self.view.row_count:
            self.triggers = 0
            if not self._step(self.row):
                return _DEADLINE
            if self.triggers:
                self._identify(self.row)
            self.row += 1
            if self.triggers:
                return self.triggers
        return 0

    def _step(self, row):
        """One event; False where episodes must be closed before it can be taken."""
        market: MarketState = self.market_of(row)
        now: cython.longlong = self.view.event_time[row]
        kind: cython.int = self.view.kind[row]
        self.market = market
        self.source = self.source_of(self.view.source[row])
        if now < self.venue_time[market.venue]:
            self.late[self.source] += 1
            return True
        self.now = now
        if now > self.venue_deadline[market.venue]:
            return False
        self.venue_time[market.venue] = now
        self.evaluated[self.source] += 1
        if market.pending >= 0 and (now > market.pending_time or kind != _FILL):
            self._rest(market.pending)
            market.pending = -1
        if kind == _NEW:
            self._enter(row)
        elif kind == _CANCEL:
            self._cancel(row)
        elif kind == _FILL:
            self._fill(row)
        elif kind == _REPLACE:
            self._replace(row)
        else:
            self._other(row, kind)
        return True

    def _other(self, row, kind):
        market: MarketState = self.market
        ladder: Ladder
        if kind == _TRADE:
            self.capabilities[self.source] |= _HAS_PRINTS
            market.has_trade_feed = True
            if self.view.trade_id[row] == 0 or self._match(row, -1):
                self._print(self.view.price[row], self.view.quantity[row], self.view.side[row])
        elif kind == _BOOK_LEVEL:
            ladder = market.book.ladder(self.view.side[row])
            ladder.seed(self.view.price[row], self.view.quantity[row])
        elif kind in (_EXPIRE, _REJECT):
            self._expire(row)
        elif kind == _QUOTE:
            market.bid_price = self.view.bid_price[row]
            market.ask_price = self.view.ask_price[row]
        elif kind == _PHASE:
            market.phase = self.view.text(self.view.phase[row]).decode()

    # Orders.

    def _enter(self, row):
        view: FrameView = self.view
        market: MarketState = self.market
        quantity: cython.double = view.quantity[row]
        leaves: cython.double = view.leaves[row]
        slot: cython.int = self._find(row)
        behind: cython.double = 0.0
        ladder: Ladder
        self.capabilities[self.source] |= _HAS_ORDERS
        if slot >= 0:
            return  # told again, as after a resend under another key
        self._identify(row)
        market.sizes.add(quantity)
        slot = self._insert(row, quantity, quantity if leaves != leaves else leaves)
        if self.orders.leaves[slot] <= 0.0:
            self.orders.remove(slot)
            return
        if market.book.crosses(self.orders.side[slot], self.orders.price[slot]):
            market.pending = slot
            market.pending_time = self.now
        else:
            ladder = market.book.ladder(self.orders.side[slot])
            behind = ladder.behind(self.orders.price[slot])
            self._rest(slot)
        if self.orders.participant[slot] >= 0:
            self._count_entry(row, slot, behind)

    def _count_entry(self, row, slot, behind):
        activity: Activity = self.activities[self.orders.participant[slot]]
        side: cython.int = self.orders.side[slot]
        activity.roll(self.now)
        activity.window_measures[side - 1] += 1.0
        activity.window_measures[side + 1] += self.orders.quantity[slot]
        if self.orders.depth_share[slot] > activity.window_measures[13]:
            activity.window_measures[13] = self.orders.depth_share[slot]
        if behind == 0.0:
            activity.window_measures[15] += 1.0

    def _cancel(self, row):
        view: FrameView = self.view
        slot: cython.int = self._find(row)
        leaves: cython.double = view.leaves[row]
        quantity: cython.double = view.quantity[row]
        before: cython.double
        if slot < 0:
            self._unknown(row)
            return
        before = self.orders.leaves[slot]
        if leaves != leaves:
            leaves = before - quantity if quantity == quantity else 0.0
        if self.orders.participant[slot] >= 0:
            self._withdraw(row, slot, before - max(0.0, leaves))
        self._set_leaves(slot, leaves)

    def _expire(self, row):
        slot: cython.int = self._find(row)
        if slot >= 0:
            self._close(slot)
        elif self.view.kind[row] == _EXPIRE:
            self._unknown(row)

    def _replace(self, row):
        view: FrameView = self.view
        slot: cython.int = self._find(row)
        price: cython.double = view.price[row]
        quantity: cython.double = view.quantity[row]
        leaves: cython.double = view.leaves[row]
        if slot < 0:
            self._unknown(row)
            return
        if price != price:
            price = self.orders.price[slot]
        if quantity != quantity:
            quantity = self.orders.quantity[slot]
        if leaves != leaves:
            leaves = quantity - (self.orders.quantity[slot] - self.orders.leaves[slot])
        self._move(row, slot, price, quantity, leaves)

    def _move(self, row, slot, price, quantity, leaves):
        """Gives an order a new price and size. Away from the market, or mostly taken off, counts as a withdrawal."""
        old_price: cython.double = self.orders.price[slot]
        old_leaves: cython.double = self.orders.leaves[slot]
        side: cython.int = self.orders.side[slot]
        away: cython.bint = price < old_price if side == _BUY else price > old_price
        ladder: Ladder
        activity: Activity
        if self.orders.participant[slot] >= 0:
            activity = self.activities[self.orders.participant[slot]]
            activity.roll(self.now)
            activity.window_measures[14] += 1.0
            if away or leaves <= _MOSTLY * old_leaves:
                self._withdraw(row, slot, old_leaves if away else old_leaves - leaves)
        if leaves <= 0.0:
            self._close(slot)
            return
        if self.orders.level[slot] >= 0:
            ladder = self.market.book.ladder(side)
            ladder.leave(self.orders.level[slot], old_leaves)
            self.orders.level[slot] = -1
        if price != old_price:
            self._identify(row)
            self.orders.entry_time[slot] = self.now
            self.orders.event_high[slot] = self.event_high
            self.orders.event_low[slot] = self.event_low
        self._rekey(row, slot, price, quantity, leaves)

    def _unknown(self, row):
        """An order never seen: what is said of it is taken; what it takes comes from anonymous quantity only."""
        view: FrameView = self.view
        side: cython.int = view.side[row]
        price: cython.double = view.price[row]
        quantity: cython.double = view.quantity[row]
        leaves: cython.double = view.leaves[row]
        slot: cython.int
        ladder: Ladder
        self.capabilities[self.source] |= _HAS_ORDERS
        self.unknown_orders[self.source] += 1
        if side == 0 or price != price or view.order_text(row) == 0:
            return
        if view.kind[row] != _REPLACE and quantity == quantity:
            ladder = self.market.book.ladder(side)
            ladder.take_seeded(price, quantity)
        if leaves > 0.0 and view.aggressor[row] != _AGGRESSOR:
            self._identify(row)
            slot = self._insert(row, leaves, leaves)
            self._rest(slot)

    # What groups do: withdrawals, fills, matches.

    def _withdraw(self, row, slot, taken):
        """An owner took `taken` off an order. Mostly unfilled orders are kept as withdrawn, and may be pressure."""
        orders: OrderTable = self.orders
        activity: Activity = self.activities[orders.participant[slot]]
        ring: WithdrawalRing = activity.withdrawals
        side: cython.int = orders.side[slot]
        life: cython.longlong = self.now - orders.entry_time[slot]
        place: cython.Py_ssize_t
        if not taken > 0.0:
            return
        activity.roll(self.now)
        activity.window_measures[4] += 1.0
        activity.window_measures[4 + side] += taken
        activity.window_measures[11] += life / 1e9
        if life <= _SECOND_NS:
            activity.window_measures[12] += 1.0
        if taken < _MOSTLY * orders.quantity[slot]:
            return
        self._identify(row)
        place = ring.count % _RING
        ring.time[place] = self.now
        ring.entry_time[place] = orders.entry_time[slot]
        ring.price[place] = orders.price[slot]
        ring.quantity[place] = taken
        ring.depth_share[place] = orders.depth_share[slot]
        ring.opposite_open[place] = activity.open_high[3 - side]
        ring.side[place] = side
        ring.account[place] = orders.account[slot]
        ring.entry_high[place] = orders.event_high[slot]
        ring.entry_low[place] = orders.event_low[slot]
        ring.event_high[place] = self.event_high
        ring.event_low[place] = self.event_low
        ring.order_id[place] = self.view.text(self.view.order_text(row))
        ring.count += 1
        activity.last_withdrawal_time[side] = self.now
        if activity.last_fill_time[3 - side] >= orders.entry_time[slot]:
            self._press(activity, side)

    def _press(self, activity, side):
        """Asks the rules where a group lately withdrew far more on a side than it traded on the other, much of it for
        the instrument, and far more than it withdrew or has standing there."""
        ring: WithdrawalRing = activity.withdrawals
        since: cython.longlong = self.now - self.pressure_span_ns
        traded: cython.double = activity.fills.traded(3 - side, since)
        minimum: cython.double = max(
            self.pressure_multiple * self.market.sizes.median,
            self.pressure_ratio * max(traded, activity.last_fill_order_quantity[3 - side]),
        )
        large: cython.double = self.large_multiple * self.market.sizes.median
        if ring.dominates(side, since, minimum, self.one_sided_ratio, large, self.layers):
            self.activity = activity
            self.pressure_side = side
            self.triggers |= _PRESSURE

    def _fill(self, row):
        view: FrameView = self.view
        slot: cython.int = self._find(row)
        quantity: cython.double = view.quantity[row]
        leaves: cython.double = view.leaves[row]
        account: cython.int = self.account_of(view.account[row])
        side: cython.int = view.side[row]
        first: cython.bint
        self.capabilities[self.source] |= _HAS_FILLS
        self._identify(row)
        self.order_quantity = quantity
        self.entry_time = 0
        if slot >= 0:
            self.order_quantity = self.orders.quantity[slot]
            self.entry_time = self.orders.entry_time[slot]
            if account < 0:
                account = self.orders.account[slot]
            self._set_leaves(slot, self.orders.leaves[slot] - quantity if leaves != leaves else leaves)
        elif view.order_text(row):
            self._unknown(row)
        if account >= 0:
            self.capabilities[self.source] |= _HAS_ACCOUNTS
            self._filled(row, self.activity_of(account, self.market.number), account, self.order_quantity)
        first = self._match(row, account)
        if view.trade_id[row] == 0:
            first = not self.market.has_trade_feed and (
                view.aggressor[row] == _AGGRESSOR
                or (view.aggressor[row] == 0 and view.contra[row] != 0 and side == _BUY)
            )
        if first:
            self._print(view.price[row], quantity, side if view.aggressor[row] != 1 else 3 - side)

    def _filled(self, row, activity, account, order_quantity):
        """Keeps a fill of a group's; a fill soon after a withdrawal on the other side may be pressure that paid."""
        view: FrameView = self.view
        ring: FillRing = activity.fills
        side: cython.int = view.side[row]
        place: cython.Py_ssize_t = ring.count % _RING
        activity.roll(self.now)
        activity.window_measures[7] += 1.0
        activity.window_measures[7 + side] += view.quantity[row]
        if view.aggressor[row] == _AGGRESSOR:
            activity.window_measures[10] += 1.0
        ring.time[place] = self.now
        ring.price[place] = view.price[row]
        ring.quantity[place] = view.quantity[row]
        ring.order_quantity[place] = order_quantity
        ring.side[place] = side
        ring.account[place] = account
        ring.contra[place] = self.account_of(view.contra[row])
        ring.event_high[place] = self.event_high
        ring.event_low[place] = self.event_low
        ring.order_id[place] = view.text(view.order_text(row))
        ring.trade_id[place] = view.text(view.trade_id[row])
        ring.count += 1
        activity.last_fill_time[side] = self.now
        activity.last_fill_order_quantity[side] = order_quantity
        if activity.last_withdrawal_time[3 - side] >= self.now - self.fill_window_ns:
            self._press(activity, 3 - side)

    def _match(self, row, account):
        """Brings the two sides of a match together; whether this event is the first seen of its trade."""
        view: FrameView = self.view
        matches: MatchTable = self.matches
        text: cython.uint = view.trade_id[row]
        other: cython.int = self.account_of(view.contra[row])
        side: cython.int = view.side[row]
        order_id: bytes = view.text(view.order_text(row))
        key: cython.ulonglong
        place: cython.Py_ssize_t
        first: cython.bint
        both: cython.bint
        self.match_other_order_id = b""
        self.match_other_high = self.match_other_low = 0
        self.match_entry_gap = -1
        self.match_size_ratio = 0.0
        if text == 0:
            self.match_first = True
            if account >= 0 and other >= 0 and side == _BUY:
                self._pair(row, account, other)
            return True
        key = view.hash_of(text, self.market.seed)
        place = matches.place_of(key)
        first = matches.key[place] != key
        self.match_first = first or matches.account[place] < 0
        if first or (account >= 0 and self.match_first):
            both = account >= 0 and other >= 0
            matches.put(place, key, account, side, both, self.event_high, self.event_low, order_id)
            matches.entry_time[place] = self.entry_time
            matches.order_quantity[place] = self.order_quantity
            if both:
                self._pair(row, account, other)
            return first
        if account >= 0 and matches.account[place] >= 0 and matches.side[place] != side:
            self.match_other_order_id = matches.order_id[place]
            self.match_other_high = matches.event_high[place]
            self.match_other_low = matches.event_low[place]
            self.match_first = not matches.paired[place]
            if self.entry_time and matches.entry_time[place]:
                self.match_entry_gap = abs(self.entry_time - matches.entry_time[place])
                self.match_size_ratio = min(self.order_quantity, matches.order_quantity[place]) / max(
                    self.order_quantity, matches.order_quantity[place]
                )
            matches.paired[place] = True
            self._pair(row, account, matches.account[place])
        return False

    def _pair(self, row, account, other):
        """Two accounts traded: one beneficial group with itself, or two that may be trading back and forth."""
        view: FrameView = self.view
        group: cython.ulonglong = self.group_of_account[account]
        other_group: cython.ulonglong = self.group_of_account[other]
        buys: cython.bint = view.side[row] == _BUY
        key: cython.ulonglong
        recent: cython.longlong
        self.capabilities[self.source] |= _HAS_MATCHES
        self.match_buyer = account if buys else other
        self.match_seller = other if buys else account
        self.match_price = view.price[row]
        self.match_quantity = view.quantity[row]
        self.match_trade_id = view.text(view.trade_id[row])
        self.match_order_id = view.text(view.order_text(row))
        if group == other_group:
            self.triggers |= _MATCH
            group = _ACCOUNTS | account
            other_group = _ACCOUNTS | other
        key = mix(self.market.seed ^ (min(group, other_group) << 32 | max(group, other_group)))
        self.match_pair = self.pairs.row_of(key)
        if self.match_first:
            recent = self.pairs.add(
                self.match_pair,
                self.group_of_account[self.match_buyer],
                self.now,
                self.match_price,
                self.match_quantity,
                self.event_high,
                self.event_low,
                self.match_trade_id,
                self.pair_window_ns,
                self.pair_turns,
            )
            if recent >= self.pair_trades and not self.triggers & _MATCH:
                self.triggers |= _PAIR

    def _print(self, price, quantity, side):
        """A trade moves the market; a move of note asks the price rules."""
        self.capabilities[self.source] |= _HAS_PRINTS
        if self.market.trade(self.now, price, quantity, side, self.price_move):
            self.triggers |= _PRICE

    def state(self):
        """Plain values from which `restore` makes the same core."""
        return {"book": self.live_book_state(), "matches": self.matches.state(), "pairs": self.pairs.state()}

    def restore(self, state):
        """Becomes the core whose `state` was taken."""
        self.restore_live_book(state["book"])
        self.matches.restore(state["matches"])
        self.pairs.restore(state["pairs"])
