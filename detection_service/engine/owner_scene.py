"""What a rule may look at beyond one market: a group's fills and positions over all of them, links, announcements."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Any, Final, NamedTuple

from detection_service.engine.ahead import SIZE as LARGE_HELD
from detection_service.engine.facts import TripTerms
from detection_service.engine.market_state import SLOW_BUCKET_NS
from detection_service.engine.metrics import OWNER_METRIC_PLACES
from detection_service.engine.relations import Relations
from detection_service.engine.triggers import OWNER, TOGETHER
from tapewatch.market.event import Side
from tapewatch.market.reference import Reference

MARKETS_MAX: Final = 4_096
_AGGRESSOR: Final = {0: None, 1: False, 2: True}


class OwnerFill(NamedTuple):
    """One fill of a group in any market. `before` is the market's price before it, `elsewhere` that of the same
    instrument on another venue then, in its money (NaN where there was none), `notional` in the common currency."""

    time_ns: int
    price: float
    quantity: float
    side: Side
    account: str
    market: int
    aggressor: bool | None
    before: float
    elsewhere: float
    notional: float
    event_id: str
    order_id: str
    trade_id: str

    @property
    def sign(self) -> int:
        """1 for a purchase, -1 for a sale."""
        return 1 if self.side is Side.BUY else -1


class Flow(NamedTuple):
    """What a group traded of an instrument in a minute."""

    start_ns: int
    bought: float
    sold: float
    bought_notional: float
    sold_notional: float
    event_id: str


class GroupFlows(NamedTuple):
    """A group's flows of an instrument with announcements, oldest first, and day number to (bought, sold)."""

    group: str
    accounts: frozenset[str]
    flows: list[Flow]
    days: dict[int, tuple[float, float]]


class Meetings(NamedTuple):
    """Two groups that take liquidity together: how often today on one side and on opposite sides within two seconds,
    how often by chance (by activity, or by how often they were two to ten seconds apart), how often each appeared, and
    how many pairs of groups appeared at all."""

    groups: tuple[str, str]
    same: int
    opposite: int
    expected: float
    appearances: tuple[float, float]
    pairs: float
    event_ids: list[str]


class SharedFill(NamedTuple):
    """A fill of an account that shares a device or subnet with accounts of other owners."""

    time_ns: int
    account: str
    side: Side
    quantity: float
    event_id: str


class LargeOrder(NamedTuple):
    """An order of a size seldom seen in its market, at its entry; `before` is the market's price then."""

    time_ns: int
    quantity: float
    price: float
    before: float
    account: str
    event_id: str
    order_id: str
    side: Side


class LegTerms(NamedTuple):
    """What makes a push in one market and a way out of a position in another two legs: how far it moved the price as a
    share, and in usual moves of the time it took; how one-sided each leg is; of what was traded out of, the share that
    had been entered before; and how many times as large as the push it is."""

    push_min: float
    usual_multiple_min: float
    one_sided_min: float
    entry_share_min: float
    leg_ratio_min: float


