"""LOBSTER message files (NASDAQ, order by order), seeded from the orderbook file beside them.

Row by row: 1 is NEW; 2 CANCEL of the part given; 3 CANCEL of the rest (leaves 0); 4 FILL of a resting visible order
(aggressor false, the resting order's side); 5, a hidden order's execution, is a TRADE whose side is the aggressor's,
opposite to the direction; 6, a cross, is a TRADE without side; 7 is PHASE: price -1 HALT, 0 (quotes resume) AUCTION, 1
CONTINUOUS. Every execution carries a trade_id of day and row, so that fills and prints count together as the volume.

Orders entered before the file begins are in no message. Where `..._orderbook_...` lies beside `..._message_...`, the
book before message 1 is worked out from its first row and comes first, as BOOK_LEVEL events (row 1, parts 0 on): depth
of unknown owners. A CANCEL or FILL of an order the file never opened names side, price and quantity, so that a book can
take it off that depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest_service.formats.columns import ValueFault, constant, encoded, integers, units
from ingest_service.formats.content import first_line
from ingest_service.formats.contract import EventFile, FileReport, FormatError, FormatOptions
from ingest_service.formats.delimited import TextBatch, read_delimited
from ingest_service.formats.reading import EventBatch, ReadEventFile
from tapewatch.market.event import Aggressor, Kind, Side
from tapewatch.market.frame import Array, Frame

VENUE: Final = "XNAS"
PRICE_UNITS: Final = 10_000.0
SEED_TEXT: Final = "depth before the first message"
_ZONE: Final = ZoneInfo("America/New_York")
_NAMES: Final = ("time", "type", "order_id", "size", "price", "direction")
_FILE_NAME: Final = re.compile(r"(?P<instrument>[^_]+)_(?P<date>\d{4}-\d{2}-\d{2})_")
_LINE: Final = re.compile(rb"\d+(\.\d+)?,[1-7],-?\d+,\d+,-?\d+,-?1")
_BOOK_LINE: Final = re.compile(rb"(-?\d+,\d+,){3}-?\d+,\d+")
_NO_LEVEL: Final = 9_999_999_999
_CANCEL_PART, _CANCEL_REST, _HALT = 2, 3, 7
_KINDS: Final = np.array(
    [0, Kind.NEW, Kind.CANCEL, Kind.CANCEL, Kind.FILL, Kind.TRADE, Kind.TRADE, Kind.PHASE], dtype=np.uint8
)
_PHASES: Final = ["HALT", "AUCTION", "CONTINUOUS"]  # of price -1, 0, 1

Level = tuple[int, int]  # side, price in units
Seeds = dict[Level, int]


@dataclass(frozen=True, slots=True)
class LobsterFormat:
    """A LOBSTER message file."""

    name: str = "lobster"

    def sniff(self, path: Path, head: bytes) -> str | None:
        """By six numbers on the first line: time, type 1 to 7, order, size, price, direction; or the other file."""
        if _LINE.fullmatch(head.split(b"\n", 1)[0].rstrip(b"\r")):
            return "its first line is a LOBSTER message: time, type, order id, size, price, direction"
        if _is_orderbook(path, head):
            return "it is LOBSTER's orderbook file by its name and first line"
        return None

    def open(self, path: Path, options: FormatOptions) -> EventFile:
        """Opens it; instrument and day are those of the options or of the file's name."""
        if _is_orderbook(path, first_line(path).encode()):
            raise FormatError(f"{path}: this is LOBSTER's orderbook file: give the _message_ file, it is read with it")
        session = _session(path, options)
        companion = path.with_name(path.name.replace("_message_", "_orderbook_"))
        paths = [path, companion] if companion != path and companion.is_file() else [path]
        return ReadEventFile(self.name, paths, options, partial(_read, paths, session))


def _is_orderbook(path: Path, head: bytes) -> bool:
    return "_orderbook_" in path.name and _BOOK_LINE.match(head) is not None


@dataclass(frozen=True, slots=True)
class _Session:
    """Where and when a file's messages are: the day's midnight in New York as ns since 1970."""

    venue: str
    instrument: str
    date: str
    midnight_ns: int


def _session(path: Path, options: FormatOptions) -> _Session:
    named = _FILE_NAME.match(path.name)
    instrument = options.instrument or (named and named["instrument"])
    date = options.date or (named and named["date"])
    if not instrument or not date:
        raise FormatError(
            f"{path}: a LOBSTER file is named INSTRUMENT_YYYY-MM-DD_..._message_LEVELS.csv; this name gives no "
            "instrument and day: rename it, or give the options instrument and date"
        )
    try:
        midnight = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=_ZONE)
    except ValueError as error:
        raise FormatError(f"{path}: expected a day such as 2012-06-21, found {date!r}") from error
    return _Session(options.venue or VENUE, instrument, date.replace("-", ""), round(midnight.timestamp()) * 10**9)


def _read(paths: list[Path], session: _Session, report: FileReport) -> Iterator[EventBatch]:
    if len(paths) == 1:
        report.notes.append("no orderbook file beside it: the book begins empty")
    first = True
    for batch in read_delimited(paths[0], _NAMES, 1, report):
        messages = _messages(batch, session)
        if first and len(paths) > 1 and len(batch.lines):
            seeds = _seeds(paths[1], batch)
            report.notes.append(f"{len(seeds)} levels of the book before the first message come from {paths[1].name}")
            yield _seed_batch(seeds, messages, session)
            messages = replace(messages, parts=np.where(messages.lines == 1, len(seeds), 0))
        first = False
        yield messages


