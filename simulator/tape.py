# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, annotation_typing=False
"""The tape: what the venues say, one row per event straight into columns; no Python object an event.

Rows become reports where somebody listens, and tables where a file is written. Types are in the .pxd beside.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.instrument import Instrument
from simulator.order_book import BUY, DAY, IMMEDIATE_OR_CANCEL, LIMIT, MARKET, Order
from simulator.population import Account
from simulator.report import Report

NEW = 1
REPLACE = 2
CANCEL = 3
FILL = 4
REJECT = 5
CANCEL_REJECT = 6
EXPIRE = 7
PHASE = 15
KIND_NAMES = {
    NEW: "NEW", REPLACE: "REPLACE", CANCEL: "CANCEL", FILL: "FILL", REJECT: "REJECT", CANCEL_REJECT: "CANCEL_REJECT",
    EXPIRE: "EXPIRE", PHASE: "PHASE",
}  # fmt: skip
AGGRESSOR_UNKNOWN = 0
NOT_AGGRESSOR = 1
AGGRESSOR = 2
_AGGRESSORS = (None, False, True)
_FIRST_ROWS = 1_024

COLUMN_CODES = {
    "time_ns": "q", "kind": "b", "listing": "i", "person": "i", "number": "q", "request": "q", "execution": "q",
    "side": "b", "price": "q", "quantity": "q", "leaves": "q", "is_immediate": "b", "is_limit": "b", "display": "q",
    "trade": "q", "contra": "i", "aggressor": "b", "text": "i",
}  # fmt: skip
"""Columns of the tape and their types as `array` names them; prices in ticks, 0 for none; `person`, `contra` and
`text` are numbers in the tape's names, -1 (text: 0) for none."""


class Person:
    """An account as the tape knows it: its number, its name, who trades for it, and its owner's self-match number."""

    def __init__(self, number: int, account: str, trader: str) -> None:
        self.number = number
        self.account = account
        self.trader = trader
        self.owner_key = 0


