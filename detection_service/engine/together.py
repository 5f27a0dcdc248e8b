# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who trades together: groups that take liquidity on one side within seconds of each other, counted against how often
they would by chance, and accounts that share a device or subnet.

Only aggressive fills count as appearances of a group: resting orders of strangers fill together whenever somebody
sweeps them. Counts are of one day (UTC) of event time.
"""

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.tapewatch.market.hashing import mix
    from cython.cimports.tapewatch.market.key_index import KeyIndex
else:
    from tapewatch.market.hashing import mix
    from tapewatch.market.key_index import KeyIndex

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
_WAYS = cython.declare(cython.int, 4)
_EVENTS = cython.declare(cython.int, EVENTS)
_MEETINGS_MIN = cython.declare(cython.int, 8)
_LIFT_MIN = cython.declare(cython.double, 3.0)
_MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
_CROWD_FIELDS = (
    "seed", "day", "appearances", "count", "time", "group", "side", "member_count", "group_of_member", "seen",
    "exposure", "shared_count", "shared_time", "shared_account", "shared_cluster", "shared_side", "shared_quantity",
    "shared_high", "shared_low",
)  # fmt: skip
_PAIR_FIELDS = (
    "key", "last_time", "day", "first_group", "second_group", "same", "opposite", "lagged", "event_high",
    "event_low",
)  # fmt: skip


class Crowd:
    """One market: the last 64 appearances of groups and the last 64 fills of accounts that share something.

    By member number (`members` maps a group to it): `seen` counts a group's appearances of the day, `exposure` how
    many others it found there on its side within two seconds before.
    """

    def __init__(self, seed):
        self.seed = seed
        self.day = -1
        self.appearances = 0.0
        self.count = 0
        self.time = arrays.longs(_RING)
        self.group = arrays.integers(_RING)
        self.side = arrays.octets(_RING)
        self.members = KeyIndex()
        self.member_count = 0
        self.group_of_member = arrays.integers(_RING)
        self.seen = arrays.doubles(_RING)
        self.exposure = arrays.doubles(_RING)
        self.shared_count = 0
        self.shared_time = arrays.longs(_RING)
        self.shared_account = arrays.integers(_RING)
        self.shared_cluster = arrays.integers(_RING)
        self.shared_side = arrays.octets(_RING)
        self.shared_quantity = arrays.doubles(_RING)
        self.shared_high = arrays.words(_RING)
        self.shared_low = arrays.words(_RING)

    def member_of(self, group):
        """Member number of a group; made if it is new."""
        number: cython.int = self.members.find(group)
        if number < 0:
            number = self.member_count
            self.members.put(group, number)
            self.member_count += 1
            if number >= len(self.seen):
                self.group_of_member = arrays.grown(self.group_of_member, 2 * number)
                self.seen = arrays.grown(self.seen, 2 * number)
                self.exposure = arrays.grown(self.exposure, 2 * number)
            self.group_of_member[number] = group
        return number

    def was_here(self, since, group, side):
        """Whether a group appeared on a side at or after a time."""
        index: cython.Py_ssize_t = self.count
        oldest: cython.Py_ssize_t = max(0, self.count - _RING)
        place: cython.Py_ssize_t
        while index > oldest:
            index -= 1
            place = index % _RING
            if self.time[place] < since:
                break
            if self.group[place] == group and self.side[place] == side:
                return True
        return False

    def _begin(self, day):
        """A day begins: nobody has appeared."""
        number: cython.int
        self.day = day
        self.appearances = 0.0
        for number in range(self.member_count):
            self.seen[number] = self.exposure[number] = 0.0

    def share(self, now, account, cluster, side, quantity, high, low):
        """A fill of an account that shares something with others; whether it makes or adds to three accounts of the
        cluster on one side within a minute."""
        place: cython.Py_ssize_t = self.shared_count % _RING
        index: cython.Py_ssize_t = self.shared_count
        oldest: cython.Py_ssize_t = max(0, self.shared_count - _RING)
        others: list = []
        self.shared_time[place] = now
        self.shared_account[place] = account
        self.shared_cluster[place] = cluster
        self.shared_side[place] = side
        self.shared_quantity[place] = quantity
        self.shared_high[place] = high
        self.shared_low[place] = low
        self.shared_count += 1
        while index > oldest:
            index -= 1
            place = index % _RING
            if self.shared_time[place] < now - _SHARED_NS:
                break
            if self.shared_cluster[place] == cluster and self.shared_side[place] == side:
                if self.shared_account[place] == account:
                    return False
                if self.shared_account[place] not in others:
                    others.append(self.shared_account[place])
        return len(others) + 1 >= _SHARED_MIN

    def shared_rows(self, cluster: cython.int, since: cython.longlong):
        """Fills of a cluster's accounts at or after a time, oldest first: (time, account, side, quantity, event)."""
        found = []
        for index in range(max(0, self.shared_count - _RING), self.shared_count):
            place = index % _RING
            if self.shared_cluster[place] == cluster and self.shared_time[place] >= since:
                found.append(
                    (
                        self.shared_time[place],
                        self.shared_account[place],
                        self.shared_side[place],
                        self.shared_quantity[place],
                        (self.shared_high[place], self.shared_low[place]),
                    )
                )
        return found

    def expected(self, one: int, other: int) -> float:
        """How often two groups would have met today if whom a group meets went by activity alone."""
        first, second = self.member_of(one), self.member_of(other)
        met = self.exposure[first] * self.seen[second] + self.exposure[second] * self.seen[first]
        return float(met / self.appearances) if self.appearances else 0.0

    def appearances_of(self, group: int) -> float:
        """How often a group appeared today."""
        return float(self.seen[self.member_of(group)])

    def state(self):
        """Plain values from which `restore` makes the same crowd."""
        return arrays.dump(self, _CROWD_FIELDS)

    def restore(self, state):
        """Becomes the crowd whose `state` was taken."""
        arrays.load(self, _CROWD_FIELDS, state)
        self.members = KeyIndex()
        for number in range(self.member_count):
            self.members.put(self.group_of_member[number], number)


