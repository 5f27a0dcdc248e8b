"""A reconstruction of the layering in CFTC v. Nav Sarao Futures Limited PLC and Sarao (N.D. Ill. 15-cv-3398, 2015).

From the complaint, its press release and the criminal complaint of the same day (15 CR 75), all public:

- the contract is the E-mini S&P 500 near month, tick 0.25; on 6 May 2010 the layers stood around 1156.50;
- four to six exceptionally large sell orders at one time, each one price level from the other;
- at least three or four levels above the best ask, and modified as the price moved to stay there;
- nearly all cancelled without any resulting trade; the layering was cycled on and off several times a day;
- exceptionally large: the average order, in a sample, was of 7 lots; sizes of 188 and 289 lots were used that day;
- that day well over a fifth of all sell orders visible to the market.

Ours, since no public source gives them: the path of the price, the lifetime of a cycle (6 to 20 s), the pauses, and
which of the two sizes a cycle takes. The market around it is the simulator's, with its market makers, hedgers, blocks,
icebergs and an algorithm that cancels nearly everything; it answers to the pressure as it would to any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from simulator.instrument import Instrument
from simulator.market import Behaviour, Market, Seat
from simulator.matching import BUY, SELL, Order
from simulator.population import Account, Population, populate
from simulator.randomness import stream
from simulator.traders.roster import cast, market_maker_count
from tapewatch.market.reference import Reference

E_MINI: Final = Instrument(
    "ESM0", "XCME", 4620, 4, 1, 3, 0.30, 0.6, 1.0, "USD", "", 0, 2_000_000, asset_class="FUTURE", product="INDEX"
)
START_TIME_NS: Final = 1_273_159_020_000_000_000
"""2010-05-06 15:17 UTC, when the layers of the day began."""
SARAO: Final = Account("SARAO", "Sarao", "", "", "PROPRIETARY", "", "", "")
LOTS: Final = (188, 289)
LAYERS: Final = (4, 6)
LEVELS_OFF: Final = (3, 4)
CYCLES: Final = 25
SECOND_NS: Final = 1_000_000_000
WARMUP_S: Final = 120
ACTIVITY: Final = 1.5
"""So others' orders are of 6 to 7 lots on average, and layers a quarter to a third of the side."""
POPULATIONS: Final = 10


class Reconstruction:
    """The market with the layers in it; `rows` runs it once and fills `cycles` with the order ids of each cycle."""

    def __init__(self, seed: int) -> None:
        self.cycles: list[set[str]] = []
        self.layers: list[Order] = []
        self._population = _population(seed)
        self._market = Market((E_MINI,), seed, START_TIME_NS)
        cast(self._market, self._population, seed, ACTIVITY)
        listing = self._market.listings[E_MINI.symbol]
        seat = Seat(self._market, listing, stream(seed, "layering"))
        self._market.enter(self._layer(seat), WARMUP_S * SECOND_NS)
        self._is_over = False

    def reference(self) -> Reference:
        """Who owns the accounts, as a venue would know it."""
        known = (SARAO, *self._population.accounts)
        return Reference.of([{"account": each.account, "owner": each.owner} for each in known])

    def rows(self) -> Iterator[dict[str, object]]:
        """What the venue says, until a minute after the last cycle."""
        end_ns = START_TIME_NS
        while not self._is_over:
            end_ns += 60 * SECOND_NS
            for report in self._market.reports(end_ns):
                yield report.row()
        for report in self._market.reports(end_ns + 60 * SECOND_NS):
            yield report.row()

    def _layer(self, seat: Seat) -> Behaviour:
        """Cycle the layers on and off."""
        for _ in range(CYCLES):
            yield from self._cycle(seat)
            yield round((15 + 40 * seat.random.random()) * SECOND_NS)
        self._is_over = True

    def _cycle(self, seat: Seat) -> Behaviour:
        """Layers go on, follow the price at their distance, and come off together."""
        random = seat.random
        lots, off = random.choice(LOTS), random.choice(LEVELS_OFF)
        first = _best_ask(seat) + off
        layers = []
        for number in range(random.randint(*LAYERS)):
            layers.append(seat.submit(SARAO, SELL, first + number, lots))
            yield 2_000_000
        self.layers += layers
        self.cycles.append({order.order_id for order in layers})
        end_ns = seat.now_ns + round((6 + 14 * random.random()) * SECOND_NS)
        while seat.now_ns < end_ns:
            yield _look_ns(random)
            if _best_ask(seat) + off != first:
                first = _best_ask(seat) + off
                for number, order in enumerate(layers):
                    seat.replace(order, first + number, lots)
        for order in layers:
            seat.cancel(order)
            yield 1_000_000


def _population(seed: int) -> Population:
    """Many times the simulator's people, as a liquid future has, with its market makers once."""
    first = populate(seed, market_maker_count(1))
    more = [each for number in range(1, POPULATIONS) for each in populate(seed + 1000 * number, 0).accounts]
    return Population(tuple({each.account: each for each in (*more, *first.accounts)}.values()))


def _look_ns(random: Random) -> int:
    return round((0.05 + 0.1 * random.random()) * SECOND_NS)


def _best_ask(seat: Seat) -> int:
    """The best offer of others in ticks; the layers themselves are never the best while others offer."""
    ask, bid = seat.best(SELL), seat.best(BUY)
    assert ask is not None, "the offers around the layers ran out: choose another seed"
    assert bid is not None, "the bids around the layers ran out: choose another seed"
    return ask
