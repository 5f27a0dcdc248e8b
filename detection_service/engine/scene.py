"""What a rule may look at: the state of the core as of the event behind a trigger, in plain terms."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from operator import attrgetter
from typing import Any, TypeVar, cast

from detection_service.engine.facts import (
    CircleTerms,
    Entry,
    Fill,
    Listed,
    Match,
    Move,
    PairTrade,
    Push,
    Run,
    Steps,
    Stray,
    Takings,
    Took,
    TripTerms,
    Unusual,
    Withdrawal,
    event_id_of,
    opposite,
)
from detection_service.engine.held_fills import HeldFills
from detection_service.engine.metrics import METRICS
from detection_service.engine.owner_scene import OwnerScene
from detection_service.engine.relations import Relations
from detection_service.engine.session import Moment
from tapewatch.market.event import Kind, Side
from tapewatch.market.reference import Reference

__all__ = [
    "CircleTerms",
    "Entry",
    "Fill",
    "Listed",
    "Match",
    "Move",
    "PairTrade",
    "Push",
    "Run",
    "Scene",
    "Steps",
    "Stray",
    "Takings",
    "Took",
    "TripTerms",
    "Unusual",
    "Withdrawal",
    "opposite",
]

MATCHES_TOLD_MAX = 256
SETTLED_MAX = 4_096
T = TypeVar("T")
_SIDES = (None, Side.BUY, Side.SELL)


class Scene(OwnerScene):
    """The core at a trigger. Rules read everything through here, in the field's words.

    Methods on fills and withdrawals read the acting group's in the event's market, or a named group's.
    """

    def __init__(self, core: Any, reference: Reference, relations: Relations | None = None) -> None:
        OwnerScene.__init__(self, core, reference, relations or Relations(reference))
        self._held = HeldFills(core)
        self._settled: dict[tuple[str, int, int], Any] = {}
        self.open_episode: Callable[[frozenset[str]], Mapping[str, float] | None] = lambda _: None
        self.open_episodes: Callable[[], Sequence[tuple[frozenset[str], Mapping[str, float]]]] = lambda: ()
        self.judge: Callable[[Sequence[float]], Unusual | None] = lambda portrait: None

    def renew(self) -> None:
        """Forgets what was read of the core: it has become another."""
        OwnerScene.renew(self)
        self._held = HeldFills(self._core)
        self._settled.clear()

    def settled(self, what: str, minute: int, make: Callable[[Any], T]) -> T:
        """What `make` gives of the event's market as far as a minute that is over: made once, as it can not change."""
        key = (what, self._core.market.number, minute)
        found = self._settled.get(key)
        if found is None:
            if len(self._settled) >= SETTLED_MAX:
                self._settled.clear()
            found = self._settled[key] = make(self._core.market)
        return cast("T", found)

    @property
    def now_ns(self) -> int:
        """Time of the event."""
        return int(self._core.now)

    @property
    def market(self) -> Any:
        """State of the event's market (detection_service.engine.market_state)."""
        return self._core.market

    @property
    def event_id(self) -> str:
        """Id of the event."""
        return event_id_of(self._core.event_high, self._core.event_low)

    @property
    def group(self) -> str:
        """Name of the acting group."""
        return str(self._core.group_names[self._core.group_number(self._core.acting)])

    def unusual(self) -> Unusual | None:
        """How the anomaly model sees the acting group's five minutes at the end of a minute (`minute_over`).

        None without a model.
        """
        return self.judge(list(self._core.portrait.values))

    def metric(self, name: str) -> float:
        """A metric of the acting group at a FLOW trigger (detection_service.engine.metrics)."""
        return float(self._core.flows.values[METRICS[name]])

    def market_metric(self, name: str) -> float:
        """A metric of the market at a MARKET or FLOW trigger, named without `market_`."""
        return self.metric(f"market_{name}")

    def groups(self) -> list[str]:
        """Names of the groups that have lately been active in the market."""
        core = self._core
        names = (core.group_names[core.group_number(number)] for number in core.activities_of(core.market))
        return sorted(name for name in names if name)

    def group_metrics(self, group: str) -> Callable[[str], float]:
        """The metrics of a group in the market, by name, as of the last minute it was active in; 0 where it was not."""
        core = self._core
        number = core.find_activity(group, core.market.number)
        if number < 0:
            return lambda name: 0.0
        values = core.measured_aside(number)  # those of the trigger stay: others are still to be asked
        return lambda name: float(values[METRICS[name]])

    @property
    def pressure_side(self) -> Side:
        """Side on which far more was withdrawn than on the other, at PRESSURE; of what was withdrawn, at UNNAMED.

        Rules are asked about both a second later (detection_service.engine.held), as of then.
        """
        return Side(self._core.pressure_side)

    def standing(self, side: Side) -> float:
        """Quantity the acting group has open on a side."""
        return float(self._core.open_on(self._core.acting, side))

    def pressure_since_ns(self, orders: Sequence[Withdrawal]) -> int:
        """Since when what a group does on the other side is held against orders: the core's span or more."""
        return min(*(order.entry_time_ns for order in orders), self.now_ns - int(self._core.pressure_span_ns))

    def owners(self, accounts: frozenset[str]) -> frozenset[str]:
        """Beneficial owners of the accounts' groups: the same whichever accounts of a group acted."""
        return frozenset[str]().union(*(self.reference.owners_behind(account) for account in accounts))

    def executed_orders(self, quantity_min: float) -> int:
        """Orders of at least a size that the acting group let trade, among its last 64 fills."""
        return int(self._core.executed_orders(self._core.acting, quantity_min))

    def fill_count(self, group: str, since_ns: int) -> int:
        """Fills of a group on both sides since a time, of its last 64."""
        number = self._core.find_activity(group, self._core.market.number)
        return int(self._core.fill_count(number, since_ns)) if number >= 0 else 0

    def fills(self, side: Side | None, since_ns: int, group: str | None = None) -> list[Fill]:
        """Fills on a side (both, for None) since a time, oldest first; at most 64."""
        number = self._number(group)
        return [] if number < 0 else self._fills(number, side, since_ns)

    def took(self, side: Side, since_ns: int) -> Took:
        """The acting group's fills of a side since a time in which it took liquidity, in short."""
        return Took(*self._core.took(self._core.acting, side, since_ns))

    def push(self, side: Side, since_ns: int, until_ns: int, from_price: float) -> Push:
        """What the acting group's aggressive fills of a side within a time did to the price, beside everybody's."""
        core = self._core
        return self._push((*core.pushed(core.acting, side, since_ns, until_ns, from_price), from_price))

    def push_from_first(self, side: Side, since_ns: int, lead_ns: int) -> Push | None:
        """The same from the group's first one since a time and from the price before it, of at most so long before that
        time; None without any."""
        core = self._core
        found = core.ramped(core.acting, side, since_ns, lead_ns)
        return None if found is None else self._push(found)

    def _push(self, found: tuple[Any, ...]) -> Push:
        own, pushing, *numbers = found
        held = self._held.of(self._core.acting)
        first = int(self._core.fills_made(self._core.acting)[0]) - len(held)
        own_fills, pushing_fills = (tuple(held[place - first] for place in places) for places in (own, pushing))
        return Push(own_fills, pushing_fills, *numbers)

    def small_takes(self, since_ns: int, quantity_max: float) -> int:
        """The acting group's fills since a time in which an order of at most a size took liquidity."""
        return int(self._core.small_takes(self._core.acting, since_ns, quantity_max))

    def takes_from_few(self, side: Side, since_ns: int, often: float, others_max: int, share_min: float) -> bool:
        """Whether the acting group took liquidity from others on a side so often since a time, and in at least a share
        of that from the few it took from most."""
        core = self._core
        return bool(core.takes_from_few(core.acting, side, since_ns, often, others_max, share_min))

    def takings(self, side: Side, since_ns: int) -> Takings:
        """The acting group's trades with others since a time, and from whom it took liquidity on a side, in short."""
        core = self._core
        first_ns, on_side, quantities, met = core.takings(core.acting, side, since_ns)
        return Takings(first_ns, on_side, quantities, {core.group_names[group]: met[group] for group in met})

    def sides(self, since_ns: int, group: str | None = None) -> tuple[int, int]:
        """How often the acting (or named) group bought from others than itself, and how often it sold to them."""
        number = self._number(group)
        bought, sold = self._core.sides_with_others(number, since_ns) if number >= 0 else (0, 0)
        return int(bought), int(sold)

    def is_mostly_with_few(self, since_ns: int, group: str, often: float, others_max: int, share_min: float) -> bool:
        """Whether a group bought often from somebody and sold often to somebody, and at least a share of its trades
        are with the few others it met most."""
        number = self._number(group)
        return number >= 0 and bool(self._core.is_mostly_with_few(number, since_ns, often, others_max, share_min))

    def circles(self, since_ns: int, terms: CircleTerms) -> tuple[list[tuple[tuple[str, ...], float]], list[str]]:
        """The sets of groups, by name, the acting one among them, through which sales led round since a time, each with
        the least share of a member's trades that are with the others; and all groups that were tried on the way."""
        names = self._core.group_names
        circles, tried = self._core.circles(since_ns, *terms)
        found = [(tuple(sorted(names[group] for group in members)), float(share)) for members, share in circles]
        return found, [names[group] for group in tried]

    def market_trades(self, since_ns: int) -> int:
        """Trades of the market since a time, by its buckets of five seconds, or minutes where those are gone."""
        return int(self._core.trades_since(since_ns))

    def partners(self, since_ns: int, group: str | None = None) -> dict[str, tuple[int, int]]:
        """Groups that the acting (or named) group met since a time, "" for those not known: how often it bought from
        and how often it sold to each, of its last 64 fills."""
        core, number = self._core, self._number(group)
        met = core.partners(number, since_ns) if number >= 0 else {}
        return {core.group_names[other] if other >= 0 else "": counts for other, counts in met.items()}

    def others_around(
        self, terms: TripTerms, moments: Sequence[tuple[int, Side]], quantity: float, since_ns: int = 0
    ) -> tuple[int, int, int]:
        """Trips that other groups than the acting one made around moments and an order of so much, of their fills since
        a time: how many there are in all, how many groups with how many fills there are."""
        core = self._core
        own = core.group_number(core.acting)
        trips, groups, fills = core.others_around(terms, own, since_ns, list(moments), quantity)
        return int(trips), int(groups), int(fills)

    def held_since_ns(self, group: str | None = None) -> int:
        """Since when all fills of the acting (or named) group are held; 0 where none has been forgotten."""
        number = self._number(group)
        return int(self._core.held_since(number)) if number >= 0 else 0

    def all_held_since_ns(self, since_ns: int) -> int:
        """Since when all fills of all groups of the market are held, at the earliest a time given."""
        return int(self._core.all_held_since(since_ns))

    def market_fills(self, since_ns: int) -> list[Fill]:
        """Fills of all groups in the market since a time, oldest first; at most 64 a group."""
        found = [fill for fills in self.fills_by_group(since_ns).values() for fill in fills]
        return sorted(found, key=attrgetter("time_ns", "event"))

    def fills_by_group(self, since_ns: int) -> dict[str, list[Fill]]:
        """The same by group."""
        made = (self._fills(number, None, since_ns) for number in self._core.filled_since(since_ns))
        return {fills[0].group: fills for fills in made if fills and fills[0].group}

    def _fills(self, number: int, side: Side | None, since_ns: int) -> list[Fill]:
        fills = self._held.of(number)
        first = bisect_left(fills, since_ns, key=attrgetter("time_ns"))
        return fills[first:] if side is None else [fill for fill in fills[first:] if fill.side is side]

    def _number(self, group: str | None) -> int:
        core = self._core
        return int(core.acting if group is None else core.find_activity(group, core.market.number))

    def withdrawn_together(self, side: Side, since_ns: int) -> list[Withdrawal]:
        """The most orders the acting group withdrew on a side since a time that all stood at one time."""
        found: list[Withdrawal] = self._core.withdrawals_together(self._core.acting, side, since_ns)
        return found

    def withdrawn_orders(self, side: Side, quantity_min: float) -> int:
        """Orders of at least a size that the acting group withdrew, among its last 64 withdrawals."""
        return int(self._core.withdrawn_orders(self._core.acting, side, quantity_min))

    def far_withdrawn(self, since_ns: int, life_max_s: float, distance_min: float) -> int:
        """The acting group's withdrawals since a time of orders that stood at most so long, so far from the touch."""
        return int(self._core.far_withdrawn(self._core.acting, since_ns, life_max_s, distance_min))

    def improved_withdrawn(self, side: Side, since_ns: int, life_max_s: float) -> int:
        """The acting group's withdrawals on a side since a time of orders that bettered the best price and stood at
        most so long."""
        return int(self._core.improved_withdrawn(self._core.acting, side, since_ns, life_max_s))

    def gone_together(
        self, side: Side, since_ns: int, life_max_s: float, entered_within_ns: int, gone_within_ns: int
    ) -> int:
        """A bound on how many orders of the acting group came, stood and went together on a side since a time.

        None has stood longer than `life_max_s`; they were entered within one span, went within another, and all stood
        when the first of them went.
        """
        core = self._core
        spans = (life_max_s, entered_within_ns, gone_within_ns)
        return int(core.gone_together(core.acting, side, since_ns, *spans))

    def withdrawals(
        self, side: Side, since_ns: int, quantity_min: float = 0.0, group: str | None = None
    ) -> list[Withdrawal]:
        """Withdrawn orders on a side since a time, of at least a size, oldest first; at most 64 of both sides."""
        number = self._number(group)
        found: list[Withdrawal] = self._core.withdrawals_of(number, side, since_ns, quantity_min) if number >= 0 else []
        return found

    def moves(self, since_ns: int) -> list[Move]:
        """The market's trades at another price than the one before since a time, oldest first; at most 128."""
        rows = self._core.market.moves.since(since_ns)
        return [Move(at_ns, price, quantity, event_id_of(*event)) for at_ns, price, quantity, event in rows]

    @property
    def session(self) -> Moment:
        """The moment behind a SESSION trigger: soon to come, just gone by, or a while ago."""
        return Moment(self._core.market.session_time, self._core.market.session_kind)

    @property
    def entry(self) -> Entry:
        """The order behind an ENTRY trigger."""
        core = self._core
        order = core.orders.get(core.entered)
        return Entry(
            self._account(order.account),
            Side(order.side),
            order.price,
            order.quantity,
            bool(order.crossed),
            core.row_order_text().decode(),
            event_id_of(order.event_high, order.event_low),
        )

    @property
    def listed(self) -> Listed:
        """What is behind a RESTRICTED trigger."""
        core = self._core
        kind, side, price, quantity, trade_id = core.row_values()
        return Listed(
            self._account(core.named),
            Side(side),
            price,
            quantity,
            kind == Kind.FILL,
            core.row_order_text().decode(),
            trade_id.decode(),
        )

    @property
    def stray(self) -> Stray:
        """The trade behind a STRAY trigger."""
        core, market = self._core, self._core.market
        if core.stray_alone:
            held = market.norms
            return Stray(
                held.alone_time,
                held.price,
                held.quantity,
                held.before,
                False,
                self._account(held.account),
                held.trade_id.decode(),
                event_id_of(held.event_high, held.event_low),
            )
        _, _, price, quantity, trade_id = core.row_values()
        return Stray(
            self.now_ns,
            price,
            quantity,
            core.stray_usual,
            True,
            self._account(core.stray_account),
            trade_id.decode(),
            self.event_id,
        )

    @property
    def run(self) -> Run:
        """The acting group's run behind a RUN trigger."""
        side, *values = self._core.run_of(self._core.acting)
        return Run(Side(side), *values)

    @property
    def match(self) -> Match:
        """The match behind a MATCH or PAIR trigger."""
        core = self._core
        trade_id, *orders = core.match_texts()
        events = {event_id_of(core.event_high, core.event_low)}
        if core.match_other_high or core.match_other_low:
            events.add(event_id_of(core.match_other_high, core.match_other_low))
        return Match(
            self._account(core.match_buyer),
            self._account(core.match_seller),
            core.match_price,
            core.match_quantity,
            trade_id.decode(),
            frozenset(order.decode() for order in orders if order),
            frozenset(events),
            bool(core.match_first),
            core.match_entry_gap / 1e9 if core.match_entry_gap >= 0 else None,
            core.match_size_ratio,
        )

    def group_of(self, account: str) -> str:
        """Name of an account's beneficial group."""
        core = self._core
        return str(core.group_names[core.group_of_account[core.account_numbers[account]]])

    def pair_trades(self, since_ns: int) -> list[PairTrade]:
        """Trades of the pair behind a MATCH, PAIR or ARRANGED trigger since a time, oldest first; at most 256."""
        return self._pair_trades(self._core.pair_rows(since_ns, MATCHES_TOLD_MAX))

    def pair_turns(self, since_ns: int) -> tuple[int, int]:
        """Of the pair's trades: how many there are, and in how many the buyer was another than the time before."""
        core = self._core
        trades, turns = core.market.match_log.turns(core.match_pair, since_ns, MATCHES_TOLD_MAX)
        return int(trades), int(turns)

    def arranged_in_pair(self, since_ns: int, gap_max_s: float, size_ratio_min: float) -> int:
        """How many of the pair's trades were of orders entered within a gap of each other with sizes alike."""
        core, log = self._core, self._core.market.match_log
        return int(log.arranged_in_pair(core.match_pair, since_ns, MATCHES_TOLD_MAX, gap_max_s, size_ratio_min))

    def arranged_among(
        self, groups: Sequence[str], since_ns: int, gap_max_s: float, size_ratio_min: float
    ) -> tuple[int, int]:
        """Trades of some groups with each other since a time, at most 256 a pair, and those that were arranged so."""
        core, log = self._core, self._core.market.match_log
        numbers = [core.group_numbers[group] for group in groups]
        met = arranged = 0
        for one, other in combinations(numbers, 2):
            key = core.pair_key(one, other)
            met += int(log.turns(key, since_ns, MATCHES_TOLD_MAX)[0])
            arranged += int(log.arranged_in_pair(key, since_ns, MATCHES_TOLD_MAX, gap_max_s, size_ratio_min))
        return met, arranged

    def steps(self, since_ns: int, circle: frozenset[str], side: Side) -> Steps:
        """What the market's matches, those that `matches` tells, did to the price in the direction of a side."""
        core = self._core
        numbers = [core.group_numbers[group] for group in circle]
        return Steps(*core.steps(since_ns, MATCHES_TOLD_MAX, side, numbers))

    def matches(self, since_ns: int) -> list[PairTrade]:
        """The market's matches with both groups known since a time, oldest first; at most the last 256."""
        return self._pair_trades(self._core.match_rows(since_ns, MATCHES_TOLD_MAX))

    def arranged_matches(self, since_ns: int, gap_ns: int, size_ratio: float) -> tuple[int, int]:
        """Matches of the market since a time whose orders' entries are known, and those of them entered within a gap
        of each other with sizes alike: (known, arranged)."""
        known, arranged = self._core.market.match_log.arranged(since_ns, gap_ns, size_ratio)
        return int(known), int(arranged)

    def _pair_trades(self, rows: Sequence[Any]) -> list[PairTrade]:
        names = self._core.group_names
        return [
            PairTrade(
                time_ns,
                names[buyer],
                names[seller],
                price,
                quantity,
                event,
                other,
                trade_id.decode(),
                _SIDES[aggressor],
                gap / 1e9 if gap >= 0 else None,
                ratio,
            )
            for time_ns, buyer, seller, price, quantity, event, other, trade_id, aggressor, gap, ratio in rows
        ]

    def _account(self, number: int) -> str:
        return str(self._core.account_names[number]) if number >= 0 else ""
