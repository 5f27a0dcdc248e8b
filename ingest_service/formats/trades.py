"""Public trades as exchanges and their libraries dump them: a CSV file with a header, one print a row, each a TRADE.

Columns are found by their usual names (`_ALIASES`, any case); others are left out and named in a note. Whether a time
is in seconds, milliseconds, microseconds or nanoseconds is told by the size of the first one; ISO 8601 text must say
its zone. A side is the aggressor's; `isBuyerMaker` true means that the seller was it. The venue is the option `venue`,
else CRYPTO, for such files do not say it; the instrument is the option, the symbol column, or the file's name up to its
first `_`, `-` or `.`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest_service.formats.columns import (
    ValueFault,
    constant,
    convertible,
    decimals,
    encoded,
    units,
)
from ingest_service.formats.content import first_line
from ingest_service.formats.contract import EventFile, FileReport, FormatError, FormatOptions
from ingest_service.formats.delimited import TextBatch, read_delimited
from ingest_service.formats.reading import EventBatch, ReadEventFile
from tapewatch.market.event import Kind, Side
from tapewatch.market.frame import Array, Frame, Text

VENUE: Final = "CRYPTO"
_ALIASES: Final = {
    "time": ("timestamp", "time", "transact_time", "trade_time", "t", "ts", "timestamp_ms", "datetime", "date"),
    "price": ("price", "p"),
    "quantity": ("quantity", "qty", "amount", "size", "volume", "q"),
    "side": ("side", "taker_side", "takerside", "aggressor_side", "is_buyer_maker", "isbuyermaker", "m"),
    "symbol": ("symbol", "instrument", "pair", "market", "ticker"),
    "trade_id": ("trade_id", "tradeid", "id", "agg_trade_id", "tid"),
}
_BUYER_MAKER: Final = frozenset(("is_buyer_maker", "isbuyermaker", "m"))
_SIDES: Final = {
    **dict.fromkeys(("buy", "b", "bid"), int(Side.BUY)),
    **dict.fromkeys(("sell", "s", "ask", "a"), int(Side.SELL)),
}
_MAKER_SIDES: Final = {"true": int(Side.SELL), "1": int(Side.SELL), "false": int(Side.BUY), "0": int(Side.BUY)}
# Digits before the point at most, name, and decimal places down to a nanosecond; 1973 to 2100 has 9 or 10 in seconds.
_UNITS: Final = ((10, "seconds", 9), (13, "milliseconds", 6), (16, "microseconds", 3), (19, "nanoseconds", 0))


@dataclass(frozen=True, slots=True)
class TradesFormat:
    """A dump of public trades."""

    name: str = "trades"

    def sniff(self, path: Path, head: bytes) -> str | None:
        """By a header with a time, a price and a quantity, and nothing of the event table's own."""
        names = _names(head.split(b"\n", 1)[0].decode(errors="replace"))
        found = _columns(names)
        if {"time", "price", "quantity"} <= found.keys() and not {"kind", "event_time_ns", "action"} & set(names):
            return f"its header names trades: {', '.join(names[place] for place in found.values())}"
        return None

    def open(self, path: Path, options: FormatOptions) -> EventFile:
        """Opens it; raises FormatError when time, price or quantity is not among the columns."""
        names = _names(first_line(path))
        found = _columns(names)
        for needed in ("time", "price", "quantity"):
            if needed not in found:
                raise FormatError(
                    f"{path}: trades need a column of {needed} named {', '.join(_ALIASES[needed])}; "
                    f"found {', '.join(names)}"
                )
        return ReadEventFile(self.name, [path], options, partial(_read, path, names, found, options))


def _names(line: str) -> list[str]:
    return [name.strip().strip('"').lower() for name in line.split(",")]


def _columns(names: Sequence[str]) -> dict[str, int]:
    """Place of each column by its role, the best alias first."""
    places = {}
    for role, aliases in _ALIASES.items():
        place = next((names.index(alias) for alias in aliases if alias in names), None)
        if place is not None:
            places[role] = place
    return places