class Numbering:
    """The next number of each kind that the venues hand out, in the order in which requests are processed.

    Ids therefore say nothing about their owner or purpose. One numbering serves all venues of a market; `first` is the
    first number of each kind, so that sessions do not use an id twice.
    """

    def __init__(self, first: int = 1) -> None:
        self.order = first
        self.request = first
        self.execution = first
        self.trade = first


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows taken from a tape: its columns as arrays of one length, and what their numbers stand for."""

    columns: dict[str, Any]
    accounts: list[str]
    traders: list[str]
    texts: list[str]
    instruments: list[Instrument]

    @property
    def row_count(self) -> int:
        """How many rows."""
        return len(self.columns["time_ns"])


class Tape:
    """Rows not yet taken, in the order in which the venues wrote them."""

    def __init__(self, numbering: Numbering) -> None:
        self.numbering = numbering
        self.count = 0
        self.told = 0
        self.capacity = 0
        self.instruments: list[Instrument] = []
        self.people: list[Person] = []
        self.texts = [""]
        self._text_numbers = {"": 0}
        self._persons: dict[tuple[str, str], Person] = {}
        self._known: dict[str, Person] = {}
        self._match_numbers = {"": 0}
        self._make_room(_FIRST_ROWS)

    def _make_room(self, capacity: int) -> None:
        """Give every column room for so many rows; those that are written stay."""
        for name, code in COLUMN_CODES.items():
            written = bytes(getattr(self, name)) if self.capacity else b""
            setattr(self, name, array(code, written + bytes(array(code).itemsize * (capacity - self.capacity))))
        self.capacity = capacity

    def enlist(self, instrument: Instrument) -> int:
        """Return the number under which an instrument's events are written."""
        self.instruments.append(instrument)
        return len(self.instruments) - 1

    def person_of(self, account: str, trader: str) -> Person:
        """Return an account as the tape knows it."""
        person = self._persons.get((account, trader))
        if person is None:
            person = Person(len(self.people), account, trader)
            self._persons[account, trader] = person
            self.people.append(person)
        return person

    def known(self, account: Account) -> Person:
        """Return an account of the population as the tape knows it, with its owner's self-match number."""
        person = self._known.get(account.account)
        if person is None:
            person = self.person_of(account.account, account.trader)
            person.owner_key = self.match_number(account.owner)
            self._known[account.account] = person
        return person

    def match_number(self, match_key: str) -> int:
        """Return the number of a self-match key; that of "" is 0, which matches nobody."""
        return self._match_numbers.setdefault(match_key, len(self._match_numbers))

    def record(
        self, time_ns: int, kind: int, listing: int, order: Order, price: int, quantity: int, text: int,
        trade: int, contra: int, aggressor: int,
    ) -> None:  # fmt: skip
        """Write an event about an order."""
        row = self.count
        if row == self.capacity:
            self._make_room(2 * row)
        self.time_ns[row] = time_ns
        self.kind[row] = kind
        self.listing[row] = listing
        self.person[row] = order.person
        self.number[row] = order.number
        self.request[row] = order.request
        self.execution[row] = self.numbering.execution
        self.side[row] = order.side
        self.price[row] = price
        self.quantity[row] = quantity
        self.leaves[row] = order.leaves
        self.is_immediate[row] = order.is_immediate
        self.is_limit[row] = order.limit != 0
        self.display[row] = 0 if trade else order.display
        self.trade[row] = trade
        self.contra[row] = contra
        self.aggressor[row] = aggressor
        self.text[row] = text
        self.numbering.execution += 1
        self.count = row + 1

    def record_phase(self, time_ns: int, listing: int, phase: str) -> None:
        """Write that a listing has entered a phase."""
        row = self.count
        if row == self.capacity:
            self._make_room(2 * row)
        for name in COLUMN_CODES:
            getattr(self, name)[row] = 0
        self.time_ns[row] = time_ns
        self.kind[row] = PHASE
        self.listing[row] = listing
        self.person[row] = self.contra[row] = -1
        self.text[row] = self.text_number(phase)
        self.count = row + 1

    def text_number(self, text: str) -> int:
        """Return the number of a text; that of "" is 0."""
        number = self._text_numbers.get(text)
        if number is None:
            number = self._text_numbers[text] = len(self.texts)
            self.texts.append(text)
        return number

    def reports(self) -> Iterator[Report]:
        """Yield the rows as reports, and forget them."""
        while self.told < self.count:
            row = self.told
            self.told = row + 1
            yield self._report(row)
        self.count = self.told = 0

    def _report(self, row: int) -> Report:
        instrument = self.instruments[self.listing[row]]
        kind = KIND_NAMES[self.kind[row]]
        if self.kind[row] == PHASE:
            return Report.of_phase(self.time_ns[row], instrument.venue, instrument.symbol, self.texts[self.text[row]])
        person = self.people[self.person[row]]
        price, quantity, display = self.price[row], self.quantity[row], self.display[row]
        trade, contra = self.trade[row], self.contra[row]
        return Report(
            self.time_ns[row], kind, instrument.venue, instrument.symbol, person.account, person.trader,
            str(self.number[row]), str(self.request[row]), str(self.execution[row]),
            "BUY" if self.side[row] == BUY else "SELL",
            price / instrument.ticks_per_unit if price else None, float(quantity) if quantity else None,
            float(self.leaves[row]), LIMIT if self.is_limit[row] else MARKET,
            IMMEDIATE_OR_CANCEL if self.is_immediate[row] else DAY, instrument.currency,
            float(display) if display else None, str(trade) if trade else None,
            self.people[contra].account if contra >= 0 else None, _AGGRESSORS[self.aggressor[row]],
            self.texts[self.text[row]] or None,
        )  # fmt: skip

    def take(self) -> Batch:
        """Return the rows as columns, and forget them."""
        columns = {
            name: np.frombuffer(getattr(self, name), dtype=np.dtype(code))[self.told : self.count].copy()
            for name, code in COLUMN_CODES.items()
        }
        self.count = self.told = 0
        accounts = [person.account for person in self.people]
        return Batch(
            columns, accounts, [person.trader for person in self.people], list(self.texts), list(self.instruments)
        )
