# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What one beneficial group did lately in one market: rings of fills and withdrawn orders, and a feature window."""

import cython

from tapewatch.market import arrays

RING = cython.declare(cython.int, 64)
RING_SIZE = 64
WINDOW_NS = cython.declare(cython.longlong, 60_000_000_000)
FEATURE_WINDOW_NS = 60_000_000_000
CLOSED_WINDOWS_MAX = 4
MEASURE_COUNT = cython.declare(cython.int, 16)
MEASURES = (
    "orders_buy", "orders_sell", "quantity_buy", "quantity_sell", "cancels", "cancelled_buy", "cancelled_sell",
    "fills", "filled_buy", "filled_sell", "aggressive_fills", "cancelled_life_s", "cancels_within_1s",
    "depth_share_max", "replaces", "orders_at_best",
)  # fmt: skip
_FILL_FIELDS = (
    "count", "time", "price", "quantity", "order_quantity", "side", "account", "contra", "event_high", "event_low",
    "order_id", "trade_id",
)  # fmt: skip
_WITHDRAWAL_FIELDS = (
    "count", "time", "entry_time", "price", "quantity", "depth_share", "opposite_open", "side", "account",
    "entry_high", "entry_low", "event_high", "event_low", "order_id",
)  # fmt: skip
_ACTIVITY_FIELDS = (
    "number", "group", "market", "last_fill_time", "last_fill_order_quantity", "last_withdrawal_time", "open_high",
    "open_low", "window",
    "window_measures", "closed_windows",
)  # fmt: skip
LONG_AGO = cython.declare(cython.longlong, -(1 << 62))


class FillRing:
    """The last 64 fills; entry n is at n % 64, `count` have ever been written."""

    def __init__(self):
        self.count = 0
        self.time = arrays.longs(RING)
        self.price = arrays.doubles(RING)
        self.quantity = arrays.doubles(RING)
        self.order_quantity = arrays.doubles(RING)
        self.side = arrays.octets(RING)
        self.account = arrays.integers(RING)
        self.contra = arrays.integers(RING)
        self.event_high = arrays.words(RING)
        self.event_low = arrays.words(RING)
        self.order_id = [b""] * RING
        self.trade_id = [b""] * RING

    def traded(self, side, since):
        """Quantity filled on a side at or after a time."""
        index: cython.Py_ssize_t = self.count
        oldest: cython.Py_ssize_t = max(0, self.count - RING)
        total: cython.double = 0.0
        while index > oldest:
            index -= 1
            if self.time[index % RING] < since:
                break
            if self.side[index % RING] == side:
                total += self.quantity[index % RING]
        return total

    def rows(self, side: cython.int, since: cython.longlong):
        """Fills on a side at or after a time, oldest first: (time, price, quantity, order quantity, account, event,
        order id, trade id), the event as its identity's two words."""
        index: cython.Py_ssize_t = self.count
        oldest: cython.Py_ssize_t = max(0, self.count - RING)
        place: cython.Py_ssize_t
        found: list = []
        while index > oldest:
            index -= 1
            place = index % RING
            if self.time[place] < since:
                break
            if self.side[place] == side:
                found.append(
                    (
                        self.time[place],
                        self.price[place],
                        self.quantity[place],
                        self.order_quantity[place],
                        self.account[place],
                        (self.event_high[place], self.event_low[place]),
                        self.order_id[place],
                        self.trade_id[place],
                    )
                )
        found.reverse()
        return found

    def count_since(self, since: cython.longlong):
        """Number of fills held at or after a time."""
        place: cython.Py_ssize_t
        found: cython.int = 0
        for place in range(min(self.count, RING)):
            found += self.time[place] >= since
        return found

    def orders_from(self, minimum: cython.double):
        """Number of orders of at least `minimum` among the fills held."""
        place: cython.Py_ssize_t
        found: set = set()
        for place in range(min(self.count, RING)):
            if self.order_quantity[place] >= minimum:
                found.add(self.order_id[place])
        return len(found)

    def state(self):
        """Plain values from which `restore` makes the same ring."""
        return arrays.dump(self, _FILL_FIELDS)

    def restore(self, state):
        """Becomes the ring whose `state` was taken."""
        arrays.load(self, _FILL_FIELDS, state)


