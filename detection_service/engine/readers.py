# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What rules read of groups: plain values, by the number of an activity."""

import cython

from detection_service.engine.metrics import METRICS

if cython.compiled:
    from cython.cimports.detection_service.engine.looks import Looks
    from cython.cimports.detection_service.engine.records import ActivityPointer
else:
    from detection_service.engine.looks import Looks
    from detection_service.engine.records import Activity as ActivityPointer

_PARTNER_SHARE = cython.declare(cython.int, METRICS["partner_share"])


class Readers(Looks):
    """Fills, withdrawals and windows as lists and tuples; nothing here changes what is known."""

    def filled_since(self, since: cython.longlong):
        """Numbers of the market's activities with a fill at or after a time."""
        found: list = []
        number: cython.longlong = self.market.last_activity
        activity: ActivityPointer
        while number:
            activity = self.activity_at(number - 1)
            if activity.last_fill_time[1] >= since or activity.last_fill_time[2] >= since:
                found.append(number - 1)
            number = activity.link
        return found

    def fills_made(self, number: cython.int):
        """How many fills an activity has ever had."""
        return self.activity_at(number).fill_count

    def fill_rows(self, number: cython.int, first: cython.longlong):
        """Fills of an activity from one of them on, oldest first (`Fills.rows`)."""
        return self.fills.rows(self.activity_at(number), first)

    def fill_count(self, number: cython.int, since: cython.longlong):
        """Number of its fills since a time, of the last 64."""
        return self.fills.count_since(self.activity_at(number), since)

    def group_number(self, number: cython.int):
        """Number of the group of an activity."""
        return self.activity_at(number).group

    def partners(self, number: cython.int, since: cython.longlong):
        """Whom it bought from and sold to since a time, and how often (`Fills.partners`)."""
        return self.fills.partners(self.activity_at(number), since)

    def held_since(self, number: cython.int):
        """Since when all its fills are held (`Fills.held_since`)."""
        return self.fills.held_since(self.activity_at(number))

    def executed_orders(self, number: cython.int, minimum: cython.double):
        """Number of its orders of at least a size among its last 64 fills."""
        return self.fills.orders_from(self.activity_at(number), minimum)

    def withdrawal_rows(self, number: cython.int, side: cython.int, since: cython.longlong, minimum: cython.double):
        """Withdrawals of an activity on a side since a time, oldest first (`Withdrawals.rows`)."""
        return self.withdrawals.rows(self.activity_at(number), side, since, minimum)

    def withdrawals_together(self, number: cython.int, side: cython.int, since: cython.longlong):
        """The most withdrawals of an activity on a side since a time that stood at one time."""
        return self.withdrawals.rows_together(self.activity_at(number), side, since)

    def withdrawn_orders(self, number: cython.int, side: cython.int, minimum: cython.double):
        """Number of its withdrawals of at least a size on a side, of the last 64."""
        return self.withdrawals.count_of(self.activity_at(number), side, minimum)

    def windows(self, number: cython.int):
        """Its last minutes' measures (`Flows.windows`)."""
        return self.flows.windows(self.activity_at(number))

    def measured_aside(self, number: cython.int):
        """The metrics of an activity as a list; those in `flows.values` stay."""
        index: cython.Py_ssize_t
        count: cython.Py_ssize_t = len(self.flows.values)
        held: list = [self.flows.values[index] for index in range(count)]
        self.flows.measure(self.activity_at(number), self.market)
        self.flows.values[_PARTNER_SHARE] = self._partner_share(self.activity_at(number))
        found: list = [self.flows.values[index] for index in range(count)]
        for index in range(count):
            self.flows.values[index] = held[index]
        return found
