"""The truth beside the feed: which scenario was played by whom, when, with which orders and trades.

Labels are built from the orders a scheme entered and are written to a file of their own; nothing reads them while
the market runs.
"""

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from random import Random

from simulator.market import Behaviour, Listing, Market, Seat
from simulator.matching import DAY, IMMEDIATE_OR_CANCEL, Order
from simulator.population import Account
from simulator.randomness import SECOND_NS

SENTENCES_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about one scenario; times in nanoseconds UTC, lists sorted.

    `accounts`, `owners`, `order_ids` and `trade_ids` are those of the abuse; they are empty where the scenario is a
    condition of the market that nobody made. `orders` says of every order what it was for, also of honest ones: the
    culprit's cover and the victim's. `markets` are all venues and instruments it was played in.
    """

    scenario_id: str
    typology: str
    severity: float
    venue: str
    instrument: str
    accounts: list[str]
    owners: list[str]
    start_time_ns: int
    end_time_ns: int
    order_ids: list[str]
    trade_ids: list[str]
    camouflage: dict[str, float] = field(default_factory=dict)
    orders: list[dict[str, str]] = field(default_factory=list)
    markets: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the narrative; `scenario_id` is empty where it is about the ordinary market."""

    event_time_ns: int
    text: str
    scenario_id: str = ""


class Narrative:
    """What has been told, the latest `SENTENCES_MAX` sentences; `told` counts all of them."""

    def __init__(self) -> None:
        self._sentences: deque[Sentence] = deque(maxlen=SENTENCES_MAX)
        self.told = 0

    def tell(self, sentence: Sentence) -> None:
        """Add a sentence."""
        self._sentences.append(sentence)
        self.told += 1

    def since(self, position: int) -> list[Sentence]:
        """Return the sentences after the first `position` told, as far as they are still kept."""
        missing = min(self.told - position, len(self._sentences))
        return list(islice(self._sentences, len(self._sentences) - missing, None))


