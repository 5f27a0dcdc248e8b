# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What looks beyond one group in one market: the second stage is fed, meetings are counted, large orders remembered."""

import typing

import cython

from detection_service.engine import triggers
from detection_service.engine.flow import Conditions
from detection_service.engine.metrics import OWNER_METRIC_PLACES
from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.detection_service.engine.ahead import LargeOrders
    from cython.cimports.detection_service.engine.counterparties import Counterparties
    from cython.cimports.detection_service.engine.fills import fill_at
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.market_state import MarketState
    from cython.cimports.detection_service.engine.owners import OwnerStage
    from cython.cimports.detection_service.engine.records import ActivityPointer, FillPointer
    from cython.cimports.detection_service.engine.registry import activity_at
    from cython.cimports.detection_service.engine.together import Crowd, Together
    from cython.cimports.tapewatch.market.order_table import order_at
    from cython.cimports.tapewatch.market.records import OrderPointer
else:
    from detection_service.engine.ahead import LargeOrders
    from detection_service.engine.counterparties import Counterparties
    from detection_service.engine.fills import fill_at
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.market_state import MarketState
    from detection_service.engine.owners import OwnerStage
    from detection_service.engine.records import Activity as ActivityPointer
    from detection_service.engine.records import Fill as FillPointer
    from detection_service.engine.registry import activity_at
    from detection_service.engine.together import Crowd, Together
    from tapewatch.market.order_table import order_at
    from tapewatch.market.records import Order as OrderPointer

_AHEAD = cython.declare(cython.int, triggers.AHEAD)
_OWNER = cython.declare(cython.int, triggers.OWNER)
_HAS_BASELINE = cython.declare(cython.int, OWNER_METRIC_PLACES["has_baseline"])
_NEWS = cython.declare(cython.int, triggers.NEWS)
_TOGETHER = cython.declare(cython.int, triggers.TOGETHER)
_SHARED = cython.declare(cython.int, triggers.SHARED)
_NEWS_MOMENT = cython.declare(cython.int, 8)  # detection_service.engine.owners.NEWS
_FILLS_HELD = cython.declare(cython.longlong, 64)
_LARGE_HELD = cython.declare(cython.int, 32)
_SELL = cython.declare(cython.int, 2)
_NOT_AGGRESSOR = cython.declare(cython.int, 1)
_HALF = cython.declare(cython.double, 0.5)
_NEARLY = cython.declare(cython.double, 0.999999)
_SIZES_KNOWN = cython.declare(cython.longlong, 100)
_SECOND_NS = cython.declare(cython.longlong, 1_000_000_000)
_INITIAL = 256
_CLUSTER_FIELDS = ("cluster_of_account", "cluster_until")
NEVER = (1 << 63) - 1
NO_TIME = -(1 << 63)
"""In place of the time a market is known as of, before its first event."""
NAN = cython.declare(cython.double, float("nan"))
# What stands for those of a market in which nothing of the kind has happened: most of a venue's; never written to.
_NOBODY = cython.declare(object, Crowd(0))
_NO_ORDERS = cython.declare(object, LargeOrders())