class WithdrawalRing:
    """The last 64 orders withdrawn mostly unfilled; entry n is at n % 64, `count` have ever been written."""

    def __init__(self):
        self.count = 0
        self.together_first = 0
        self.time = arrays.longs(RING)
        self.entry_time = arrays.longs(RING)
        self.price = arrays.doubles(RING)
        self.quantity = arrays.doubles(RING)
        self.depth_share = arrays.doubles(RING)
        self.opposite_open = arrays.doubles(RING)
        self.side = arrays.octets(RING)
        self.account = arrays.integers(RING)
        self.entry_high = arrays.words(RING)
        self.entry_low = arrays.words(RING)
        self.event_high = arrays.words(RING)
        self.event_low = arrays.words(RING)
        self.order_id = [b""] * RING

    def dominates(self, side, since, minimum, ratio, large, several):
        """Whether at least `minimum` was withdrawn on a side at or after a time, `ratio` times what the group withdrew
        on the other side plus what it left standing there, in `several` orders that stood at one time or with one of
        size `large` among them.
        """
        index: cython.Py_ssize_t = self.count
        oldest: cython.Py_ssize_t = max(0, self.count - RING)
        place: cython.Py_ssize_t
        orders: cython.int = 0
        big: cython.bint = False
        total: cython.double = 0.0
        elsewhere: cython.double = 0.0
        standing: cython.double = 0.0
        while index > oldest:
            index -= 1
            place = index % RING
            if self.time[place] < since:
                break
            if self.side[place] == side:
                orders += 1
                big = big or self.quantity[place] >= large
                total += self.quantity[place]
                standing = max(standing, self.opposite_open[place])
            else:
                elsewhere += self.quantity[place]
        if total < minimum or total < ratio * (elsewhere + standing):
            return False
        return big or (orders >= several and self.together(side, index) >= several)

    def together(self, side, first):
        """Most orders of a side among the withdrawals from number `first` on that stood at one time.

        They are those from number `together_first` on that were entered before it went.
        """
        index: cython.Py_ssize_t
        other: cython.Py_ssize_t
        standing: cython.int
        most: cython.int = 0
        self.together_first = self.count
        for index in range(max(first, self.count - RING), self.count):
            if self.side[index % RING] != side:
                continue
            standing = 0
            for other in range(index, self.count):
                if self.side[other % RING] == side and self.entry_time[other % RING] <= self.time[index % RING]:
                    standing += 1
            if standing > most:
                most = standing
                self.together_first = index
        return most

    def rows(self, side: cython.int, since: cython.longlong, minimum: cython.double):
        """Withdrawals of at least `minimum` on a side at or after a time, oldest first: (time, entry time, price,
        quantity, depth share, opposite open, account, entry event, event, order id), events as their two words."""
        index: cython.Py_ssize_t
        place: cython.Py_ssize_t
        found: list = []
        for index in range(self._first(since), self.count):
            place = index % RING
            if self.side[place] == side and self.quantity[place] >= minimum:
                found.append(self._row(place))
        return found

    def rows_together(self, side: cython.int, since: cython.longlong):
        """The largest group of withdrawals on a side at or after a time whose orders stood at one time, as rows."""
        index: cython.Py_ssize_t
        place: cython.Py_ssize_t
        found: list = []
        self.together(side, self._first(since))
        for index in range(self.together_first, self.count):
            place = index % RING
            if self.side[place] == side and self.entry_time[place] <= self.time[self.together_first % RING]:
                found.append(self._row(place))
        return found

    def _first(self, since: cython.longlong):
        """Number of the first withdrawal held at or after a time."""
        first: cython.Py_ssize_t = self.count
        oldest: cython.Py_ssize_t = max(0, self.count - RING)
        while first > oldest and self.time[(first - 1) % RING] >= since:
            first -= 1
        return first

    def _row(self, place: cython.Py_ssize_t):
        return (
            self.time[place],
            self.entry_time[place],
            self.price[place],
            self.quantity[place],
            self.depth_share[place],
            self.opposite_open[place],
            self.account[place],
            (self.entry_high[place], self.entry_low[place]),
            (self.event_high[place], self.event_low[place]),
            self.order_id[place],
        )

    def count_of(self, side: cython.int, minimum: cython.double):
        """Number of withdrawals held of at least `minimum` on a side."""
        place: cython.Py_ssize_t
        found: cython.int = 0
        for place in range(min(self.count, RING)):
            found += self.side[place] == side and self.quantity[place] >= minimum
        return found

    def state(self):
        """Plain values from which `restore` makes the same ring."""
        return arrays.dump(self, _WITHDRAWAL_FIELDS)

    def restore(self, state):
        """Becomes the ring whose `state` was taken."""
        arrays.load(self, _WITHDRAWAL_FIELDS, state)


