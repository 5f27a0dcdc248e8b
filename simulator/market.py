"""The market: a loop over event time in which traders wake, act and say when they want to wake next.

A trader is a generator: each value it yields is how many nanoseconds it sleeps. One queue orders all of them, so the
venue numbers orders, trades and executions in the order of events whoever caused them.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random

from simulator.instrument import Instrument
from simulator.matching import BUY, DAY, MatchingEngine, Numbering, Order
from simulator.population import Account
from simulator.randomness import stream
from simulator.report import Report

Behaviour = Iterator[int]
"""A trader at work; yields the nanoseconds until it acts again, ends when it leaves the market."""

PROCESSING_GAP_NS_MIN = 900
PROCESSING_GAP_NS_SPREAD = 8_000
"""The venue takes requests one at a time, this far apart."""
IMBALANCE_LEVELS = 5


class Listing:
    """An instrument at the venue: its engine and the value around which informed traders think it should trade."""

    __slots__ = ("caution", "engine", "instrument", "value_ticks")

    def __init__(self, engine: MatchingEngine) -> None:
        self.engine = engine
        self.instrument: Instrument = engine.instrument
        self.caution = 1.0
        """How much further apart than usual those who quote stay."""
        self.value_ticks = float(engine.instrument.start_price_ticks)

    def mid_ticks(self) -> float:
        """Return the middle of the best prices; the last price or the value where a side is empty."""
        bid, ask = self.engine.bids.best(), self.engine.asks.best()
        if bid is not None and ask is not None:
            return (bid + ask) / 2.0
        last = self.engine.last_price
        return self.value_ticks if last is None else float(last)

    def imbalance(self) -> float:
        """Return (bid depth - ask depth) / (both) over the best five levels, from -1 to 1."""
        bid, ask = self.engine.bids.depth(IMBALANCE_LEVELS), self.engine.asks.depth(IMBALANCE_LEVELS)
        return (bid - ask) / (bid + ask) if bid + ask else 0.0


class Market:
    """A venue with its listings and everybody who trades there; `reports` yields what the venue says, in order."""

    def __init__(
        self, instruments: tuple[Instrument, ...], seed: int, start_time_ns: int, first_number: int = 1
    ) -> None:
        self.now_ns = start_time_ns
        self.start_time_ns = start_time_ns
        self._pending: deque[Report] = deque()
        numbering = Numbering(first_number)
        self.listings = {
            instrument.key: Listing(MatchingEngine(instrument, numbering, self._pending.append))
            for instrument in instruments
        }
        self._venue_time_ns = start_time_ns
        self._processing = stream(seed, "processing").random
        self._queue: list[tuple[int, int, Behaviour]] = []
        self._entered = 0

    def enter(self, behaviour: Behaviour, delay_ns: int = 0) -> None:
        """Let a trader into the market; it acts first after the delay."""
        self._entered += 1
        heappush(self._queue, (self.now_ns + delay_ns, self._entered, behaviour))

    def next_time_ns(self) -> int:
        """Return the venue's time of the next request: now, or a little after the one before."""
        earliest = self._venue_time_ns + PROCESSING_GAP_NS_MIN + int(self._processing() * PROCESSING_GAP_NS_SPREAD)
        self._venue_time_ns = max(self.now_ns, earliest)
        return self._venue_time_ns

    def reports(self, end_time_ns: int | None) -> Iterator[Report]:
        """Yield what happens until the end (None: for ever); event times never go back."""
        queue, pending = self._queue, self._pending
        while queue and (end_time_ns is None or queue[0][0] < end_time_ns):
            self.now_ns, number, behaviour = heappop(queue)
            wait_ns = next(behaviour, None)
            if wait_ns is not None:
                heappush(queue, (self.now_ns + wait_ns, number, behaviour))
            while pending:
                yield pending.popleft()

    def end_session(self) -> Iterator[Report]:
        """Expire what rests in every book and yield the reports; nobody wakes after that."""
        self._queue.clear()
        for listing in self.listings.values():
            listing.engine.end_session(self.next_time_ns())
        while self._pending:
            yield self._pending.popleft()


class Seat:
    """What one trader sees and may do in one instrument; honest orders never trade with their owner's others."""

    __slots__ = ("_engine", "_market", "instrument", "listing", "random")

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

    def submit(
        self, account: Account, side: int, price: int | None, quantity: int, time_in_force: str = DAY, display: int = 0
    ) -> Order:
        """Enter an order (price in ticks, None for the market) that will not trade with orders of the same owner."""
        return self._engine.submit(
            self._market.next_time_ns(), account.account, side, price, quantity,
            trader=account.trader, time_in_force=time_in_force, display=display, self_match_key=account.owner,
        )  # fmt: skip

    def cancel(self, order: Order) -> None:
        """Take an order off if it still rests; nothing where it was filled meanwhile."""
        if order.is_resting:
            self._engine.cancel(self._market.next_time_ns(), order)

    def replace(self, order: Order, price: int, quantity: int) -> None:
        """Change an order's limit and total quantity if it still rests."""
        if order.is_resting:
            self._engine.replace(self._market.next_time_ns(), order, price, quantity)

    def best(self, side: int) -> int | None:
        """Return the best price of a side in ticks."""
        return (self._engine.bids if side == BUY else self._engine.asks).best()

    @property
    def phase(self) -> str:
        """The listing's phase: PRE_OPEN, CONTINUOUS, AUCTION (the closing call) or CLOSE; orders rest in a call."""
        return "CONTINUOUS"

    @property
    def close_ns(self) -> int | None:
        """When continuous trading ends for the day and the closing call begins; None around the clock."""
        return None

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of all listings of the market, for `at`."""
        return tuple(self._market.listings)

    def at(self, key: str) -> "Seat":
        """Return this trader's seat at another listing; raises KeyError for one that does not exist."""
        return Seat(self._market, self._market.listings[key], self.random)

    def depth(self, side: int, level_count: int) -> int:
        """Return the visible quantity on the best levels of a side."""
        return (self._engine.bids if side == BUY else self._engine.asks).depth(level_count)

    def net_taken(self) -> int:
        """Return what takers bought less what they sold since the start."""
        return self._engine.bought_quantity - self._engine.sold_quantity
