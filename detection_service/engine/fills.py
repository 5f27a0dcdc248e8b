# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The last 64 fills of each group in each market: blocks of eight in one arena, taken as they are needed."""

import cython

from detection_service.engine.records import Fill
from tapewatch.market.arena import Arena

if cython.compiled:
    from cython.cimports.detection_service.engine.fills import fill_at
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.records import BLOCK, LATELY, RING, FillPointer
    from cython.cimports.detection_service.engine.texts import LongTexts
else:
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.records import BLOCK, LATELY, RING
    from detection_service.engine.records import Fill as FillPointer
    from detection_service.engine.texts import LongTexts


class Fills:
    """Rings by activity: entry number n is at n % 64; `activity.fill_count` have ever been written.

    `learned` counts the fills, but for the last eight of a group, of which the other side became known afterwards.
    """

    def __init__(self, texts: LongTexts):
        self.arena = Arena(Fill, BLOCK)
        self.texts = texts
        self.learned = 0

    def add(self, activity):
        """The place of the next fill; what stood there is of the past."""
        block: cython.longlong = activity.fill_count % RING // BLOCK
        if activity.fill_blocks[block] == 0:
            activity.fill_blocks[block] = self.arena.take() + 1
        activity.fill_count += 1
        return fill_at(self, activity, activity.fill_count - 1)

    def met(self, activity, number, time, account, contra):
        """Writes whom a fill, known by its number, time and account, met; one that is of the past is left."""
        fill: FillPointer
        if number < 0 or number >= activity.fill_count or number < activity.fill_count - RING:
            return
        fill = fill_at(self, activity, number)
        if fill.time == time and fill.account == account:
            fill.contra = contra
            if number < activity.fill_count - LATELY:
                self.learned += 1

    def prefetch(self, activity):
        """Has the processor fetch the place of the next fill, if there is one."""
        place: cython.longlong = activity.fill_count % RING
        if activity.fill_blocks[place // BLOCK]:
            self.arena.prefetch(activity.fill_blocks[place // BLOCK] - 1 + place % BLOCK)

    def name(self, fill, view: FrameView, order_id, trade_id):
        """Writes the ids, given as strings of the frame."""
        if cython.compiled:
            fill.order_length = self.texts.copy(fill.order_id, view, order_id)
            fill.trade_length = self.texts.copy(fill.trade_id, view, trade_id)
        else:
            fill.order_id, fill.order_length = self.texts.field(view, order_id)
            fill.trade_id, fill.trade_length = self.texts.field(view, trade_id)

    def order_text(self, fill):
        """Id of the fill's order."""
        return self.texts.of(fill.order_id, fill.order_length)

    def trade_text(self, fill):
        """Id of the fill's match."""
        return self.texts.of(fill.trade_id, fill.trade_length)

    def traded(self, activity, side, since):
        """Quantity filled on a side at or after a time."""
        number: cython.longlong = activity.fill_count
        oldest: cython.longlong = max(0, activity.fill_count - RING)
        fill: FillPointer
        total: cython.double = 0.0
        while number > oldest:
            number -= 1
            fill = fill_at(self, activity, number)
            if fill.time < since:
                break
            if fill.side == side:
                total += fill.quantity
        return total

    def first_since(self, activity, since):
        """Number of the first fill held at or after a time."""
        number: cython.longlong = activity.fill_count
        oldest: cython.longlong = max(0, activity.fill_count - RING)
        while number > oldest and fill_at(self, activity, number - 1).time >= since:
            number -= 1
        return number

    def count_since(self, activity, since):
        """Number of fills held at or after a time."""
        return activity.fill_count - self.first_since(activity, since)

    def partners(self, activity, since):
        """How often an activity bought from and sold to whom at or after a time: account number (-1: not known) to
        [bought, sold]."""
        number: cython.longlong = activity.fill_count
        oldest: cython.longlong = max(0, activity.fill_count - RING)
        fill: FillPointer
        found: dict = {}
        counts: list
        while number > oldest:
            number -= 1
            fill = fill_at(self, activity, number)
            if fill.time < since:
                break
            counts = found.setdefault(fill.contra, [0, 0])
            counts[fill.side - 1] += 1
        return found

    def held_since(self, activity):
        """Time of the oldest fill held where older ones have been forgotten; 0 where all are held."""
        return fill_at(self, activity, activity.fill_count - RING).time if activity.fill_count > RING else 0

    def orders_from(self, activity, minimum):
        """Number of orders of at least `minimum` among the fills held."""
        number: cython.longlong
        fill: FillPointer
        found: set = set()
        for number in range(max(0, activity.fill_count - RING), activity.fill_count):
            fill = fill_at(self, activity, number)
            if fill.order_quantity >= minimum:
                found.add(self.order_text(fill))
        return len(found)

    def forget(self, activity):
        """Gives the blocks of a ring back: it has no fills, whoever may still know its number."""
        block: cython.int
        for block in range(BLOCK):
            if activity.fill_blocks[block]:
                self.arena.give_back(activity.fill_blocks[block] - 1)
                activity.fill_blocks[block] = 0
        activity.fill_count = 0

    def state(self):
        """Plain values from which `restore` makes the same fills."""
        return self.arena.state()

    def restore(self, state):
        """Becomes the fills whose `state` was taken."""
        self.arena = Arena(Fill, BLOCK)
        self.arena.restore(state)


if not cython.compiled:  # compiled, inline in the .pxd beside

    def fill_at(fills, activity, number):
        """A fill of an activity by its number, one of the last 64."""
        return fills.arena.items[activity.fill_blocks[number % RING // BLOCK] - 1 + number % BLOCK]