def _read(
    path: Path, names: Sequence[str], roles: Mapping[str, int], options: FormatOptions, report: FileReport
) -> Iterator[EventBatch]:
    unique = [f"{place}:{name}" for place, name in enumerate(names)]
    unused = [name for place, name in enumerate(names) if place not in roles.values()]
    if unused:
        report.notes.append(f"columns left out: {', '.join(unused)}")
    venue, instrument = options.venue or VENUE, _instrument(path, roles, options, report)
    if options.venue is None:
        report.notes.append(f"the file does not say its venue: {VENUE} is used; the option venue says better")
    unit: str | None = None
    for batch in read_delimited(path, unique, 2, report):
        columns = {role: batch.columns[unique[place]] for role, place in roles.items()}
        if unit is None and (unit := _unit(columns["time"])) is not None:
            report.notes.append(f"times in {names[roles['time']]!r} are read as {unit}, by the first one")
        maker = "side" in roles and names[roles["side"]] in _BUYER_MAKER
        texts = {
            "venue": constant(venue, len(batch.lines)),
            "instrument": constant(instrument, len(batch.lines)) if instrument else encoded(columns["symbol"]),
        }
        yield _trades(batch, columns, texts, unit or "milliseconds", _MAKER_SIDES if maker else _SIDES)


def _instrument(path: Path, roles: Mapping[str, int], options: FormatOptions, report: FileReport) -> str | None:
    if options.instrument or "symbol" in roles:
        return options.instrument
    instrument = re.split(r"[_.-]", path.name, maxsplit=1)[0]
    report.notes.append(f"the file has no symbol column: instrument {instrument!r} is taken from its name")
    return instrument


def _unit(times: Any) -> str | None:
    """The unit of the first time there is, None when the batch has none."""
    first = next((value.as_py() for value in times if value.is_valid), None)
    if first is None:
        return None
    whole = first.split(".")[0]
    if not whole.isdigit():
        return "ISO 8601"
    return next((name for digits, name, _ in _UNITS if len(whole) <= digits), "nanoseconds")


def _times(values: Any, unit: str) -> tuple[Array, list[ValueFault]]:
    if unit != "ISO 8601":
        places = next(places for _, name, places in _UNITS if name == unit)
        return units("time", values, places)
    stamps, bad = convertible(values, pa.timestamp("ns", "UTC"))
    faults = [
        ValueFault(
            index,
            "time",
            "BAD_TIME",
            f"time: expected ISO 8601 with its zone such as 2021-07-25T17:00:17.664Z, found {values[index].as_py()!r}",
        )
        for index in bad.tolist()
    ]
    return pc.fill_null(stamps.cast(pa.int64()), 0).to_numpy(zero_copy_only=False), faults


def _trades(
    batch: TextBatch, columns: Mapping[str, Any], texts: dict[str, Text], unit: str, sides: Mapping[str, int]
) -> EventBatch:
    times, faults = _times(columns["time"], unit)
    numbers: dict[str, Array] = {"event_time_ns": times, "kind": np.full(len(times), Kind.TRADE)}
    for name in ("price", "quantity"):
        numbers[name], found = decimals(name, columns[name])
        faults += found
    if "side" in columns:
        numbers["side"], found = _side_codes(columns["side"], sides)
        faults += found
    if "trade_id" in columns:
        texts["trade_id"] = encoded(columns["trade_id"])
    frame = Frame.from_columns(len(times), numbers, texts)
    return EventBatch(frame, batch.lines, batch.lines - 1, None, batch.block.text, faults)


def _side_codes(values: Any, sides: Mapping[str, int]) -> tuple[Array, list[ValueFault]]:
    indices, texts = encoded(values)
    dictionary = texts.decode()
    table = np.array([*(sides.get(text.lower(), 255) for text in dictionary), 0], dtype=np.uint8)
    codes = table[indices]
    faults = [
        ValueFault(
            index,
            "side",
            "UNKNOWN_SIDE",
            f"side: expected one of {', '.join(sides)}, found {dictionary[indices[index]]!r}",
        )
        for index in np.flatnonzero(codes == 255).tolist()
    ]
    return codes, faults
