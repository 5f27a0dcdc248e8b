# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who traded with whom in one market: the two sides of a match brought together, and the last matches by pair.

Both tables start small and double, up to a limit, when they would forget what is still young, so that a quiet market
costs little and no market's flood makes another forget.
"""

import cython

from detection_service.engine.match_records import Match, MatchSide
from tapewatch.market import arrays
from tapewatch.market.rows import Rows, zeros

if cython.compiled:
    from cython.cimports.detection_service.engine.match_records import MatchPointer, MatchSidePointer
    from cython.cimports.detection_service.engine.texts import LongTexts
    from cython.cimports.libc.string import memcpy
    from cython.cimports.tapewatch.market.memory import prefetch
else:
    from detection_service.engine.match_records import Match as MatchPointer
    from detection_service.engine.match_records import MatchSide as MatchSidePointer
    from detection_service.engine.texts import LongTexts

_FIRST_SIZE = cython.declare(cython.int, 64)
SIDES_MAX = cython.declare(cython.int, 4096)
MATCHES_MAX = cython.declare(cython.int, 4096)
_WAITING_NS = cython.declare(cython.longlong, 10_000_000_000)
_PAIRED_NS = cython.declare(cython.longlong, 1_000_000_000)
_MATCH_YOUNG_NS = cython.declare(cython.longlong, 3_600_000_000_000)
_WALK_MAX = cython.declare(cython.int, 64)
_TEXT = cython.declare(cython.int, 40)
_LOG_FIELDS = ("count", "first", "head")


class MatchTable:
    """The first side seen of recent matches; direct mapped, a side whose other never comes is overwritten.

    `counted` says that the trade is in the market's volume, `filled` and `printed` that a FILL and a TRADE told it;
    `activity` and `fill_number` (-1: none) where the side's
    fill is kept; `match_number` (-1: none) the match's number in the log.
    """

    def __init__(self):
        self.rows = zeros(MatchSide, _FIRST_SIZE)
        self.empty = True
        self._point()

    def _point(self):
        self.size = self.rows.count
        if cython.compiled:
            self.sides = cython.cast(MatchSidePointer, self.rows.first)
        else:
            self.sides = self.rows.items

    def _own(self):
        """Takes memory to write to."""
        self.rows = Rows(MatchSide, _FIRST_SIZE)
        self.empty = False
        self._point()

    def at(self, place):
        """What is at a place."""
        if cython.compiled:
            return self.sides + place
        else:  # noqa: RET505 - compiled, only one of the two remains
            return self.sides[place]

    def find(self, key):
        """Where the match with this key is; -1 where it is not."""
        place: cython.Py_ssize_t = key & (self.size - 1)
        return place if self.sides[place].key == key else -1

    def place_for(self, key, now):
        """An empty place for a match that is not there; what is young there makes the table grow first."""
        place: cython.Py_ssize_t = key & (self.size - 1)
        side: MatchSidePointer
        if self.empty:
            self._own()
        while self._young(place, now) and self.size < SIDES_MAX:
            self._grow()
            place = key & (self.size - 1)
        side = self.at(place)
        side.key = key
        side.time = now
        side.account = -1
        side.activity = -1
        side.fill_number = -1
        side.match_number = -1
        side.entry_time = 0
        side.paired = False
        side.counted = False
        side.filled = False
        side.printed = False
        side.order_length = 0
        return place

    def prefetch(self, key):
        """Has the processor fetch where a match with this key would be."""
        place: cython.Py_ssize_t = key & (self.size - 1)
        if cython.compiled:
            prefetch(cython.address(self.sides[place]))
            prefetch(cython.address(self.sides[place].event_high))

    def _young(self, place, now):
        """Whether what is at a place may yet be asked for: a side that waits, or both just met."""
        if self.sides[place].key == 0:
            return False
        return self.sides[place].time > now - (_PAIRED_NS if self.sides[place].paired else _WAITING_NS)

    def _grow(self):
        """Twice the places; what was at one is there or `size` further, so none is lost."""
        place: cython.Py_ssize_t
        old: cython.Py_ssize_t = self.size
        before: Rows = self.rows
        sides: MatchSidePointer = self.sides
        self.rows = Rows(MatchSide, 2 * old)
        self._point()
        for place in range(old):
            if sides[place].key:
                self.sides[sides[place].key & (self.size - 1)] = sides[place]
        del before

    def state(self):
        """Plain values from which `restore` makes the same table."""
        return b"" if self.empty else self.rows.state()

    def restore(self, state):
        """Becomes the table whose `state` was taken."""
        if state:
            self._own()
            self.rows.restore(state)
            self._point()


class MatchLog:
    """A market's last matches with both groups known; match n is at n % `size`, `count` have ever been written.

    None before `first` is held. `head` holds, for the low bits of a pair's key, the number plus one of its last match,
    and `previous` that of the one before with the same bits: a chain that ends with 0 or a match overwritten since.
    `buyer` and `seller` are groups, `aggressor` the side that took liquidity (0 where that is not known), `entry_gap`
    the time between the entries of both orders (-1 where not known), `size_ratio` the smaller order's share of the
    larger. A trade's id that is long stands in the `texts` that readers give.
    """

    def __init__(self):
        self.count = 0
        self.first = 0
        self.rows_held = zeros(Match, _FIRST_SIZE)
        self._point()
        self.head = arrays.longs(self.size)

    def _point(self):
        self.size = self.rows_held.count
        if cython.compiled:
            self.matches = cython.cast(MatchPointer, self.rows_held.first)
        else:
            self.matches = self.rows_held.items

    def _at(self, place):
        if cython.compiled:
            return self.matches + place
        else:  # noqa: RET505 - compiled, only one of the two remains
            return self.matches[place]

    def add(self, key, buyer, seller, time, price, quantity, high, low, aggressor):
        """Adds a match; its number."""
        place: cython.Py_ssize_t = self.count & (self.size - 1)
        chain: cython.Py_ssize_t
        match: MatchPointer
        if self.count == 0:
            self.rows_held = Rows(Match, _FIRST_SIZE)
            self._point()
        if self.count >= self.size and self.size < MATCHES_MAX and self.matches[place].time > time - _MATCH_YOUNG_NS:
            self._grow()
            place = self.count & (self.size - 1)
        chain = key & (self.size - 1)
        match = self._at(place)
        match.key = key
        match.previous = self.head[chain]
        self.head[chain] = self.count + 1
        match.buyer = buyer
        match.seller = seller
        match.time = time
        match.price = price
        match.quantity = quantity
        match.event_high = high
        match.event_low = low
        match.other_high = 0
        match.other_low = 0
        match.trade_length = 0
        match.aggressor = aggressor
        match.entry_gap = -1
        match.size_ratio = 0.0
        self.count += 1
        return self.count - 1

    def name(self, number, fill):
        """Writes the trade's id of the match just added, as one of its fills has it."""
        place: cython.Py_ssize_t = number & (self.size - 1)
        self.matches[place].trade_length = fill.trade_length
        if cython.compiled:
            memcpy(self.matches[place].trade_id, fill.trade_id, _TEXT)
        else:
            self.matches[place].trade_id = fill.trade_id

    def prefetch(self):
        """Has the processor fetch where the next match will be."""
        place: cython.Py_ssize_t = self.count & (self.size - 1)
        if cython.compiled:
            prefetch(cython.address(self.matches[place]))
            prefetch(cython.address(self.matches[place].event_high))
            prefetch(cython.address(self.matches[place].trade_id))

    def complete(self, number, high, low, entry_gap, size_ratio):
        """Adds to a match what its other side told; one overwritten since is left."""
        place: cython.Py_ssize_t = number & (self.size - 1)
        if number >= self._oldest():
            self.matches[place].other_high = high
            self.matches[place].other_low = low
            self.matches[place].entry_gap = entry_gap
            self.matches[place].size_ratio = size_ratio

    def recent(self, key, since, turns):
        """Number of the pair's matches since a time, of the last few; 0 where the buyer can not have changed in a
        share `turns` of them."""
        number: cython.longlong = self.head[key & (self.size - 1)] - 1
        oldest: cython.longlong = self._oldest()
        place: cython.Py_ssize_t
        steps: cython.int = 0
        found: cython.longlong = 0
        bought: cython.longlong = 0
        buyer: cython.int = -1
        while number >= oldest and steps < _WALK_MAX:
            place = number & (self.size - 1)
            if self.matches[place].time < since:
                break
            if self.matches[place].key == key:
                if buyer < 0:
                    buyer = self.matches[place].buyer
                found += 1
                bought += self.matches[place].buyer == buyer
            number = self.matches[place].previous - 1
            steps += 1
        return found if 2 * min(bought, found - bought) >= turns * (found - 1) else 0

    def arranged_of(self, key, since, gap, ratio):
        """How many of the pair's last few matches since a time were entered within `gap` at sizes alike to `ratio`."""
        number: cython.longlong = self.head[key & (self.size - 1)] - 1
        oldest: cython.longlong = self._oldest()
        place: cython.Py_ssize_t
        steps: cython.int = 0
        found: cython.longlong = 0
        while number >= oldest and steps < _WALK_MAX:
            place = number & (self.size - 1)
            if self.matches[place].time < since:
                break
            if self.matches[place].key == key and self.matches[place].size_ratio >= ratio:
                found += 0 <= self.matches[place].entry_gap <= gap
            number = self.matches[place].previous - 1
            steps += 1
        return found

    def turns(self, key: cython.ulonglong, since: cython.longlong, limit: cython.longlong):
        """A pair's matches since a time, of the last `limit`: (number, how often the buyer was another than before)."""
        number: cython.longlong = self.head[key & (self.size - 1)] - 1
        oldest: cython.longlong = self._oldest()
        place: cython.Py_ssize_t
        found: cython.longlong = 0
        turns: cython.longlong = 0
        buyer: cython.int = -1
        while number >= oldest and found < limit:
            place = number & (self.size - 1)
            if self.matches[place].time < since:
                break
            if self.matches[place].key == key:
                found += 1
                turns += buyer >= 0 and self.matches[place].buyer != buyer
                buyer = self.matches[place].buyer
            number = self.matches[place].previous - 1
        return found, turns

    def arranged_in_pair(
        self,
        key: cython.ulonglong,
        since: cython.longlong,
        limit: cython.longlong,
        gap_s: cython.double,
        ratio: cython.double,
    ):
        """How many of a pair's matches since a time, of the last `limit`, were of orders entered within a gap of each
        other at sizes alike."""
        number: cython.longlong = self.head[key & (self.size - 1)] - 1
        oldest: cython.longlong = self._oldest()
        place: cython.Py_ssize_t
        seen: cython.longlong = 0
        found: cython.longlong = 0
        while number >= oldest and seen < limit:
            place = number & (self.size - 1)
            if self.matches[place].time < since:
                break
            if self.matches[place].key == key:
                seen += 1
                found += (
                    self.matches[place].entry_gap >= 0
                    and self.matches[place].entry_gap / 1e9 <= gap_s
                    and self.matches[place].size_ratio >= ratio
                )
            number = self.matches[place].previous - 1
        return found

    def arranged(self, since, gap, ratio):
        """Matches of two groups since a time whose orders' entries are known, and those of them entered within `gap` of
        each other with sizes alike to a share `ratio`: (known, arranged)."""
        number: cython.longlong = self.count - 1
        oldest: cython.longlong = self._oldest()
        place: cython.Py_ssize_t
        known: cython.longlong = 0
        found: cython.longlong = 0
        while number >= oldest:
            place = number & (self.size - 1)
            if self.matches[place].time < since:
                break
            if self.matches[place].entry_gap >= 0 and self.matches[place].buyer != self.matches[place].seller:
                known += 1
                found += self.matches[place].entry_gap <= gap and self.matches[place].size_ratio >= ratio
            number -= 1
        return known, found

    def pair_rows(self, key, since, limit, texts: LongTexts):
        """The pair's matches since a time, of the last `limit`, oldest first, as rows."""
        number: cython.longlong = self.head[key & (self.size - 1)] - 1
        oldest: cython.longlong = self._oldest()
        place: cython.Py_ssize_t
        found: list = []
        while number >= oldest and len(found) < limit:
            place = number & (self.size - 1)
            if self.matches[place].time < since:
                break
            if self.matches[place].key == key:
                found.append(self._row(place, texts))
            number = self.matches[place].previous - 1
        found.reverse()
        return found

    def rows(self, since, limit, texts: LongTexts):
        """The market's matches since a time, of the last `limit`, oldest first, as rows: (time, buyer, seller, price,
        quantity, event's two words, other event's two words, trade id, aggressor, entry gap, size ratio)."""
        number: cython.longlong = self.count - 1
        oldest: cython.longlong = self._oldest()
        found: list = []
        while number >= oldest and len(found) < limit and self.matches[number & (self.size - 1)].time >= since:
            found.append(self._row(number & (self.size - 1), texts))
            number -= 1
        found.reverse()
        return found

    def _row(self, place: cython.Py_ssize_t, texts: LongTexts):
        match: MatchPointer = self._at(place)
        return (
            match.time,
            match.buyer,
            match.seller,
            match.price,
            match.quantity,
            (match.event_high, match.event_low),
            (match.other_high, match.other_low),
            texts.of(match.trade_id, match.trade_length),
            match.aggressor,
            match.entry_gap,
            match.size_ratio,
        )

    def _grow(self):
        """Twice the places; matches keep their numbers, chains are made anew."""
        number: cython.longlong
        place: cython.Py_ssize_t
        chain: cython.Py_ssize_t
        old: cython.Py_ssize_t = self.size
        before: Rows = self.rows_held
        matches: MatchPointer = self.matches
        self.first = self.count - old
        self.rows_held = Rows(Match, 2 * old)
        self._point()
        self.head = arrays.longs(self.size)
        for number in range(self.first, self.count):
            place = number & (self.size - 1)
            self.matches[place] = matches[number & (old - 1)]
            chain = self.matches[place].key & (self.size - 1)
            self.matches[place].previous = self.head[chain]
            self.head[chain] = number + 1
        del before

    def _oldest(self):
        """Number of the oldest match held."""
        return max(self.first, self.count - self.size)

    def state(self):
        """Plain values from which `restore` makes the same log."""
        return arrays.dump(self, _LOG_FIELDS) | {"matches": self.rows_held.state() if self.count else b""}

    def restore(self, state):
        """Becomes the log whose `state` was taken."""
        arrays.load(self, _LOG_FIELDS, state)
        if self.count:
            self.rows_held = Rows(Match, _FIRST_SIZE)
            self.rows_held.restore(state["matches"])
            self._point()
