"""What a scheme is: a name, who plays it, what severity means in numbers, and the behaviour itself."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import ceil
from random import Random
from typing import TYPE_CHECKING, Literal

from simulator.market import Behaviour
from simulator.population import Account, Population
from simulator.randomness import geometric
from simulator.reference import Preparation, Table

if TYPE_CHECKING:
    from simulator.schemes.play import Play

Troupe = Literal["single", "linked", "strangers", "desk", "office", "modest", "dormant", "nobody"]
"""Whose accounts take part: one owner with one account (more where it splits its work), one owner with several
accounts, owners without a known link, two owners at one desk, owners behind one subnet, an owner who trades little,
one who hardly trades at all, or nobody: a condition of the market."""
STRANGERS_COUNT = 4
CROWD_COUNT = 40
MODEST_ACTIVITY_MAX = 3
OFFICE_COUNT_MIN = 3

Step = Generator[int, None, bool]
"""A part of a scheme: yields waits like a behaviour, returns whether it came off."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One number by which a scheme grows from hidden to blatant, and who published its bounds.

    `at` moves from `low` to `high` in equal ratios, or in equal steps where `is_count`.
    """

    name: str
    low: float
    high: float
    unit: str
    source: str
    is_count: bool = False

    def at(self, severity: float) -> float:
        """Return the value a severity from 0 to 1 stands for."""
        if self.is_count:
            return float(round(self.low + (self.high - self.low) * severity))
        return geometric(self.low, self.high, severity)


@dataclass(frozen=True, slots=True)
class Scheme:
    """A kind of abuse the simulator can play; `name` is the rule that is meant to find it, and its labels' typology.

    `play(play)` is the behaviour; severity runs from 0 (hidden) to 1 (blatant) along `ratios`. `axes` are the axes of
    camouflage that make sense for it. `duration_seconds_max` bounds how long it takes. `history_seconds` is how long
    the market has to have run before, where the catalogue compares with a past. `prepare` writes the reference data
    the scheme needs, of `tables`. `wants` says what kind of market it needs: a thin one, shares with a float, an
    instrument that trades at another venue too, or one with a related product.
    """

    name: str
    description: str
    ratios: tuple[Ratio, ...]
    axes: tuple[str, ...]
    troupe: Troupe
    duration_seconds_max: float
    play: "Callable[[Play], Behaviour]"
    strangers: int = STRANGERS_COUNT
    trades_with_itself: bool = False
    history_seconds: float = 0.0
    tables: tuple[Table, ...] = ()
    prepare: Callable[[Preparation], None] | None = None
    wants: Literal["", "thin", "float", "venue", "product"] = ""

    @property
    def severity_description(self) -> str:
        """What severity means, in numbers and with their sources."""
        parts = (f"{one.name} {one.low:g} to {one.high:g} {one.unit}".rstrip() for one in self.ratios)
        return f"From 0 to 1: {'; '.join(parts)}."

    def ratio(self, name: str) -> Ratio:
        """Return a ratio by its name."""
        return next(one for one in self.ratios if one.name == name)


Crew = tuple[Account, ...]
"""The accounts of one owner who takes part."""


def choose_accounts(
    scheme: Scheme, population: Population, random: Random, taken_owners: set[str], split: float = 0.0
) -> tuple[Crew, ...]:
    """Draw who plays a scheme from the ordinary clients, without owners who are already in another one.

    Returns one crew for each owner; raises ValueError when too few owners are left.
    """
    troupe = scheme.troupe
    if troupe == "nobody":
        return tuple((account,) for account in random.sample(population.clients, CROWD_COUNT))
    if troupe == "office":
        return _office(population, random, taken_owners)
    if troupe == "desk":
        return _desk(population, random, taken_owners, split)
    groups = population.dormant_groups() if troupe == "dormant" else population.groups()
    groups = tuple(group for group in groups if group[0].owner not in taken_owners)
    if troupe == "modest":
        groups = tuple(group for group in groups if sum(one.activity for one in group) <= MODEST_ACTIVITY_MAX)
    several = tuple(group for group in groups if len(group) > 1)
    needed = scheme.strangers if troupe == "strangers" else 1
    if troupe == "linked" or (split > 0.0 and troupe in ("single", "strangers")):
        groups = several if len(several) >= needed else groups
    if len(groups) < needed:
        raise ValueError(
            f"expected {needed} more owners for a scheme of {troupe} accounts, found {len(groups)}: play fewer"
        )
    chosen = random.sample(groups, needed)
    taken_owners.update(group[0].owner for group in chosen)
    if troupe == "linked":
        return tuple(chosen)
    return tuple(tuple(random.sample(group, 1 + ceil(split * (len(group) - 1)))) for group in chosen)


def _desk(population: Population, random: Random, taken_owners: set[str], split: float) -> tuple[Crew, ...]:
    """Draw two owners with an account at one desk each; those of the first are all there where its work is split."""
    desks: dict[str, dict[str, list[Account]]] = {}
    for account in population.clients:
        if account.owner not in taken_owners:
            desks.setdefault(account.desk, {}).setdefault(account.owner, []).append(account)
    shared = [list(owners.values()) for owners in desks.values() if len(owners) > 1]
    if not shared:
        raise ValueError("expected a desk of two owners who are in no other scheme, found none: play fewer")
    first, second = random.sample(random.choice(shared), 2)
    taken_owners.update((first[0].owner, second[0].owner))
    others = [one for one in population.clients if one.owner == first[0].owner and one is not first[0]]
    return (first[0], *random.sample(others, ceil(split * len(others)))), (second[0],)


def _office(population: Population, random: Random, taken_owners: set[str]) -> tuple[Crew, ...]:
    """Draw the people of one office: accounts of different owners behind one subnet."""
    offices: dict[str, list[Account]] = {}
    for account in population.clients:
        if account.owner not in taken_owners:
            offices.setdefault(account.ip_subnet, []).append(account)
    full = [people for people in offices.values() if len({one.owner for one in people}) >= OFFICE_COUNT_MIN]
    if not full:
        raise ValueError("expected an office of people who are in no other scheme, found none: play fewer")
    people = random.choice(full)
    taken_owners.update(one.owner for one in people)
    return tuple((one,) for one in {one.owner: one for one in people}.values())
