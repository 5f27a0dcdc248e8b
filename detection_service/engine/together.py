# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who trades together: groups that take liquidity on one side within seconds of each other, counted against how often
they would by chance, and accounts that share a device or subnet.

Only aggressive fills count as appearances of a group: resting orders of strangers fill together whenever somebody
sweeps them. Counts are of one day (UTC) of event time.
"""

import cython

from detection_service.engine.crowd_records import Appearance, Member, Pair, PairSet, Shared
from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.detection_service.engine.crowd_records import (
        AppearancePointer,
        MemberPointer,
        PairPointer,
        PairSetPointer,
        SharedPointer,
    )
    from cython.cimports.tapewatch.market.memory import mix
    from cython.cimports.tapewatch.market.rows import Rows
else:
    from detection_service.engine.crowd_records import Member as MemberPointer
    from detection_service.engine.crowd_records import Pair as PairPointer
    from tapewatch.market.hashing import mix
    from tapewatch.market.rows import Rows

TOGETHER_NS = 2_000_000_000
SHARED_NS = 60_000_000_000
SHARED_MIN = 3
EVENTS = 8
_RING = cython.declare(cython.int, 64)
_SAME_ORDER_NS = cython.declare(cython.longlong, 1_000_000_000)
_SHARED_NS = cython.declare(cython.longlong, SHARED_NS)
_SHARED_MIN = cython.declare(cython.int, SHARED_MIN)
_DAY_NS = cython.declare(cython.longlong, 86_400_000_000_000)
_REACH_NS = cython.declare(cython.longlong, 5 * TOGETHER_NS)
_NEAR_PART = cython.declare(cython.int, 5)
_PAIRS = cython.declare(cython.int, 16384)
_MEMBERS = cython.declare(cython.int, 256)
_WAYS = cython.declare(cython.int, 4)
_EVENTS = cython.declare(cython.int, EVENTS)
_MEETINGS_MIN = cython.declare(cython.int, 8)
_LIFT_MIN = cython.declare(cython.double, 3.0)
_MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
_CROWD_FIELDS = ("seed", "day", "appearances", "count", "shared_count", "used")
_CROWD_ROWS = ("rows", "member_rows", "shared_rows_held")


class Crowd:
    """One market: the last 64 appearances of groups and the last 64 fills of accounts that share something.

    `members` are the groups seen on the day, an open table by hash of which `used` places are taken.
    """

    def __init__(self, seed):
        self.seed = seed
        self.day = -1
        self.appearances = 0.0
        self.count = 0
        self.shared_count = 0
        self.used = 0
        self.rows = Rows(Appearance, _RING)
        self.member_rows = Rows(Member, _MEMBERS)
        self.shared_rows_held = Rows(Shared, _RING)
        self._point()

    def _point(self):
        self.size = self.member_rows.count
        if cython.compiled:
            self.ring = cython.cast(AppearancePointer, self.rows.first)
            self.members = cython.cast(MemberPointer, self.member_rows.first)
            self.shared = cython.cast(SharedPointer, self.shared_rows_held.first)
        else:
            self.ring = self.rows.items
            self.members = self.member_rows.items
            self.shared = self.shared_rows_held.items

    def find(self, group):
        """Place of a group among the members, or the empty place where it would be."""
        place: cython.Py_ssize_t = mix(group) & (self.size - 1)
        today: cython.int = self.day + 2
        while self.members[place].day == today and self.members[place].group != group:
            place = (place + 1) & (self.size - 1)
        return place

    def member_of(self, group):
        """Place of a group among the members; made if it is new. There is room (`make_room`)."""
        place: cython.Py_ssize_t = self.find(group)
        if self.members[place].day != self.day + 2:
            self.members[place].group = group
            self.members[place].day = self.day + 2
            self.members[place].seen = 0
            self.members[place].exposure = 0
            self.used += 1
        return place

    def make_room(self):
        """Doubles the table of members before all that one event may add could fill two thirds of it."""
        place: cython.Py_ssize_t
        old: cython.Py_ssize_t = self.size
        before: Rows = self.member_rows
        members: MemberPointer = self.members
        if 3 * (self.used + _RING) < 2 * old:
            return
        self.member_rows = Rows(Member, 2 * old)
        self._point()
        for place in range(old):
            if members[place].day == self.day + 2:
                self.members[self.find(members[place].group)] = members[place]
        del before

    def was_here(self, since, group, side):
        """Whether a group appeared on a side at or after a time."""
        index: cython.Py_ssize_t = self.count
        oldest: cython.Py_ssize_t = max(0, self.count - _RING)
        place: cython.Py_ssize_t
        while index > oldest:
            index -= 1
            place = index % _RING
            if self.ring[place].time < since:
                break
            if self.ring[place].group == group and self.ring[place].side == side:
                return True
        return False

    def begin(self, day):
        """A day begins: nobody has appeared."""
        self.day = day
        self.appearances = 0.0
        self.used = 0

    def share(self, now, account, cluster, side, quantity, high, low):
        """A fill of an account that shares something with others; whether it makes or adds to three accounts of the
        cluster on one side within a minute."""
        place: cython.Py_ssize_t = self.shared_count % _RING
        index: cython.Py_ssize_t = self.shared_count
        oldest: cython.Py_ssize_t = max(0, self.shared_count - _RING)
        others: list = []
        self.shared[place].time = now
        self.shared[place].account = account
        self.shared[place].cluster = cluster
        self.shared[place].side = side
        self.shared[place].quantity = quantity
        self.shared[place].event_high = high
        self.shared[place].event_low = low
        self.shared_count += 1
        while index > oldest:
            index -= 1
            place = index % _RING
            if self.shared[place].time < now - _SHARED_NS:
                break
            if self.shared[place].cluster == cluster and self.shared[place].side == side:
                if self.shared[place].account == account:
                    return False
                if self.shared[place].account not in others:
                    others.append(self.shared[place].account)
        return len(others) + 1 >= _SHARED_MIN

    def shared_rows(self, cluster: cython.int, since: cython.longlong):
        """Fills of a cluster's accounts at or after a time, oldest first: (time, account, side, quantity, event)."""
        place: cython.Py_ssize_t
        found = []
        for index in range(max(0, self.shared_count - _RING), self.shared_count):
            place = index % _RING
            if self.shared[place].cluster == cluster and self.shared[place].time >= since:
                found.append(
                    (
                        self.shared[place].time,
                        self.shared[place].account,
                        self.shared[place].side,
                        self.shared[place].quantity,
                        (self.shared[place].event_high, self.shared[place].event_low),
                    )
                )
        return found

    def _of(self, group):
        """Appearances and exposure of a group today."""
        place: cython.Py_ssize_t = self.find(group)
        if self.members[place].day != self.day + 2:
            return 0.0, 0.0
        return float(self.members[place].seen), float(self.members[place].exposure)

    def expected(self, one: int, other: int) -> float:
        """How often two groups would have met today if whom a group meets went by activity alone."""
        first_seen, first_exposure = self._of(one)
        second_seen, second_exposure = self._of(other)
        met = first_exposure * second_seen + second_exposure * first_seen
        return float(met / self.appearances) if self.appearances else 0.0

    def appearances_of(self, group: int) -> float:
        """How often a group appeared today."""
        return float(self._of(group)[0])

    def groups_present(self):
        """How many groups appeared today."""
        place: cython.Py_ssize_t
        found: cython.int = 0
        for place in range(self.size):
            found += self.members[place].day == self.day + 2 and self.members[place].seen > 0
        return found

    def state(self):
        """Plain values from which `restore` makes the same crowd."""
        return arrays.dump(self, _CROWD_FIELDS) | {name: getattr(self, name).state() for name in _CROWD_ROWS}

    def restore(self, state):
        """Becomes the crowd whose `state` was taken."""
        arrays.load(self, _CROWD_FIELDS, state)
        for name in _CROWD_ROWS:
            getattr(self, name).restore(state[name])
        self._point()


