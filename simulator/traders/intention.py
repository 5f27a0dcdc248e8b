"""What clients are up to: whoever buys here is a buyer for a while, and so are all accounts of the same owner."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from simulator.market import Seat
from simulator.population import PROPRIETARY, Account
from simulator.randomness import choose, wait_ns

STANCE_SECONDS = 900.0
"""A client builds or gives up a position over about so long."""
STANCE_SECONDS_PROPRIETARY = 120.0
PAUSE_SHARE = 0.25
"""Of that time: who was on one side does nothing for so long before it is on the other."""
TRIES_MAX = 24


class Intentions:
    """On which side of one instrument each owner is now; nobody bids and offers at once but those who make markets."""

    def __init__(self) -> None:
        self._stances: dict[str, tuple[int, int, int]] = {}

    def someone(
        self, seat: Seat, accounts: Sequence[Account], side: int, random: Random | None = None
    ) -> Account | None:
        """Draw one of the accounts who would trade on a side now; None where nobody is found."""
        draws = random or seat.random
        for _ in range(TRIES_MAX):
            account = choose(draws, accounts)
            if self._takes_side(account, side, seat.now_ns, draws):
                return account
        return None

    def _takes_side(self, account: Account, side: int, now_ns: int, random: Random) -> bool:
        """Whether an owner is on a side, or takes it now since its last intention is done."""
        held, until_ns, free_ns = self._stances.get(account.owner, (0, 0, 0))
        if now_ns < until_ns:
            return held == side
        if now_ns < free_ns and held != side:
            return False
        mean_seconds = STANCE_SECONDS_PROPRIETARY if account.account_type == PROPRIETARY else STANCE_SECONDS
        over_ns = now_ns + wait_ns(random, mean_seconds)
        self._stances[account.owner] = (side, over_ns, over_ns + wait_ns(random, PAUSE_SHARE * mean_seconds))
        return True
