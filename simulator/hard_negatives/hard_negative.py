"""What a hard negative is: honest practice as near to abuse as it gets, played by name and labelled as benign."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import Account, Population

People = tuple[Account, ...]
"""The accounts of a hard negative, those of one owner next to each other."""


@dataclass(frozen=True, slots=True)
class HardNegative:
    """Honest conduct that a detector may take for abuse; `name` is the typology of its labels in benign.jsonl.

    `resembles` names the rules whose abuse it looks like, written down before any rule was run against it.
    `owner_count` owners of `account_type` ("" for any client) take part, each with one account, or with all of at
    least two where `with_all_accounts`. `play(seat, people)` is the behaviour and `duration_seconds_max` bounds it;
    one that is `at_close` begins so long before the session's call.
    """

    name: str
    description: str
    resembles: tuple[str, ...]
    play: Callable[[SchemeSeat, People], Behaviour]
    duration_seconds_max: float
    account_type: str = ""
    owner_count: int = 1
    with_all_accounts: bool = False
    wants_thin_market: bool = False
    wants_two_venues: bool = False
    at_close: bool = False


def choose_people(
    hard_negative: HardNegative,
    population: Population,
    random: Random,
    taken_owners: set[str],
    benign_owners: set[str],
) -> People:
    """Draw the accounts of a hard negative among owners who are not taken, and enter them in both sets.

    Where too few are left, those who are in another hard negative are drawn again, never those of a scheme. Raises
    ValueError where that does not do either.
    """
    groups = _groups(hard_negative, population, taken_owners)
    if len(groups) < hard_negative.owner_count:
        groups = _groups(hard_negative, population, taken_owners - benign_owners)
    if len(groups) < hard_negative.owner_count:
        raise ValueError(
            f"expected {hard_negative.owner_count} more owners for {hard_negative.name}, found {len(groups)}: "
            "play fewer"
        )
    chosen = random.sample(groups, hard_negative.owner_count)
    owners = {group[0].owner for group in chosen}
    taken_owners.update(owners)
    benign_owners.update(owners)
    if hard_negative.with_all_accounts:
        return tuple(account for group in chosen for account in group)
    return tuple(random.choice(group) for group in chosen)


def _groups(hard_negative: HardNegative, population: Population, taken_owners: set[str]) -> list[People]:
    wanted = hard_negative.account_type
    groups = [
        tuple(account for account in group if wanted in ("", account.account_type))
        for group in population.groups()
        if group[0].owner not in taken_owners
    ]
    return [group for group in groups if len(group) >= (2 if hard_negative.with_all_accounts else 1)]
