# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What groups hold of an instrument, wherever it is traded, and how they came to it."""

import cython

from detection_service.engine.owner_records import Holding
from tapewatch.market import arrays
from tapewatch.market.arena import Arena

if cython.compiled:
    from cython.cimports.detection_service.engine.owner_records import HoldingPointer
    from cython.cimports.tapewatch.market.key_index import KeyIndex
else:
    from detection_service.engine.owner_records import Holding as HoldingPointer
    from tapewatch.market.key_index import KeyIndex

FLOWS = 32
FLOW_NS = 60_000_000_000
DAYS = 12
DAY_NS = 86_400_000_000_000
ACCOUNTS_MAX = 16
_FLOWS = cython.declare(cython.int, FLOWS)
_FLOW_NS = cython.declare(cython.longlong, FLOW_NS)
_DAYS = cython.declare(cython.int, DAYS)
_DAY_NS = cython.declare(cython.longlong, DAY_NS)
_ACCOUNTS_MAX = cython.declare(cython.int, ACCOUNTS_MAX)
_BUY = cython.declare(cython.int, 1)
_FLOW_FIELDS = (
    "group", "accounts", "last_account", "count", "number", "bought", "sold", "bought_notional", "sold_notional",
    "event_high", "event_low", "day", "day_bought", "day_sold",
)  # fmt: skip
_GROWN = cython.declare(cython.double, 1.05)


class Holdings:
    """The net position of every group in every family it traded; they are numbered as they come."""

    def __init__(self):
        self.arena = Arena(Holding)
        self.index = KeyIndex()

    def number_of(self, group, family):
        """Number of a position; -1 where the group never traded the family."""
        return self.index.find((cython.cast(cython.ulonglong, group) << 32) | family)

    def prefetch(self, group, family):
        """Has the processor fetch where a position's number would be found."""
        self.index.prefetch((cython.cast(cython.ulonglong, group) << 32) | family)

    def at(self, number):
        """A position by its number."""
        return cython.cast(HoldingPointer, self.arena.at(number))

    def make(self, group, family, initial):
        """A position not there yet; its number."""
        number: cython.int = self.arena.take()
        holding: HoldingPointer = self.at(number)
        holding.group = group
        holding.family = family
        holding.initial = initial
        self._know(group, family, number)
        return number

    def net(self, number):
        """Quantity held; negative when short."""
        holding: HoldingPointer = self.at(number)
        return holding.initial + (holding.bought - holding.sold)

    def add(self, number, side, quantity, least):
        """A fill; whether the position is `least` or more and grew by a twentieth since this last said so."""
        holding: HoldingPointer = self.at(number)
        size: cython.double
        if side == _BUY:
            holding.bought += quantity
        else:
            holding.sold += quantity
        size = abs(holding.initial + (holding.bought - holding.sold))
        if size < least or size < _GROWN * holding.noted:
            return False
        holding.noted = size
        return True

    def family_of(self, number: cython.int):
        """Number of the family a position is in."""
        return self.at(number).family

    def state(self):
        """Plain values from which `restore` makes the same positions."""
        return self.arena.state()

    def restore(self, state):
        """Becomes the positions whose `state` was taken."""
        number: cython.int
        self.arena = Arena(Holding)
        self.arena.restore(state)
        self.index = KeyIndex()
        for number in range(self.arena.used):
            self._know(self.at(number).group, self.at(number).family, number)

    def _know(self, group, family, number):
        self.index.put((cython.cast(cython.ulonglong, group) << 32) | family, number)


class Flows:
    """When a group bought and sold an instrument: the last 32 minutes in which it traded (flow n is at
    n % 32), and 12 calendar days (UTC) by day number. Kept only for instruments with announcements."""

    def __init__(self, group):
        self.group = group
        self.accounts = []
        self.last_account = -1
        self.count = 0
        self.number = arrays.longs(FLOWS)
        self.bought = arrays.doubles(FLOWS)
        self.sold = arrays.doubles(FLOWS)
        self.bought_notional = arrays.doubles(FLOWS)
        self.sold_notional = arrays.doubles(FLOWS)
        self.event_high = arrays.words(FLOWS)
        self.event_low = arrays.words(FLOWS)
        self.day = arrays.longs(DAYS)
        for place in range(DAYS):
            self.day[place] = -1
        self.day_bought = arrays.doubles(DAYS)
        self.day_sold = arrays.doubles(DAYS)

    def add(self, now, account, side, quantity, notional, high, low):
        """A fill."""
        number: cython.longlong = now // _FLOW_NS
        day: cython.longlong = now // _DAY_NS
        place: cython.Py_ssize_t = self._place_of(number)
        day_place: cython.Py_ssize_t = day % _DAYS
        if place < 0:
            place = self.count % _FLOWS
            self.count += 1
            self.number[place] = number
            self.bought[place] = self.sold[place] = 0.0
            self.bought_notional[place] = self.sold_notional[place] = 0.0
            self.event_high[place] = high
            self.event_low[place] = low
        if self.day[day_place] < day:
            self.day[day_place] = day
            self.day_bought[day_place] = self.day_sold[day_place] = 0.0
        if side == _BUY:
            self.bought[place] += quantity
            self.bought_notional[place] += notional
            if self.day[day_place] == day:
                self.day_bought[day_place] += quantity
        else:
            self.sold[place] += quantity
            self.sold_notional[place] += notional
            if self.day[day_place] == day:
                self.day_sold[day_place] += quantity
        if account != self.last_account:
            self.last_account = account
            if account not in self.accounts and len(self.accounts) < _ACCOUNTS_MAX:
                self.accounts.append(account)

    def _place_of(self, number):
        """Where the flow of a bucket is; a fill older than all flows held goes to the oldest. -1 for a new bucket."""
        index: cython.Py_ssize_t = self.count
        oldest: cython.Py_ssize_t = max(0, self.count - _FLOWS)
        while index > oldest:
            index -= 1
            if self.number[index % _FLOWS] == number:
                return index % _FLOWS
            if self.number[index % _FLOWS] < number:
                return -1 if index == self.count - 1 else (index + 1) % _FLOWS
        return oldest % _FLOWS if self.count else -1

    def flows(self):
        """The flows held, oldest first: (start, bought, sold, bought notional, sold notional, first event)."""
        found = []
        for index in range(max(0, self.count - FLOWS), self.count):
            place = index % FLOWS
            found.append(
                (
                    self.number[place] * FLOW_NS,
                    self.bought[place],
                    self.sold[place],
                    self.bought_notional[place],
                    self.sold_notional[place],
                    (self.event_high[place], self.event_low[place]),
                )
            )
        return found

    def days(self):
        """Day number to (bought, sold) of the days held in which the group traded."""
        return {
            self.day[place]: (self.day_bought[place], self.day_sold[place])
            for place in range(DAYS)
            if self.day[place] >= 0 and self.day_bought[place] + self.day_sold[place] > 0.0
        }

    def state(self):
        """Plain values from which `restore` makes the same flows."""
        return arrays.dump(self, _FLOW_FIELDS)

    def restore(self, state):
        """Becomes the flows whose `state` was taken."""
        arrays.load(self, _FLOW_FIELDS, state)
