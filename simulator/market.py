# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, annotation_typing=False
"""The market: a loop over event time in which traders wake, act and say when they want to wake next.

A trader is a generator: each value it yields is how many nanoseconds it sleeps. One agenda orders all of them, over
all venues, so that orders, trades and executions are numbered in the order of events whoever caused them. Types are in
the .pxd beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from simulator.agenda import Agenda
from simulator.instrument import DAY_NS, SECOND_NS, Hours, Instrument
from simulator.matching_engine import AUCTION, CLOSE, CONTINUOUS, PRE_OPEN, MatchingEngine
from simulator.order_book import BUY, DAY, IMMEDIATE_OR_CANCEL, Order
from simulator.population import Account
from simulator.randomness import stream
from simulator.report import Report
from simulator.tape import Numbering, Tape

Behaviour = Iterator[int]
"""A trader at work; yields the nanoseconds until it acts again, ends when it leaves the market."""

PROCESSING_GAP_NS_MIN = 900
PROCESSING_GAP_NS_SPREAD = 8_000
"""The venue takes requests one at a time, this far apart."""
RETURN_NS_SPREAD = 5 * SECOND_NS
"""Traders who waited for a call to end come back within this time."""
IMBALANCE_LEVELS = 5
FOREVER_NS = (1 << 63) - 1


class Listing:
    """An instrument at its venue: its engine and the value around which informed traders think it should trade.

    `caution` says how much further apart than usual those who quote stay; `is_read` whether anybody looks at the
    book's balance, which spoofers live on; `close_ns` is when continuous trading ends for the day, `resumes_ns` when
    it begins again after a call.
    """

    def __init__(self, engine: MatchingEngine) -> None:
        self.engine = engine
        self.instrument: Instrument = engine.instrument
        self.key = self.instrument.key
        self.value_ticks = float(self.instrument.start_price_ticks)
        self.caution = 1.0
        self.is_read = True
        self.resumes_ns = 0
        self.close_ns = FOREVER_NS

    def mid_ticks(self) -> float:
        """Return the middle of the best prices; the last price or the value where a side is empty."""
        bid = self.engine.bids.best_ticks()
        ask = self.engine.asks.best_ticks()
        if bid and ask:
            return (bid + ask) / 2.0
        last = self.engine.last_ticks
        return float(last) if last else self.value_ticks

    def imbalance(self) -> float:
        """Return (bid depth - ask depth) / (both) over the best five levels, from -1 to 1; 0 where nobody looks."""
        if not self.is_read:
            return 0.0
        bid = self.engine.bids.depth(IMBALANCE_LEVELS)
        ask = self.engine.asks.depth(IMBALANCE_LEVELS)
        both = bid + ask
        return (bid - ask) / both if both else 0.0

    def is_continuous(self) -> bool:
        """Whether orders trade when they meet, as opposed to a call or a closed market."""
        return not (self.engine.is_call or self.engine.is_closed)


class Market:
    """Venues with their listings and everybody who trades there.

    `reports` yields what the venues say, in order; `batches` the same as columns.
    """

    def __init__(
        self, instruments: tuple[Instrument, ...], seed: int, start_time_ns: int, first_number: int = 1
    ) -> None:
        self.now_ns = start_time_ns
        self.start_time_ns = start_time_ns
        self.tape = Tape(Numbering(first_number))
        self.listings: dict[str, Listing] = {
            instrument.key: Listing(MatchingEngine(instrument, self.tape.numbering, self.tape))
            for instrument in instruments
        }
        self._venue_time_ns = start_time_ns
        self._processing = stream(seed, "processing").random
        self._agenda = Agenda()
        self._behaviours: list[Any] = []
        self._bound_to: list[Listing | None] = []
        for listing in self.listings.values():
            if listing.instrument.hours is not None:
                self.enter(_keep_hours(self, listing, listing.instrument.hours))

    def enter(self, behaviour: Behaviour, delay_ns: int = 0, listing: Listing | None = None) -> None:
        """Let a trader into the market; it acts first after the delay, and only while `listing` trades continuously."""
        self._agenda.add(self.now_ns + max(0, delay_ns), len(self._behaviours))
        self._behaviours.append(behaviour)
        self._bound_to.append(listing)

    def next_time_ns(self) -> int:
        """Return the venue's time of the next request: now, or a little after the one before."""
        draw: float = self._processing()
        earliest = self._venue_time_ns + PROCESSING_GAP_NS_MIN + int(draw * PROCESSING_GAP_NS_SPREAD)
        self._venue_time_ns = max(self.now_ns, earliest)
        return self._venue_time_ns

    def step(self, end_ns: int) -> bool:
        """Let the next trader act who is due before the end; whether there was one."""
        agenda = self._agenda
        if not agenda.count or agenda.first_time() >= end_ns:
            return False
        number = agenda.first()
        self.now_ns = agenda.first_time()
        listing: Listing | None = self._bound_to[number]
        if listing is not None and not listing.is_continuous():
            spread: float = self._processing()
            agenda.put_off(max(self.now_ns + SECOND_NS, listing.resumes_ns + int(spread * RETURN_NS_SPREAD)))
            return True
        wait_ns = next(self._behaviours[number], None)
        if wait_ns is None:
            agenda.drop()
            self._behaviours[number] = None
        else:
            agenda.put_off(self.now_ns + wait_ns)
        return True

    def advance(self, end_time_ns: int | None, row_count: int) -> bool:
        """Run until so many rows wait on the tape or the end comes; whether there is more to come before it."""
        end_ns = FOREVER_NS if end_time_ns is None else end_time_ns
        while self.tape.count < row_count:
            if not self.step(end_ns):
                return False
        return True

    def reports(self, end_time_ns: int | None) -> Iterator[Report]:
        """Yield what happens until the end (None: for ever); event times never go back."""
        end_ns = FOREVER_NS if end_time_ns is None else end_time_ns
        while self.step(end_ns):
            yield from self.tape.reports()

    def close(self) -> None:
        """Expire what rests in every book; nobody wakes after that."""
        self._agenda.clear()
        for listing in self.listings.values():
            listing.engine.end_session(self.next_time_ns())

    def end_session(self) -> Iterator[Report]:
        """Close and yield the reports."""
        self.close()
        yield from self.tape.reports()


