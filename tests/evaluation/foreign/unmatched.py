"""Style "unmatched": orders of a Poisson process whose fills are drawn by lot beside them; nothing is ever matched.

Published parameters of projects in this style: 10 to 18 instruments, some 200 accounts of one owner each and five to
twenty pairs with one owner, 5 to 300 orders a second for ten minutes; a random walk of a price a market, limits 0 to 3
ticks from it (or as far as half of a stock's spread), sizes of 100 to 1,000 (or as stocks' trades: median 20); 60 % of
orders fill within two seconds, 15 % in half, 15 % are cancelled within thirty seconds, the rest stays. A FILL names the
other side by lot; each side of a wash is told by itself, under a number of its own. Abuse by severity s between two
ends: washes of a pair 30 to 0.2 s apart at sizes 20 to 0 % apart; walls of 3 to 6 orders of 1.5 to 10 times a round
size, 1 or 9 ticks off, taken off after 60 to 0.5 s (or 9 to 1 s), a small fill opposite just before; 3 to 10 trades in
the last 300 to 8 s, stepping 0.5 to 4 ticks; a client's large order and 20 to 150 ms later a related account's small
one, filled at once, the client's 20 to 0.3 s later, out again thereafter where s >= .5. No aggressor, no quotes, no
phases; owners and the session's end are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from tests.evaluation.foreign.flow import SECOND_NS, START_NS, Flow, Planted, arrivals, drawn, lerp

MINUTES: Final = 10
INSTRUMENTS: Final = (
    *((f"EQ{number}", 0.01, 60.0 + 13 * number) for number in range(7)),
    *((f"FX{number}", 0.0001, 0.9 + 0.11 * number) for number in range(4)),
    *((f"FI{number}", 0.01, 96.0 + 2 * number) for number in range(4)),
)
SIZES: Final = [(0.0, 1.0), (0.1, 1.0), (0.25, 4.0), (0.5, 20.0), (0.75, 50.0), (0.9, 100.0), (0.99, 460.0), (1.0, 460)]
STEPS: Final = [(0.0, 0.0), (0.5, 0.0), (0.75, 1.0), (0.9, 4.0), (0.99, 28.0), (1.0, 28.0)]
OFFSETS: Final = [(0.0, 0.0), (0.1, 0.0), (0.25, 1.0), (0.75, 2.0), (0.9, 3.0), (0.99, 10.0), (1.0, 10.0)]
OTHER_SIDE: Final = "COUNTERPARTY"


@dataclass(frozen=True, slots=True)
class Config:
    """`is_calibrated`: sizes, steps and spreads as of stocks, walls farther off and shorter lived."""

    seed: int
    severity: float = 0.5
    orders_a_second: float = 5.0
    is_calibrated: bool = False
    scenarios: int = 8


class Unmatched:
    """One run of it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.random = Random(config.seed)
        self.flow = Flow()
        self.single = [f"ACC{number:04d}" for number in range(190)]
        self.pairs = [(f"ACC{number:04d}", f"ACC{number + 1:04d}") for number in range(190, 210, 2)]
        self.end_ns = START_NS + MINUTES * 60 * SECOND_NS
        owners = {account: f"OWN{account[3:]}" for account in self.single}
        owners |= {account: f"OWN{pair[0][3:]}" for pair in self.pairs for account in pair}
        links = {pair[0]: pair[1] for pair in self.pairs} | {pair[1]: pair[0] for pair in self.pairs}
        self.owners = owners
        self.flow.accounts = [
            {"account": name, "owner": owner, "linked_accounts": links.get(name, "")} for name, owner in owners.items()
        ]
        self.flow.instruments = [
            {"instrument": name, "tick_size": str(tick), "session_close_ns": str(self.end_ns)}
            for name, tick, _ in INSTRUMENTS
        ]

    def made(self) -> Flow:
        """The flow."""
        self._ordinary()
        for _ in range(self.config.scenarios):
            for play in (self._wash, self._wall, self._close, self._ahead):
                name, tick, price = self.random.choice(INSTRUMENTS)
                play(name, tick, round(price / tick) * tick)
        return self.flow.done()

    def _ordinary(self) -> None:
        random, accounts = self.random, list(self.owners)
        price = {name: start for name, _, start in INSTRUMENTS}
        for at_ns in arrivals(random, self.config.orders_a_second, MINUTES * 60):
            name, tick, _ = random.choice(INSTRUMENTS)
            account, side = random.choice(accounts), random.choice(("BUY", "SELL"))
            calibrated = self.config.is_calibrated
            step = round(drawn(random, STEPS)) * random.choice((-1, 1)) if calibrated else random.uniform(-2, 2)
            price[name] = max(tick, price[name] + step * tick)
            offset = round(drawn(random, OFFSETS)) if calibrated else random.randint(0, 3)
            limit = round((price[name] + (offset if side == "SELL" else -offset) * tick) / tick) * tick
            size = round(drawn(random, SIZES)) if calibrated else 100 * random.randint(1, 10)
            self._order(at_ns, name, account, side, limit, size)

    def _order(self, at_ns: int, name: str, account: str, side: str, limit: float, size: int) -> None:
        random = self.random
        order = self._new(at_ns, name, account, side, limit, size)
        lot = random.random()
        if lot < 0.75:
            others = [
                other for other in random.sample(list(self.owners), 6) if self.owners[other] != self.owners[account]
            ]
            part = size if lot < 0.6 else max(1, size // 2)
            self._fill(at_ns + random.randint(10_000_000, 2 * SECOND_NS), order, limit, part, others[0])
        elif lot < 0.9:
            self._cancel(at_ns + random.randint(SECOND_NS // 2, 30 * SECOND_NS), order)

    def _new(
        self, at_ns: int, name: str, account: str, side: str, price: float, size: float, of: Planted | None = None
    ) -> dict[str, object]:
        order: dict[str, object] = {"order_id": self.flow.number("ORD"), "account": account, "side": side}
        self.flow.add(at_ns, "NEW", name, of, **order, price=round(price, 6), quantity=float(size))
        return {"instrument": name, **order}

    def _fill(
        self, at_ns: int, order: dict[str, object], price: float, size: float, other: str, of: Planted | None = None
    ) -> None:
        values: dict[str, object] = {"price": round(price, 6), "quantity": float(size), "contra_account": other}
        name, trade = str(order["instrument"]), self.flow.number("EXE")
        named = {key: value for key, value in order.items() if key != "instrument"}
        self.flow.add(at_ns, "FILL", name, of, **named, **values, trade_id=trade)

    def _cancel(self, at_ns: int, order: dict[str, object], of: Planted | None = None) -> None:
        named = {key: value for key, value in order.items() if key != "instrument"}
        self.flow.add(at_ns, "CANCEL", str(order["instrument"]), of, **named)

    def _anchor(self) -> int:
        return START_NS + self.random.randint(0, 5 * 60 * SECOND_NS)

    def _wash(self, name: str, tick: float, price: float) -> None:
        random, severity = self.random, self.config.severity
        of = self.flow.plant("WASH_TRADE", severity, name)
        one, other = random.choice(self.pairs)
        sides = random.sample(("BUY", "SELL"), 2)
        at_ns, size = self._anchor(), 100 * random.randint(2, 20)
        apart = lerp(0.2, 0.0, severity)
        size_b = max(1, round(size * (1 + random.uniform(-apart, apart))))
        gap_ns = int(lerp(30, 0.2, severity) * SECOND_NS) + random.randint(0, SECOND_NS // 2)
        price_b = price + random.uniform(-1, 1) * lerp(3.0, 0.0, severity) * tick
        first = self._new(at_ns, name, one, sides[0], price, size, of)
        second = self._new(at_ns + gap_ns, name, other, sides[1], price_b, size_b, of)
        done_ns = at_ns + gap_ns + random.randint(10_000_000, 200_000_000)
        self._fill(done_ns, first, price, min(size, size_b), other, of)
        self._fill(done_ns, second, price, min(size, size_b), one, of)

    def _wall(self, name: str, tick: float, price: float) -> None:
        random, severity, calibrated = self.random, self.config.severity, self.config.is_calibrated
        of = self.flow.plant("SPOOFING", severity, name)
        account, up = random.choice(self.single), random.random() < 0.5
        away, side, other = (tick, "SELL", "BUY") if up else (-tick, "BUY", "SELL")
        size = round(100 * random.randint(2, 10) * lerp(1.5, 10.0, severity))
        life_s = (
            lerp(9, 1, severity) + random.uniform(-0.5, 0.5)
            if calibrated
            else lerp(60, 0.5, severity) + random.uniform(0, 2)
        )
        jitter = int(lerp(5.0, 0.05, severity) * SECOND_NS)
        at_ns, first = self._anchor(), 9 if calibrated else 1
        layers = [
            self._new(at_ns + 20_000_000 * layer, name, account, side, price + away * (first + layer), size, of)
            for layer in range(3 + round(3 * severity))
        ]
        gone_ns = at_ns + int(life_s * SECOND_NS)
        fill_ns = max(at_ns + 130_000_000, gone_ns - random.randint(50_000_000, 300_000_000))
        small = 100 * random.randint(1, 5)
        genuine = self._new(fill_ns, name, account, other, price - away, small, of)
        self._fill(fill_ns + random.randint(10_000_000, 100_000_000), genuine, price - away, small, OTHER_SIDE, of)
        for number, layer in enumerate(layers):
            earliest = at_ns + 20_000_000 * number + 1_000_000
            self._cancel(max(earliest, gone_ns + random.randint(-jitter // 2, jitter // 2)), layer, of)

    def _close(self, name: str, tick: float, price: float) -> None:
        random, severity = self.random, self.config.severity
        of = self.flow.plant("MARKING_THE_CLOSE", severity, name)
        pool = random.choice(self.pairs)[: max(1, round(lerp(2, 1, severity)))]
        window_ns, trades = int(lerp(300, 8, severity) * SECOND_NS), 3 + round(7 * severity)
        push, side = (tick, "BUY") if random.random() < 0.5 else (-tick, "SELL")
        if self.config.is_calibrated:
            share = lerp(0.15, 0.65, severity)
            ambient = self.config.orders_a_second / len(INSTRUMENTS) * 0.75 * 48 * 300
            size = max(1, round(share / (1 - share) * ambient / trades))
        else:
            size = round(100 * random.randint(2, 10) * lerp(2, 6, severity))
        for number in range(1, trades + 1):
            back = random.randint(0, window_ns // (2 * trades))
            at_ns = min(self.end_ns - 1_000_000, self.end_ns - window_ns + window_ns * number // trades - back)
            limit = price + push * number * lerp(0.5, 4.0, severity)
            order = self._new(at_ns, name, pool[number % len(pool)], side, limit, size, of)
            self._fill(at_ns + random.randint(1_000_000, 20_000_000), order, limit, size, OTHER_SIDE, of)

    def _ahead(self, name: str, tick: float, price: float) -> None:
        random, severity = self.random, self.config.severity
        of = self.flow.plant("FRONT_RUNNING", severity, name)
        client, related = random.choice(self.pairs)
        side, out, up = random.choice((("BUY", "SELL", tick), ("SELL", "BUY", -tick)))
        large, small = 100 * random.randint(10, 40), 100 * random.randint(1, 5)
        at_ns, slip = self._anchor(), random.randint(1, 3) * up
        order = self._new(at_ns, name, client, side, price + slip, large, of)
        in_ns = at_ns + random.randint(20_000_000, 150_000_000)
        entered = self._new(in_ns, name, related, side, price, small, of)
        filled_ns = in_ns + random.randint(10_000_000, 100_000_000)
        self._fill(filled_ns, entered, price, small, OTHER_SIDE, of)
        lead_ns = int(lerp(20, 0.3, severity) * SECOND_NS) + random.randint(0, SECOND_NS // 2)
        done_ns = max(filled_ns + 10_000_000, at_ns + lead_ns)
        self._fill(done_ns, order, price + slip, large, OTHER_SIDE, of)
        if severity >= 0.5:
            out_ns, gain = done_ns + random.randint(50_000_000, SECOND_NS // 2), slip + random.randint(1, 2) * up
            leaving = self._new(out_ns, name, related, out, price + gain, small, of)
            self._fill(out_ns + random.randint(10_000_000, 100_000_000), leaving, price + gain, small, OTHER_SIDE, of)
        of.accounts.discard(client)
