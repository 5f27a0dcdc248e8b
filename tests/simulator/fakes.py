"""Fakes and small makers shared by the simulator's tests."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from simulator.feeds.feed import Destination, Destinations, FeedKind
from simulator.feeds.fix import FixFeed
from simulator.instrument import Instrument
from simulator.labels import Narrative, Scenario, SchemeSeat
from simulator.market import Market, Seat
from simulator.matching import BUY, SELL, MatchingEngine, Numbering
from simulator.population import Account
from simulator.randomness import stream
from simulator.report import Report
from simulator.schemes import SCHEMES
from simulator.schemes.camouflage import NONE, Camouflage
from simulator.schemes.play import Play
from tapewatch.fix.codec import Field

SHARE = Instrument("TEST", "XTST", 1000, 100, 100, 200, 0.5, 1.5, 1.0, "EUR", "XS0000000000", 1_000_000, 10_000)
START_NS = 1_700_000_000_000_000_000


class Venue:
    """One engine and everything it reported."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.engine = MatchingEngine(SHARE, Numbering(), self.reports.append)

    def kinds(self) -> list[str]:
        return [report.kind for report in self.reports]

    def fills(self) -> list[Report]:
        return [report for report in self.reports if report.kind == "FILL"]


def account(name: str, owner: str = "") -> Account:
    return Account(
        name, owner or f"owner of {name}", "firm", "desk", "RETAIL", "device", "10.0.0.0/24", f"trader {name}"
    )


def quiet_market(names: str = "ABCD") -> tuple[Market, SchemeSeat, Seat, list[Account]]:
    """A market of one share with a two-sided book four ticks wide and nobody in it but the test."""
    market = Market((SHARE,), 1, START_NS)
    listing = market.listings["TEST"]
    accounts = [account(name) for name in names]
    scenario = Scenario("scenario-001", "test", 0.5, "TEST", "XTST", tuple(accounts), Narrative())
    honest = Seat(market, listing, stream(1, "honest"))
    for distance in range(5):
        honest.submit(account("maker"), BUY, 998 - distance, 1000)
        honest.submit(account("maker"), SELL, 1002 + distance, 1000)
    return market, SchemeSeat(market, listing, stream(1, "scheme"), scenario, trades_with_itself=True), honest, accounts


def play_of(seat: SchemeSeat, accounts: list[Account], camouflage: Camouflage = NONE, name: str = "wash_owner") -> Play:
    """A playing of a scheme by accounts of one owner each, in a market of the test's."""
    return Play(SCHEMES[name], seat, tuple((one,) for one in accounts), 0.5, camouflage)


class FakeOutlet:
    """A FIX session that remembers what was sent; acknowledges unless it is told to keep silent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[Field]]] = []
        self.is_silent = False
        self.hold_after: int | None = None
        self.released = asyncio.Event()
        self.reached = asyncio.Event()
        self.drains = 0
        self.logouts = 0

    async def send(self, msg_type: str, fields: Iterable[Field]) -> int:
        if len(self.sent) == self.hold_after:
            self.reached.set()
            await self.released.wait()
        self.sent.append((msg_type, list(fields)))
        return len(self.sent)

    async def drained(self, timeout_s: float = 30.0) -> None:
        self.drains += 1
        if self.is_silent:
            raise TimeoutError

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[FixFeed]:
        yield FixFeed(self)
        self.logouts += 1

    @property
    def destinations(self) -> Destinations:
        """It, wherever events should go."""
        return {kind: lambda session_number, file_format: Destination("test", self.connect) for kind in FeedKind}


async def published_nowhere(directory: Path) -> None:
    """In place of the publication of reference data."""