class Across(Counterparties):
    """`due_owner` are the slots of the rules whose conditions hold at an OWNER trigger.

    `relations` says what reference data knows of markets and accounts. By market number: `crowds`, `large_orders` and
    `siblings`, the numbers of the same instrument's other markets. `cluster_of_account` numbers what an account shares
    with those of other owners, -1 for nothing.
    """

    def __init__(self, group_of):
        Counterparties.__init__(self, group_of)
        self.owners = OwnerStage()
        self.together = Together()
        self.owner_conditions = Conditions(())
        self.due_owner = []
        self.relations: typing.Any = None
        self.markets_of_family = {}
        self.family_of_market = {}
        self.known_at = arrays.longs(_INITIAL)
        self.known_until = arrays.longs(_INITIAL)
        self.crowds = []
        self.large_orders = []
        self.siblings = []
        self.cluster_names = []
        self.cluster_numbers = {}
        self.cluster_of_account = arrays.integers(_INITIAL)
        self.cluster_until = arrays.longs(_INITIAL)
        self.watch_owners = True
        self.watch_together = True
        self.watch_ahead = True
        self.large_multiple_ahead = 10.0
        self.gain_ahead = 0.0
        self.gain_usual_ahead = 0.0
        self.size_ratio_ahead = 1.0
        self.one_sided_ahead = 0.0
        self.exit_share_ahead = 0.0
        self.lead_ns = 45 * _SECOND_NS
        self.exit_ns = 90 * _SECOND_NS

    def relate(self, relations):
        """Takes what reference data says of markets and accounts, of those to come as well."""
        self.relations = relations
        self.owners.initial_of = self._held_at_start if relations.holds_any else None
        self.markets_of_family = {}
        self.family_of_market = {}
        for market in self.markets:
            self._know(market, self.known_at[market.number])
        for number, name in enumerate(self.account_names):
            self._cluster(number, name, NO_TIME)

    def _held_at_start(self, group, family):
        return self.relations.held_at_start(self.group_names[group], family)

    def _market_number(self, venue, instrument):
        number = Counterparties._market_number(self, venue, instrument)
        if number == len(self.crowds):
            self.crowds.append(_NOBODY)
            self.large_orders.append(_NO_ORDERS)
            self.siblings.append([])
            self._make_room(number, ("known_at", "known_until"))
            self.known_until[number] = NEVER
            self._know(self.markets[number], NO_TIME)
        return number

    def _know(self, market, time):
        """Takes what the rows of reference data valid at an event's time say of a market, to be looked at again once
        they cease to be; at NO_TIME, before its first event, what the last rows say."""
        if self.relations is None:
            return
        number: cython.int = market.number
        known = self.relations.identity(market.venue_name, market.instrument_name, None if time == NO_TIME else time)
        self.known_at[number] = time
        self.known_until[number] = known.until_ns
        self.owners.know(
            number, known.family, known.product, known.unit, known.float_quantity, known.news_due_ns, known.currency,
            known.rate,
        )  # fmt: skip
        before = self.family_of_market.get(number)
        if before == known.family:
            return
        self.family_of_market[number] = known.family
        self.markets_of_family.setdefault(known.family, []).append(number)
        if before is not None:
            self.markets_of_family[before].remove(number)
            self._know_siblings(self.markets_of_family[before])
        self._know_siblings(sorted(self.markets_of_family[known.family]))

    def _know_siblings(self, members):
        for number in members:
            self.siblings[number] = [other for other in members if other != number]

    def _account_number(self, name):
        number = Counterparties._account_number(self, name)
        self._make_room(number, _CLUSTER_FIELDS)
        self._cluster(number, name, NO_TIME)
        return number

    def _cluster(self, number, name, time):
        """Notes what an account shares by the rows valid at an event's time, as `_know` does of a market."""
        cluster, until = "", NEVER
        if self.relations is not None:
            cluster, until = self.relations.cluster(name, None if time == NO_TIME else time)
        self.cluster_until[number] = until
        if cluster and cluster not in self.cluster_numbers:
            self.cluster_numbers[cluster] = len(self.cluster_names)
            self.cluster_names.append(cluster)
        self.cluster_of_account[number] = self.cluster_numbers[cluster] if cluster else -1

    def _look_across(self, row, number, account, aggressive):
        """A fill of an account: what it means beyond its group in its market."""
        view: FrameView = self.view
        market: MarketState = self.market
        activity: ActivityPointer
        moments: cython.int
        due: list
        if self.watch_owners:
            moments = self.owners.fill(
                self.now,
                self.group_of_account[account],
                account,
                market.number,
                view.side[row],
                view.price[row],
                view.quantity[row],
                2 if aggressive else view.aggressor[row],
                market.price_before(self.now),
                self._price_elsewhere(),
                self.event_high,
                self.event_low,
            )
            activity = activity_at(self, number)
            self.owners.name(fill_at(self.fills, activity, activity.fill_count - 1))
            if moments:
                self.owners.measure()
                if self.relations is not None:
                    group = self.group_names[self.group_of_account[account]]
                    self.owners.values[_HAS_BASELINE] = self.relations.has_baseline(group)
                due = self.owner_conditions.due(self.owners.values)
                if due is not None:
                    self.due_owner = due
                    self.triggers |= _OWNER
                    self.acting = number
            if moments & _NEWS_MOMENT:
                self.triggers |= _NEWS
                self.acting = number
        if self.watch_together:
            self._look_together(row, number, account, aggressive)
        if self.watch_ahead:
            self._look_ahead(number, view.side[row])

    def _fetch_across(self, row, group):
        market: MarketState = self.markets[self.ahead_market[row & 15]]
        if self.watch_owners:
            self.owners.prefetch(group, market.number)
        if self.view.trade_id[row]:
            market.matches.prefetch(self.view.hash_of(self.view.trade_id[row], market.seed))

    def _fetch_across_rings(self, row, group):
        market: MarketState = self.markets[self.ahead_market[row & 15]]
        if self.watch_owners:
            self.owners.prefetch_rings(group, market.number)
        market.match_log.prefetch()

    def _price_elsewhere(self):
        """Price of the last trade of the event's instrument on another venue, in the money of its own; NaN without one
        that can be compared."""
        numbers: list = self.siblings[self.market.number]
        other: MarketState
        latest: cython.longlong = 0
        found: cython.double = NAN
        exchange: cython.double
        for number in numbers:
            other = self.markets[number]
            exchange = self.owners.exchange(self.market.number, other.number)
            if other.last_trade_time > latest and exchange > 0.0:
                latest = other.last_trade_time
                found = other.last_price * exchange
        return found

    def _look_together(self, row, number, account, aggressive):
        """Counts with whom a group takes liquidity, and what accounts that share something do."""
        view: FrameView = self.view
        crowd: Crowd = self.crowds[self.market.number]
        cluster: cython.int
        group: cython.int = self.group_of_account[account]
        side: cython.int = view.side[row]
        if crowd is _NOBODY:
            crowd = self.crowds[self.market.number] = Crowd(self.market.seed)
        if self.now >= self.cluster_until[account]:
            self._cluster(account, self.account_names[account], self.now)
        cluster = self.cluster_of_account[account]
        if aggressive and self.together.appear(crowd, self.now, group, side, self.event_high, self.event_low):
            self.triggers |= _TOGETHER
            self.acting = number
        if cluster >= 0 and crowd.share(
            self.now, account, cluster, side, view.quantity[row], self.event_high, self.event_low
        ):
            self.triggers |= _SHARED
            self.acting = number

    def _note_large(self, row, slot):
        """Remembers an order of a size seldom seen in its market."""
        order: OrderPointer = order_at(self.orders, slot)
        market: MarketState = self.market
        large: LargeOrders
        group: cython.int = -1
        if market.sizes.total < _SIZES_KNOWN or order.quantity < self.large_multiple_ahead * market.sizes.median:
            return
        if 1.05 * order.quantity < market.sizes.high:  # a bin is nine per cent wide
            return
        if order.account >= 0:
            group = self.group_of_account[order.account]
        large = self.large_orders[market.number]
        if large is _NO_ORDERS:
            large = self.large_orders[market.number] = LargeOrders()
        large.add(
            self.now, group, order.account, order.side, order.quantity, order.price, market.last_price,
            self.event_high, self.event_low, self.view.text(self.view.order_text(row)),
        )  # fmt: skip

    def _look_ahead(self, number, side):
        """Whether the group now trades out of what it took shortly before another's large order."""
        large: LargeOrders = self.large_orders[self.market.number]
        activity: ActivityPointer
        index: cython.Py_ssize_t = large.count
        oldest: cython.Py_ssize_t = max(0, large.count - _LARGE_HELD)
        place: cython.Py_ssize_t
        if large.latest[3 - side] < self.now - self.exit_ns:
            return
        activity = activity_at(self, number)
        while index > oldest:
            index -= 1
            place = index % _LARGE_HELD
            if large.time[place] < self.now - self.exit_ns:
                return
            if large.side[place] != 3 - side:
                continue
            if large.group[place] == activity.group:
                if self._led_own(activity, large, place, side):
                    self.triggers |= _AHEAD
                    self.acting = number
                    return
                continue
            if self._led(activity, large, place, side):
                self.triggers |= _AHEAD
                self.acting = number
                return

    def _led(self, activity, large, place, side):
        """Whether a group, now filling on a side, took on the other before a large order what it has since given back
        much of at a gain, hardly trading against itself: what the rule asks, but for crumbs of rounding."""
        number: cython.longlong = activity.fill_count
        oldest: cython.longlong = max(0, activity.fill_count - _FILLS_HELD)
        fill: FillPointer
        taken: cython.double = 0.0
        paid: cython.double = 0.0
        passive: cython.double = 0.0
        given: cython.double = 0.0
        received: cython.double = 0.0
        again: cython.double = 0.0  # the same way after it
        while number > oldest:
            number -= 1
            fill = fill_at(self.fills, activity, number)
            if fill.time < large.time[place] - self.lead_ns:
                break
            if fill.time >= large.time[place]:
                if fill.side == side:
                    given += fill.quantity
                    received += fill.quantity * fill.price
                else:
                    again += fill.quantity
            elif fill.side == side:
                break  # what it took before it traded the other way is another matter
            else:
                taken += fill.quantity
                paid += fill.quantity * fill.price
                if fill.aggressor == _NOT_AGGRESSOR:
                    passive += fill.quantity
        if not taken > 0.0 or not given > 0.0 or large.quantity[place] < _NEARLY * self.size_ratio_ahead * taken:
            return False
        if passive * _NEARLY > _HALF * taken or given / (given + again) < _NEARLY * self.one_sided_ahead:
            return False
        return given >= _NEARLY * self.exit_share_ahead * taken and self._gained(side, paid / taken, received / given)

    def _led_own(self, activity, large, place, side):
        """Whether the account of a group's last fill, on a side, is another than that of the group's own large order,
        and took on the order's side what it has since given back much of at a gain, however small."""
        account: cython.int = fill_at(self.fills, activity, activity.fill_count - 1).account
        number: cython.longlong = activity.fill_count
        oldest: cython.longlong = max(0, activity.fill_count - _FILLS_HELD)
        fill: FillPointer
        taken: cython.double = 0.0
        paid: cython.double = 0.0
        given: cython.double = 0.0
        received: cython.double = 0.0
        if account == large.account[place]:
            return False
        while number > oldest:
            number -= 1
            fill = fill_at(self.fills, activity, number)
            if fill.time < large.time[place]:
                if self._gave_back(side, large.quantity[place], taken, paid, given, received):
                    return True  # what it took since the order came in is enough
                if fill.time < large.time[place] - self.lead_ns:
                    return False
            if fill.account != account:
                continue
            if fill.side != side:
                taken += fill.quantity
                paid += fill.quantity * fill.price
            elif fill.time >= large.time[place]:
                given += fill.quantity
                received += fill.quantity * fill.price
        return self._gave_back(side, large.quantity[place], taken, paid, given, received)

    def _gave_back(self, side, large, taken, paid, given, received):
        """Whether what was taken beside a large order is small, and much of it given back at a gain."""
        if not taken > 0.0 or not given > 0.0 or large < _NEARLY * self.size_ratio_ahead * taken:
            return False
        if given < _NEARLY * self.exit_share_ahead * taken:
            return False
        return received / given > paid / taken if side == _SELL else received / given < paid / taken

    def _gained(self, side, entry, out):
        """Whether who got in at one price and, now filling on a side, out at another has a gain of note."""
        gain: cython.double = out - entry if side == _SELL else entry - out
        return gain >= _NEARLY * max(self.gain_ahead * abs(entry), self.gain_usual_ahead * self.market.usual_range)

    def across_state(self):
        """Plain values from which `restore_across` makes the same."""
        return {
            "owners": self.owners.state(),
            "together": self.together.state(),
            "crowds": [None if crowd is _NOBODY else crowd.state() for crowd in self.crowds],
            "large_orders": [None if large is _NO_ORDERS else large.state() for large in self.large_orders],
            "cluster_names": list(self.cluster_names),
            "clusters": arrays.dump(self, _CLUSTER_FIELDS),
            "known_at": list(self.known_at[: len(self.markets)]),
        }

    def restore_across(self, state):
        """Becomes what the state was taken of; markets, accounts and their relations are known already."""
        self.owners.restore(state["owners"])
        self.together.restore(state["together"])
        self.crowds = [_NOBODY if values is None else Crowd(0) for values in state["crowds"]]
        self.large_orders = [_NO_ORDERS if values is None else LargeOrders() for values in state["large_orders"]]
        for name in ("crowds", "large_orders"):
            for part, values in zip(getattr(self, name), state[name], strict=True):
                if values is not None:
                    part.restore(values)
        self.cluster_of_account = arrays.integers(max(_INITIAL, 2 * len(self.account_names)))
        self.cluster_until = arrays.longs(max(_INITIAL, 2 * len(self.account_names)))
        self.siblings = [[] for _ in self.markets]
        self.known_at = arrays.longs(max(_INITIAL, 2 * len(self.markets)))
        self.known_until = arrays.longs(max(_INITIAL, 2 * len(self.markets)))
        for number, time in enumerate(state["known_at"]):
            self.known_at[number] = time
            self.known_until[number] = NEVER
        self.relate(self.relations)
        arrays.load(self, _CLUSTER_FIELDS, state["clusters"])
        self.cluster_names = state["cluster_names"]
        self.cluster_numbers = {name: number for number, name in enumerate(self.cluster_names)}