class Activity:
    """One group of linked accounts in one market.

    `last_...` arrays are indexed by side code, and so is the quantity open in the market, a double-double sum.
    `window_measures` (shape (16,), order of MEASURES) count the current minute of event time, `closed_windows` holds
    the last `windows_held` (four) as (minute number, values).
    """

    def __init__(self, number, group, market):
        self.number = number
        self.group = group
        self.market = market
        self.fills = FillRing()
        self.withdrawals = WithdrawalRing()
        self.last_fill_time = arrays.longs(3)
        self.last_withdrawal_time = arrays.longs(3)
        self.last_fill_order_quantity = arrays.doubles(3)
        self.open_high = arrays.doubles(3)
        self.open_low = arrays.doubles(3)
        for side in range(3):
            self.last_fill_time[side] = LONG_AGO
            self.last_withdrawal_time[side] = LONG_AGO
        self.window = -1
        self.window_measures = arrays.doubles(MEASURE_COUNT)
        self.closed_windows = []
        self.windows_held = CLOSED_WINDOWS_MAX

    def hold(self, side, delta):
        """The quantity open on a side changes by `delta` (Knuth's two-sum, as in the book)."""
        high: cython.double = self.open_high[side]
        total: cython.double = high + delta
        part: cython.double = total - high
        low: cython.double = self.open_low[side] + ((high - (total - part)) + (delta - part))
        self.open_high[side] = total + low
        self.open_low[side] = low - (self.open_high[side] - total)

    def roll(self, time_ns):
        """Makes `window_measures` those of the window a time falls in; an older window is closed first."""
        window: cython.longlong = time_ns // WINDOW_NS
        index: cython.int
        if window != self.window:
            if self.window >= 0:
                values: list = []
                for index in range(MEASURE_COUNT):
                    values.append(self.window_measures[index])  # noqa: PERF401 - compiled, many times list(view)
                self.closed_windows.append([self.window, values])
                if len(self.closed_windows) > self.windows_held:
                    del self.closed_windows[0]
            self.window = window
            for index in range(MEASURE_COUNT):
                self.window_measures[index] = 0.0

    def state(self):
        """Plain values from which `restore` makes the same activity."""
        own = arrays.dump(self, _ACTIVITY_FIELDS)
        return own | {"fills": self.fills.state(), "withdrawals": self.withdrawals.state()}

    def restore(self, state):
        """Becomes the activity whose `state` was taken."""
        arrays.load(self, _ACTIVITY_FIELDS, state)
        self.fills.restore(state["fills"])
        self.withdrawals.restore(state["withdrawals"])
