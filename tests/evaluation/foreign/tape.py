"""Style "tape": trades with a buyer and a seller and nothing else; no orders, no owners, no session, no aggressor.

Published parameters of projects in this style: 3 instruments, 50 to 500 traders drawn by lot, a trade every 10 to 100
ms or every second, prices normal around where they began or a random walk of 0.02 to 0.1 % a trade, quantities of 1 to
50; washes of one trader with itself, 1 to 5 in a row, of 10 to 30; two who trade back and forth 4 to 20 times at one
price; rings of 3 to 5 that pass a position round 2 to 6 times; pumps of 20 purchases that lift the price 5 to 30 % with
quantities of 50 to 120 and 15 sales that take it back; one who buys three to ten times in the last five minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from tests.evaluation.foreign.flow import SECOND_NS, START_NS, Flow, Planted, arrivals, lerp

SYMBOLS: Final = (("BTC", 42_000.0), ("ETH", 2_300.0), ("SOL", 95.0))
STEP: Final = 0.0003


@dataclass(frozen=True, slots=True)
class Config:
    """Traders are drawn by lot for every trade."""

    seed: int
    severity: float = 0.5
    traders: int = 300
    minutes: int = 30
    trades_a_second: float = 3.0
    scenarios: int = 3


class Tape:
    """One run of it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.random = Random(config.seed)
        self.flow = Flow()
        self.traders = [f"T{number:04d}" for number in range(1, config.traders + 1)]
        self.price = dict(SYMBOLS)
        self.lifted: dict[str, list[tuple[int, float]]] = {name: [] for name in self.price}

    def made(self) -> Flow:
        """The flow."""
        config, random = self.config, self.random
        plays = [self._self, self._ping_pong, self._ring, self._pump] * config.scenarios
        span_s = config.minutes * 60 / (len(plays) + 1)
        for number, play in enumerate(plays):
            play(random.choice(list(self.price)), START_NS + int((number + 1) * span_s * SECOND_NS))
        for name in self.price:
            self._close(name)
        for at_ns in arrivals(random, config.trades_a_second, config.minutes * 60):
            name = random.choice(list(self.price))
            buyer, seller = random.sample(self.traders, 2)
            self.price[name] *= 1 + random.gauss(0, STEP)
            lift = sum(share for until, share in self.lifted[name] if at_ns < until and at_ns > until - 60 * SECOND_NS)
            self._trade(at_ns, name, buyer, seller, self.price[name] * (1 + lift), random.randint(1, 50))
        return self.flow.done()

    def _trade(
        self, at_ns: int, name: str, buyer: str, seller: str, price: float, size: int, of: Planted | None = None,
        culprits: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        values = {"price": round(price, 2), "quantity": float(size), "trade_id": self.flow.number("T")}
        self.flow.add(at_ns, "FILL", name, of, account=buyer, side="BUY", contra_account=seller, **values)
        self.flow.add(at_ns, "FILL", name, of, account=seller, side="SELL", contra_account=buyer, **values)
        if of is not None:
            of.accounts = set(culprits) or of.accounts

    def _self(self, name: str, at_ns: int) -> None:
        of = self.flow.plant("WASH_TRADE", self.config.severity, name)
        trader, price = self.random.choice(self.traders), dict(SYMBOLS)[name]
        for number in range(round(lerp(1, 5, self.config.severity))):
            later_ns = at_ns + number * self.random.randint(SECOND_NS, 10 * SECOND_NS)
            self._trade(later_ns, name, trader, trader, price, self.random.randint(10, 30), of)

    def _ping_pong(self, name: str, at_ns: int) -> None:
        of = self.flow.plant("PING_PONG", self.config.severity, name)
        pair, price = self.random.sample(self.traders, 2), dict(SYMBOLS)[name]
        size = self.random.randint(10, 30)
        for number in range(round(lerp(4, 20, self.config.severity))):
            at_ns += self.random.randint(SECOND_NS, 5 * SECOND_NS)
            self._trade(at_ns, name, pair[number % 2], pair[1 - number % 2], price, size, of)

    def _ring(self, name: str, at_ns: int) -> None:
        severity = self.config.severity
        of = self.flow.plant("WASH_RING", severity, name)
        ring = self.random.sample(self.traders, round(lerp(5, 3, severity)))
        size, price = self.random.randint(20, 60), dict(SYMBOLS)[name]
        for number in range(len(ring) * round(lerp(2, 6, severity))):
            at_ns += self.random.randint(SECOND_NS, 5 * SECOND_NS)
            place = number % len(ring)
            self._trade(at_ns, name, ring[place], ring[place - 1], price, size, of)

    def _pump(self, name: str, at_ns: int) -> None:
        random, severity = self.random, self.config.severity
        of = self.flow.plant("PUMP_AND_DUMP", severity, name)
        trader, start = random.choice(self.traders), dict(SYMBOLS)[name]
        rise, peak_ns = lerp(0.05, 0.3, severity), at_ns + 45 * SECOND_NS
        self.lifted[name].append((peak_ns + 15 * SECOND_NS, rise))
        for number in range(20):
            price = start * (1 + rise * (number + 1) / 20)
            other = random.choice(self.traders)
            self._trade(
                at_ns + number * 2 * SECOND_NS, name, trader, other, price, random.randint(50, 120), of, (trader,)
            )
        for number in range(15):
            price = start * (1 + rise * (1 - (number + 1) / 15))
            other = random.choice(self.traders)
            self._trade(
                peak_ns + number * SECOND_NS, name, other, trader, price, random.randint(60, 150), of, (trader,)
            )

    def _close(self, name: str) -> None:
        random, severity = self.random, self.config.severity
        of = self.flow.plant("MARKING_THE_CLOSE", severity, name)
        trader, start = random.choice(self.traders), self.price[name]
        end_ns, trades = START_NS + self.config.minutes * 60 * SECOND_NS, round(lerp(3, 10, severity))
        for number in range(trades):
            at_ns = end_ns - int(lerp(300, 60, severity) * SECOND_NS * (trades - number) / trades)
            price = start * (1 + lerp(0.01, 0.03, severity) * (number + 1) / trades)
            other = random.choice(self.traders)
            self._trade(at_ns, name, trader, other, price, random.randint(50, 120), of, (trader,))
