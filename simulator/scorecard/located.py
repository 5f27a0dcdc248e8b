"""Fills in what labels leave out and the events know: times, accounts, owners and markets of what is labelled."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simulator.scorecard.event_marks import EventMarks
from simulator.scorecard.table import NOBODY, EventTable
from simulator.scorecard.truth import UNTIL_EVER_NS, Scenario


def located(table: EventTable, scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios with what their events show, where a label does not say it itself."""
    marks = EventMarks(table)
    return [_located(table, marks, one) for one in scenarios]


def _located(table: EventTable, marks: EventMarks, one: Scenario) -> Scenario:
    rows = np.flatnonzero(marks.of([one]) | marks.of_rows(one.rows)) if one.rows else np.flatnonzero(marks.of([one]))
    owned = frozenset(
        table.owners[int(table.owner[code])] for code, name in enumerate(table.accounts) if name in one.accounts
    )
    if not rows.size:
        return replace(one, owners=one.owners or owned)
    accounts = np.unique(table.account[rows])
    accounts = accounts[accounts != NOBODY]
    markets = [table.markets[code] for code in np.unique(table.market[rows]).tolist()]
    return replace(
        one,
        accounts=one.accounts or frozenset(table.accounts[code] for code in accounts.tolist()),
        owners=one.owners
        or owned
        or frozenset(table.owners[code] for code in np.unique(table.owner[accounts]).tolist()),
        venues=one.venues or frozenset(venue for venue, _ in markets),
        instruments=one.instruments or frozenset(instrument for _, instrument in markets),
        start_time_ns=one.start_time_ns or int(table.time_ns[rows].min()),
        end_time_ns=int(table.time_ns[rows].max()) if one.end_time_ns == UNTIL_EVER_NS else one.end_time_ns,
    )
