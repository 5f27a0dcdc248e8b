"""What rules see of events: fills, withdrawals, matches and the like, as named tuples."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tapewatch.market.event import Side


class Fill(NamedTuple):
    """One fill of a group's; times in nanoseconds, `account` and `contra` by name ("" where not known).

    `aggressor` is whether it took liquidity, None where not known.
    """

    time_ns: int
    price: float
    quantity: float
    order_quantity: float
    side: Side
    account: str
    event: tuple[int, int]
    order_id: str
    trade_id: str
    aggressor: bool | None = None
    contra: str = ""
    group: str = ""

    @property
    def event_id(self) -> str:
        """Id of the fill's event."""
        return event_id_of(*self.event)


class Withdrawal(NamedTuple):
    """An order taken off mostly unfilled; `depth_share` is its share of the best ten levels at entry,
    `opposite_open` what the group had open on the other side when it went, `distance` how far behind its side's best
    price it entered, as a share of that (negative where it improved it)."""

    time_ns: int
    entry_time_ns: int
    price: float
    quantity: float
    depth_share: float
    opposite_open: float
    distance: float
    side: Side
    account: str
    entry_event: tuple[int, int]
    event: tuple[int, int]
    order_id: str

    @property
    def entry_event_id(self) -> str:
        """Id of the event that entered the order."""
        return event_id_of(*self.entry_event)

    @property
    def event_id(self) -> str:
        """Id of the event that withdrew it."""
        return event_id_of(*self.event)

    @property
    def life_s(self) -> float:
        """Seconds from entry to withdrawal."""
        return (self.time_ns - self.entry_time_ns) / 1e9


class PairTrade(NamedTuple):
    """One match of two groups, by name.

    `aggressor` is the side that took liquidity (None where not known), `entry_gap_s` the time between the entries of
    both orders (None where not known), `size_ratio` the smaller order's share of the larger.
    """

    time_ns: int
    buyer: str
    seller: str
    price: float
    quantity: float
    event: tuple[int, int]
    other_event: tuple[int, int]
    trade_id: str
    aggressor: Side | None
    entry_gap_s: float | None
    size_ratio: float

    @property
    def event_id(self) -> str:
        """Id of the event that told it."""
        return event_id_of(*self.event)

    @property
    def other_event_id(self) -> str:
        """Id of the event that told its other side; empty where none did."""
        return event_id_of(*self.other_event) if any(self.other_event) else ""


class Unusual(NamedTuple):
    """How the anomaly model sees a group's window: the share of usual windows at least as unusual (`p_value`), and,
    when asked, what makes it so, in words, the most first."""

    p_value: float
    reasons: Callable[[], tuple[str, ...]]


class TripTerms(NamedTuple):
    """What makes a trip of fills around an order: in at most a lead before it, out at most a time after it, of what was
    taken a share given back, so much of what was traded then the one way, the order so many times as large, and taken
    no less than a multiple of the usual fill; gained a share, and so much of the market's usual range (in price)."""

    lead_ns: int
    exit_ns: int
    exit_share_min: float
    one_sided_min: float
    size_ratio_min: float
    own_size_min: float
    gain_min: float
    gain_usual_min: float
    usual_range: float


class CircleTerms(NamedTuple):
    """Which circles of groups are looked for: of so many members, each of which sold so often to the next, and so many
    standard deviations more often than chance has it, and met the others that it met most in a share of its trades; of
    those it sold to so many are followed, most sold to first."""

    members: tuple[int, int]
    often: float
    share_min: float
    deviations_min: float
    branches_max: int


class Took(NamedTuple):
    """A group's fills of a side in which it took liquidity: how many, and between which times and prices; all 0
    without any."""

    fills: int
    first_ns: int
    last_ns: int
    low: float
    high: float


class Push(NamedTuple):
    """What a group's aggressive fills of one side did to the price, beside everybody's.

    `own_move` and `all_move` are the distances by which new extremes were set, in price from `from_price` on; `pushing`
    are the own fills that set one. Quantities are of aggressive fills on the side.
    """

    own: tuple[Fill, ...]
    pushing: tuple[Fill, ...]
    own_move: float
    all_move: float
    own_quantity: float
    all_quantity: float
    from_price: float

    @property
    def move_share(self) -> float:
        """Share of the move that the group's own trades made."""
        return self.own_move / self.all_move if self.all_move > 0 else 0.0

    @property
    def quantity_share(self) -> float:
        """Its share of what was taken on the side."""
        return self.own_quantity / self.all_quantity if self.all_quantity > 0 else 0.0

    @property
    def push_rate(self) -> float:
        """Share of its aggressive fills that set a new extreme."""
        return len(self.pushing) / len(self.own) if self.own else 0.0


class Takings(NamedTuple):
    """A group's trades with others: time of the first, how many were on a side, the quantities of those in which it
    took liquidity from somebody known, and from which group how often."""

    first_ns: int
    on_side: int
    quantities: list[float]
    met: dict[str, int]


class Steps(NamedTuple):
    """What trades did to the price in one direction: the length of the steps that a circle of groups made, and of all,
    and how many new extremes the circle printed."""

    own_length: float
    all_length: float
    extremes: int


class Match(NamedTuple):
    """Two accounts that traded, by name; `first` when the trade was not seen before.

    `entry_gap_s` is the time between the entries of both orders (None where only one side is known), `size_ratio` the
    smaller order's share of the larger.
    """

    buyer: str
    seller: str
    price: float
    quantity: float
    trade_id: str
    order_ids: frozenset[str]
    event_ids: frozenset[str]
    first: bool
    entry_gap_s: float | None
    size_ratio: float


class Move(NamedTuple):
    """A trade at another price than the one before."""

    time_ns: int
    price: float
    quantity: float
    event_id: str


class Entry(NamedTuple):
    """The order just entered."""

    account: str
    side: Side
    price: float
    quantity: float
    crossed: bool
    order_id: str
    event_id: str


class Listed(NamedTuple):
    """What an account on (or in an instrument on) the restricted list did: entered an order, or `traded`."""

    account: str
    side: Side
    price: float
    quantity: float
    traded: bool
    order_id: str
    trade_id: str


class Stray(NamedTuple):
    """A trade far from the `usual_price`: the last before it, and the best prices too (`through_book`) or the trades
    around it. `account` is that of a fill."""

    time_ns: int
    price: float
    quantity: float
    usual_price: float
    through_book: bool
    account: str
    trade_id: str
    event_id: str


class Run(NamedTuple):
    """A group's run of aggressive fills of one side: from the market's last price before it to its last own price."""

    side: Side
    start_ns: int
    end_ns: int
    from_price: float
    to_price: float
    quantity: float
    trades: int


def opposite(side: Side) -> Side:
    """The other side."""
    return Side.SELL if side is Side.BUY else Side.BUY


def event_id_of(high: int, low: int) -> str:
    """An event's id from its identity's two words."""
    return f"{high:016x}{low:016x}"