@dataclass(slots=True)
class Scenario:
    """A scheme while it is played: its orders so far, what each is for, and what has been told about it."""

    scenario_id: str
    typology: str
    severity: float
    instrument: str
    venue: str
    accounts: tuple[Account, ...]
    narrative: Narrative
    camouflage: dict[str, float] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    purposes: list[tuple[Order, str]] = field(default_factory=list)
    markets: set[tuple[str, str]] = field(default_factory=set)
    begun_ns: int = 0
    ended_ns: int = 0
    is_over: bool = False

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to label yet."""
        return bool(self.orders) or bool(self.begun_ns)

    def enter(self, order: Order, role: str) -> None:
        """Write down an order that is part of the abuse."""
        self.orders.append(order)
        self.note(order, role)

    def note(self, order: Order, role: str) -> None:
        """Write down what an order was for, without making it part of the abuse."""
        self.purposes.append((order, role))

    def happen(self, now_ns: int) -> None:
        """Write down that the condition of the market which this scenario is held now."""
        self.begun_ns = self.begun_ns or now_ns
        self.ended_ns = now_ns

    def label(self) -> Label:
        """Return the truth as far as the scenario has been played; raises ValueError before it has begun."""
        if not self.has_begun:
            raise ValueError(f"scenario {self.scenario_id} has no orders yet: ask for its label once it has begun")
        used = {order.account for order in self.orders}
        starts = [order.time_ns for order in self.orders] + [self.begun_ns] * bool(self.begun_ns)
        return Label(
            scenario_id=self.scenario_id,
            typology=self.typology,
            severity=self.severity,
            venue=self.venue,
            instrument=self.instrument,
            accounts=sorted(used),
            owners=sorted({account.owner for account in self.accounts if account.account in used}),
            start_time_ns=min(starts),
            end_time_ns=max([order.last_time_ns for order in self.orders] + [self.ended_ns]),
            order_ids=sorted(order.order_id for order in self.orders),
            trade_ids=sorted({trade_id for order in self.orders for trade_id in order.trade_ids}),
            camouflage=self.camouflage,
            orders=[
                {"order_id": order_id, "role": role}
                for order_id, role in sorted((order.order_id, role) for order, role in self.purposes)
            ],
            markets=[
                {"venue": venue, "instrument": instrument}
                for venue, instrument in sorted(self.markets | {(self.venue, self.instrument)})
            ],
        )


class SchemeSeat(Seat):
    """The seat of a schemer: all its orders are written down, and may trade with each other where the scheme wants."""

    __slots__ = ("_trades_with_itself", "scenario")

    def __init__(
        self, market: Market, listing: Listing, random: Random, scenario: Scenario, trades_with_itself: bool
    ) -> None:
        super().__init__(market, listing, random)
        self.scenario = scenario
        self._trades_with_itself = trades_with_itself

    @property
    def running_seconds(self) -> float:
        """How long the market has run."""
        return (self.now_ns - self._market.start_time_ns) / SECOND_NS

    def submit(
        self,
        account: Account,
        side: int,
        price: int | None,
        quantity: int,
        time_in_force: str = DAY,
        display: int = 0,
        role: str = "genuine",
    ) -> Order:
        """Enter an order of the scheme, for a purpose."""
        key = "" if self._trades_with_itself else account.owner
        order = self._engine.submit(
            self._market.next_time_ns(), account.account, side, price, quantity,
            trader=account.trader, time_in_force=time_in_force, display=display, self_match_key=key,
        )  # fmt: skip
        self.scenario.enter(order, role)
        self.scenario.markets.add((self.instrument.venue, self.instrument.symbol))
        return order

    def take(self, account: Account, side: int, quantity: int, reach_ticks: int = 0, role: str = "genuine") -> int:
        """Take liquidity up to so many ticks beyond the best price; return what was filled, 0 where nobody offers."""
        opposite = self.best(-side)
        if opposite is None or quantity <= 0:
            return 0
        price = max(1, opposite + side * reach_ticks)
        return self.submit(account, side, price, quantity, IMMEDIATE_OR_CANCEL, role=role).filled

    def until_ns(self, seconds: float) -> int:
        """Return the time so many seconds from now."""
        return self.now_ns + int(seconds * SECOND_NS)

    def at(self, key: str) -> "SchemeSeat":
        """Return the scheme's seat at another listing; its orders there belong to the same scenario."""
        listing = self._market.listings[key]
        return SchemeSeat(self._market, listing, self.random, self.scenario, self._trades_with_itself)

    def negotiate(self, buyer: Account, seller: Account, price: int, quantity: int, role: str) -> None:
        """Report a trade two accounts agreed on away from the book; both orders are the scheme's."""
        tape = self._market.tape
        bought, sold = (tape.person_of(one.account, one.trader) for one in (buyer, seller))
        for order in self._engine.negotiate(self._market.next_time_ns(), bought, sold, price, quantity):
            self.scenario.enter(order, role)

    def honest(self, random: Random) -> Seat:
        """Return an ordinary seat in the same listing, whose orders are no part of the scheme."""
        return Seat(self._market, self.listing, random)

    def beside(self, behaviour: Behaviour) -> None:
        """Let somebody act beside the scheme from now on."""
        self._market.enter(behaviour)

    def tell(self, text: str) -> None:
        """Add a sentence to the narrative."""
        self.scenario.narrative.tell(Sentence(self.now_ns, text, self.scenario.scenario_id))

    def price_text(self, ticks: float) -> str:
        """Return a price in ticks as a person reads it."""
        return f"{ticks / self.instrument.ticks_per_unit:.2f} {self.instrument.currency}"


def write_labels(path: Path, labels: Iterable[Label]) -> None:
    """Write one JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(label)) + "\n" for label in labels)


def write_benign(path: Path, labels: Iterable[Label]) -> None:
    """Write hard negatives as labels are written, each with its kind first."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"kind": "hard_negative", **asdict(label)}) + "\n" for label in labels)
