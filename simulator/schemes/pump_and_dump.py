"""Pump and dump: buy quietly, drive the price up in bursts until others chase it, sell everything to them."""

from collections.abc import Sequence

from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import Account
from simulator.randomness import SECOND_NS, geometric, jittered_ns
from simulator.schemes.scheme import Scheme, multiple_quantity

RISE_SHARES = (0.04, 0.18)
ACCUMULATION_ORDERS = 20
ACCUMULATION_PAUSE_SECONDS = 2.0
PUMP_SECONDS_MAX = 150
BURST_ORDERS_MAX = 6
BURST_GAP_SECONDS = 0.15
BURST_PAUSE_SECONDS = (5.0, 1.5)
PUMP_MULTIPLE = 10.0
REACH_SHARE = 0.006
"""How far above the best offer a pumping order will pay."""
DUMP_SECONDS_MAX = 240
DUMP_PAUSE_SECONDS = 0.7
DUMP_MULTIPLE = 16.0


def _play(seat: SchemeSeat, accounts: Sequence[Account], severity: float) -> Behaviour:
    holdings = dict.fromkeys(accounts, 0)
    seat.tell(f"{len(accounts)} accounts begin to buy {seat.instrument.symbol} quietly.")
    for _ in range(ACCUMULATION_ORDERS):
        _buy(seat, holdings, 1.0 + 2.0 * seat.random.random(), 0)
        yield jittered_ns(seat.random, ACCUMULATION_PAUSE_SECONDS, 0.5)
    yield from _pump(seat, holdings, severity)
    yield jittered_ns(seat.random, 4.0, 0.4)
    seat.tell(f"They begin to sell {sum(holdings.values())} {seat.instrument.symbol} to those who follow.")
    yield from _dump(seat, holdings)
    seat.tell(f"{seat.instrument.symbol} is back at {seat.price_text(seat.listing.mid_ticks())}.")


def _pump(seat: SchemeSeat, holdings: dict[Account, int], severity: float) -> Behaviour:
    start = seat.listing.mid_ticks()
    target = start * (1.0 + geometric(*RISE_SHARES, severity))
    end_ns = seat.now_ns + PUMP_SECONDS_MAX * SECOND_NS
    seat.tell(f"They drive it up from {seat.price_text(start)} with bursts of marketable orders.")
    while seat.listing.mid_ticks() < target and seat.now_ns < end_ns:
        for _ in range(1 + int(seat.random.random() * BURST_ORDERS_MAX)):
            reach = max(1, int(seat.listing.mid_ticks() * REACH_SHARE))
            _buy(seat, holdings, PUMP_MULTIPLE * (0.5 + seat.random.random()), reach)
            yield jittered_ns(seat.random, BURST_GAP_SECONDS, 0.5)
        yield jittered_ns(seat.random, geometric(*BURST_PAUSE_SECONDS, severity), 0.4)
    seat.tell(f"It stands at {seat.price_text(seat.listing.mid_ticks())}.")


def _dump(seat: SchemeSeat, holdings: dict[Account, int]) -> Behaviour:
    end_ns = seat.now_ns + DUMP_SECONDS_MAX * SECOND_NS
    while any(holdings.values()) and seat.now_ns < end_ns:
        account = seat.random.choice([account for account, held in holdings.items() if held])
        bid = seat.best(BUY)
        if bid is not None:
            size = multiple_quantity(seat.instrument, DUMP_MULTIPLE * (0.5 + seat.random.random()))
            reach = max(1, int(bid * REACH_SHARE))
            order = seat.submit(account, SELL, max(1, bid - reach), min(size, holdings[account]), IMMEDIATE_OR_CANCEL)
            holdings[account] -= order.filled
        yield jittered_ns(seat.random, DUMP_PAUSE_SECONDS, 0.5)


def _buy(seat: SchemeSeat, holdings: dict[Account, int], multiple: float, reach_ticks: int) -> None:
    ask = seat.best(SELL)
    if ask is None:
        return
    account = seat.random.choice(list(holdings))
    quantity = multiple_quantity(seat.instrument, multiple)
    holdings[account] += seat.submit(account, BUY, ask + reach_ticks, quantity, IMMEDIATE_OR_CANCEL).filled


PUMP_AND_DUMP = Scheme(
    name="pump_and_dump",
    description="Accounts buy quietly, drive the price up in bursts until others chase it, and sell to them.",
    severity_description=(
        f"From 0 to 1, in equal ratios: the rise aimed at {RISE_SHARES[0]:.0%} to {RISE_SHARES[1]:.0%} within "
        f"{PUMP_SECONDS_MAX} s, pauses between bursts of {BURST_PAUSE_SECONDS[0]:g} to {BURST_PAUSE_SECONDS[1]:g} s."
    ),
    troupe="strangers",
    duration_seconds_max=480.0,
    play=_play,
    wants_thin_market=True,
)