class OwnerScene:
    """The part of a scene that goes beyond one market; `_core` is the core at a trigger."""

    def __init__(self, core: Any, reference: Reference, relations: Relations) -> None:
        self._core = core
        self.reference = reference
        self.relations = relations
        self.news: list[int] = []
        self._large: dict[int, tuple[int, list[tuple[int, int, LargeOrder]]]] = {}

    def renew(self) -> None:
        """Forgets what was read of the core: it has become another."""
        self._large.clear()

    def owner_metric(self, name: str) -> float:
        """A metric of the group over all markets; at an OWNER trigger (detection_service.engine.metrics)."""
        return float(self._core.owners.values[OWNER_METRIC_PLACES[name]])

    def owner_notional(self, first: int, last: int) -> float:
        """What the group traded from `first` (inclusive) to `last` (exclusive) five-minute buckets back."""
        return float(self._core.owners.notional(first, last))

    def owner_fills(self, since_ns: int) -> list[OwnerFill]:
        """The group's fills over all markets since a time, of its last 128, by time."""
        return [
            OwnerFill(
                time_ns, price, quantity, Side(side), self._account(account), market, _AGGRESSOR[aggressor], before,
                elsewhere, notional, _id(*event), order_id.decode(), trade_id.decode(),
            )
            for time_ns, price, quantity, side, account, market, aggressor, before, elsewhere, notional, event,
            order_id, trade_id in self._core.owners.rows(since_ns, self._core.texts)
        ]  # fmt: skip

    def may_have_legs(self, market: int, since_ns: int, terms: LegTerms) -> bool:
        """Whether the group's own aggression moved a market since a time while it traded out of a position in the one
        of the event, which is worth a closer look."""
        core = self._core
        return bool(core.owners.may_have_legs(market, since_ns, core.markets[market].usual_range, terms))

    def market_at(self, number: int) -> Any:
        """State of a market named by a fill."""
        return self._core.markets[number]

    def family_of(self, market: int) -> int:
        """Number of the family of a market: the same for one instrument on several venues."""
        return int(self._core.owners.family[market])

    def siblings(self) -> list[Any]:
        """The other markets of the event's instrument, on other venues."""
        core = self._core
        return [core.markets[number] for number in core.siblings[core.market.number]]

    def related_markets(self) -> list[int]:
        """Numbers of the markets of other instruments on the underlying of the event's."""
        owners, number = self._core.owners, self._core.market.number
        return [
            other
            for other in range(len(self._core.markets))
            if owners.product[other] == owners.product[number] and owners.family[other] != owners.family[number]
        ]

    @property
    def is_owner_moment(self) -> bool:
        """Whether the event is a fill that the rules over all markets were to be asked of."""
        return bool(self._core.triggers & OWNER)

    @property
    def is_meeting(self) -> bool:
        """Whether two groups met again at the event (`meetings`)."""
        return bool(self._core.triggers & TOGETHER)

    def market_since_ns(self) -> int:
        """When the first trade held of the market was, of the last day: the start of its five minutes."""
        last = self._core.now // SLOW_BUCKET_NS
        bars = self._core.market.slow.bars(last - 287, last)
        return int(bars[0][0] * SLOW_BUCKET_NS) if bars else int(self._core.now)

    def unit(self, market: int) -> float:
        """What price times quantity is worth in the common currency."""
        return float(self._core.owners.unit[market])

    def exchange(self, market: int) -> float:
        """What a price of another market is multiplied by to be in the money of the event's; NaN where no rate is."""
        return float(self._core.owners.exchange(self._core.market.number, market))

    def position(self) -> float:
        """Net quantity the group holds of the event's instrument on all venues, with what it held at the start."""
        return float(self._core.owners.held())

    def float_quantity(self) -> float:
        """The float of the event's instrument; infinite where unknown."""
        owners = self._core.owners
        return float(owners.float_quantity[owners.family[self._core.market.number]])

    def accounts_of(self, group: str) -> frozenset[str]:
        """Accounts of a group that were seen or that reference data names."""
        core = self._core
        number = core.group_numbers[group]
        seen = (name for place, name in enumerate(core.account_names) if core.group_of_account[place] == number)
        return frozenset(seen)

    def group_flows(self) -> Iterator[GroupFlows]:
        """What each group traded of the event's instrument, where it has announcements; by group name."""
        core = self._core
        family = core.owners.family[core.market.number]
        for each in sorted(core.owners.flows[family], key=lambda flows: core.group_names[flows.group]):
            flows = [Flow._make((*numbers, _id(*event))) for *numbers, event in each.flows()]
            accounts = frozenset(self._account(number) for number in each.accounts)
            yield GroupFlows(core.group_names[each.group], accounts, flows, each.days())

    def meetings(self) -> Meetings:
        """The pair of groups behind a TOGETHER trigger."""
        core, crowd = self._core, self._core.crowds[self._core.market.number]
        row = core.together.row
        pair = core.together.pair_rows.get(row)
        one, other = pair.first_group, pair.second_group
        present = self.groups_present()
        return Meetings(
            (core.group_names[one], core.group_names[other]),
            pair.same,
            pair.opposite,
            max(crowd.expected(one, other), pair.lagged / 4),
            (crowd.appearances_of(one), crowd.appearances_of(other)),
            present * (present - 1) / 2,
            [_id(*event) for event in core.together.events(row)],
        )

    def cluster(self) -> str:
        """What the account of the group's last fill here shares with accounts of other owners."""
        core = self._core
        made, _ = core.fills_made(core.acting)
        (last,) = core.fills_of(core.acting, made - 1)
        return self.relations.cluster_of(last.account, core.now)

    def groups_present(self) -> int:
        """How many groups took liquidity in this market today; where nobody says who took, how many traded lately."""
        core = self._core
        return int(core.crowds[core.market.number].groups_present()) or len(core.filled_since(1))

    def shared_fills(self, since_ns: int) -> list[SharedFill]:
        """Fills in this market since a time of the accounts that share something with the event's account."""
        core = self._core
        cluster = core.cluster_numbers.get(self.cluster(), -1)
        rows = core.crowds[core.market.number].shared_rows(cluster, since_ns)
        return [
            SharedFill(time_ns, self._account(account), Side(side), quantity, _id(*event))
            for time_ns, account, side, quantity, event in rows
        ]

    def large_orders(self, side: Side | None, since_ns: int = 0) -> list[LargeOrder]:
        """Orders of other groups on a side (both, for None: purchases first of one time) of a size seldom seen since a
        time, oldest first, of the last 32 of both."""
        group = self._core.group_number(self._core.acting)
        found = [
            order
            for number, _, order in self._large_orders()
            if number != group and order.time_ns >= since_ns and (side is None or order.side is side)
        ]
        return found if side is not None else sorted(found, key=itemgetter(0, -1))

    def own_large_orders(self, side: Side, since_ns: int) -> list[LargeOrder]:
        """The same of the acting group's own."""
        core = self._core
        group = core.group_number(core.acting)
        return [
            order
            for _, account, order in self._large_orders()
            if account >= 0
            and core.group_of_account[account] == group
            and order.time_ns >= since_ns
            and order.side is side
        ]

    def trips_around_large_orders(self, terms: TripTerms) -> list[tuple[LargeOrder, tuple[int, int, int, float]]]:
        """Trips of the acting group's fills around large orders of others, oldest first: places of its first fill, the
        first one after the order and the one behind its last among the fills held, and the gain as a share."""
        core = self._core
        trips = core.own_trips(terms)
        made = core.large_orders[core.market.number].trips(trips, core.group_number(core.acting))
        orders = self._large_orders() if made else []
        return [(orders[place][-1], trip) for place, trip in made]

    def _large_orders(self) -> list[tuple[int, int, LargeOrder]]:
        """The large orders of the market that are held, by group and account, each made once."""
        number = self._core.market.number
        held = self._core.large_orders[number]
        count, orders = self._large.get(number, (0, []))
        if count != held.count:
            made = [(row[-1], row[4], self._large_order(*row[:-1])) for row in held.rows_from(count)]
            orders = [*orders, *made][-LARGE_HELD:]
            if len(self._large) >= MARKETS_MAX:
                self._large.clear()
            self._large[number] = (held.count, orders)
        return orders

    def _large_order(
        self,
        time_ns: int,
        quantity: float,
        price: float,
        before: float,
        account: int,
        event: tuple[int, int],
        order_id: bytes,
        side: int,
    ) -> LargeOrder:
        name = self._account(account)
        return LargeOrder(time_ns, quantity, price, before, name, _id(*event), order_id.decode(), Side(side))

    def largest_before(self) -> float:
        """The largest order of the market's last day before its last one of a size seldom seen; 0 where there was none.

        At ENTRY that last one is the order entered, where it is of such a size.
        """
        return float(self._core.large_orders[self._core.market.number].largest_before)

    def _account(self, number: int) -> str:
        return str(self._core.account_names[number]) if number >= 0 else ""


def _id(high: int, low: int) -> str:
    return f"{high:016x}{low:016x}"
