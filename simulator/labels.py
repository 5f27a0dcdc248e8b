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

from simulator.market import Listing, Market, Seat
from simulator.matching import DAY, Order
from simulator.population import Account

SENTENCES_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about one scenario; times in nanoseconds UTC, lists sorted."""

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
    """A scheme while it is played: its orders so far and what has been told about it."""

    scenario_id: str
    typology: str
    severity: float
    instrument: str
    venue: str
    accounts: tuple[Account, ...]
    narrative: Narrative
    orders: list[Order] = field(default_factory=list)
    is_over: bool = False

    def label(self) -> Label:
        """Return the truth as far as the scenario has been played; raises ValueError before its first order."""
        if not self.orders:
            raise ValueError(f"scenario {self.scenario_id} has no orders yet: ask for its label once it has begun")
        used = {order.account for order in self.orders}
        return Label(
            scenario_id=self.scenario_id,
            typology=self.typology,
            severity=self.severity,
            venue=self.venue,
            instrument=self.instrument,
            accounts=sorted(used),
            owners=sorted({account.owner for account in self.accounts if account.account in used}),
            start_time_ns=min(order.time_ns for order in self.orders),
            end_time_ns=max(order.last_time_ns for order in self.orders),
            order_ids=sorted(order.order_id for order in self.orders),
            trade_ids=sorted({trade_id for order in self.orders for trade_id in order.trade_ids}),
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

    def submit(
        self, account: Account, side: int, price: int | None, quantity: int, time_in_force: str = DAY, display: int = 0
    ) -> Order:
        """Enter an order of the scheme."""
        key = "" if self._trades_with_itself else account.owner
        order = self._engine.submit(
            self._market.next_time_ns(), account.account, side, price, quantity,
            trader=account.trader, time_in_force=time_in_force, display=display, self_match_key=key,
        )  # fmt: skip
        self.scenario.orders.append(order)
        return order

    def at(self, key: str) -> "SchemeSeat":
        """Return the scheme's seat at another listing; its orders there belong to the same scenario."""
        listing = self._market.listings[key]
        return SchemeSeat(self._market, listing, self.random, self.scenario, self._trades_with_itself)

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
