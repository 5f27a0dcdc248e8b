# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What groups usually do in one market, and trades that stand alone between others."""

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.tapewatch.market.window import SizeHistogram
else:
    from tapewatch.market.window import SizeHistogram

_RATIOS_KNOWN = cython.declare(cython.longlong, 12)
_MINUTES_KNOWN = cython.declare(cython.longlong, 30)
_BACK = cython.declare(cython.double, 0.5)
_ALONE_NS = cython.declare(cython.longlong, 600_000_000_000)
_PARTS = ("cancel_ratios", "minute_messages")
_FIELDS = ("price", "before", "quantity", "time", "alone_time", "account", "event_high", "event_low")


class Norms:
    """`cancel_ratios` are cancels a fill of groups' half hours, one every ten minutes of those that quote;
    `minute_messages` the messages of groups' busy minutes.

    The other fields are of the last trade far from the one before it: its price, the price `before` it, its account
    (-1 for none), `event` and trade. `time` is 0 where none is waiting for what comes after, `alone_time` that of the
    last one found to stand alone.
    """

    def __init__(self):
        self.cancel_ratios = SizeHistogram()
        self.minute_messages = SizeHistogram()
        self.price = 0.0
        self.before = 0.0
        self.quantity = 0.0
        self.time = 0
        self.alone_time = 0
        self.account = -1
        self.event_high = 0
        self.event_low = 0
        self.trade_id = b""

    def cancel_multiple(self, ratio):
        """Cancels a fill in terms of what is usual; 0 before anything is."""
        if self.cancel_ratios.total < _RATIOS_KNOWN:
            return 0.0
        return ratio / self.cancel_ratios.median

    def message_multiple(self, messages, minutes):
        """Messages of some minutes in terms of one of the busiest in a hundred, of the busiest while fewer are known; 0
        before anything is usual."""
        if self.minute_messages.total < _MINUTES_KNOWN:
            return 0.0
        return messages / (minutes * self.minute_messages.high)

    def hold(self, now, price, before, quantity, account, event_high, event_low, trade_id):
        """Keeps a trade far from the one before it."""
        self.time = now
        self.price = price
        self.before = before
        self.quantity = quantity
        self.account = account
        self.event_high = event_high
        self.event_low = event_low
        self.trade_id = trade_id

    def came_back(self, now, price):
        """Whether a later trade leaves the one held alone: most of the way back in ten minutes. It is told once."""
        if self.time == 0 or now == self.time:
            return False
        if now - self.time <= _ALONE_NS and abs(price - self.before) > _BACK * abs(self.price - self.before):
            return False
        self.alone_time = self.time if now - self.time <= _ALONE_NS else 0
        self.time = 0
        return self.alone_time > 0

    def state(self):
        """Plain values from which `restore` makes the same norms."""
        parts = {name: getattr(self, name).state() for name in _PARTS}
        return arrays.dump(self, _FIELDS) | parts | {"trade_id": self.trade_id}

    def restore(self, state):
        """Becomes the norms whose `state` was taken."""
        arrays.load(self, _FIELDS, state)
        self.trade_id = state["trade_id"]
        for name in _PARTS:
            getattr(self, name).restore(state[name])
