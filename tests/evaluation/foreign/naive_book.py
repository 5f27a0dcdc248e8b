"""Style "book": zero-intelligence traders at a price-time book, from a handful of accounts to some dozens.

Published parameters of projects in this style: one or two instruments, 3 to 100 agents, 1 to 20 orders a second for
some ten minutes, a fifth to a third of them market orders, limits 0 to 10 ticks from the middle, sizes of 1 to 10 lots,
a share of resting orders cancelled at random; an empty book at the start. Abuse by severity: one order of 5 to 20 times
the mean, 10 to 1 s long, with a small purchase on the other side meanwhile; walls of 3 to 10 orders at successive
prices, 2 to 5 times the mean each, cancelled together after 10 to 2 s; one account (1 to 5 times) or two (4 to 20
times in turn) that trade with themselves at one price; a client's market order of 10 to 20 lots with somebody else's
small one 1 to 10 s before, out again 5 to 30 s after; 50 to 500 orders a second entered and cancelled for some
seconds; market orders one way in the last minutes. No owners, no phases, no quotes; `has_links` leaves out what joins
two sides of a trade, `has_aggressor` says who took.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from tests.evaluation.foreign.flow import SECOND_NS, START_NS, Flow, Planted, lerp

TICK: Final = 0.01
LOT: Final = 10
MEAN: Final = 55


@dataclass(frozen=True, slots=True)
class Config:
    """A run; `accounts` trade by lot, schemers are among them."""

    seed: int
    severity: float = 0.5
    accounts: int = 60
    minutes: int = 25
    orders_a_second: float = 4.0
    scenarios: int = 3
    has_links: bool = True
    has_aggressor: bool = False


@dataclass(slots=True)
class Resting:
    """An order at the book, best first by `rank`."""

    rank: tuple[int, int]
    ticks: int
    left: int
    values: dict[str, object]
    of: Planted | None


class NaiveBook:
    """One run of it."""

    instrument = "XYZ"

    def __init__(self, config: Config) -> None:
        self.config = config
        self.random = Random(config.seed)
        self.flow = Flow()
        self.accounts = [f"AGENT{number:03d}" for number in range(1, config.accounts + 1)]
        self.sides: dict[str, list[Resting]] = {"BUY": [], "SELL": []}
        self.now_ns, self.last, self.entered = START_NS, 10_000, 0
        self.todo: list[tuple[int, int, Callable[[], object]]] = []

    def made(self) -> Flow:
        """The flow."""
        config, random = self.config, self.random
        plays: list[Callable[[], object]] = [
            self._spoof,
            self._layers,
            self._wash,
            self._ping_pong,
            self._ahead,
            self._stuff,
        ] * config.scenarios
        random.shuffle(plays)
        end_ns = START_NS + config.minutes * 60 * SECOND_NS
        span_ns = (end_ns - START_NS - 420 * SECOND_NS) // (len(plays) + 1)
        for number, play in enumerate(plays):
            self._at(START_NS + 60 * SECOND_NS + number * span_ns + random.randint(0, span_ns // 2), play)
        self._at(end_ns - 240 * SECOND_NS, lambda: self._close(end_ns))
        while self.now_ns < end_ns:
            due_ns = self.now_ns + int(random.expovariate(config.orders_a_second) * SECOND_NS)
            while self.todo and self.todo[0][0] <= due_ns:
                self.now_ns, _, due = self.todo.pop(0)
                due()
            self.now_ns = max(self.now_ns, due_ns)
            self._noise()
        return self.flow.done()

    def _at(self, time_ns: int, play: Callable[[], object]) -> None:
        self.entered += 1
        insort(self.todo, (time_ns, self.entered, play), key=lambda each: each[:2])

    def _later(self, seconds: float, play: Callable[[], object]) -> None:
        self._at(self.now_ns + int(seconds * SECOND_NS), play)

    def _noise(self) -> None:
        random = self.random
        account, side, lot = random.choice(self.accounts), random.choice(("BUY", "SELL")), random.random()
        resting = [each for orders in self.sides.values() for each in orders if each.of is None]
        if lot < 0.3 and len(resting) > 20:
            self._cancel(random.choice(resting))
        elif lot < 0.5:
            self._enter(account, side, None, LOT * random.randint(1, 10))
        else:
            away = random.randint(0, 10)
            self._enter(
                account, side, self._middle() + (away if side == "SELL" else -away), LOT * random.randint(1, 10)
            )

    def _best(self, side: str) -> int:
        orders = self.sides[side]
        return orders[0].ticks if orders else self.last + (1 if side == "SELL" else -1)

    def _middle(self) -> int:
        return (self._best("BUY") + self._best("SELL")) // 2

    def _enter(
        self, account: str, side: str, ticks: int | None, size: int, of: Planted | None = None, named: bool = True
    ) -> Resting:
        self.entered += 1
        values: dict[str, object] = {"order_id": self.flow.number("O"), "account": account, "side": side}
        price = None if ticks is None else round(ticks * TICK, 2)
        limit = {} if price is None else {"price": price}
        self.flow.add(
            self.now_ns, "NEW", self.instrument, of if named else None, **values, **limit, quantity=float(size)
        )
        sign = -1 if side == "BUY" else 1
        order = Resting((sign * (ticks or 0), self.entered), ticks or 0, size, values, of if named else None)
        against = self.sides["SELL" if side == "BUY" else "BUY"]
        while order.left and against and (ticks is None or sign * (ticks - against[0].ticks) <= 0):
            self._match(order, against[0])
            if not against[0].left:
                against.pop(0)
        if order.left and ticks is not None:
            insort(self.sides[side], order, key=lambda each: each.rank)
        elif order.left:
            self.flow.add(self.now_ns, "CANCEL", self.instrument, of if named else None, **values)
        return order

    def _match(self, taking: Resting, resting: Resting) -> None:
        size, price = min(taking.left, resting.left), round(resting.ticks * TICK, 2)
        taking.left, resting.left, self.last = taking.left - size, resting.left - size, resting.ticks
        self._report(taking, resting, price, size)

    def _report(self, taking: Resting, resting: Resting, price: float, size: int) -> None:
        trade = {"trade_id": self.flow.number("T")} if self.config.has_links else {}
        for own, other, took in ((taking, resting, True), (resting, taking, False)):
            more: dict[str, object] = {"contra_account": other.values["account"]} if self.config.has_links else {}
            more |= {"aggressor": took} if self.config.has_aggressor else {}
            self.flow.add(
                self.now_ns, "FILL", self.instrument, own.of, **own.values, **trade, **more,
                price=price, quantity=float(size), leaves_quantity=float(own.left),
            )  # fmt: skip

    def _cancel(self, order: Resting) -> None:
        orders = self.sides[str(order.values["side"])]
        if any(each is order for each in orders):
            orders[:] = [each for each in orders if each is not order]
            self.flow.add(self.now_ns, "CANCEL", self.instrument, order.of, **order.values)

    def _cancel_all(self, orders: Iterable[Resting]) -> None:
        for order in orders:
            self._cancel(order)

    def _side(self) -> tuple[str, str, int]:
        return self.random.choice((("BUY", "SELL", -1), ("SELL", "BUY", 1)))

    def _spoof(self) -> None:
        random, severity = self.random, self.config.severity
        of = self.flow.plant("SPOOFING", severity, self.instrument)
        account, (side, other, away) = random.choice(self.accounts), self._side()
        order = self._enter(account, side, self._best(side) + away, round(MEAN * lerp(5, 20, severity) / LOT) * LOT, of)
        life_s = lerp(10, 1, severity)
        self._later(life_s * random.uniform(0.5, 0.8), lambda: self._enter(account, other, None, LOT * 3, of))
        self._later(life_s, lambda: self._cancel(order))

    def _layers(self) -> None:
        random, severity = self.random, self.config.severity
        of = self.flow.plant("LAYERING", severity, self.instrument)
        account, (side, other, away) = random.choice(self.accounts), self._side()
        best, size = self._best(side), round(MEAN * lerp(2, 5, severity) / LOT) * LOT
        layers = [
            self._enter(account, side, best + away * (number + 1), size, of)
            for number in range(round(lerp(3, 10, severity)))
        ]
        life_s = lerp(10, 2, severity)
        self._later(life_s * random.uniform(0.5, 0.8), lambda: self._enter(account, other, None, LOT * 3, of))
        self._later(life_s, lambda: self._cancel_all(layers))

    def _print(self, buyer: str, seller: str, size: int, of: Planted) -> None:
        """Two orders that meet each other and nobody else."""
        ticks = self._middle()
        made = []
        for account, side in ((buyer, "BUY"), (seller, "SELL")):
            values: dict[str, object] = {"order_id": self.flow.number("O"), "account": account, "side": side}
            price = round(ticks * TICK, 2)
            self.flow.add(self.now_ns, "NEW", self.instrument, of, **values, price=price, quantity=float(size))
            made.append(Resting((0, 0), ticks, 0, values, of))
            self.now_ns += 1_000_000
        self._report(made[1], made[0], round(ticks * TICK, 2), size)

    def _wash(self) -> None:
        of = self.flow.plant("WASH_TRADE", self.config.severity, self.instrument)
        account, size = self.random.choice(self.accounts), LOT * self.random.randint(3, 10)
        for number in range(round(lerp(1, 5, self.config.severity))):
            self._later(3 * number, lambda: self._print(account, account, size, of))

    def _ping_pong(self) -> None:
        of = self.flow.plant("PING_PONG", self.config.severity, self.instrument)
        pair, size = self.random.sample(self.accounts, 2), LOT * self.random.randint(3, 10)
        for number in range(round(lerp(4, 20, self.config.severity))):
            turn = pair if number % 2 else pair[::-1]
            self._later(2 * number, partial(self._print, turn[0], turn[1], size, of))

    def _ahead(self) -> None:
        random, severity = self.random, self.config.severity
        of = self.flow.plant("FRONT_RUNNING", severity, self.instrument)
        (client, runner), (side, other, _) = random.sample(self.accounts, 2), self._side()
        self._enter(runner, side, None, LOT * 5, of)
        lead_s = lerp(10, 1, severity)
        size = round(MEAN * lerp(10, 20, severity) / LOT) * LOT
        self._later(lead_s, lambda: self._enter(client, side, None, size, of, named=False))
        self._later(lead_s + lerp(30, 5, severity), lambda: self._enter(runner, other, None, LOT * 5, of))

    def _stuff(self) -> None:
        random, severity = self.random, self.config.severity
        of = self.flow.plant("QUOTE_STUFFING", severity, self.instrument)
        account, (side, _, away) = random.choice(self.accounts), self._side()
        rate, ticks = lerp(50, 500, severity), self._best(side) + 5 * away
        for _ in range(round(3 * rate)):
            order = self._enter(account, side, ticks, LOT, of)
            self.now_ns += int(SECOND_NS / rate / 2)
            self._cancel(order)
            self.now_ns += int(SECOND_NS / rate / 2)

    def _close(self, end_ns: int) -> None:
        random, severity = self.random, self.config.severity
        of = self.flow.plant("MARKING_THE_CLOSE", severity, self.instrument)
        account, (side, _, _) = random.choice(self.accounts), self._side()
        trades = round(lerp(3, 12, severity))
        for number in range(trades):
            at_ns = end_ns - int(lerp(200, 50, severity) * SECOND_NS * (trades - number) / trades)
            self._at(at_ns, lambda: self._enter(account, side, None, LOT * 10, of))
