"""What a naive rule flags, event by event, gathered into claims as an analyst would be shown them.

The flagged events of one owner in one market are one claim while less than two minutes lie between them, which is how
long the rules of the catalogue keep an episode open.
"""

from typing import Final

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
    return [_claim(table, part, detector, is_about_markets) for part in np.split(rows, np.flatnonzero(opens) + 1)]


def _claim(table: EventTable, rows: Array, detector: str, is_about_markets: bool) -> Sighting:
    venue, instrument = table.markets[int(table.market[rows[0]])]
    accounts = np.zeros(0, dtype=np.int64) if is_about_markets else _codes(table.account[rows])
    owners = _codes(table.owner[accounts]) if accounts.size else accounts
    start, end = int(table.time_ns[rows[0]]), int(table.time_ns[rows[-1]])
    return Sighting(
        detector=detector,
        typology=typology_of(detector),
        start_time_ns=start,
        end_time_ns=end,
        raised_time_ns=start,
        venue=venue,
        instrument=instrument,
        accounts=frozenset(table.accounts[code] for code in accounts.tolist()),
        owners=frozenset(table.owners[code] for code in owners.tolist()),
        order_ids=frozenset(table.orders[code] for code in _codes(table.order[rows]).tolist()),
        trade_ids=frozenset(table.trades[code] for code in _codes(table.trade[rows]).tolist()),
        explanation=f"{rows.size} events flagged by the naive rule",
    )


def _codes(values: Array) -> Array:
    used: Array = np.unique(values)
    return np.asarray(used[used != NOBODY])
