"""Spoofing: one large order that is not meant to trade, a genuine fill opposite, and the large order is gone."""

from collections.abc import Sequence

from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import Account
from simulator.randomness import geometric
from simulator.schemes.pressure import Pressure, press
from simulator.schemes.scheme import Scheme

SIZE_MULTIPLES = (3.0, 40.0)
LIFE_SECONDS = (9.0, 2.5)
WITHDRAWAL_SECONDS = (1.5, 0.06)
ROUNDS_AT_MOST = 4


def _play(seat: SchemeSeat, accounts: Sequence[Account], severity: float) -> Behaviour:
    plan = Pressure(
        layer_count=1,
        distance_ticks=seat.random.randint(1, 3),
        step_ticks=1,
        size_multiple=geometric(*SIZE_MULTIPLES, severity),
        life_seconds=geometric(*LIFE_SECONDS, severity),
        withdrawal_seconds=geometric(*WITHDRAWAL_SECONDS, severity),
        rounds=1 + round((ROUNDS_AT_MOST - 1) * severity),
    )
    yield from press(seat, accounts, plan)


SPOOFING = Scheme(
    name="spoofing",
    description="A large order that is not meant to trade moves the book; a genuine order on the other side fills; "
    "the large order is cancelled.",
    severity_description=(
        f"From 0 to 1, in equal ratios: size {SIZE_MULTIPLES[0]:g} to {SIZE_MULTIPLES[1]:g} typical orders, life at "
        f"most {LIFE_SECONDS[0]:g} to {LIFE_SECONDS[1]:g} s, withdrawn {WITHDRAWAL_SECONDS[0]:g} to "
        f"{WITHDRAWAL_SECONDS[1]:g} s after the fill; 1 to {ROUNDS_AT_MOST} rounds."
    ),
    troupe="single",
    duration_seconds_max=120.0,
    play=_play,
)
