"""Busts and corrections of executions: kept as they come, and worked into the executions they name."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from typing import Any, Final

import numpy as np

from tapewatch.market.event import Kind
from tapewatch.market.frame import Frame
from tapewatch.market.identity import event_id

AMENDMENTS_MAX: Final = 100_000
REFERENCES_IN_BYTES_MAX: Final = 32
_NUMBERS: Final = ("price", "quantity")
_EXECUTIONS: Final = (Kind.FILL, Kind.TRADE)
Name = tuple[str, str, str]
"""Venue, instrument, id of an execution or trade."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """A BUST or CORRECT: what it names, and what it makes of it; NaN leaves a number as it was.

    `of_order` where it names an account or order: then it is of one report (a FILL, by execution id); else of a trade.
    """

    venue: str
    instrument: str
    reference: str
    execution_id: str
    is_bust: bool
    of_order: bool
    time_ns: int
    price: float
    quantity: float

    @property
    def name(self) -> Name:
        """What it names."""
        return self.venue, self.instrument, self.reference


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one execution."""

    venue: str
    instrument: str
    reference: str
    label: str
    is_bust: bool
    event_id: str
    source: str

    @property
    def name(self) -> Name:
        """The execution."""
        return self.venue, self.instrument, self.reference

    @property
    def sentence(self) -> str:
        """What happened, for people."""
        return f"{self.label} was {'busted' if self.is_bust else 'corrected'}"


class Amendments:
    """The amendments of a bounded past, oldest first; `searched` names what has been looked for and not found."""

    def __init__(self) -> None:
        self._held: list[Amendment] = []
        self._effects: dict[Name, Amendment] | None = None
        self._first_of: dict[Name, Name] = {}
        self._references: set[str] = set()
        self.searched: set[Name] = set()

    def __len__(self) -> int:
        return len(self._held)

    def copy(self) -> Amendments:
        """The same amendments, which those that come from now on do not change."""
        made = Amendments()
        made._held, made.searched = list(self._held), set(self.searched)
        return made

    def take(self, frame: Frame) -> list[Amendment]:
        """Keeps the frame's BUST and CORRECT rows; those it found."""
        kinds = frame.columns["kind"]
        rows = np.flatnonzero((kinds == Kind.BUST) | (kinds == Kind.CORRECT))
        if not len(rows):
            return []
        found = [_amendment(frame, int(row)) for row in rows]
        self._held.extend(found)
        for old in self._held[:-AMENDMENTS_MAX]:
            self.searched.discard(old.name)
        del self._held[:-AMENDMENTS_MAX]
        self._effects = None
        return found

    @property
    def effects(self) -> dict[Name, Amendment]:
        """What is to become of each execution: later amendments over earlier ones, by time, then arrival.

        A correction may itself be corrected or busted, under its own execution id.
        """
        if self._effects is None:
            self._effects, self._first_of = _resolved(self._held)
            self._references = {reference for _, _, reference in self._effects}
        return self._effects

    def originals(self, names: Iterable[Name]) -> set[Name]:
        """The executions behind names that may be those of corrections."""
        return {self._first_of.get(name, name) for name in names} if self.effects else set(names)

    def touches(self, frame: Frame) -> bool:
        """Whether a frame holds an execution that was amended before it came."""
        if not self.searched or not _may_hold(frame, {reference for _, _, reference in self.searched}):
            return False
        return any(each.name in self.searched for _, each in self._found(frame))

    def names_in(self, frame: Frame) -> set[Name]:
        """The amended executions that a frame holds."""
        return {each.name for _, each in self._found(frame)}

    def apply(self, frame: Frame) -> tuple[Frame, list[Change]]:
        """The frame with busted executions taken out and corrected ones made right, and what became of which.

        Where a corrected fill says what is left open of its order, that moves by as much as its quantity did.
        """
        found = self._found(frame)
        if not found:
            return frame, []
        changes = [_change(frame, row, amendment) for row, amendment in found]
        columns = dict(frame.columns)
        for name in (*_NUMBERS, "leaves_quantity"):
            absent = np.full(frame.row_count, np.nan)
            columns[name] = columns[name].copy() if name in columns else absent
        for row, amendment in found:
            _correct(columns, row, amendment)
        corrected = Frame(frame.row_count, columns, frame.strings, frame.extensions)
        busted = [row for row, amendment in found if amendment.is_bust]
        kept = np.delete(np.arange(frame.row_count), busted)
        return (corrected.take(kept) if busted else corrected), changes

    def _found(self, frame: Frame) -> list[tuple[int, Amendment]]:
        effects = self.effects
        if not effects or not _may_hold(frame, self._references):
            return []
        named = [index for index, text in enumerate(frame.strings) if text in self._references]
        if not named:
            return []
        hits = np.zeros(frame.row_count, dtype=bool)
        for column in ("execution_id", "trade_id"):
            if column in frame.columns:
                hits |= np.isin(frame.columns[column], named)
        hits &= np.isin(frame.columns["kind"], _EXECUTIONS)
        pairs = ((int(row), _effect(effects, frame, int(row))) for row in np.flatnonzero(hits))
        return [(row, effect) for row, effect in pairs if effect is not None]

    def state(self) -> dict[str, Any]:
        """Plain values from which `restore` makes the same amendments."""
        return {"held": [astuple(each) for each in self._held], "searched": sorted(self.searched)}

    def restore(self, state: dict[str, Any]) -> None:
        """Becomes the amendments whose `state` was taken."""
        self._held = [Amendment(*each) for each in state["held"]]
        self.searched = {(venue, instrument, reference) for venue, instrument, reference in state["searched"]}
        self._effects = None


