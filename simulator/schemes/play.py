"""A scheme being played: who, where, how hard, how hidden; every scheme acts through this."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log, pi, sqrt
from random import Random

from simulator.instrument import Instrument
from simulator.labels import SchemeSeat
from simulator.market import Behaviour, Seat
from simulator.matching import BUY, DAY, IMMEDIATE_OR_CANCEL, SELL, Order
from simulator.population import Account, Population
from simulator.randomness import jittered_ns, ordinary_quantity
from simulator.schemes.camouflage import (
    LAYERS_KEPT_SHARE,
    LEG_FACTOR,
    SIGMA_HIDDEN,
    SLOW_FACTOR,
    SLOW_SECONDS_MAX,
    Camouflage,
)
from simulator.schemes.scheme import Crew, Scheme

HONEST_SECONDS = 5.0
"""At full camouflage of mixing, the accounts enter an honest order about so often."""
HONEST_PATIENCE_SECONDS = 12.0
UNWIND_ORDERS_MAX = 400
UNWIND_PATIENT_ORDERS = 60
"""Who trades out waits for others to come with so many orders before it crosses the spread."""
USUAL_ORDERS_A_SECOND = 1.1
"""What is traded in a market of activity 1, in ordinary orders' worth."""
HIDDEN_AMONG = 20
"""Who hides a size shows one that a twentieth of ordinary orders have: another would be no part of the scheme."""
NOBODY_ELSE = Population(())
RANGE_SIGMAS = sqrt(8.0 / pi)
GENUINE = "genuine"
DECEPTIVE = "deceptive"
WASH = "wash"
PUSH = "push"
EXIT = "exit"
POSITION = "position"
PROBE = "probe"
COVER = "cover"
VICTIM = "victim"
ROLES = (GENUINE, DECEPTIVE, WASH, PUSH, EXIT, POSITION, PROBE, COVER, VICTIM)
"""What an order is for. Orders of `cover` (the culprit's honest ones) and of a `victim` are no part of the abuse."""


