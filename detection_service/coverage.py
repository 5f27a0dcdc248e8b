"""Coverage: which rule watches which instrument of which source, with what data, since when; and what is not watched.

`Shown` keeps, a source and instrument, what its events have shown so far, from whole frames. `lines` holds that against
what every rule needs. Nothing here moves an alert.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detection_service.engine.engine import Engine
from detection_service.engine.triggers import (
    HAS_ACCOUNTS,
    HAS_FILLS,
    HAS_MATCHES,
    HAS_ORDERS,
    HAS_PHASES,
    HAS_PRINTS,
    HAS_QUOTES,
    HAS_UNNAMED,
)
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.rule import Regulation, Rule
from tapewatch.market.event import Aggressor, Kind
from tapewatch.market.frame import Frame

PAIRS_MAX: Final = 200_000
ROWS_TOGETHER: Final = 16_384
_COLUMNS: Final[tuple[str, ...]] = (
    *("event_time_ns", "kind", "source", "venue", "instrument", "account", "contra_account", "trade_id", "aggressor"),
)
DATA: Final = {
    HAS_ORDERS: "orders",
    HAS_ACCOUNTS: "accounts",
    HAS_FILLS: "fills",
    HAS_MATCHES: "matches",
    HAS_PRINTS: "trades",
    HAS_QUOTES: "quotes",
    HAS_UNNAMED: "orders without account",
    HAS_PHASES: "phases",
}
CROSS_VENUE: Final = "cross_venue"
NOT_IN_FORCE: Final = "the rule is not in force"
NOTHING_SEEN: Final = "no source has shown anything yet"
Pair = tuple[str, str, str]
"""Source, venue, instrument."""
Array = NDArray[Any]


@dataclass(slots=True)
class Seen:
    """What a source has shown of an instrument: a set of bits, since when (event time), in how many events."""

    bits: int
    since_ns: int
    events: int


@dataclass(frozen=True, slots=True)
class Line:
    """A rule on an instrument of a source; `reason` says why it does not watch it, empty where it does."""

    rule_id: str
    source: str
    venue: str
    instrument: str
    data: tuple[str, ...]
    since_ns: int
    events: int
    reason: str

    @property
    def watched(self) -> bool:
        """Whether the rule can apply."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Pointer:
    """A regulation: the rules that point to it, of them those that watch something, with the data they do it with."""

    regulation: Regulation
    rules: tuple[str, ...]
    watching: tuple[str, ...]
    data: tuple[str, ...]