def _messages(batch: TextBatch, session: _Session) -> EventBatch:
    columns = batch.columns
    offsets_ns, faults = units("time", columns["time"], 9)
    numbers: dict[str, Array] = {}
    for name in ("type", "size", "price", "direction"):
        numbers[name], found = integers(name, columns[name])
        faults += found
    types, direction = numbers["type"], numbers["direction"]
    faults += _outside("type", types, (types < 1) | (types > _HALT), "a type of 1 to 7")
    faults += _outside("direction", direction, np.abs(direction) != 1, "1 (buy) or -1 (sell)")
    faults += _outside("time", offsets_ns, (offsets_ns < 0) | (offsets_ns > 86_400 * 10**9), "seconds of a day")
    types = np.clip(types, 0, _HALT)
    frame = _message_frame(batch, session, offsets_ns, types, numbers)
    return EventBatch(frame, batch.lines, batch.lines, None, batch.block.text, faults)


def _outside(name: str, values: Array, mask: Any, expected: str) -> list[ValueFault]:
    return [
        ValueFault(index, name, "OUT_OF_RANGE", f"{name}: expected {expected}, found {int(values[index])}")
        for index in np.flatnonzero(mask).tolist()
    ]


def _message_frame(
    batch: TextBatch, session: _Session, offsets_ns: Array, types: Array, numbers: dict[str, Array]
) -> Frame:
    row_count = len(batch.lines)
    kinds = _KINDS[types]
    is_phase, is_cross, is_hidden = types == _HALT, types == 6, types == 5
    is_order = kinds <= Kind.FILL
    sides = np.where(numbers["direction"] > 0, Side.BUY, Side.SELL).astype(np.uint8)
    sides = np.where(is_hidden, 3 - sides, sides)
    return Frame.from_columns(
        row_count,
        {
            "event_time_ns": session.midnight_ns + offsets_ns,
            "kind": kinds,
            "side": np.where(is_phase | is_cross, Side.NONE, sides),
            "price": np.where(is_phase, np.nan, numbers["price"] / PRICE_UNITS),
            "quantity": np.where(is_phase, np.nan, numbers["size"].astype(np.float64)),
            "leaves_quantity": np.where(types == _CANCEL_REST, 0.0, np.nan),
            "aggressor": np.where(kinds == Kind.FILL, Aggressor.NO, Aggressor.UNKNOWN),
        },
        {
            "venue": constant(session.venue, row_count),
            "instrument": constant(session.instrument, row_count),
            "order_id": _only(encoded(batch.columns["order_id"]), is_order),
            "trade_id": _trade_ids(batch, session, (kinds == Kind.FILL) | (kinds == Kind.TRADE)),
            "phase": (np.where(is_phase, np.clip(numbers["price"] + 1, 0, 2), -1), _PHASES),
        },
    )


def _only(text: tuple[Array, Any], mask: Any) -> tuple[Array, Any]:
    return np.where(mask, text[0], -1), text[1]


def _trade_ids(batch: TextBatch, session: _Session, mask: Any) -> tuple[Array, list[str]]:
    indices = np.where(mask, np.cumsum(mask) - 1, -1)
    return indices, [f"{session.date}-{line}" for line in batch.lines[mask].tolist()]


def _seeds(companion: Path, batch: TextBatch) -> Seeds:
    """The levels before message 1: those of the orderbook's first row with the message's effect undone."""
    line = first_line(companion)
    try:
        values = [int(text) for text in line.split(",")]
    except ValueError as error:
        raise FormatError(f"{companion}: expected whole numbers on line 1, found {line[:80]!r}") from error
    if len(values) % 4:
        raise FormatError(f"{companion}: expected four numbers a level on line 1, found {len(values)} numbers")
    seeds: Seeds = {}
    for place in range(0, len(values), 2):
        side = Side.BUY if place % 4 else Side.SELL
        if abs(values[place]) != _NO_LEVEL and values[place + 1] > 0:
            seeds[int(side), values[place]] = values[place + 1]
    if batch.lines[0] == 1:
        _undo(seeds, {name: batch.columns[name][0].as_py() for name in _NAMES}, companion)
    return seeds


def _undo(seeds: Seeds, message: dict[str, str | None], companion: Path) -> None:
    try:
        type_, size, price, direction = (int(message[name] or "") for name in ("type", "size", "price", "direction"))
    except ValueError:  # the message is rejected as a row; the levels stay as they are
        return
    change = {1: -size, _CANCEL_PART: size, _CANCEL_REST: size, 4: size}.get(type_, 0)
    level = int(Side.BUY if direction > 0 else Side.SELL), price
    before = seeds.get(level, 0) + change
    if before < 0:
        raise FormatError(f"{companion}: line 1 does not follow from message 1: are these files of one session?")
    seeds[level] = before
    if before == 0:
        del seeds[level]


def _first_good_time(messages: EventBatch) -> int:
    bad = {fault.index for fault in messages.faults}
    times = messages.frame.columns["event_time_ns"].tolist()
    return int(next((time for index, time in enumerate(times) if index not in bad), times[0]))


def _seed_batch(seeds: Seeds, messages: EventBatch, session: _Session) -> EventBatch:
    count = len(seeds)
    ones = np.ones(count, dtype=np.int64)
    frame = Frame.from_columns(
        count,
        {
            "event_time_ns": ones * _first_good_time(messages),
            "kind": np.full(count, Kind.BOOK_LEVEL),
            "side": np.array([side for side, _ in seeds]),
            "price": np.array([price for _, price in seeds]) / PRICE_UNITS,
            "quantity": np.array(list(seeds.values()), dtype=np.float64),
        },
        {
            "venue": constant(session.venue, count),
            "instrument": constant(session.instrument, count),
            "text": constant(SEED_TEXT, count),
        },
    )
    return EventBatch(frame, ones, ones, np.arange(count), messages.evidence)