def _may_hold(frame: Frame, references: set[str]) -> bool:
    """Whether any of the texts can be in a frame: few are looked for in its bytes, far faster than in its strings."""
    if len(references) > REFERENCES_IN_BYTES_MAX:
        return True
    blob = frame.table.blob
    return any(reference.encode() in blob for reference in references)


def _amendment(frame: Frame, row: int) -> Amendment:
    def number(name: str) -> float:
        return float(frame.columns[name][row]) if name in frame.columns else math.nan

    return Amendment(
        venue=frame.text("venue", row),
        instrument=frame.text("instrument", row),
        reference=frame.text("reference_execution_id", row) or frame.text("trade_id", row),
        execution_id=frame.text("execution_id", row),
        is_bust=int(frame.columns["kind"][row]) == Kind.BUST,
        of_order=any(frame.text(name, row) for name in ("account", "order_id", "client_order_id")),
        time_ns=int(frame.columns["event_time_ns"][row]),
        price=number("price"),
        quantity=number("quantity"),
    )


def _resolved(held: Iterable[Amendment]) -> tuple[dict[Name, Amendment], dict[Name, Name]]:
    first_of: dict[Name, Name] = {}
    effects: dict[Name, Amendment] = {}
    for each in sorted(held, key=lambda amendment: amendment.time_ns):
        if not each.reference:
            continue
        name = first_of.get(each.name, each.name)
        if each.execution_id and each.execution_id != each.reference:
            first_of[each.venue, each.instrument, each.execution_id] = name
        before = effects.get(name)
        kept = {key: getattr(before, key) for key in _NUMBERS if before is not None and math.isnan(getattr(each, key))}
        effects[name] = replace(each, reference=name[2], **kept)
    return effects, first_of


def _effect(effects: dict[Name, Amendment], frame: Frame, row: int) -> Amendment | None:
    """The amendment of the execution in a row, if there is one."""
    place = frame.text("venue", row), frame.text("instrument", row)
    execution, trade = frame.text("execution_id", row), frame.text("trade_id", row)
    is_fill = frame.columns["kind"][row] == Kind.FILL
    found = effects.get((*place, execution)) if execution else None
    if found is not None and (is_fill or not found.of_order):
        return found
    found = effects.get((*place, trade)) if trade else None
    if found is None or (found.of_order and (execution or not is_fill)):
        return None
    return found


def _correct(columns: dict[str, Any], row: int, amendment: Amendment) -> None:
    quantity = columns["quantity"][row]
    if not math.isnan(amendment.price):
        columns["price"][row] = amendment.price
    if not math.isnan(amendment.quantity):
        columns["quantity"][row] = amendment.quantity
        columns["leaves_quantity"][row] = np.maximum(
            0.0, columns["leaves_quantity"][row] + quantity - amendment.quantity
        )


def _change(frame: Frame, row: int, amendment: Amendment) -> Change:
    def number(name: str) -> int:
        return int(frame.columns[name][row]) if name in frame.columns else 0

    source, trade = frame.text("source", row), frame.text("trade_id", row)
    numbers = number("source_epoch"), number("source_sequence"), number("source_part")
    return Change(
        venue=amendment.venue,
        instrument=amendment.instrument,
        reference=amendment.reference,
        label=f"trade {trade}" if trade else f"execution {amendment.reference}",
        is_bust=amendment.is_bust,
        event_id=event_id(source, *numbers, key=frame.text("event_key", row)),
        source=source,
    )
