# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Short looks at what groups did: the counts by which a rule leaves most groups before it reads their fills."""

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.detection_service.engine.fills import fill_at
    from cython.cimports.detection_service.engine.groups import Groups
    from cython.cimports.detection_service.engine.matches import MatchLog
    from cython.cimports.detection_service.engine.records import RING, ActivityPointer, FillPointer, WithdrawalPointer
    from cython.cimports.detection_service.engine.registry import activity_at
    from cython.cimports.detection_service.engine.takes import Takes
    from cython.cimports.detection_service.engine.trips import Trips
else:
    from detection_service.engine.fills import fill_at
    from detection_service.engine.groups import Groups
    from detection_service.engine.matches import MatchLog
    from detection_service.engine.records import RING
    from detection_service.engine.records import Activity as ActivityPointer
    from detection_service.engine.records import Fill as FillPointer
    from detection_service.engine.records import Withdrawal as WithdrawalPointer
    from detection_service.engine.registry import activity_at
    from detection_service.engine.takes import Takes
    from detection_service.engine.trips import Trips

_AGGRESSOR = cython.declare(cython.int, 2)
_BUY = cython.declare(cython.int, 1)
_CIRCLE = 16  # room for so many at first


class Looks(Groups):
    """Counts over the last 64 fills or withdrawals of an activity, by its number, and over a market's matches; nothing
    here changes what is known."""

    def __init__(self, group_of):
        Groups.__init__(self, group_of)
        self.circle = arrays.integers(_CIRCLE)
        self.takes = Takes()

    def _of(self, number):
        """An activity by its number. Raises LookupError where that is none, as where nobody acts."""
        if not 0 <= number < self.activities.used:
            raise LookupError(f"expected the number of an activity, found {number}: nobody acts at this trigger")
        return activity_at(self, number)

    def took(self, number: cython.int, side: cython.int, since: cython.longlong):
        """Its fills of a side since a time in which it took liquidity: (number, first time, last time, lowest price,
        highest price), all 0 without any."""
        activity: ActivityPointer = self._of(number)
        fill: FillPointer
        place: cython.longlong
        count: cython.int = 0
        first: cython.longlong = 0
        last: cython.longlong = 0
        low: cython.double = 0.0
        high: cython.double = 0.0
        for place in range(self.fills.first_since(activity, since), activity.fill_count):
            fill = fill_at(self.fills, activity, place)
            if fill.side != side or fill.aggressor != _AGGRESSOR:
                continue
            if count == 0:
                first = fill.time
                low = high = fill.price
            count += 1
            last = fill.time
            low = min(low, fill.price)
            high = max(high, fill.price)
        return count, first, last, low, high

    def small_takes(self, number: cython.int, since: cython.longlong, quantity: cython.double):
        """Number of its fills since a time in which an order of at most a size took liquidity."""
        activity: ActivityPointer = self._of(number)
        fill: FillPointer
        place: cython.longlong
        found: cython.int = 0
        for place in range(self.fills.first_since(activity, since), activity.fill_count):
            fill = fill_at(self.fills, activity, place)
            found += fill.aggressor == _AGGRESSOR and fill.order_quantity <= quantity
        return found

    def takings(self, number: cython.int, side: cython.int, since: cython.longlong):
        """Its trades with others since a time: (time of the first, how many were on a side, quantities of those in
        which it took liquidity from somebody known, from which group how often)."""
        activity: ActivityPointer = self._of(number)
        fill: FillPointer
        place: cython.longlong
        first: cython.longlong = 0
        on_side: cython.int = 0
        group: cython.int
        quantities: list = []
        met: dict = {}
        for place in range(self.fills.first_since(activity, since), activity.fill_count):
            fill = fill_at(self.fills, activity, place)
            group = -1 if fill.contra < 0 else self.group_of_account[fill.contra]
            if group == activity.group:
                continue
            if first == 0:
                first = fill.time
            if fill.side != side:
                continue
            on_side += 1
            if group >= 0 and fill.aggressor == _AGGRESSOR:
                quantities.append(fill.quantity)
                met[group] = met.get(group, 0) + 1
        return first, on_side, quantities, met

    def takes_from_few(
        self,
        number: cython.int,
        side: cython.int,
        since: cython.longlong,
        often: cython.double,
        others: cython.int,
        share: cython.double,
    ):
        """Whether it took liquidity from known groups on a side so often since a time, and in a share of that from
        those few that it took from most."""
        taken: cython.int
        self.meetings.take_taken(self.fills, self._of(number), self.group_of_account, side, since)
        taken = self.meetings.total(True)
        return (
            taken > 0
            and taken >= often
            and self.meetings.with_most(others) / cython.cast(cython.double, taken) >= share
        )

    def sides_with_others(self, number: cython.int, since: cython.longlong):
        """How often it bought from others than itself, and how often it sold to them, since a time."""
        activity: ActivityPointer = self._of(number)
        fill: FillPointer
        place: cython.longlong
        bought: cython.int = 0
        sold: cython.int = 0
        for place in range(self.fills.first_since(activity, since), activity.fill_count):
            fill = fill_at(self.fills, activity, place)
            if fill.contra >= 0 and self.group_of_account[fill.contra] == activity.group:
                continue
            if fill.side == _BUY:
                bought += 1
            else:
                sold += 1
        return bought, sold

    def partners(self, number: cython.int, since: cython.longlong):
        """Which group (-1: not known) it met since a time: how often it bought from it, and sold to it."""
        self.meetings.take(self.fills, self._of(number), self.group_of_account, since)
        return self.meetings.by_group()

    def is_mostly_with_few(
        self,
        number: cython.int,
        since: cython.longlong,
        often: cython.double,
        others: cython.int,
        share: cython.double,
    ):
        """Whether it bought and sold so often with some group each, since a time, and met those few others that it met
        most in a share of its trades."""
        self.meetings.take(self.fills, self._of(number), self.group_of_account, since)
        return (
            self.meetings.most_bought() >= often
            and self.meetings.most_sold() >= often
            and self.meetings.with_most(others) >= share * self.meetings.total(False)
        )

    def far_withdrawn(self, number: cython.int, since: cython.longlong, life_s: cython.double, distance: cython.double):
        """Number of its withdrawals since a time of orders that stood at most so long, so far behind the best price."""
        activity: ActivityPointer = self._of(number)
        each: WithdrawalPointer
        place: cython.longlong
        found: cython.int = 0
        for place in range(self.withdrawals.first_since(activity, since), activity.withdrawal_count):
            each = self.withdrawals.entry(activity, place)
            found += each.distance >= distance and (each.time - each.entry_time) / 1e9 <= life_s
        return found

    def improved_withdrawn(self, number: cython.int, side: cython.int, since: cython.longlong, life_s: cython.double):
        """Number of its withdrawals on a side since a time of orders that bettered the best price and stood at most so
        long."""
        activity: ActivityPointer = self._of(number)
        each: WithdrawalPointer
        place: cython.longlong
        found: cython.int = 0
        for place in range(self.withdrawals.first_since(activity, since), activity.withdrawal_count):
            each = self.withdrawals.entry(activity, place)
            found += each.side == side and each.distance < 0.0 and (each.time - each.entry_time) / 1e9 <= life_s
        return found

    def gone_together(
        self,
        number: cython.int,
        side: cython.int,
        since: cython.longlong,
        life_s: cython.double,
        entered_within: cython.longlong,
        gone_within: cython.longlong,
    ):
        """At most so many of its withdrawals on a side since a time, of orders that stood at most so long, were entered
        within a span of one of them, stood when that one went, and went within a span from then on."""
        activity: ActivityPointer = self._of(number)
        one: WithdrawalPointer
        two: WithdrawalPointer
        place: cython.longlong
        other: cython.longlong
        count: cython.int
        most: cython.int = 0
        for place in range(self.withdrawals.first_since(activity, since), activity.withdrawal_count):
            one = self.withdrawals.entry(activity, place)
            if one.side != side or (one.time - one.entry_time) / 1e9 > life_s:
                continue
            count = 1
            for other in range(place + 1, activity.withdrawal_count):
                two = self.withdrawals.entry(activity, other)
                if two.time - one.time > gone_within:
                    break
                if two.side != side or two.entry_time > one.time or (two.time - two.entry_time) / 1e9 > life_s:
                    continue
                count += abs(two.entry_time - one.entry_time) <= entered_within
            most = max(most, count)
        return most

    def own_trips(self, terms):
        """The acting group's fills, to be looked at around moments."""
        trips: Trips = Trips(terms)
        trips.take(self.fills, self._of(self.acting), -1)
        return trips

    def others_around(self, terms, but: cython.int, since: cython.longlong, moments: list, quantity: cython.double):
        """Trips around moments, (time, side), of the market's groups with a name and fills since a time, but for one
        group: (how many there are in all, number of those groups, of their fills)."""
        trips: Trips = Trips(terms)
        number: cython.longlong = self.market.last_activity
        activity: ActivityPointer
        found: cython.int = 0
        groups: cython.int = 0
        fills: cython.longlong = 0
        while number:
            activity = activity_at(self, number - 1)
            number = activity.link
            if activity.last_fill_time[1] < since and activity.last_fill_time[2] < since:
                continue
            if activity.group == but or not self.group_names[activity.group]:
                continue
            if self.fills.count_since(activity, since):
                groups += 1
                fills += self.fills.count_since(activity, since)
                if moments:
                    trips.take(self.fills, activity, since)
                    found += trips.often(moments, quantity)
        return found, groups, fills

    def steps(self, since: cython.longlong, limit: cython.longlong, side: cython.int, circle: list):
        """What the market's matches since a time, of the last `limit`, did to the price in a side's direction: (length
        of the steps within a circle of groups, of all, how many new extremes the circle printed)."""
        log: MatchLog = self.market.match_log
        number: cython.longlong = log.count - 1
        oldest: cython.longlong = max(log.first, log.count - log.size, log.count - limit)
        place: cython.Py_ssize_t
        members: cython.int = len(circle)
        sign: cython.double = 1.0 if side == _BUY else -1.0
        step: cython.double
        before: cython.double
        extreme: cython.double
        own: cython.double = 0.0
        every: cython.double = 0.0
        extremes: cython.int = 0
        inside: cython.bint
        if members > len(self.circle):
            self.circle = arrays.integers(members)
        for place in range(members):
            self.circle[place] = circle[place]
        while number >= oldest and log.matches[number % log.size].time >= since:
            number -= 1
        number += 1
        if number == log.count:
            return own, every, extremes
        before = extreme = log.matches[number % log.size].price
        number += 1
        while number < log.count:
            place = number % log.size
            inside = self._within(log.matches[place].buyer, members)
            inside = inside and self._within(log.matches[place].seller, members)
            step = sign * (log.matches[place].price - before)
            if step > 0.0:
                every += step
                own += step if inside else 0.0
            if sign * (log.matches[place].price - extreme) > 0.0:
                extreme = log.matches[place].price
                extremes += inside
            before = log.matches[place].price
            number += 1
        return own, every, extremes

    def _within(self, group, members):
        """Whether a group is in the circle in hand."""
        place: cython.int = 0
        while place < members and self.circle[place] != group:
            place += 1
        return place < members

    def pushed(
        self,
        number: cython.int,
        side: cython.int,
        since: cython.longlong,
        until: cython.longlong,
        from_price: cython.double,
    ):
        """What the market's takings of a side within a time did to the price from one on: (places of the activity's own
        among them, places of those that set a new extreme, distance set by them, by all, quantity of them, of all)."""
        self._take_up(side, since, until)
        return self._push(number, side, 0, from_price)

    def ramped(self, number: cython.int, side: cython.int, since: cython.longlong, lead: cython.longlong):
        """The same from the activity's first taking of the side since a time, and from the price of the market's fill
        before it, at most a lead before that time, or else its own; that price comes last. None without any."""
        activity: ActivityPointer = self._of(number)
        first: FillPointer
        place: cython.longlong = self.fills.first_since(activity, since)
        from_price: cython.double
        while place < activity.fill_count and not self._is_taking(fill_at(self.fills, activity, place), side):
            place += 1
        if place == activity.fill_count:
            return None
        first = fill_at(self.fills, activity, place)
        from_price = self._price_before(first.time, since - lead, first.price)
        self._take_up(side, first.time, self.now)
        start: cython.int = 0
        while start < self.takes.count and not self.takes.is_since(
            self.takes.order[start], first.time, first.event_high, first.event_low
        ):
            start += 1
        return (*self._push(number, side, start, from_price), from_price)

    def _is_taking(self, fill, side):
        """Whether a fill is of a side and took liquidity."""
        return fill.side == side and fill.aggressor == _AGGRESSOR

    def _take_up(self, side: cython.int, since: cython.longlong, until: cython.longlong):
        """Sets `takes` to the market's fills of a side within a time that took liquidity, of groups with a name. What a
        group took at one time goes together and as it came, by the event of the first."""
        number: cython.longlong = self.market.last_activity
        place: cython.longlong
        activity: ActivityPointer
        fill: FillPointer
        first: FillPointer
        time: cython.longlong
        self.takes.count = 0
        while number:
            activity = activity_at(self, number - 1)
            time = -1
            if activity.last_fill_time[side] >= since and self.group_names[activity.group]:
                for place in range(self.fills.first_since(activity, since), activity.fill_count):
                    fill = fill_at(self.fills, activity, place)
                    if not self._is_taking(fill, side) or fill.time > until:
                        continue
                    if fill.time != time:
                        time = fill.time
                        first = fill
                    self.takes.add(time, first.event_high, first.event_low, number - 1, place)
            number = activity.link
        self.takes.sort()

    def _push(self, number: cython.int, side: cython.int, start: cython.int, from_price: cython.double):
        """What the takings taken up, from one on, did to the price from one on (`pushed`)."""
        sign: cython.double = 1.0 if side == _BUY else -1.0
        extreme: cython.double = from_price
        beyond: cython.double
        own_move: cython.double = 0.0
        all_move: cython.double = 0.0
        own_quantity: cython.double = 0.0
        all_quantity: cython.double = 0.0
        take: cython.int
        place: cython.longlong
        fill: FillPointer
        own: list = []
        pushing: list = []
        while start < self.takes.count:
            take = self.takes.order[start]
            start += 1
            place = self.takes.place[take]
            fill = fill_at(self.fills, activity_at(self, self.takes.actor[take]), place)
            beyond = max(0.0, sign * (fill.price - extreme))
            all_quantity += fill.quantity
            all_move += beyond
            if self.takes.actor[take] == number:
                own.append(place)
                own_quantity += fill.quantity
                own_move += beyond
                if beyond > 0.0:
                    pushing.append(place)
            if beyond > 0.0:
                extreme = fill.price
        return own, pushing, own_move, all_move, own_quantity, all_quantity

    def _price_before(self, time: cython.longlong, since: cython.longlong, price: cython.double):
        """Price of the last fill in the market, of a group with a name, since a time and before one; else that given.
        Of those of one moment it is one that took liquidity, as the price went on from there."""
        number: cython.longlong = self.market.last_activity
        place: cython.longlong
        activity: ActivityPointer
        fill: FillPointer
        last: tuple = (since, 0, 0, 0)
        while number:
            activity = activity_at(self, number - 1)
            place = self.fills.first_since(activity, time) if self.group_names[activity.group] else 0
            if place > max(0, activity.fill_count - RING):
                fill = fill_at(self.fills, activity, place - 1)
                each: tuple = (fill.time, fill.aggressor, fill.event_high, fill.event_low)
                if each >= last:
                    last, price = each, fill.price
            number = activity.link
        return price