class Shown:
    """What was shown, a source and instrument; at most PAIRS_MAX, `not_listed` counts events of others.

    Small frames wait until there are enough of them, or somebody asks: what a frame costs goes with its instruments.
    """

    def __init__(self) -> None:
        self._pairs: dict[Pair, Seen] = {}
        self._not_listed = 0
        self._waiting: list[Frame] = []
        self._waiting_rows = 0

    @property
    def pairs(self) -> dict[Pair, Seen]:
        """What was shown, by source, venue and instrument."""
        self._settle()
        return self._pairs

    @property
    def not_listed(self) -> int:
        """Events of pairs beyond PAIRS_MAX."""
        self._settle()
        return self._not_listed

    def take(self, frame: Frame) -> None:
        """Takes a frame's events into account."""
        columns = {name: frame.columns[name] for name in _COLUMNS if name in frame.columns}
        self._waiting.append(Frame(frame.row_count, columns, frame.table))
        self._waiting_rows += frame.row_count
        if self._waiting_rows >= ROWS_TOGETHER:
            self._settle()

    def _settle(self) -> None:
        if self._waiting_rows:
            self._note_all(Frame.concat(self._waiting))
        self._waiting.clear()
        self._waiting_rows = 0

    def _note_all(self, frame: Frame) -> None:
        bits = _bits(frame)
        for source, source_rows in _groups(frame, "source", None):
            for venue, rows in _groups(frame, "venue", source_rows):
                self._note(frame, source, venue, rows, bits)

    def _note(self, frame: Frame, source: str, venue: str, rows: Array | None, bits: Mapping[int, Array]) -> None:
        instruments = _of(frame.columns["instrument"], rows)
        counts = np.bincount(instruments)
        shown = np.zeros(counts.size, dtype=np.int64)
        for bit, mask in bits.items():
            has = np.zeros(counts.size, dtype=bool)
            has[instruments[_of(mask, rows)]] = True
            shown[has] |= bit
        times = _of(frame.columns["event_time_ns"], rows)
        for index in np.flatnonzero(counts).tolist():
            pair = (source, venue, frame.string(index))
            seen = self._pairs.get(pair)
            if seen is not None:
                seen.bits |= int(shown[index])
                seen.events += int(counts[index])
            elif len(self._pairs) < PAIRS_MAX:
                since_ns = int(times[int(np.argmax(instruments == index))])
                self._pairs[pair] = Seen(int(shown[index]), since_ns, int(counts[index]))
            else:
                self._not_listed += int(counts[index])

    def state(self) -> dict[str, Any]:
        """Plain values from which `restore` makes the same."""
        pairs = [[*pair, seen.bits, seen.since_ns, seen.events] for pair, seen in self.pairs.items()]
        return {"pairs": pairs, "not_listed": self.not_listed}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Becomes what `state` was taken of; begins afresh from the empty state of a snapshot that knew none."""
        self._pairs = {
            (source, venue, instrument): Seen(bits, since_ns, events)
            for source, venue, instrument, bits, since_ns, events in state.get("pairs", ())
        }
        self._not_listed = state.get("not_listed", 0)


def lines(shown: Shown, engine: Engine) -> Iterator[Line]:
    """Every rule on every instrument of every source, in order; a rule no source lets apply has a line of its own."""
    reasons: dict[int, dict[str, str]] = {}
    known = rules_known(engine)
    for rule_id in known:
        if not shown.pairs:
            yield Line(rule_id, "", "", "", (), 0, 0, _absent(engine, rule_id) or NOTHING_SEEN)
        for pair, seen in sorted(shown.pairs.items()):
            if seen.bits not in reasons:
                reasons[seen.bits] = engine.not_applicable(seen.bits)
            reason = _absent(engine, rule_id) or reasons[seen.bits].get(rule_id, "")
            if not reason and rule_id == CROSS_VENUE:
                reason = engine.not_compared(pair[1], pair[2])
            yield Line(rule_id, *pair, data_of(known[rule_id], seen.bits), seen.since_ns, seen.events, reason)


def pointers(shown: Shown, engine: Engine) -> list[Pointer]:
    """Every regulation a rule points to, by its text."""
    watching: dict[str, set[str]] = {}
    for line in lines(shown, engine):
        if line.watched:
            watching.setdefault(line.rule_id, set()).update(line.data)
    found: dict[str, tuple[Regulation, list[str]]] = {}
    for rule_id, rule in rules_known(engine).items():
        for regulation in rule.metadata.regulations:
            found.setdefault(regulation.text, (regulation, []))[1].append(rule_id)
    return [
        Pointer(
            regulation,
            tuple(rule_ids),
            tuple(rule_id for rule_id in rule_ids if rule_id in watching),
            tuple(sorted({each for rule_id in rule_ids for each in watching.get(rule_id, ())})),
        )
        for _, (regulation, rule_ids) in sorted(found.items())
    ]


def rules_known(engine: Engine) -> dict[str, Rule]:
    """The rules of the catalogue and those brought, by id, in order; whether in force or not."""
    return dict(sorted({**RULE_BY_ID, **engine.configuration.known}.items()))


def data_of(rule: Rule, shown: int) -> tuple[str, ...]:
    """What of what is shown a rule works with."""
    wanted = 0
    for need in rule.metadata.needs:
        wanted |= need.capability
    return tuple(word for bit, word in DATA.items() if bit & wanted & shown)


def _absent(engine: Engine, rule_id: str) -> str:
    return "" if rule_id in engine.configuration.rules else NOT_IN_FORCE


def _bits(frame: Frame) -> dict[int, Array]:
    """By capability the rows that show it (detection_service.engine.triggers); as the core tells them."""
    kinds = frame.columns["kind"]
    fills = kinds == Kind.FILL
    accounts = _present(frame, "account")
    trade_ids = _present(frame, "trade_id")
    contra = _present(frame, "contra_account")
    prints = fills & (trade_ids | (_column(frame, "aggressor") != Aggressor.UNKNOWN))
    return {
        HAS_ORDERS: (kinds == Kind.NEW) | (kinds == Kind.REPLACE) | (kinds == Kind.CANCEL),
        HAS_ACCOUNTS: accounts,
        HAS_FILLS: fills,
        HAS_MATCHES: fills & (contra | _shared(frame, fills & trade_ids)),
        HAS_PRINTS: (kinds == Kind.TRADE) | prints,
        HAS_QUOTES: kinds == Kind.QUOTE,
        HAS_UNNAMED: (kinds == Kind.NEW) & ~accounts,
        HAS_PHASES: kinds == Kind.PHASE,
    }


def _shared(frame: Frame, fills: Array) -> Array:
    """Fills whose trade_id another of the frame has too."""
    indices = _column(frame, "trade_id")
    if not fills.any():
        return fills
    often = np.bincount(indices[fills]) > 1
    shared: Array = fills.copy()
    shared[fills] = often[indices[fills]]
    return shared


def _groups(frame: Frame, name: str, rows: Array | None) -> Iterator[tuple[str, Array | None]]:
    """The rows (None: all) by a text column; None again where it has one value."""
    values = frame.columns.get(name)
    if values is None:
        yield "", rows
        return
    values = _of(values, rows)
    first = int(values[0])
    if bool((values == first).all()):
        yield frame.string(first), rows
        return
    for index in np.flatnonzero(np.bincount(values)).tolist():
        picked = np.flatnonzero(values == index)
        yield frame.string(index), picked if rows is None else rows[picked]


def _of(values: Array, rows: Array | None) -> Array:
    return values if rows is None else values[rows]


def _present(frame: Frame, name: str) -> Array:
    present: Array = _column(frame, name) != 0
    return present


def _column(frame: Frame, name: str) -> Array:
    values = frame.columns.get(name)
    return np.zeros(frame.row_count, dtype=np.uint8) if values is None else values