class Seat:
    """What one trader sees and may do in one instrument; honest orders never trade with their owner's others."""

    def __init__(self, market: Market, listing: Listing, random: Random) -> None:
        self._market = market
        self._engine = listing.engine
        self.listing = listing
        self.instrument = listing.instrument
        self.random = random

    @property
    def now_ns(self) -> int:
        """Event time of this waking."""
        return self._market.now_ns

    @property
    def phase(self) -> str:
        """The listing's phase: PRE_OPEN, CONTINUOUS, AUCTION (the closing call) or CLOSE; orders rest in a call."""
        return self._engine.phase

    @property
    def close_ns(self) -> int | None:
        """When continuous trading ends for the day and the closing call begins; None around the clock."""
        close_ns = self.listing.close_ns
        return None if close_ns == FOREVER_NS else close_ns

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of all listings of the market, for `at`."""
        return tuple(self._market.listings)

    def at(self, key: str) -> Seat:
        """Return this trader's seat at another listing; raises KeyError for one that does not exist."""
        return Seat(self._market, self._market.listings[key], self.random)

    def submit(
        self, account: Account, side: int, price: int | None, quantity: int, time_in_force: str = DAY, display: int = 0
    ) -> Order:
        """Enter an order (price in ticks, None for the market) that will not trade with orders of the same owner."""
        person = self._market.tape.known(account)
        return self._engine.enter(
            self._market.next_time_ns(), person, person.owner_key, side, price, quantity,
            time_in_force == IMMEDIATE_OR_CANCEL, display,
        )  # fmt: skip

    def cancel(self, order: Order) -> None:
        """Take an order off if it still rests; nothing where it was filled meanwhile."""
        if order.level is not None:
            self._engine.cancel(self._market.next_time_ns(), order)

    def replace(self, order: Order, price: int, quantity: int) -> None:
        """Change an order's limit and total quantity if it still rests."""
        if order.level is not None:
            self._engine.replace(self._market.next_time_ns(), order, price, quantity)

    def best(self, side: int) -> int | None:
        """Return the best price of a side in ticks."""
        return (self._engine.bids if side == BUY else self._engine.asks).best()

    def depth(self, side: int, level_count: int) -> int:
        """Return the visible quantity on the best levels of a side."""
        return (self._engine.bids if side == BUY else self._engine.asks).depth(level_count)

    def net_taken(self) -> int:
        """Return what takers bought less what they sold since the start."""
        return self._engine.bought_quantity - self._engine.sold_quantity


def _keep_hours(market: Market, listing: Listing, hours: Hours) -> Behaviour:
    """Take a listing through the phases of its days, from the one it begins in."""
    day_ns = market.start_time_ns // DAY_NS * DAY_NS
    while True:
        listing.close_ns = day_ns + int(hours.closing_call_s * SECOND_NS)
        phases = (
            (hours.opening_call_s, PRE_OPEN), (hours.open_s, CONTINUOUS), (hours.closing_call_s, AUCTION),
            (hours.close_s, CLOSE),
        )  # fmt: skip
        changes = [(day_ns + int(at_s * SECOND_NS), phase) for at_s, phase in phases]
        passed = [phase for at_ns, phase in changes if at_ns < market.now_ns]
        if day_ns <= market.start_time_ns == market.now_ns and passed:
            yield from _enter(market, listing, passed[len(passed) - 1], day_ns, hours)
        for at_ns, phase in changes:
            if at_ns >= market.now_ns:
                yield at_ns - market.now_ns
                yield from _enter(market, listing, phase, day_ns, hours)
        day_ns += DAY_NS


def _enter(market: Market, listing: Listing, phase: str, day_ns: int, hours: Hours) -> Behaviour:
    """Enter a phase; who waits comes back when continuous trading begins, today or tomorrow."""
    opens_ns = day_ns + int(hours.open_s * SECOND_NS)
    listing.resumes_ns = opens_ns if phase == PRE_OPEN else opens_ns + DAY_NS
    listing.engine.enter_phase(market.next_time_ns(), phase)
    yield 0
