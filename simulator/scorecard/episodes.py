"""What a naive rule flags, event by event, gathered into claims as an analyst would be shown them.

The flagged events of one owner in one market are one claim while less than two minutes lie between them, which is how
long the rules of the catalogue keep an episode open.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

import numpy as np

from simulator.scorecard.families import typology_of
from simulator.scorecard.sighting import Sighting
from simulator.scorecard.table import NOBODY, Array, EventTable, Mask

EPISODE_GAP_NS: Final = 120_000_000_000


def gathered(table: EventTable, flagged: Mask, detector: str, *, is_about_markets: bool = False) -> list[Sighting]:
    """The claims of flagged events, by owner and market, or by market alone; event by event in order of time."""
    rows = np.flatnonzero(flagged)
    if not rows.size:
        return []
    group = np.zeros(rows.size, dtype=np.int64) if is_about_markets else table.group[rows].astype(np.int64)
    subject = table.market[rows].astype(np.int64) * len(table.owners) + group
    ordered = np.lexsort((table.time_ns[rows], subject))
    rows, subject = rows[ordered], subject[ordered]
    opens = (np.diff(subject) != 0) | (np.diff(table.time_ns[rows]) > EPISODE_GAP_NS)
    starts = [0, *(np.flatnonzero(opens) + 1).tolist(), rows.size]
    flags = _Flagged.of(table, rows, names_people=not is_about_markets)
    return [flags.claim(table, detector, start, end) for start, end in pairwise(starts)]


@dataclass(frozen=True, slots=True)
class _Flagged:
    """What the flagged events name, as lists: most claims are of a few events, for which arrays cost more."""

    time_ns: list[int]
    market: list[int]
    account: list[int]
    order: list[int]
    trade: list[int]

    @classmethod
    def of(cls, table: EventTable, rows: Array, *, names_people: bool) -> Self:
        account = table.account[rows].tolist() if names_people else [NOBODY] * rows.size
        return cls(
            table.time_ns[rows].tolist(), table.market[rows].tolist(), account, table.order[rows].tolist(),
            table.trade[rows].tolist(),
        )  # fmt: skip

    def claim(self, table: EventTable, detector: str, start: int, end: int) -> Sighting:
        venue, instrument = table.markets[self.market[start]]
        accounts = set(self.account[start:end]) - {NOBODY}
        return Sighting(
            detector=detector,
            typology=typology_of(detector),
            start_time_ns=self.time_ns[start],
            end_time_ns=self.time_ns[end - 1],
            raised_time_ns=self.time_ns[start],
            venue=venue,
            instrument=instrument,
            accounts=frozenset(table.accounts[code] for code in accounts),
            owners=frozenset(table.owners[int(table.owner[code])] for code in accounts),
            order_ids=frozenset(table.orders[code] for code in set(self.order[start:end]) - {NOBODY}),
            trade_ids=frozenset(table.trades[code] for code in set(self.trade[start:end]) - {NOBODY}),
            explanation=f"{end - start} events flagged by the naive rule",
        )
