# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The last 64 orders each group withdrew mostly unfilled in each market: blocks of eight in one arena."""

import cython

from detection_service.engine.records import Withdrawal
from tapewatch.market.arena import Arena

if cython.compiled:
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.records import BLOCK, RING, WithdrawalPointer
    from cython.cimports.detection_service.engine.texts import LongTexts
    from cython.cimports.tapewatch.market.arena import record_at
else:
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.records import BLOCK, RING
    from detection_service.engine.records import Withdrawal as WithdrawalPointer
    from detection_service.engine.texts import LongTexts
    from tapewatch.market.arena import record_at


class Withdrawals:
    """Rings by activity: entry number n is at n % 64; `activity.withdrawal_count` have ever been written."""

    def __init__(self, texts: LongTexts):
        self.arena = Arena(Withdrawal, BLOCK)
        self.texts = texts
        self.together_first = 0

    def entry(self, activity, number):
        """A withdrawal by its number, one of the last 64."""
        place: cython.longlong = number % RING
        first: cython.longlong = activity.withdrawal_blocks[place // BLOCK] - 1
        return cython.cast(WithdrawalPointer, record_at(self.arena, first + place % BLOCK))

    def add(self, activity):
        """The place of the next withdrawal; what stood there is of the past."""
        block: cython.longlong = activity.withdrawal_count % RING // BLOCK
        if activity.withdrawal_blocks[block] == 0:
            activity.withdrawal_blocks[block] = self.arena.take() + 1
        activity.withdrawal_count += 1
        return self.entry(activity, activity.withdrawal_count - 1)

    def prefetch(self, activity):
        """Has the processor fetch the place of the next withdrawal, if there is one."""
        place: cython.longlong = activity.withdrawal_count % RING
        if activity.withdrawal_blocks[place // BLOCK]:
            self.arena.prefetch(activity.withdrawal_blocks[place // BLOCK] - 1 + place % BLOCK)

    def name(self, withdrawal, view: FrameView, order_id):
        """Writes the order's id, given as a string of the frame."""
        if cython.compiled:
            withdrawal.order_length = self.texts.copy(withdrawal.order_id, view, order_id)
        else:
            withdrawal.order_id, withdrawal.order_length = self.texts.field(view, order_id)

    def dominates(self, activity, side, since, minimum, ratio):
        """Whether at least `minimum` was withdrawn on a side at or after a time, `ratio` times what the group withdrew
        on the other side or had standing there, whichever is more: what stood and then went is one order.
        """
        number: cython.longlong = activity.withdrawal_count
        oldest: cython.longlong = max(0, activity.withdrawal_count - RING)
        each: WithdrawalPointer
        total: cython.double = 0.0
        elsewhere: cython.double = 0.0
        standing: cython.double = 0.0
        while number > oldest:
            each = self.entry(activity, number - 1)
            if each.time < since:
                break
            number -= 1
            if each.side == side:
                total += each.quantity
                standing = max(standing, each.opposite_open)
            else:
                elsewhere += each.quantity
        return total >= minimum and total >= ratio * max(elsewhere, standing)

    def stands_out(self, activity, side, since, size, depth_share, life_ns):
        """Whether one order withdrawn on a side at or after a time was of that size, that share of the book when it
        entered and gone within that time."""
        number: cython.longlong
        each: WithdrawalPointer
        for number in range(self.first_since(activity, since), activity.withdrawal_count):
            each = self.entry(activity, number)
            if (
                each.side == side
                and each.quantity >= size
                and each.depth_share >= depth_share
                and each.time - each.entry_time <= life_ns
            ):
                return True
        return False

    def layered(self, activity, side, since, layers, minimum):
        """Whether orders withdrawn on a side at or after a time stood together at so many prices, with `minimum`
        among them."""
        number: cython.longlong
        other: cython.longlong
        each: WithdrawalPointer
        two: WithdrawalPointer
        gone: cython.longlong
        prices: cython.int = 0
        total: cython.double = 0.0
        fresh: cython.bint
        if self.together(activity, side, self.first_since(activity, since)) < layers:
            return False
        gone = self.entry(activity, self.together_first).time
        for number in range(self.together_first, activity.withdrawal_count):
            each = self.entry(activity, number)
            if each.side != side or each.entry_time > gone:
                continue
            total += each.quantity
            fresh = True
            for other in range(self.together_first, number):
                two = self.entry(activity, other)
                if two.side == side and two.entry_time <= gone and two.price == each.price:
                    fresh = False
                    break
            prices += fresh
        return prices >= layers and total >= minimum

    def together(self, activity, side, first):
        """Most orders of a side among the withdrawals from number `first` on that stood at one time.

        They are those from number `together_first` on that were entered before it went.
        """
        number: cython.longlong
        other: cython.longlong
        one: WithdrawalPointer
        two: WithdrawalPointer
        standing: cython.int
        most: cython.int = 0
        self.together_first = activity.withdrawal_count
        for number in range(max(first, activity.withdrawal_count - RING), activity.withdrawal_count):
            one = self.entry(activity, number)
            if one.side != side:
                continue
            standing = 0
            for other in range(number, activity.withdrawal_count):
                two = self.entry(activity, other)
                if two.side == side and two.entry_time <= one.time:
                    standing += 1
            if standing > most:
                most = standing
                self.together_first = number
        return most

    def rows_together(self, activity, side, since):
        """The largest group of withdrawals on a side at or after a time whose orders stood at one time, as rows."""
        number: cython.longlong
        first: WithdrawalPointer
        each: WithdrawalPointer
        found: list = []
        self.together(activity, side, self.first_since(activity, since))
        if self.together_first == activity.withdrawal_count:
            return found
        first = self.entry(activity, self.together_first)
        for number in range(self.together_first, activity.withdrawal_count):
            each = self.entry(activity, number)
            if each.side == side and each.entry_time <= first.time:
                found.append(self.row(each))
        return found

    def first_since(self, activity, since):
        """Number of the first withdrawal held at or after a time."""
        number: cython.longlong = activity.withdrawal_count
        oldest: cython.longlong = max(0, activity.withdrawal_count - RING)
        while number > oldest and self.entry(activity, number - 1).time >= since:
            number -= 1
        return number

    def order_text(self, withdrawal):
        """Id of the order withdrawn."""
        return self.texts.of(withdrawal.order_id, withdrawal.order_length)

    def row(self, withdrawal):
        """A withdrawal as plain values: (time, entry time, price, quantity, depth share, opposite open, distance,
        account, entry event, event, order id), events as two words."""
        return (
            withdrawal.time,
            withdrawal.entry_time,
            withdrawal.price,
            withdrawal.quantity,
            withdrawal.depth_share,
            withdrawal.opposite_open,
            withdrawal.distance,
            withdrawal.account,
            (withdrawal.entry_high, withdrawal.entry_low),
            (withdrawal.event_high, withdrawal.event_low),
            self.order_text(withdrawal),
        )

    def count_of(self, activity, side, minimum):
        """Number of withdrawals held of at least `minimum` on a side."""
        number: cython.longlong
        each: WithdrawalPointer
        found: cython.int = 0
        for number in range(max(0, activity.withdrawal_count - RING), activity.withdrawal_count):
            each = self.entry(activity, number)
            found += each.side == side and each.quantity >= minimum
        return found

    def forget(self, activity):
        """Gives the blocks of a ring back."""
        block: cython.int
        for block in range(BLOCK):
            if activity.withdrawal_blocks[block]:
                self.arena.give_back(activity.withdrawal_blocks[block] - 1)
                activity.withdrawal_blocks[block] = 0
        activity.withdrawal_count = 0

    def state(self):
        """Plain values from which `restore` makes the same withdrawals."""
        return self.arena.state()

    def restore(self, state):
        """Becomes the withdrawals whose `state` was taken."""
        self.arena = Arena(Withdrawal, BLOCK)
        self.arena.restore(state)
