"""Layering: several orders at stepped prices on one side, a genuine fill opposite, and all of them are gone."""

from collections.abc import Sequence

from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import Account
from simulator.randomness import geometric
from simulator.schemes.pressure import Pressure, press
from simulator.schemes.scheme import Scheme

LAYERS = (3, 6)
SIZE_MULTIPLES = (1.5, 16.0)
LIFE_SECONDS = (15.0, 4.0)
WITHDRAWAL_SECONDS = (2.0, 0.1)
ROUNDS_AT_MOST = 3


def _play(seat: SchemeSeat, accounts: Sequence[Account], severity: float) -> Behaviour:
    plan = Pressure(
        layer_count=LAYERS[0] + round((LAYERS[1] - LAYERS[0]) * severity),
        distance_ticks=1,
        step_ticks=seat.random.randint(1, 2),
        size_multiple=geometric(*SIZE_MULTIPLES, severity),
        life_seconds=geometric(*LIFE_SECONDS, severity),
        withdrawal_seconds=geometric(*WITHDRAWAL_SECONDS, severity),
        rounds=1 + round((ROUNDS_AT_MOST - 1) * severity),
    )
    yield from press(seat, accounts, plan)


LAYERING = Scheme(
    name="layering",
    description="Several orders at stepped prices on one side feign interest; a genuine order on the other side "
    "fills; the layers are cancelled together.",
    severity_description=(
        f"From 0 to 1: {LAYERS[0]} to {LAYERS[1]} layers; in equal ratios: each of {SIZE_MULTIPLES[0]:g} to "
        f"{SIZE_MULTIPLES[1]:g} typical orders, life at most {LIFE_SECONDS[0]:g} to {LIFE_SECONDS[1]:g} s, withdrawn "
        f"{WITHDRAWAL_SECONDS[0]:g} to {WITHDRAWAL_SECONDS[1]:g} s after the fill; 1 to {ROUNDS_AT_MOST} rounds."
    ),
    troupe="single",
    duration_seconds_max=160.0,
    play=_play,
)
