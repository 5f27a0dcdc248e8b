# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Circles of groups, each of which sold often to the next: where a position may have passed round."""

import cython

from detection_service.engine import market_state

if cython.compiled:
    from cython.cimports.detection_service.engine.fills import fill_at
    from cython.cimports.detection_service.engine.looks import Looks
    from cython.cimports.detection_service.engine.records import ActivityPointer, FillPointer
    from cython.cimports.detection_service.engine.registry import activity_at
    from cython.cimports.libc.math import sqrt
else:
    from math import sqrt

    from detection_service.engine.fills import fill_at
    from detection_service.engine.looks import Looks
    from detection_service.engine.records import Activity as ActivityPointer
    from detection_service.engine.records import Fill as FillPointer
    from detection_service.engine.registry import activity_at

_BUY = cython.declare(cython.int, 1)
_FAST_NS = cython.declare(cython.longlong, market_state.FAST_BUCKET_NS)
_FAST_BUCKETS = cython.declare(cython.longlong, market_state.FAST_BUCKETS)
_MINUTE_NS = cython.declare(cython.longlong, market_state.MINUTE_NS)


class Circles(Looks):
    """Follows sales from the acting group until they lead back to it; nothing here changes what is known."""

    def trades_since(self, since):
        """Trades of the market since a time, by its buckets of five seconds, or minutes where those are gone."""
        if self.now - since < (_FAST_BUCKETS - 1) * _FAST_NS:
            return self.market.fast.count(since // _FAST_NS, self.now // _FAST_NS)
        return self.market.minute.count(since // _MINUTE_NS, self.now // _MINUTE_NS)

    def circles(
        self,
        since: cython.longlong,
        sizes: tuple,
        often: cython.double,
        share: cython.double,
        deviations: cython.double,
        branches: cython.int,
    ):
        """The sets of from so many to so many groups (`sizes`), the acting one among them, that sold round in a circle
        since a time and met each other in a share of each one's trades, with the least such share; and all groups on
        the ways tried.

        Each sold so often to the next and so many deviations more often than chance has it; of those to whom a group
        did, so many branches are followed. It bought and sold so often with some group each, and met those few that it
        met most, as many as are in the largest circle beside it, in a share of its trades.
        """
        group: cython.int = self.group_number(self.acting)
        acting: cython.int = group
        least: cython.int = sizes[0]
        most: cython.int = sizes[1]
        onward: dict = {}
        ends: dict = {}
        found: set = set()
        path: tuple
        paths: list = [(acting,)]
        while paths:
            path = paths.pop()
            group = path[len(path) - 1]
            if len(path) == most and group not in onward:  # it leads back or nowhere, and mostly nowhere
                if group not in ends:
                    ends[group] = self._sold(group, acting, since) >= often
                if not ends[group]:
                    continue
            if group not in onward:
                onward[group] = self._onward(group, since, often, most - 1, share, deviations, branches)
            for other in onward[group]:
                if other == acting and len(path) >= least:
                    found.add(tuple(sorted(path)))
                elif other not in path and len(path) < most:
                    paths.append((*path, other))
        shares: list = [(members, self._inside_share(members, since)) for members in sorted(found)]
        return [each for each in shares if each[1] >= share], sorted({*onward, *ends})

    def _inside_share(self, members, since):
        """The least share that trades with other members are of a member's trades since a time."""
        group: cython.int
        place: cython.int
        inside: cython.int
        least: cython.double = 1.0
        for group in members:
            self.meetings.take(self.fills, activity_at(self, self._in_market(group)), self.group_of_account, since)
            inside = 0
            for place in range(self.meetings.count):
                if self.meetings.group[place] != group and self.meetings.group[place] in members:
                    inside += self.meetings.bought[place] + self.meetings.sold[place]
            least = min(least, inside / cython.cast(cython.double, self.meetings.total(False)))
        return least

    def _in_market(self, group):
        """Number of what a group did in the market; -1 for nothing."""
        return self.activity_index.find(
            (cython.cast(cython.ulonglong, self.market.number) << 32) | cython.cast(cython.ulonglong, group)
        )

    def _onward(self, group, since, often, others, share, deviations, branches):
        """To whom a group sold often enough to pass a position on, and more often than chance: most first."""
        number: cython.int = self._in_market(group)
        activity: ActivityPointer
        place: cython.int
        sold: cython.int
        all_sold: cython.longlong = 0
        expected: cython.double
        found: list = []
        if number < 0:
            return found
        activity = activity_at(self, number)
        self.meetings.take(self.fills, activity, self.group_of_account, since)
        if (
            self.meetings.most_bought() < often
            or self.meetings.most_sold() < often
            or self.meetings.with_most(others) < share * self.meetings.total(False)
        ):
            return found  # most groups are left here
        candidates: list = []
        for place in range(self.meetings.count):
            sold = self.meetings.sold[place]
            all_sold += sold
            if sold >= often and self.meetings.group[place] >= 0 and self.group_names[self.meetings.group[place]]:
                other = self.meetings.group[place]
                candidates.append((-sold, self.group_names[other], other))
        candidates.sort()
        since = max(since, self.fills.held_since(activity))
        rate: cython.double = cython.cast(cython.double, all_sold) / max(1, self.trades_since(since))
        for negative, _, other in candidates:
            sold = -negative
            expected = rate * self._bought(other, since)
            if sold >= expected + deviations * sqrt(expected):
                found.append(other)
                if len(found) == branches:
                    break
        return found

    def _sold(self, group, other, since):
        """How often a group sold to another since a time."""
        number: cython.int = self._in_market(group)
        activity: ActivityPointer
        fill: FillPointer
        place: cython.longlong
        sold: cython.int = 0
        if number < 0:
            return 0
        activity = activity_at(self, number)
        for place in range(self.fills.first_since(activity, since), activity.fill_count):
            fill = fill_at(self.fills, activity, place)
            sold += fill.side != _BUY and fill.contra >= 0 and self.group_of_account[fill.contra] == other
        return sold

    def _bought(self, group, since):
        """How often a group bought from others than itself since a time."""
        number: cython.int = self._in_market(group)
        activity: ActivityPointer
        fill: FillPointer
        place: cython.longlong
        bought: cython.int = 0
        if number < 0:
            return 0
        activity = activity_at(self, number)
        for place in range(self.fills.first_since(activity, since), activity.fill_count):
            fill = fill_at(self.fills, activity, place)
            bought += fill.side == _BUY and (fill.contra < 0 or self.group_of_account[fill.contra] != group)
        return bought
