# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What is kept of each group over all markets: its last fills, and five-minute buckets of what it bought and sold."""

from array import array

import cython

from detection_service.engine.metrics import OWNER_WINDOWS
from detection_service.engine.owner_records import Owner, OwnerBucket, OwnerFill
from tapewatch.market.arena import Arena

if cython.compiled:
    from cython.cimports.detection_service.engine.owner_records import (
        BUCKET_BLOCK,
        BUCKET_BLOCKS,
        FILL_BLOCK,
        FILL_BLOCKS,
        OwnerBucketPointer,
        OwnerFillPointer,
        OwnerPointer,
    )
    from cython.cimports.detection_service.engine.texts import LongTexts
    from cython.cimports.tapewatch.market.memory import prefetch
else:
    from detection_service.engine.owner_records import BUCKET_BLOCK, BUCKET_BLOCKS, FILL_BLOCK, FILL_BLOCKS
    from detection_service.engine.owner_records import Owner as OwnerPointer
    from detection_service.engine.owner_records import OwnerBucket as OwnerBucketPointer
    from detection_service.engine.owner_records import OwnerFill as OwnerFillPointer
    from detection_service.engine.texts import LongTexts

LOG_SIZE = 128
BUCKET_NS = 300_000_000_000
BUCKETS = 180  # 15 hours
_LOG = cython.declare(cython.int, LOG_SIZE)
_BUCKET_NS = cython.declare(cython.longlong, BUCKET_NS)
_BUCKETS = cython.declare(cython.int, BUCKETS)
_RING = cython.declare(cython.int, BUCKET_BLOCK * BUCKET_BLOCKS)
_BUY = cython.declare(cython.int, 1)
_WINDOW_VIEW = cython.declare(cython.int[::1], array("i", OWNER_WINDOWS))


