# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, annotation_typing=False
"""A price-time priority matching engine for one instrument, with auctions.

Prices are whole ticks and quantities whole units inside; reports carry doubles. Types are in the .pxd beside.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.auction import Clearing, clear
from simulator.instrument import Instrument
from simulator.order_book import BUY, DAY, IMMEDIATE_OR_CANCEL, SELL, BookSide, Level, Order
from simulator.report import Report
from simulator.tape import (
    AGGRESSOR,
    AGGRESSOR_UNKNOWN,
    CANCEL,
    CANCEL_REJECT,
    EXPIRE,
    FILL,
    NEW,
    NOT_AGGRESSOR,
    REJECT,
    REPLACE,
    Numbering,
    Person,
    Tape,
)

SIDE_NAMES = {BUY: "BUY", SELL: "SELL"}

SELF_MATCH_TEXT = "self-match prevention"
SESSION_END_TEXT = "end of session"
UNFILLED_TEXT = "immediate or cancel: remainder"
NO_SUCH_ORDER_TEXT = "order is not open"
AUCTION_END_TEXT = "auction: remainder of a market order"
CLOSED_TEXT = "instrument is closed"

QUANTITY_MAX = 10**12

PRE_OPEN = "PRE_OPEN"
CONTINUOUS = "CONTINUOUS"
AUCTION = "AUCTION"
CLOSE = "CLOSE"
CALLS = (PRE_OPEN, AUCTION)


class MatchingEngine:
    """Matches the orders of one instrument and writes what happened on a tape, or reports it to a caller.

    A crossing order is written NEW first, then its fills at the same time: the aggressor's side, then the resting side,
    joined by one trade id. Orders that share a self-match key never trade with each other: the resting one expires
    instead, with `SELF_MATCH_TEXT`. In a call (`enter_phase` PRE_OPEN or AUCTION) orders rest without trading; its end
    trades them at one price, buyer before seller, nobody the aggressor.
    """

    def __init__(self, instrument: Instrument, numbering: Numbering, out: Tape | Callable[[Report], None]) -> None:
        self.instrument = instrument
        self.bids = BookSide(BUY)
        self.asks = BookSide(SELL)
        self.last_ticks = 0
        self.bought_quantity = 0
        self.sold_quantity = 0
        self.phase = CONTINUOUS
        self.is_call = False
        self.is_closed = False
        self._numbering = numbering
        self._emit: Callable[[Report], None] | None = None
        if isinstance(out, Tape):
            self.tape = out
        else:
            self.tape = Tape(numbering)
            self._emit = out
        self._listing = self.tape.enlist(instrument)
        self._unfilled = self.tape.text_number(UNFILLED_TEXT)
        self._self_match = self.tape.text_number(SELF_MATCH_TEXT)

    @property
    def last_price(self) -> int | None:
        """Price of the last trade in ticks, None before the first."""
        return self.last_ticks or None

    def submit(
        self,
        time_ns: int,
        account: str,
        side: int,
        price: int | None,
        quantity: int,
        *,
        trader: str = "",
        time_in_force: str = DAY,
        display: int = 0,
        self_match_key: str = "",
    ) -> Order:
        """Enter an order; `price` None is a market order, whose remainder expires. Refused orders have no leaves."""
        person = self.tape.person_of(account, trader)
        order = self.enter(
            time_ns, person, self.tape.match_number(self_match_key), side, price, quantity,
            time_in_force == IMMEDIATE_OR_CANCEL, display,
        )  # fmt: skip
        self._tell()
        return order

    def enter(
        self, time_ns: int, person: Person, match_key: int, side: int, price: int | None, quantity: int,
        is_immediate: bool, display: int,
    ) -> Order:  # fmt: skip
        """Enter an order of an account the tape knows; reports wait on the tape."""
        order = self._numbered(time_ns, person, side)
        order.match_key = match_key
        order.is_immediate = is_immediate
        order.display = min(max(display, -1), QUANTITY_MAX)
        fault = CLOSED_TEXT if self.is_closed else _fault(price, quantity, display)
        if fault:
            order.limit = 0 if price is None or abs(price) > QUANTITY_MAX else price
            self._write(REJECT, time_ns, order, min(max(quantity, -QUANTITY_MAX), QUANTITY_MAX), fault)
            return order
        order.limit = 0 if price is None else price
        order.leaves = quantity
        order.shown = display or quantity
        self._record(NEW, time_ns, order, quantity, 0)
        self._match_and_rest(time_ns, order)
        return order

    def negotiate(self, time_ns: int, buyer: Person, seller: Person, price: int, quantity: int) -> tuple[Order, Order]:
        """Report a trade that two accounts agreed on away from the book, at whatever price; the book does not change.

        Returns the buyer's and the seller's order, both filled.
        """
        bought, sold = (
            self._agreed(time_ns, person, side, price, quantity) for person, side in ((buyer, BUY), (seller, SELL))
        )
        trade = self._numbering.trade
        self._numbering.trade += 1
        self._fill(time_ns, bought, sold.person, price, quantity, trade, AGGRESSOR_UNKNOWN)
        self._fill(time_ns, sold, bought.person, price, quantity, trade, AGGRESSOR_UNKNOWN)
        return bought, sold

    def _numbered(self, time_ns: int, person: Person, side: int) -> Order:
        """Return a new order with the next numbers; it is nowhere yet."""
        order = Order()
        order.time_ns = time_ns
        order.account = person.account
        order.trader = person.trader
        order.person = person.number
        order.side = side
        order.number = self._numbering.order
        order.request = self._numbering.request
        self._numbering.order += 1
        self._numbering.request += 1
        return order

    def _agreed(self, time_ns: int, person: Person, side: int, price: int, quantity: int) -> Order:
        order = self._numbered(time_ns, person, side)
        order.limit = price
        order.leaves = quantity
        order.shown = quantity
        self._record(NEW, time_ns, order, quantity, 0)
        order.leaves = order.shown = 0
        return order

    def cancel(self, time_ns: int, order: Order) -> bool:
        """Take off what is left of an order; refused (CANCEL_REJECT) when it is not open."""
        order.request = self._numbering.request
        self._numbering.request += 1
        was_open = order.level is not None
        if was_open:
            self._close(time_ns, order, CANCEL, 0)
        else:
            self._write(CANCEL_REJECT, time_ns, order, 0, NO_SUCH_ORDER_TEXT)
        self._tell()
        return was_open

    def replace(self, time_ns: int, order: Order, price: int, quantity: int) -> bool:
        """Change the limit and the total quantity (filled part included).

        A new price or a greater quantity loses time priority, and a new price may trade at once. Refused
        (CANCEL_REJECT, the order lives) when the order is not open or the total is not above what is filled.
        """
        order.request = self._numbering.request
        self._numbering.request += 1
        fault = NO_SUCH_ORDER_TEXT if order.level is None else _fault(price, quantity, order.display)
        if not fault and quantity <= order.filled:
            fault = f"new quantity {quantity} is not above the {order.filled} already filled"
        if fault:
            self._write(CANCEL_REJECT, time_ns, order, 0, fault)
        else:
            self._replace(time_ns, order, price, quantity)
        self._tell()
        return not fault

    def _replace(self, time_ns: int, order: Order, price: int, quantity: int) -> None:
        level = order.level
        reduction = order.filled + order.leaves - quantity
        if level is not None and price == order.limit and reduction >= 0 and not order.display:
            order.leaves -= reduction
            order.shown -= reduction
            level.quantity -= reduction
            level.shown -= reduction
            self._record(REPLACE, time_ns, order, quantity, 0)
            return
        (self.bids if order.side == BUY else self.asks).remove(order)
        order.limit = price
        order.leaves = quantity - order.filled
        order.shown = min(order.display, order.leaves) if order.display else order.leaves
        self._record(REPLACE, time_ns, order, quantity, 0)
        self._match_and_rest(time_ns, order)

    def end_session(self, time_ns: int) -> None:
        """Expire every resting order, bids before asks, best price and oldest order first."""
        text = self.tape.text_number(SESSION_END_TEXT)
        for book in (self.bids, self.asks):
            while True:
                order = book.first()
                if order is None:
                    break
                self._close(time_ns, order, EXPIRE, text)
        self._tell()

    def enter_phase(self, time_ns: int, phase: str) -> None:
        """Write that a phase begins, after a call has traded what crosses; in CLOSE all that rests expires."""
        if self.is_call:
            self._uncross(time_ns)
        self.phase = phase
        self.is_call = phase in CALLS
        self.is_closed = phase == CLOSE
        self.tape.record_phase(time_ns, self._listing, phase)
        self._tell()
        if self.is_closed:
            self.end_session(time_ns)

    def clearing(self) -> Clearing | None:
        """Return at what price and volume a call would trade now; None where nothing would."""
        bids = [(price, quantity) for price, _, quantity in self.bids.prices()]
        asks = [(price, quantity) for price, _, quantity in self.asks.prices()]
        reference = self.last_ticks or self.instrument.start_price_ticks
        return clear(bids, asks, self.bids.at_market.quantity, self.asks.at_market.quantity, reference)

    def _uncross(self, time_ns: int) -> None:
        """Trade what a call can trade at its price, by priority; market orders that are left over expire."""
        found = self.clearing()
        price = found.price if found is not None else 0
        while price:
            buyer = self.bids.first()
            seller = self.asks.first()
            if buyer is None or seller is None:
                break
            if (buyer.limit and buyer.limit < price) or seller.limit > price:
                break
            if buyer.match_key and buyer.match_key == seller.match_key:
                self._close(time_ns, buyer if buyer.number > seller.number else seller, EXPIRE, self._self_match)
                continue
            self._cross(time_ns, buyer, seller, price)
        text = self.tape.text_number(AUCTION_END_TEXT)
        for book in (self.bids, self.asks):
            while book.at_market.head is not None:
                self._close(time_ns, book.at_market.head, EXPIRE, text)

    def _cross(self, time_ns: int, buyer: Order, seller: Order, price: int) -> None:
        quantity = min(buyer.leaves, seller.leaves)
        trade = self._numbering.trade
        self._numbering.trade += 1
        self.last_ticks = price
        buyer.leaves -= quantity
        seller.leaves -= quantity
        self._reduce(self.bids, buyer, quantity)
        self._reduce(self.asks, seller, quantity)
        self._fill(time_ns, buyer, seller.person, price, quantity, trade, AGGRESSOR_UNKNOWN)
        self._fill(time_ns, seller, buyer.person, price, quantity, trade, AGGRESSOR_UNKNOWN)

    def _reduce(self, book: BookSide, order: Order, quantity: int) -> None:
        """Take what an auction filled, whose leaves are current already, off an order's level."""
        level = order.level
        if level is None:
            raise AssertionError(f"order {order.order_id} is matched without resting")
        shown = min(order.shown, order.leaves)
        level.quantity -= quantity
        level.shown -= order.shown - shown
        order.shown = shown
        if not order.leaves:
            book.remove(order)

    def _match_and_rest(self, time_ns: int, order: Order) -> None:
        if not self.is_call:
            self._match(time_ns, order)
        if not order.leaves:
            return
        if order.is_immediate or (not order.limit and not self.is_call):
            remainder = order.leaves
            order.leaves = order.shown = 0
            self._record(EXPIRE, time_ns, order, remainder, self._unfilled)
            return
        order.shown = min(order.display, order.leaves) if order.display else order.leaves
        (self.bids if order.side == BUY else self.asks).add(order)

    def _match(self, time_ns: int, order: Order) -> None:
        book = self.asks if order.side == BUY else self.bids
        worst_key = -order.side * order.limit
        while order.leaves:
            level = book.top
            if level is None or (order.limit and level.key < worst_key):
                return
            resting = level.head
            if resting is None:
                raise AssertionError(f"the level at {level.key} has no orders")
            if resting.match_key and resting.match_key == order.match_key:
                self._close(time_ns, resting, EXPIRE, self._self_match)
            else:
                self._trade(time_ns, book, level, order, resting)

    def _trade(self, time_ns: int, book: BookSide, level: Level, order: Order, resting: Order) -> None:
        price = resting.limit
        quantity = min(order.leaves, resting.shown)
        order.leaves -= quantity
        resting.filled += quantity
        order.filled += quantity
        if quantity == resting.leaves:
            book.remove(resting)
            resting.leaves = resting.shown = 0
        else:
            resting.leaves -= quantity
            resting.shown -= quantity
            level.quantity -= quantity
            level.shown -= quantity
            if not resting.shown:
                _refresh(level, resting)
        if order.side == BUY:
            self.bought_quantity += quantity
        else:
            self.sold_quantity += quantity
        self.last_ticks = price
        trade = self._numbering.trade
        self._numbering.trade += 1
        self._write_fill(time_ns, order, resting.person, price, quantity, trade, AGGRESSOR)
        self._write_fill(time_ns, resting, order.person, price, quantity, trade, NOT_AGGRESSOR)

    def _fill(
        self, time_ns: int, order: Order, contra: int, price: int, quantity: int, trade: int, aggressor: int
    ) -> None:
        """Count and write a fill of an auction."""
        order.filled += quantity
        self._write_fill(time_ns, order, contra, price, quantity, trade, aggressor)

    def _write_fill(
        self, time_ns: int, order: Order, contra: int, price: int, quantity: int, trade: int, aggressor: int
    ) -> None:
        order.last_time_ns = time_ns
        if order.trades is None:
            order.trades = [trade]
        else:
            order.trades.append(trade)
        self.tape.record(time_ns, FILL, self._listing, order, price, quantity, 0, trade, contra, aggressor)

    def _close(self, time_ns: int, order: Order, kind: int, text: int) -> None:
        (self.bids if order.side == BUY else self.asks).remove(order)
        remainder = order.leaves
        order.leaves = order.shown = 0
        self._record(kind, time_ns, order, remainder, text)

    def _record(self, kind: int, time_ns: int, order: Order, quantity: int, text: int) -> None:
        order.last_time_ns = time_ns
        self.tape.record(time_ns, kind, self._listing, order, order.limit, quantity, text, 0, -1, AGGRESSOR_UNKNOWN)

    def _write(self, kind: int, time_ns: int, order: Order, quantity: int, text: str) -> None:
        self._record(kind, time_ns, order, quantity, self.tape.text_number(text))

    def _tell(self) -> None:
        """Hand what was written to the caller who wants reports."""
        if self._emit is not None:
            for report in self.tape.reports():
                self._emit(report)


def _refresh(level: Level, order: Order) -> None:
    """Show the next part of an iceberg, behind the queue."""
    level.remove(order)
    order.shown = min(order.display, order.leaves)
    level.append(order)


def _fault(price: int | None, quantity: int, display: int) -> str:
    """Return why the venue refuses an order of this shape, "" when it does not."""
    if not 0 < quantity <= QUANTITY_MAX:
        return f"quantity must be from 1 to {QUANTITY_MAX}, found {quantity}"
    if price is not None and price <= 0:
        return f"price must be at least one tick, found {price}"
    if not 0 <= display <= quantity:
        return f"display quantity must be from 0 to the quantity {quantity}, found {display}"
    return ""