class Together:
    """Pairs of groups that met: how often today on one side and on opposite sides, and the last eight events.

    16,384 pairs of a group and a group in a market; a new one takes the place of the longest idle of four. `row` is
    that of the pair behind a moment.
    """

    def __init__(self):
        self.key = arrays.words(_PAIRS)
        self.last_time = arrays.longs(_PAIRS)
        self.day = arrays.longs(_PAIRS)
        self.first_group = arrays.integers(_PAIRS)
        self.second_group = arrays.integers(_PAIRS)
        self.same = arrays.integers(_PAIRS)
        self.opposite = arrays.integers(_PAIRS)
        self.lagged = arrays.integers(_PAIRS)
        self.event_high = arrays.words(_PAIRS * EVENTS)
        self.event_low = arrays.words(_PAIRS * EVENTS)
        self.row = 0

    def appear(self, crowd, now, group, side, high, low):
        """A group takes liquidity; whether a pair has met often enough to be looked at.

        Fills of a group on a side within a second are one appearance. Others within two seconds before are met; those
        up to ten seconds before tell how often two that are busy at one time would be near each other anyway.
        """
        place: cython.Py_ssize_t
        member: cython.int
        noted: cython.bint
        if now // _DAY_NS > crowd.day:
            crowd._begin(now // _DAY_NS)
        if crowd.was_here(now - _SAME_ORDER_NS, group, side):
            return False
        member = crowd.member_of(group)
        crowd.seen[member] += 1.0
        crowd.appearances += 1.0
        noted = self._look_back(crowd, now, group, side, member, high, low)
        place = crowd.count % _RING
        crowd.time[place] = now
        crowd.group[place] = group
        crowd.side[place] = side
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
            reach = min(reach, now - crowd.time[oldest % _RING])
        while index > oldest:
            index -= 1
            place = index % _RING
            if crowd.time[place] < now - reach:
                break
            if crowd.group[place] == group:
                continue
            same = crowd.side[place] == side
            if crowd.time[place] >= now - reach // _NEAR_PART:
                crowd.exposure[member] += same
                noted = self._meet(crowd, now, group, crowd.group[place], same, high, low) or noted
            elif same:
                self._lag(crowd, group, crowd.group[place])
        return noted

    def _lag(self, crowd, group, other):
        """Counts that another group was about on the same side, but not near."""
        first: cython.ulonglong = min(group, other)
        second: cython.ulonglong = max(group, other)
        row: cython.Py_ssize_t = self._find(mix(crowd.seed ^ ((first << 32 | second) & _MASK)))
        if row >= 0 and self.day[row] == crowd.day:
            self.lagged[row] += 1

    def _find(self, key):
        """Row of the pair with this key; -1 for one that never met."""
        first: cython.Py_ssize_t = (key & (_PAIRS // _WAYS - 1)) * _WAYS
        row: cython.Py_ssize_t
        for row in range(first, first + _WAYS):
            if self.key[row] == key:
                return row
        return -1

    def _meet(self, crowd, now, group, other, same, high, low):
        """Counts a meeting of two groups; whether they met 8, 16, 24, ... times on one side, thrice what chance has."""
        first: cython.ulonglong = min(group, other)
        second: cython.ulonglong = max(group, other)
        key: cython.ulonglong = mix(crowd.seed ^ ((first << 32 | second) & _MASK))
        row: cython.Py_ssize_t = self._row_of(key)
        place: cython.Py_ssize_t
        one: cython.int
        two: cython.int
        met: cython.double
        if self.day[row] != crowd.day:
            self.day[row] = crowd.day
            self.same[row] = self.opposite[row] = self.lagged[row] = 0
        self.first_group[row] = min(group, other)
        self.second_group[row] = max(group, other)
        self.last_time[row] = now
        if not same:
            self.opposite[row] += 1
            return False
        place = row * _EVENTS + self.same[row] % _EVENTS
        self.event_high[place] = high
        self.event_low[place] = low
        self.same[row] += 1
        if self.same[row] % _MEETINGS_MIN:
            return False
        one = crowd.member_of(group)
        two = crowd.member_of(other)
        met = (crowd.exposure[one] * crowd.seen[two] + crowd.exposure[two] * crowd.seen[one]) / crowd.appearances
        met = max(met, self.lagged[row] / (_NEAR_PART - 1.0))
        if self.same[row] < _LIFT_MIN * met:
            return False
        self.row = row
        return True

    def _row_of(self, key):
        """Row of the pair with this key; made if it is new."""
        first: cython.Py_ssize_t = (key & (_PAIRS // _WAYS - 1)) * _WAYS
        row: cython.Py_ssize_t
        idle: cython.Py_ssize_t = first
        for row in range(first, first + _WAYS):
            if self.key[row] == key:
                return row
            if self.last_time[row] < self.last_time[idle]:
                idle = row
        self.key[idle] = key
        self.same[idle] = self.opposite[idle] = self.lagged[idle] = 0
        return idle

    def events(self, row: int):
        """The last events at which a pair met, as identities."""
        held = min(EVENTS, self.same[row])
        return [(self.event_high[row * EVENTS + place], self.event_low[row * EVENTS + place]) for place in range(held)]

    def state(self):
        """Plain values from which `restore` makes the same pairs."""
        return arrays.dump(self, _PAIR_FIELDS)

    def restore(self, state):
        """Becomes the pairs whose `state` was taken."""
        arrays.load(self, _PAIR_FIELDS, state)
