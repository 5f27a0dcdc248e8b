"""Wash trades: volume without a change of ownership, by one account with itself or between accounts of one owner."""

from collections.abc import Sequence

from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import BUY, SELL
from simulator.population import Account
from simulator.randomness import geometric, jittered_ns
from simulator.schemes.prearranged import meet
from simulator.schemes.scheme import Scheme, multiple_quantity

TRADES = (2, 8)
SIZE_MULTIPLES = (1.0, 10.0)
LEG_GAP_SECONDS = (1.5, 0.03)
PAUSE_SECONDS = (14.0, 3.0)


def _play_self(seat: SchemeSeat, accounts: Sequence[Account], severity: float) -> Behaviour:
    yield from _wash(seat, [accounts[0], accounts[0]], severity)


def _play_owner(seat: SchemeSeat, accounts: Sequence[Account], severity: float) -> Behaviour:
    yield from _wash(seat, accounts, severity)


def _wash(seat: SchemeSeat, accounts: Sequence[Account], severity: float) -> Behaviour:
    trades = TRADES[0] + round((TRADES[1] - TRADES[0]) * severity)
    multiple = geometric(*SIZE_MULTIPLES, severity)
    gap_seconds = geometric(*LEG_GAP_SECONDS, severity)
    for _ in range(trades):
        resting, taking = seat.random.sample(list(accounts), 2)
        side = BUY if seat.random.random() < 0.5 else SELL
        quantity = multiple_quantity(seat.instrument, multiple * (0.8 + 0.4 * seat.random.random()))
        traded = yield from meet(seat, resting, taking, side, quantity, gap_seconds)
        if traded:
            whom = "itself" if resting is taking else taking.account
            seat.tell(f"{resting.account} traded {quantity} {seat.instrument.symbol} with {whom}.")
        yield jittered_ns(seat.random, geometric(*PAUSE_SECONDS, severity), 0.5)


_SEVERITY = (
    f"From 0 to 1: {TRADES[0]} to {TRADES[1]} trades; in equal ratios: {SIZE_MULTIPLES[0]:g} to {SIZE_MULTIPLES[1]:g} "
    f"typical orders each, the second leg {LEG_GAP_SECONDS[0]:g} to {LEG_GAP_SECONDS[1]:g} s after the first "
    f"(sooner after a spoilt attempt), pauses of {PAUSE_SECONDS[0]:g} to {PAUSE_SECONDS[1]:g} s."
)

WASH_SELF = Scheme(
    name="wash_self",
    description="One account stands on both sides of its own trades.",
    severity_description=_SEVERITY,
    troupe="single",
    duration_seconds_max=300.0,
    play=_play_self,
    trades_with_itself=True,
)
WASH_OWNER = Scheme(
    name="wash_owner",
    description="Accounts of one beneficial owner trade with each other.",
    severity_description=_SEVERITY,
    troupe="linked",
    duration_seconds_max=300.0,
    play=_play_owner,
    trades_with_itself=True,
)
