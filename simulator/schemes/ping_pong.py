"""Ping pong: two accounts hand the same quantity back and forth."""

from collections.abc import Sequence

from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import SELL
from simulator.population import Account
from simulator.randomness import geometric, jittered_ns
from simulator.schemes.prearranged import meet
from simulator.schemes.scheme import Scheme, multiple_quantity

TRADES = (6, 16)
SIZE_MULTIPLES = (1.0, 8.0)
LEG_GAP_SECONDS = (1.0, 0.05)
PAUSE_SECONDS = (8.0, 2.5)


def _play(seat: SchemeSeat, accounts: Sequence[Account], severity: float) -> Behaviour:
    seller, buyer = accounts[:2]
    quantity = multiple_quantity(seat.instrument, geometric(*SIZE_MULTIPLES, severity))
    gap_seconds = geometric(*LEG_GAP_SECONDS, severity)
    for _ in range(TRADES[0] + round((TRADES[1] - TRADES[0]) * severity)):
        traded = yield from meet(seat, seller, buyer, SELL, quantity, gap_seconds)
        if traded:
            seat.tell(f"{seller.account} passes {quantity} {seat.instrument.symbol} to {buyer.account}.")
            seller, buyer = buyer, seller
        yield jittered_ns(seat.random, geometric(*PAUSE_SECONDS, severity), 0.3)


PING_PONG = Scheme(
    name="ping_pong",
    description="Two accounts of different owners trade the same quantity back and forth.",
    severity_description=(
        f"From 0 to 1: {TRADES[0]} to {TRADES[1]} trades; in equal ratios: {SIZE_MULTIPLES[0]:g} to "
        f"{SIZE_MULTIPLES[1]:g} typical orders each, the second leg {LEG_GAP_SECONDS[0]:g} to {LEG_GAP_SECONDS[1]:g} s "
        f"after the first (sooner after a spoilt attempt), pauses of {PAUSE_SECONDS[0]:g} to {PAUSE_SECONDS[1]:g} s."
    ),
    troupe="strangers",
    duration_seconds_max=300.0,
    play=_play,
    trades_with_itself=True,
)
