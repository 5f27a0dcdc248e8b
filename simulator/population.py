"""The people of the market: accounts with their owners, firms, desks, devices and subnets.

The population is drawn from the seed before any scheme is planned and never changes, so that nothing in it tells
who will misbehave.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from simulator.randomness import stream

MARKET_MAKER = "MARKET_MAKER"
PROPRIETARY = "PROPRIETARY"
INSTITUTION = "INSTITUTION"
RETAIL = "RETAIL"

CLIENT_OWNER_COUNT = 300
SECOND_ACCOUNT_SHARE = 0.3
THIRD_ACCOUNT_SHARE = 0.25
LINKED_SHARE = 0.1
FIRM_NAMES = ("Aldgate", "Birkholm", "Castellan", "Dunmere", "Eastgate", "Fjordline", "Greywater", "Hartwell")
CLIENT_TYPE_WEIGHTS = {RETAIL: 6, PROPRIETARY: 3, INSTITUTION: 2}
CROWD_ORDER_SECONDS = 0.07
"""The crowd fills an ordinary order's worth about so often, over the four shares."""
DORMANT_OWNER_COUNT = 30
DORMANT_SECONDS = 1_200.0
"""A dormant account enters an order about so often: the many clients who hardly ever trade."""
ACTIVITY_TAIL_EXPONENT = 1.0
ACTIVITY_MAX = 40
"""How often people trade has a heavy tail: most hardly do, a few do most of it."""
OFFICE_COUNT = 8
OFFICE_PEOPLE = (3, 5)
"""So many clients of different owners work behind one subnet, without a declared link."""


@dataclass(frozen=True, slots=True)
class Account:
    """One trading account, with the columns of the accounts reference table.

    `activity` says how often it trades, against the least active of the crowd: a few trade most of the time.
    """

    account: str
    owner: str
    firm: str
    desk: str
    account_type: str
    device: str
    ip_subnet: str
    trader: str
    linked_accounts: tuple[str, ...] = ()
    activity: int = 1


@dataclass(frozen=True, slots=True)
class Population:
    """All accounts; `clients` are the ordinary ones from which schemes draw their accounts too.

    `dormant` ones are apart: they hardly ever trade.
    """

    accounts: tuple[Account, ...]
    dormant: tuple[Account, ...] = ()

    @property
    def everybody(self) -> tuple[Account, ...]:
        """Every account there is, by name."""
        return tuple(sorted(self.accounts + self.dormant, key=lambda account: account.account))

    def of_type(self, account_type: str) -> tuple[Account, ...]:
        """Return the accounts of a type."""
        return tuple(account for account in self.accounts if account.account_type == account_type)

    @property
    def clients(self) -> tuple[Account, ...]:
        """Accounts that are not market makers."""
        return tuple(account for account in self.accounts if account.account_type != MARKET_MAKER)

    def order_seconds(self, account: Account) -> float:
        """How often an account fills an ordinary order somewhere; seconds."""
        if account in self.dormant:
            return DORMANT_SECONDS
        return CROWD_ORDER_SECONDS * sum(one.activity for one in self.clients) / account.activity

    def groups(self) -> tuple[tuple[Account, ...], ...]:
        """Return the client accounts, one tuple for each beneficial owner."""
        return _by_owner(self.clients)

    def dormant_groups(self) -> tuple[tuple[Account, ...], ...]:
        """Return the dormant accounts, one tuple for each beneficial owner."""
        return _by_owner(self.dormant)


def _by_owner(accounts: tuple[Account, ...]) -> tuple[tuple[Account, ...], ...]:
    owners: dict[str, list[Account]] = {}
    for account in accounts:
        owners.setdefault(account.owner, []).append(account)
    return tuple(tuple(group) for group in owners.values())


