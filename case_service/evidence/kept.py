"""Evidence read back from the vault, each file checked by its hash, and the book stepped through."""

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from case_service.evidence.event_file import Row, decode, of_market
from case_service.evidence.pin import CONTEXT, EVENTS, OPENING, Pin
from case_service.evidence.vault import Vault
from tapewatch.market.replay import BUY, SELL, BookReplay, Change, Level

KEPT_MAX = 8
"""Cases whose rows stay in memory, for the next page."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is pinned to a case: all rows by time, the market's book before them, the context."""

    rows: Sequence[Row]
    opening: Mapping[str, Any]
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """An event and the levels it changed."""

    row: Row
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class ReplayedPage:
    """A book, bids and asks best first, and the steps from there; whether there are more."""

    bids: Sequence[Level]
    asks: Sequence[Level]
    steps: Sequence[Step]
    more: bool


class KeptEvidence:
    """Reads pins from a vault; the last few stay in memory. Raises DataLoss where a file is gone or changed."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def of(self, pin: Pin) -> Kept:
        """The evidence of a pin; used from one thread at a time or from several."""
        found = self._kept.get(pin.manifest_sha256)
        if found is None:
            found = Kept(
                rows=decode(self.vault.get(pin.parts[EVENTS].sha256)),
                opening=json.loads(self.vault.get(pin.parts[OPENING].sha256)),
                context=json.loads(self.vault.get(pin.parts[CONTEXT].sha256)),
            )
            self._kept[pin.manifest_sha256] = found
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return found


def replayed(
    rows: Iterable[Row], opening: Mapping[str, Any], subject: Iterable[str], skipped: int, count: int
) -> ReplayedPage:
    """At most `count` steps behind the first `skipped` rows of a market, and the book before them."""
    replay = BookReplay.open(opening, subject)
    waiting = iter(rows)
    for _ in range(skipped):
        replay.take(next(waiting))
    bids, asks = replay.side(BUY), replay.side(SELL)
    steps: list[Step] = []
    for row in waiting:
        if len(steps) == count:
            return ReplayedPage(bids, asks, steps, more=True)
        steps.append(Step(row, replay.take(row)))
    return ReplayedPage(bids, asks, steps, more=False)


def market_rows(kept: Kept, venue: str, instrument: str, from_ns: int, to_ns: int) -> tuple[list[Row], int]:
    """A market's rows before a time's end (exclusive), and how many of them are before its begin."""
    rows = [row for row in of_market(kept.rows, venue, instrument) if row["event_time_ns"] < to_ns]
    return rows, sum(row["event_time_ns"] < from_ns for row in rows)
