# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The closed set of reducers that run once an event; rules are asked at triggers only.

`run` consumes rows of the frame in `view` until an event gives cause to ask the rules (`triggers`, a set of the bits
below) and returns them with every state as of that event, so what a rule sees never depends on how events were
batched. 0 means the frame is used up.
"""

import cython

from detection_service.engine import triggers
from detection_service.engine.flow import Conditions
from detection_service.engine.records import MEASURES

if cython.compiled:
    from cython.cimports.detection_service.engine.across import Across
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.market_state import MarketState
    from cython.cimports.detection_service.engine.records import ActivityPointer
    from cython.cimports.tapewatch.market.book import Ladder
    from cython.cimports.tapewatch.market.order_table import order_at
    from cython.cimports.tapewatch.market.records import OrderPointer
else:
    from detection_service.engine.across import Across
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.market_state import MarketState
    from detection_service.engine.records import Activity as ActivityPointer
    from tapewatch.market.book import Ladder
    from tapewatch.market.order_table import order_at
    from tapewatch.market.records import Order as OrderPointer

_PRICE = cython.declare(cython.int, triggers.PRICE)
_DEADLINE = cython.declare(cython.int, triggers.DEADLINE)
_ENTRY = cython.declare(cython.int, triggers.ENTRY)
_MARKET = cython.declare(cython.int, triggers.MARKET)
_SESSION = cython.declare(cython.int, triggers.SESSION)
_HAS_ORDERS = cython.declare(cython.int, triggers.HAS_ORDERS)
_HAS_ACCOUNTS = cython.declare(cython.int, triggers.HAS_ACCOUNTS)
_HAS_FILLS = cython.declare(cython.int, triggers.HAS_FILLS)
_HAS_PRINTS = cython.declare(cython.int, triggers.HAS_PRINTS)
_HAS_PHASES = cython.declare(cython.int, triggers.HAS_PHASES)
_HAS_QUOTES = cython.declare(cython.int, triggers.HAS_QUOTES)

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
_STATUS = cython.declare(cython.int, 9)
_PHASE = cython.declare(cython.int, 15)
_BUY = cython.declare(cython.int, 1)
_AGGRESSOR = cython.declare(cython.int, 2)
_REPLACES = cython.declare(cython.int, MEASURES.index("replaces"))

_MOSTLY = cython.declare(cython.double, 0.5)
_ROUNDING = cython.declare(cython.double, 1e-12)
_SECOND_NS = cython.declare(cython.longlong, 1_000_000_000)
_MINUTE_NS = cython.declare(cython.longlong, 60_000_000_000)
_MINUTES_IDLE = cython.declare(cython.longlong, 120)
_SWEEP_MINUTES = cython.declare(cython.longlong, 10)


class Core(Across):
    """All state that grows with events, and the reducers that move it.

    `market`, `now` and the `match_...` fields describe the event behind a trigger, `due_market` the slots of the rules
    whose conditions hold at a MARKET trigger. `wanted` are the triggers that rules in force answer.
    """

    def __init__(self, group_of):
        Across.__init__(self, group_of)
        self.row = 0
        self.wanted = -1
        self.market_conditions = Conditions(())
        self.due_market = []
        self.price_move = 0.005

    def begin(self, view):
        """Takes up a frame."""
        self.row = 0
        self.take_up(view)

    def run(self):
        """Consumes rows until the rules are to be asked; the trigger bits, 0 when the frame is used up."""
        while self.row < self.view.row_count:
            self.triggers = 0
            self.acting = -1
            if cython.compiled:
                self._fetch_ahead(self.row)
            if not self._step(self.row):
                return self.triggers or _DEADLINE
            self.triggers &= self.wanted
            if self.triggers:
                self._identify(self.row)
            self.row += 1
            if self.triggers:
                return self.triggers
        return 0

    def row_order_text(self):
        """Id of the order the event behind a trigger names."""
        return self.view.text(self.view.order_text(self.row - 1))

    def row_values(self):
        """Kind, side, price, quantity and trade id of the event behind a trigger."""
        view: FrameView = self.view
        row: cython.Py_ssize_t = self.row - 1
        return view.kind[row], view.side[row], view.price[row], view.quantity[row], view.text(view.trade_id[row])

    def _step(self, row):
        """One event; False where episodes must be closed, or rules asked about its market, before it can be taken."""
        market: MarketState = self._market(row)
        now: cython.longlong = self.view.event_time[row]
        kind: cython.int = self.view.kind[row]
        self.market = market
        self.source = self.source_of(self.view.source[row])
        if now < self.venue_time[market.venue]:
            self.late[self.source] += 1
            return True
        self.now = now
        if now > self.venue_deadline[market.venue] or now >= market.session_due:
            self._interrupt(row)
            return False
        if not 0 <= now - self.minute_start < _MINUTE_NS:
            self.now_minute = now // _MINUTE_NS
            self.minute_start = self.now_minute * _MINUTE_NS
        if now >= market.next_tick and self._tick():
            self._identify(row)
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

    def _interrupt(self, row):
        """Episodes of the venue are over, or else a moment of the market's session is due."""
        if self.now <= self.venue_deadline[self.market.venue]:
            self._identify(row)
            self.triggers = _SESSION

    def _tick(self):
        """Five seconds of a market went by; with a minute, whether the rules on markets are to be asked.

        They are asked before the event is taken: a group's minute that it ends has other metrics.
        """
        closed: cython.longlong = self.market.tick(self.now)
        due = None
        if self.now >= self.known_until[self.market.number]:
            self._know(self.market, self.now)
        if closed < 0:
            return False
        if self.market_conditions.rules:
            self.flows.measure_market(self.market, closed)
            due = self.market_conditions.due(self.flows.values)
        if closed // _SWEEP_MINUTES != self.market.minute_now // _SWEEP_MINUTES:
            self._forget_idle(self.market, (self.market.minute_now - _MINUTES_IDLE) * 60 * _SECOND_NS)
        if due is None:
            return False
        self.due_market = due
        self.triggers = _MARKET
        return True

    def _other(self, row, kind):
        market: MarketState = self.market
        ladder: Ladder
        if kind == _TRADE:
            self.capabilities[self.source] |= _HAS_PRINTS
            market.has_trade_feed = True
            if self._match(row, -1, -1):
                self._identify(row)
                self._stray(row, -1)
                self._print(self.view.price[row], self.view.quantity[row], self.view.side[row])
        elif kind == _BOOK_LEVEL:
            ladder = market.ladder(self.view.side[row])
            ladder.seed(self.view.price[row], self.view.quantity[row])
        elif kind in (_EXPIRE, _REJECT):
            self._expire(row)
        elif kind == _QUOTE:
            self.capabilities[self.source] |= _HAS_QUOTES
            market.bid_price = self.view.bid_price[row]
            market.ask_price = self.view.ask_price[row]
        elif kind == _STATUS:
            if self.view.leaves[row] > 0.0 and self._find(row) < 0:
                self._unknown(row)
        elif kind == _PHASE:
            self.capabilities[self.source] |= _HAS_PHASES
            market.phase_before = market.phase
            market.phase = self.view.text(self.view.phase[row]).decode()
            self.triggers |= _SESSION

    # Orders.

    def _enter(self, row):
        view: FrameView = self.view
        market: MarketState = self.market
        quantity: cython.double = view.quantity[row]
        leaves: cython.double = view.leaves[row]
        slot: cython.int = self._find(row)
        order: OrderPointer
        ladder: Ladder
        leads: cython.bint = True
        self.capabilities[self.source] |= _HAS_ORDERS
        if slot >= 0:
            return  # told again, as after a resend under another key
        self._identify(row)
        market.message(self.now_minute)
        slot = self._insert(row, quantity, quantity if leaves != leaves else leaves)
        order = order_at(self.orders, slot)
        if order.leaves <= 0.0:
            self._close(slot)
            return
        order.crossed = market.ladder(3 - order.side).meets(order.price)
        if self._far_beyond(slot):
            self.entered = slot
            self.triggers |= _ENTRY
        self._note_large(row, slot)
        market.sizes.add(quantity)
        ladder = market.ladder(order.side)
        order.distance = self._distance(ladder, order.side, order.price, 0.0)
        if order.crossed:
            market.pending = slot
            market.pending_time = self.now
        else:
            leads = ladder.leads(order.price)
            self._rest(slot)
        if order.participant >= 0:
            self._entered(row, slot, leads)
            self._check_list(order.account)

    def _distance(self, ladder, side, price, otherwise):
        """How far behind its side's best a price is, as a share of that; `otherwise` where that says nothing."""
        best: cython.double = ladder.best()
        if price != price or best != best or best == 0.0:
            return otherwise
        return (best - price if side == _BUY else price - best) / abs(best)

    def _cancel(self, row):
        view: FrameView = self.view
        slot: cython.int = self._find(row)
        leaves: cython.double = view.leaves[row]
        quantity: cython.double = view.quantity[row]
        order: OrderPointer
        before: cython.double
        if slot < 0:
            self._unknown(row)
            return
        order = order_at(self.orders, slot)
        before = order.leaves
        self.market.message(self.now_minute)
        if leaves != leaves:
            leaves = before - quantity if quantity == quantity else 0.0
        if order.participant >= 0:
            self._withdraw(row, slot, before - max(0.0, leaves), False)
        else:
            self._unnamed(row, slot, before - max(0.0, leaves))
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
        order: OrderPointer
        if slot < 0:
            self._unknown(row)
            return
        order = order_at(self.orders, slot)
        self.market.message(self.now_minute)
        if price != price:
            price = order.price
        if quantity != quantity:
            quantity = order.quantity
        if leaves != leaves:
            leaves = quantity - (order.quantity - order.leaves)
        self._move(row, slot, price, quantity, leaves)

    def _move(self, row, slot, price, quantity, leaves):
        """Gives an order a new price and size. Away from the market, or mostly taken off, counts as a withdrawal."""
        order: OrderPointer = order_at(self.orders, slot)
        old_price: cython.double = order.price
        old_leaves: cython.double = order.leaves
        side: cython.int = order.side
        away: cython.bint = price < old_price if side == _BUY else price > old_price
        ladder: Ladder
        activity: ActivityPointer
        if order.participant >= 0:
            activity = self._touch(order.participant)
            activity.measures[_REPLACES] += 1.0
            if away or leaves <= _MOSTLY * old_leaves:
                self._withdraw(row, slot, old_leaves if away else old_leaves - leaves, leaves > _MOSTLY * old_leaves)
            else:
                self._message(activity, order.participant)
        elif away:
            self._unnamed(row, slot, old_leaves)
        if leaves <= 0.0 or leaves <= _ROUNDING * quantity:
            self._close(slot)
            return
        ladder = self.market.ladder(side)
        if order.level >= 0:
            ladder.leave(order.level, old_leaves)
            order.level = -1
        if price != old_price:
            self._identify(row)
            order.entry_time = self.now
            order.event_high = self.event_high
            order.event_low = self.event_low
            order.distance = self._distance(ladder, side, price, order.distance)
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
        if view.kind[row] != _FILL:  # a copy of fills alone names orders, and shows none
            self.capabilities[self.source] |= _HAS_ORDERS
        self.unknown_orders[self.source] += 1
        if side == 0 or price != price or view.order_text(row) == 0:
            return
        if view.kind[row] not in (_REPLACE, _STATUS) and quantity == quantity:
            ladder = self.market.ladder(side)
            ladder.take_seeded(price, quantity)
        if leaves > 0.0 and view.aggressor[row] != _AGGRESSOR:
            self._identify(row)
            slot = self._insert(row, leaves, leaves)
            self._rest(slot)

    # Fills and matches.

    def _fill(self, row):
        view: FrameView = self.view
        slot: cython.int = self._find(row)
        quantity: cython.double = view.quantity[row]
        leaves: cython.double = view.leaves[row]
        account: cython.int = self.account_of(view.account[row])
        side: cython.int = view.side[row]
        aggressive: cython.bint = view.aggressor[row] == _AGGRESSOR
        number: cython.int = -1
        order: OrderPointer
        self.capabilities[self.source] |= _HAS_FILLS
        self._identify(row)
        self.order_quantity = quantity
        self.entry_time = 0
        if slot >= 0:
            order = order_at(self.orders, slot)
            self.order_quantity = order.quantity
            self.entry_time = order.entry_time
            if view.aggressor[row] == 0 and order.crossed and order.entry_time == self.now:
                aggressive = True
            if account < 0:
                account = order.account
            self._set_leaves(slot, order.leaves - quantity if leaves != leaves else leaves)
        elif view.order_text(row):
            self._unknown(row)
        if account >= 0:
            self.capabilities[self.source] |= _HAS_ACCOUNTS
            number = self._activity(row, account)
            self._filled(row, number, account, self.order_quantity, aggressive)
            self._look_across(row, number, account, aggressive)
            self._check_list(account)
        elif not aggressive and side and self.unnamed_multiple > 0.0:
            self._filled_unnamed(row, self.order_quantity)
        if self._match(row, account, number):
            self._stray(row, account)
            self._print(view.price[row], quantity, side if view.aggressor[row] != 1 else 3 - side)

    def _print(self, price, quantity, side):
        """A trade moves the market; a move of note asks the price rules."""
        market: MarketState = self.market
        self.capabilities[self.source] |= _HAS_PRINTS
        if price != market.last_price:
            market.moves.add(self.now, price, quantity, self.event_high, self.event_low)
        if market.trade(self.now, price, quantity, side, self.price_move):
            self.triggers |= _PRICE

    def state(self):
        """Plain values from which `restore` makes the same core."""
        return {"book": self.live_book_state(), "across": self.across_state()}

    def restore(self, state):
        """Becomes the core whose `state` was taken."""
        self.restore_live_book(state["book"])
        self.restore_across(state["across"])
