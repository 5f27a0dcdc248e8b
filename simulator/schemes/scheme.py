"""What a scheme is: a name, who plays it, what severity means in numbers, and the behaviour itself."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random
from typing import Literal

from simulator.instrument import Instrument
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import Account, Population

Troupe = Literal["single", "linked", "strangers"]
"""Whose accounts take part: one account, accounts of one owner, or accounts of owners without a known link."""

STRANGERS_COUNT = 4

Step = Generator[int, None, bool]
"""A part of a scheme: yields waits like a behaviour, returns whether it came off."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A kind of abuse the simulator can play; `name` is the typology of its labels.

    `play(seat, accounts, severity)` is the behaviour; severity runs from 0 (hidden) to 1 (blatant).
    `duration_seconds_max` bounds how long it takes.
    """

    name: str
    description: str
    severity_description: str
    troupe: Troupe
    duration_seconds_max: float
    play: Callable[[SchemeSeat, Sequence[Account], float], Behaviour]
    wants_thin_market: bool = False
    trades_with_itself: bool = False


def choose_accounts(
    troupe: Troupe, population: Population, random: Random, taken_owners: set[str]
) -> tuple[Account, ...]:
    """Draw the accounts of a scheme from the ordinary clients, without owners who are already in another one."""
    groups = [group for group in population.groups() if group[0].owner not in taken_owners]
    if troupe == "linked":
        groups = [group for group in groups if len(group) > 1]
    needed = STRANGERS_COUNT if troupe == "strangers" else 1
    if len(groups) < needed:
        raise ValueError(
            f"expected {needed} more owners for a scheme of {troupe} accounts, found {len(groups)}: play fewer"
        )
    chosen = random.sample(groups, needed)
    taken_owners.update(group[0].owner for group in chosen)
    if troupe == "linked":
        return chosen[0]
    return tuple(random.choice(group) for group in chosen)


def multiple_quantity(instrument: Instrument, multiple: float) -> int:
    """Return that many typical orders, in whole lots."""
    lot = instrument.lot_size
    return max(lot, ceil(instrument.typical_quantity * multiple / lot) * lot)