class Owners:
    """Each group over all markets: its last 128 fills (fill n is at n % 128) in order of arrival, and what it bought
    and sold in buckets of five minutes over 15 hours, as notionals in the common currency.

    Blocks of both rings are taken as they are needed: most groups have a few fills only.
    """

    def __init__(self):
        self._begin()

    def _begin(self):
        self.arena = Arena(Owner)
        self.fills = Arena(OwnerFill, FILL_BLOCK)
        self.buckets = Arena(OwnerBucket, BUCKET_BLOCK)

    def at(self, number):
        """An owner by its number."""
        return cython.cast(OwnerPointer, self.arena.at(number))

    def make(self, group):
        """The number of a new owner."""
        number: cython.int = self.arena.take()
        owner: OwnerPointer = self.at(number)
        owner.group = group
        owner.newest = -1
        return number

    def forget(self, number):
        """Gives an owner back, and what its rings are made of."""
        owner: OwnerPointer = self.at(number)
        block: cython.int
        for block in range(FILL_BLOCKS):
            if owner.fill_blocks[block]:
                self.fills.give_back(owner.fill_blocks[block] - 1)
        for block in range(BUCKET_BLOCKS):
            if owner.bucket_blocks[block]:
                self.buckets.give_back(owner.bucket_blocks[block] - 1)
        self.arena.give_back(number)

    def fill_at(self, owner, number):
        """A fill by its number, one of the last 128."""
        place: cython.longlong = number % _LOG
        first: cython.longlong = owner.fill_blocks[place // FILL_BLOCK] - 1
        return cython.cast(OwnerFillPointer, self.fills.at(first + place % FILL_BLOCK))

    def add(self, owner):
        """The place of an owner's next fill; what stood there is of the past."""
        block: cython.longlong = owner.count % _LOG // FILL_BLOCK
        if owner.fill_blocks[block] == 0:
            owner.fill_blocks[block] = self.fills.take() + 1
        owner.count += 1
        return self.fill_at(owner, owner.count - 1)

    def _bucket_at(self, owner, number):
        """The bucket where that of a number would be; of a block that is there."""
        place: cython.longlong = number % _RING
        first: cython.longlong = owner.bucket_blocks[place // BUCKET_BLOCK] - 1
        return cython.cast(OwnerBucketPointer, self.buckets.at(first + place % BUCKET_BLOCK))

    def prefetch(self, owner):
        """Has the processor fetch where an owner's next fill and its newest bucket are."""
        place: cython.longlong = owner.count % _LOG
        if cython.compiled:
            if owner.fill_blocks[place // FILL_BLOCK]:
                self.fills.prefetch(owner.fill_blocks[place // FILL_BLOCK] - 1 + place % FILL_BLOCK)
            if owner.newest >= 0:
                prefetch(self._bucket_at(owner, owner.newest))

    def counts(self, owner, now, side, notional):
        """Puts a fill into its bucket; whether a new bucket began or this one doubled since rules were last asked."""
        number: cython.longlong = now // _BUCKET_NS
        block: cython.longlong = number % _RING // BUCKET_BLOCK
        bucket: OwnerBucketPointer
        if number <= owner.newest - _BUCKETS:
            return False
        if owner.bucket_blocks[block] == 0:
            owner.bucket_blocks[block] = self.buckets.take() + 1
        bucket = self._bucket_at(owner, number)
        if bucket.number != number + 1:
            bucket.number = number + 1
            bucket.bought = 0.0
            bucket.sold = 0.0
            bucket.fills = 0
        if side == _BUY:
            bucket.bought += notional
        else:
            bucket.sold += notional
        bucket.fills += 1
        if number > owner.newest:
            owner.newest = number
            owner.asked = notional
            return True
        if number == owner.newest and bucket.bought + bucket.sold >= 2.0 * owner.asked:
            owner.asked = bucket.bought + bucket.sold
            return True
        return False

    def measure(self, owner, values):
        """Writes what an owner bought, sold and both in each window, its fills there, and the notional of the twelve
        hours before the last two: each a sum from the newest bucket back."""
        age: cython.longlong = 0
        window: cython.int = 0
        place: cython.longlong
        bucket: OwnerBucketPointer
        bought: cython.double = 0.0
        sold: cython.double = 0.0
        before: cython.double = 0.0
        fills: cython.longlong = 0
        while window < 4 or age < _WINDOW_VIEW[1] + _WINDOW_VIEW[3]:
            if window < 4 and age >= _WINDOW_VIEW[window]:
                values[window] = bought + sold
                values[4 + window] = bought
                values[8 + window] = sold
                values[12 + window] = fills
                window += 1
                continue
            if age > owner.newest:
                age = _BUCKETS
                continue
            place = (owner.newest - age) % _RING
            if owner.bucket_blocks[place // BUCKET_BLOCK] == 0:
                age += place % BUCKET_BLOCK + 1
                continue
            bucket = self._bucket_at(owner, place)
            if bucket.number == owner.newest - age + 1:
                bought += bucket.bought
                sold += bucket.sold
                fills += bucket.fills
                if age >= _WINDOW_VIEW[1]:
                    before += bucket.bought
                    before += bucket.sold
            age += 1
        values[18] = before

    def traded(self, owner, first, last):
        """Notional traded from `first` (inclusive) to `last` (exclusive) buckets back; 0 is the bucket in hand."""
        number: cython.longlong = owner.newest - first
        bucket: OwnerBucketPointer
        total: cython.double = 0.0
        while number > max(owner.newest - last, owner.newest - _BUCKETS, -1):
            if owner.bucket_blocks[number % _RING // BUCKET_BLOCK]:
                bucket = self._bucket_at(owner, number)
                if bucket.number == number + 1:
                    total += bucket.bought
                    total += bucket.sold
            number -= 1
        return total

    def rows(self, owner, since, texts: LongTexts):
        """The fills held at or after a time, by time: (time, price, quantity, side, account, market, aggressor, price
        before, price elsewhere, notional, event, order id, trade id)."""
        number: cython.longlong
        fill: OwnerFillPointer
        found: list = []
        for number in range(max(0, owner.count - _LOG), owner.count):
            fill = self.fill_at(owner, number)
            if fill.time >= since:
                found.append(
                    (
                        fill.time,
                        fill.price,
                        fill.quantity,
                        fill.side,
                        fill.account,
                        fill.market,
                        fill.aggressor,
                        fill.before,
                        fill.elsewhere,
                        fill.notional,
                        (fill.event_high, fill.event_low),
                        texts.of(fill.order_id, fill.order_length),
                        texts.of(fill.trade_id, fill.trade_length),
                    )
                )
        found.sort(key=_time_then_event)
        return found

    def state(self):
        """Plain values from which `restore` makes the same owners."""
        return {"owners": self.arena.state(), "fills": self.fills.state(), "buckets": self.buckets.state()}

    def restore(self, state):
        """Becomes the owners whose `state` was taken."""
        self._begin()
        self.arena.restore(state["owners"])
        self.fills.restore(state["fills"])
        self.buckets.restore(state["buckets"])


def _time_then_event(row):
    return row[0], row[10]