@dataclass(frozen=True, slots=True)
class Play:
    """One playing of a scheme; the camouflage is applied where a size, a wait or a number is asked of it."""

    scheme: Scheme
    seat: SchemeSeat
    crews: tuple[Crew, ...]
    severity: float
    camouflage: Camouflage
    population: Population = NOBODY_ELSE

    @property
    def random(self) -> Random:
        """The scenario's own random numbers."""
        return self.seat.random

    @property
    def instrument(self) -> Instrument:
        """What is traded."""
        return self.seat.instrument

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Everybody who takes part."""
        return self.seat.scenario.accounts

    def value(self, name: str) -> float:
        """Return what a ratio of the scheme comes to at this severity."""
        return self.scheme.ratio(name).at(self.severity)

    def count(self, name: str, least: int = 1) -> int:
        """Return a ratio that counts layers, rounds or trades; fewer where the camouflage says so."""
        kept = 1.0 - (1.0 - LAYERS_KEPT_SHARE) * self.camouflage.layers
        return max(least, round(self.value(name) * kept))

    def quantity(self, multiple: float, spread: float = 0.2) -> int:
        """Return a size of so many typical orders, give or take; ever more like an ordinary one where hidden."""
        own = self.instrument.typical_quantity * multiple * (1.0 - spread + 2.0 * spread * self.random.random())
        hidden = self.camouflage.size
        if hidden:
            ordinary = ordinary_quantity(self.random, self.instrument)
            own = exp((1.0 - hidden) * log(own) + hidden * log(ordinary))
        return self.instrument.typical(own / self.instrument.typical_quantity)

    def quantity_in(self, seat: SchemeSeat, multiple: float) -> int:
        """Return the same for another listing, by what is typical there."""
        return seat.instrument.typical(self.quantity(multiple) / self.instrument.typical_quantity)

    def traded(self) -> int:
        """Return what was traded here since the start."""
        engine = self.seat.listing.engine
        return engine.bought_quantity + engine.sold_quantity

    def crumb(self, multiple: float) -> int:
        """Return a tiny quantity, below a lot where need be; where sizes are hidden the smallest of some ordinary ones.

        Whoever probes with more has given up probing.
        """
        if self.camouflage.size:
            return min(self.quantity(multiple) for _ in range(HIDDEN_AMONG))
        return max(1, round(self.instrument.typical_quantity * multiple))

    def large(self, multiple: float) -> int:
        """Return a size that is seen to be large; where sizes are hidden the largest of some ordinary ones."""
        return max(self.quantity(multiple) for _ in range(HIDDEN_AMONG if self.camouflage.size else 1))

    def usual_ticks(self, seconds: float) -> float:
        """Return the standard deviation of the price's move over some time; ticks."""
        return self.instrument.volatility_ticks * sqrt(seconds)

    def usual_range_ticks(self, seconds: float) -> float:
        """Return how far apart the highest and the lowest trade of some time usually are; ticks.

        Source: Feller 1951, The asymptotic distribution of the range, for the value, and the spread beside it.
        """
        return RANGE_SIGMAS * self.usual_ticks(seconds) + 2.0 * self.instrument.half_spread_ticks

    def usual_orders(self, seconds: float) -> float:
        """Return how many ordinary orders' worth the first owner's accounts usually trade in some time."""
        return sum(seconds / self.population.order_seconds(account) for account in self.crews[0])

    def more_orders_a_second(self, times: float) -> float:
        """Return how many ordinary orders' worth more a second make the volume here so many times the usual."""
        return (times - 1.0) * USUAL_ORDERS_A_SECOND * self.instrument.activity

    def reach_ticks(self) -> int:
        """Return how far beyond the best price who is in a hurry goes: half a usual spread, a tick at least."""
        return max(1, round(self.instrument.half_spread_ticks))

    def has_room(self) -> bool:
        """Whether there is a price between the best bid and the best offer."""
        bid, ask = self.seat.best(BUY), self.seat.best(SELL)
        return bid is not None and ask is not None and ask - bid >= 2

    def wait(self, seconds: float, sigma: float = 0.4) -> int:
        """Return a wait in nanoseconds around a median; drawn wider, at the same mean, where the timing is hidden."""
        wide = sigma + (max(sigma, SIGMA_HIDDEN) - sigma) * self.camouflage.timing
        return jittered_ns(self.random, seconds * exp((sigma**2 - wide**2) / 2.0), wide)

    def apart(self, seconds: float, sigma: float = 0.4) -> int:
        """Return the wait between things that belong together, such as two legs; longer where the timing is hidden."""
        return self.wait(seconds * LEG_FACTOR**self.camouflage.timing, sigma)

    def haste(self, seconds: float) -> float:
        """Return how long something takes that gives the scheme away by being quick; seconds."""
        return float(min(seconds * SLOW_FACTOR**self.camouflage.slow, seconds + SLOW_SECONDS_MAX))

    def quick(self, seconds: float, sigma: float = 0.4) -> int:
        """Return the wait before a cancel, a turn or an exit; longer where the camouflage is slow."""
        return self.wait(self.haste(seconds), sigma)

    def account(self, crew: int = 0) -> Account:
        """Return who enters the next order of an owner: one of the accounts the work is split over."""
        return self.random.choice(self.crews[crew])

    def anyone(self) -> Account:
        """Return any account of any owner who takes part."""
        return self.random.choice(self.random.choice(self.crews))

    def holdings(self) -> dict[Account, int]:
        """Return an account of what each one holds of the scheme's position: nothing yet."""
        return dict.fromkeys(self.accounts, 0)

    def somebody_else(self) -> Account:
        """Return an ordinary client who has no part in it."""
        owners = {crew[0].owner for crew in self.crews}
        while (other := self.random.choice(self.population.clients)).owner in owners:
            pass
        return other

    def side(self) -> int:
        """Draw a side."""
        return BUY if self.random.random() < 0.5 else SELL

    def take(
        self,
        account: Account,
        side: int,
        quantity: int,
        role: str,
        reach_ticks: int = 0,
        seat: SchemeSeat | None = None,
    ) -> int:
        """Take liquidity here, or at another listing, for a purpose; return what was filled."""
        return (seat or self.seat).take(account, side, quantity, reach_ticks, role)

    def rest(self, account: Account, side: int, quantity: int, role: str, behind_ticks: int = 0) -> Order | None:
        """Rest an order so many ticks behind its side's best price; None where that side is empty."""
        best = self.seat.best(side)
        if best is None or quantity <= 0:
            return None
        return self.seat.submit(account, side, max(1, best - side * behind_ticks), quantity, DAY, role=role)

    def unwind(
        self,
        holdings: dict[Account, int],
        side: int,
        multiple: float,
        pause_seconds: float,
        patient_orders: int = UNWIND_PATIENT_ORDERS,
    ) -> Behaviour:
        """Trade out of what each account holds into those who come: orders at the best price, the rest crossed."""
        for number in range(UNWIND_ORDERS_MAX):
            holders = [account for account, held in holdings.items() if held > 0]
            if not holders:
                return
            account = self.random.choice(holders)
            quantity = min(holdings[account], self.quantity(multiple))
            if number < patient_orders:
                order = self.rest(account, side, quantity, EXIT)
                yield self.quick(pause_seconds)
                if order is not None:
                    self.seat.cancel(order)
                    holdings[account] -= order.filled
            else:
                holdings[account] -= self.take(account, side, quantity, EXIT, 1)
                yield self.quick(pause_seconds)

    def tell(self, text: str) -> None:
        """Add a sentence to the narrative."""
        self.seat.tell(text)


def cover(play: Play, honest: Seat) -> Behaviour:
    """Trade honestly with the scheme's accounts until the scenario is over, the more the more is mixed in."""
    mixed = play.camouflage.mixed
    while mixed and not play.seat.scenario.is_over:
        yield jittered_ns(honest.random, HONEST_SECONDS / mixed, 0.8)
        yield from _honest_order(play, honest)


def _honest_order(play: Play, honest: Seat) -> Iterator[int]:
    random = honest.random
    account, side = random.choice(play.accounts), BUY if random.random() < 0.5 else SELL
    quantity = ordinary_quantity(random, honest.instrument)
    best, opposite = honest.best(side), honest.best(-side)
    if best is None or opposite is None:
        return
    takes = random.random() < 0.5
    order = honest.submit(account, side, opposite if takes else best, quantity, IMMEDIATE_OR_CANCEL if takes else DAY)
    play.seat.scenario.note(order, COVER)
    if not takes:
        yield jittered_ns(random, HONEST_PATIENCE_SECONDS, 0.8)
        honest.cancel(order)
