# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What rules read of groups: plain values, by the number of an activity."""

import cython

from detection_service.engine.facts import Fill, Withdrawal
from tapewatch.market.event import Side

if cython.compiled:
    from cython.cimports.detection_service.engine.circles import Circles
    from cython.cimports.detection_service.engine.fills import fill_at
    from cython.cimports.detection_service.engine.records import (
        LATELY,
        RING,
        ActivityPointer,
        FillPointer,
        WithdrawalPointer,
    )
    from cython.cimports.detection_service.engine.registry import activity_at
else:
    from detection_service.engine.circles import Circles
    from detection_service.engine.fills import fill_at
    from detection_service.engine.records import LATELY, RING
    from detection_service.engine.records import Activity as ActivityPointer
    from detection_service.engine.records import Fill as FillPointer
    from detection_service.engine.records import Withdrawal as WithdrawalPointer
    from detection_service.engine.registry import activity_at

_SIDES = (None, Side.BUY, Side.SELL)
_AGGRESSOR = (None, False, True)
_new = tuple.__new__  # a named tuple from its values, all of them


class Readers(Circles):
    """Fills, withdrawals and windows as lists and tuples; nothing here changes what is known."""

    def filled_since(self, since: cython.longlong):
        """Numbers of the market's activities with a fill at or after a time."""
        found: list = []
        number: cython.longlong = self.market.last_activity
        activity: ActivityPointer
        while number:
            activity = activity_at(self, number - 1)
            if activity.last_fill_time[1] >= since or activity.last_fill_time[2] >= since:
                found.append(number - 1)
            number = activity.link
        return found

    def all_held_since(self, since: cython.longlong):
        """Since when all fills of all the market's activities are held, at the earliest a time."""
        number: cython.longlong = self.market.last_activity
        activity: ActivityPointer
        latest: cython.longlong = since
        while number:
            activity = activity_at(self, number - 1)
            latest = max(latest, self.fills.held_since(activity))
            number = activity.link
        return latest

    def fills_made(self, number: cython.int, since: cython.longlong = 1 << 62):
        """How many fills an activity has ever had, and the accounts that those from a number on met, or the last eight
        where that is later; of those held."""
        activity: ActivityPointer = self._of(number)
        first: cython.longlong = max(0, min(since, activity.fill_count - LATELY), activity.fill_count - RING)
        met: list = [fill_at(self.fills, activity, place).contra for place in range(first, activity.fill_count)]
        return activity.fill_count, met

    def fills_of(self, number: cython.int, first: cython.longlong):
        """An activity's fills from one of them on, oldest first, as far as they are held: of detection_service.engine.
        facts."""
        activity: ActivityPointer = self._of(number)
        fill: FillPointer
        place: cython.longlong
        group = self.group_names[activity.group]
        found: list = []
        for place in range(max(0, first, activity.fill_count - RING), activity.fill_count):
            fill = fill_at(self.fills, activity, place)
            found.append(
                _new(
                    Fill,
                    (
                        fill.time,
                        fill.price,
                        fill.quantity,
                        fill.order_quantity,
                        _SIDES[fill.side],
                        self._name(fill.account),
                        (fill.event_high, fill.event_low),
                        self.fills.order_text(fill).decode(),
                        self.fills.trade_text(fill).decode(),
                        _AGGRESSOR[fill.aggressor],
                        self._name(fill.contra),
                        group,
                    ),
                )
            )
        return found

    def _name(self, account: cython.int):
        """An account's name; empty for none."""
        return self.account_names[account] if account >= 0 else ""

    def fill_count(self, number: cython.int, since: cython.longlong):
        """Number of its fills since a time, of the last 64."""
        return self.fills.count_since(self._of(number), since)

    def group_number(self, number: cython.int):
        """Number of the group of an activity."""
        return self._of(number).group

    def run_of(self, number: cython.int):
        """Its last run of aggressive fills: (side, start, end, from price, to price, quantity, trades)."""
        activity: ActivityPointer = self._of(number)
        return (
            activity.run_side,
            activity.run_start,
            activity.run_end,
            activity.run_from,
            activity.run_to,
            activity.run_quantity,
            activity.run_trades,
        )

    def open_on(self, number: cython.int, side: cython.int):
        """Quantity it has open on a side."""
        return self._of(number).open_high[side]

    def held_since(self, number: cython.int):
        """Since when all its fills are held (`Fills.held_since`)."""
        return self.fills.held_since(self._of(number))

    def executed_orders(self, number: cython.int, minimum: cython.double):
        """Number of its orders of at least a size among its last 64 fills."""
        return self.fills.orders_from(self._of(number), minimum)

    def withdrawals_of(self, number: cython.int, side: cython.int, since: cython.longlong, minimum: cython.double):
        """Withdrawals of an activity on a side since a time, oldest first."""
        activity: ActivityPointer = self._of(number)
        each: WithdrawalPointer
        place: cython.longlong
        found: list = []
        for place in range(self.withdrawals.first_since(activity, since), activity.withdrawal_count):
            each = self.withdrawals.entry(activity, place)
            if each.side == side and each.quantity >= minimum:
                found.append(self._withdrawal(self.withdrawals.row(each), _SIDES[side]))
        return found

    def _withdrawal(self, row: tuple, side):
        """A withdrawal's row as detection_service.engine.facts has it."""
        return _new(Withdrawal, (*row[:7], side, self._name(row[7]), row[8], row[9], row[10].decode()))

    def withdrawals_together(self, number: cython.int, side: cython.int, since: cython.longlong):
        """The most withdrawals of an activity on a side since a time that stood at one time."""
        rows = self.withdrawals.rows_together(self._of(number), side, since)
        return [self._withdrawal(row, _SIDES[side]) for row in rows]

    def withdrawn_orders(self, number: cython.int, side: cython.int, minimum: cython.double):
        """Number of its withdrawals of at least a size on a side, of the last 64."""
        return self.withdrawals.count_of(self._of(number), side, minimum)

    def portrait_of(self, number: cython.int):
        """An activity's portrait as a list; what was measured at the trigger stays."""
        activity: ActivityPointer = self._of(number)
        metrics: list = list(self.flows.values)
        portrait: list = list(self.portrait.values)
        self.portrait.take(self, activity, self.markets[activity.market])
        found: list = list(self.portrait.values)
        for index in range(len(metrics)):
            self.flows.values[index] = metrics[index]
        for index in range(len(portrait)):
            self.portrait.values[index] = portrait[index]
        return found

    def measured_aside(self, number: cython.int):
        """The metrics of an activity as a list; those in `flows.values` stay."""
        index: cython.Py_ssize_t
        count: cython.Py_ssize_t = len(self.flows.values)
        held: list = [self.flows.values[index] for index in range(count)]
        self.flows.measure(self._of(number), self.market)
        self._measure_partners(self._of(number))
        found: list = [self.flows.values[index] for index in range(count)]
        for index in range(count):
            self.flows.values[index] = held[index]
        return found