class Together:
    """Pairs of groups that met: how often today on one side and on opposite sides, and the last eight events.

    16,384 pairs of a group and a group in a market; a new one takes the place of the longest idle of four. `row` is
    that of the pair behind a moment.
    """

    def __init__(self):
        self.row = 0
        self.set_rows = Rows(PairSet, _PAIRS // _WAYS)
        self.pair_rows = Rows(Pair, _PAIRS)
        self._point()

    def _point(self):
        if cython.compiled:
            self.sets = cython.cast(PairSetPointer, self.set_rows.first)
            self.pairs = cython.cast(PairPointer, self.pair_rows.first)
        else:
            self.sets = self.set_rows.items
            self.pairs = self.pair_rows.items

    def _at(self, row):
        if cython.compiled:
            return self.pairs + row
        else:  # noqa: RET505 - compiled, only one of the two remains
            return self.pairs[row]

    def appear(self, crowd, now, group, side, high, low):
        """A group takes liquidity; whether a pair has met often enough to be looked at.

        Fills of a group on a side within a second are one appearance. Others within two seconds before are met; those
        up to ten seconds before tell how often two that are busy at one time would be near each other anyway.
        """
        place: cython.Py_ssize_t
        member: cython.Py_ssize_t
        noted: cython.bint
        if now // _DAY_NS > crowd.day:
            crowd.begin(now // _DAY_NS)
        if crowd.was_here(now - _SAME_ORDER_NS, group, side):
            return False
        crowd.make_room()
        member = crowd.member_of(group)
        crowd.members[member].seen += 1
        crowd.appearances += 1.0
        noted = self._look_back(crowd, now, group, side, member, high, low)
        place = crowd.count % _RING
        crowd.ring[place].time = now
        crowd.ring[place].group = group
        crowd.ring[place].side = side
        crowd.count += 1
        return noted

    def _look_back(self, crowd, now, group, side, member, high, low):
        """Counts whom a group meets and who was about before; whether a pair is to be looked at."""
        index: cython.Py_ssize_t = crowd.count
        oldest: cython.Py_ssize_t = max(0, crowd.count - _RING)
        place: cython.Py_ssize_t
        reach: cython.longlong = _REACH_NS
        same: cython.bint
        noted: cython.bint = False
        if oldest > 0:  # a dense market: what is held reaches less far back, and so near is nearer
            reach = min(reach, now - crowd.ring[oldest % _RING].time)
        while index > oldest:
            index -= 1
            place = index % _RING
            if crowd.ring[place].time < now - reach:
                break
            if crowd.ring[place].group == group:
                continue
            same = crowd.ring[place].side == side
            if crowd.ring[place].time >= now - reach // _NEAR_PART:
                crowd.members[member].exposure += same
                noted = self._meet(crowd, now, group, crowd.ring[place].group, same, high, low) or noted
            elif same:
                self._lag(crowd, group, crowd.ring[place].group)
        return noted

    def _key_of(self, crowd, group, other):
        first: cython.ulonglong = min(group, other)
        second: cython.ulonglong = max(group, other)
        return mix(crowd.seed ^ ((first << 32 | second) & _MASK))

    def _lag(self, crowd, group, other):
        """Counts that another group was about on the same side, but not near."""
        row: cython.Py_ssize_t = self._find(self._key_of(crowd, group, other))
        if row >= 0 and self.pairs[row].day == crowd.day:
            self.pairs[row].lagged += 1

    def _find(self, key):
        """Row of the pair with this key; -1 for one that never met."""
        place: cython.Py_ssize_t = key & (_PAIRS // _WAYS - 1)
        way: cython.Py_ssize_t
        for way in range(_WAYS):
            if self.sets[place].key[way] == key:
                return place * _WAYS + way
        return -1

    def _meet(self, crowd, now, group, other, same, high, low):
        """Counts a meeting of two groups; whether they met 8, 16, 24, ... times on one side, thrice what chance has."""
        row: cython.Py_ssize_t = self._row_of(self._key_of(crowd, group, other), now)
        pair: PairPointer = self._at(row)
        place: cython.Py_ssize_t
        one: cython.Py_ssize_t
        two: cython.Py_ssize_t
        met: cython.double
        if pair.day != crowd.day:
            pair.day = crowd.day
            pair.same = pair.opposite = pair.lagged = 0
        pair.first_group = min(group, other)
        pair.second_group = max(group, other)
        if not same:
            pair.opposite += 1
            return False
        place = pair.same % _EVENTS
        pair.events[2 * place] = high
        pair.events[2 * place + 1] = low
        pair.same += 1
        if pair.same % _MEETINGS_MIN:
            return False
        one = crowd.member_of(group)
        two = crowd.member_of(other)
        met = cython.cast(cython.double, crowd.members[one].exposure) * crowd.members[two].seen
        met += cython.cast(cython.double, crowd.members[two].exposure) * crowd.members[one].seen
        met = max(met / crowd.appearances, pair.lagged / (_NEAR_PART - 1.0))
        if pair.same < _LIFT_MIN * met:
            return False
        self.row = row
        return True

    def _row_of(self, key, now):
        """Row of the pair with this key, which meets now; made if it is new."""
        place: cython.Py_ssize_t = key & (_PAIRS // _WAYS - 1)
        way: cython.Py_ssize_t
        idle: cython.Py_ssize_t = 0
        pair: PairPointer
        for way in range(_WAYS):
            if self.sets[place].key[way] == key:
                self.sets[place].last_time[way] = now
                return place * _WAYS + way
            if self.sets[place].last_time[way] < self.sets[place].last_time[idle]:
                idle = way
        self.sets[place].key[idle] = key
        self.sets[place].last_time[idle] = now
        pair = self._at(place * _WAYS + idle)
        pair.same = pair.opposite = pair.lagged = 0
        return place * _WAYS + idle

    def events(self, row: int):
        """The last events at which a pair met, as identities."""
        pair = self.pair_rows.get(row)
        return [(pair.events[2 * place], pair.events[2 * place + 1]) for place in range(min(EVENTS, pair.same))]

    def state(self):
        """Plain values from which `restore` makes the same pairs."""
        return {"sets": self.set_rows.state(), "pairs": self.pair_rows.state()}

    def restore(self, state):
        """Becomes the pairs whose `state` was taken."""
        self.set_rows.restore(state["sets"])
        self.pair_rows.restore(state["pairs"])
        self._point()