def populate(seed: int, market_maker_count: int) -> Population:
    """Draw the population of a seed; some owners have two or three accounts, some accounts are linked by family."""
    random = stream(seed, "population")
    numbers = iter(random.sample(range(100_000, 1_000_000), 3 * CLIENT_OWNER_COUNT + market_maker_count))
    owners = iter(random.sample(range(10_000, 100_000), CLIENT_OWNER_COUNT + market_maker_count))
    kinds = list(CLIENT_TYPE_WEIGHTS)
    weights = list(CLIENT_TYPE_WEIGHTS.values())
    accounts = [_account(random, next(numbers), next(owners), MARKET_MAKER) for _ in range(market_maker_count)]
    for _ in range(CLIENT_OWNER_COUNT):
        owner = next(owners)
        kind = random.choices(kinds, weights)[0]
        accounts += [_account(random, next(numbers), owner, kind) for _ in range(_account_count(random))]
    accounts.sort(key=lambda account: account.account)
    ordinary = _in_offices(stream(seed, "offices"), list(_linked(random, accounts)))
    pace = stream(seed, "activity")
    ordinary = [
        replace(one, activity=min(ACTIVITY_MAX, int(pace.paretovariate(ACTIVITY_TAIL_EXPONENT)))) for one in ordinary
    ]
    return Population(tuple(ordinary), tuple(_dormant(stream(seed, "dormant"), accounts)))


def _dormant(random: Random, others: list[Account]) -> Iterator[Account]:
    """Draw owners who hardly trade, with one or two accounts each and names nobody else has."""
    numbers = _free(random, {int(account.account[2:]) for account in others}, 100_000, 1_000_000)
    owners = _free(random, {int(account.owner[3:]) for account in others}, 10_000, 100_000)
    for _ in range(DORMANT_OWNER_COUNT):
        owner = next(owners)
        for _ in range(min(2, _account_count(random))):
            yield _account(random, next(numbers), owner, random.choice((RETAIL, PROPRIETARY, INSTITUTION)))


def _free(random: Random, taken: set[int], low: int, high: int) -> Iterator[int]:
    """Draw numbers that nobody has yet."""
    while True:
        number = random.randrange(low, high)
        if number not in taken:
            taken.add(number)
            yield number


def _in_offices(random: Random, accounts: list[Account]) -> list[Account]:
    """Put some clients without a declared link behind common subnets."""
    free = [index for index, one in enumerate(accounts) if one.account_type != MARKET_MAKER and not one.linked_accounts]
    random.shuffle(free)
    for _ in range(OFFICE_COUNT):
        people: dict[str, int] = {}
        for index in free[: random.randint(*OFFICE_PEOPLE)]:
            people.setdefault(accounts[index].owner, index)
        free = free[OFFICE_PEOPLE[1] :]
        subnet = accounts[next(iter(people.values()))].ip_subnet
        for index in people.values():
            accounts[index] = replace(accounts[index], ip_subnet=subnet)
    return accounts


def _account_count(random: Random) -> int:
    draw = random.random()
    return 3 if draw < SECOND_ACCOUNT_SHARE * THIRD_ACCOUNT_SHARE else 2 if draw < SECOND_ACCOUNT_SHARE else 1


def _account(random: Random, number: int, owner: int, kind: str) -> Account:
    firm = random.choice(FIRM_NAMES)
    return Account(
        account=f"AC{number}",
        owner=f"OWN{owner}",
        firm=firm,
        desk=f"{firm} {random.choice(('equities', 'derivatives', 'electronic', 'private clients'))}",
        account_type=kind,
        device=f"{random.getrandbits(32):08x}",
        ip_subnet=f"10.{random.randrange(256)}.{random.randrange(256)}.0/24",
        trader=f"TR{number ^ 0x2A5A5}",
    )


def _linked(random: Random, accounts: list[Account]) -> Iterator[Account]:
    """Link some clients of different owners in pairs that share a device and a subnet, as a household does."""
    clients = [index for index, account in enumerate(accounts) if account.account_type != MARKET_MAKER]
    linked_count = int(len(clients) * LINKED_SHARE) // 2 * 2
    chosen = random.sample(clients, linked_count)
    partner = dict(zip(chosen[::2], chosen[1::2], strict=True))
    partner.update({second: first for first, second in partner.items()})
    for index, account in enumerate(accounts):
        other = accounts[partner[index]] if index in partner else None
        if other is None or other.owner == account.owner:
            yield account
            continue
        shared = min(account, other, key=lambda one: one.account)
        yield replace(account, device=shared.device, ip_subnet=shared.ip_subnet, linked_accounts=(other.account,))
