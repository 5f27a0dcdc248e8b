"""Toy scenarios, JSON lines of type order, trade and cancel: NEW, two FILLs that share a trade_id, and CANCEL.

Orders without a price are market orders. Fills need a price and these files state none: they carry the option
`assumed_price`, and say so in `x_price`. A cancel takes its instrument from the order it names. Other types (such as
custody_transfer) move no order and are rejected by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from ingest_service.formats.content import line_blocks
from ingest_service.formats.contract import EventFile, FileReport, FormatOptions, RowFault
from ingest_service.formats.json_line import VALUES, json_object
from ingest_service.formats.reading import EventBatch, ReadEventFile
from tapewatch.market.frame import Frame
from tapewatch.market.validate import QUANTITY_MAXIMUM

VENUE: Final = "SIMPLE"
_TYPES: Final = ("order", "trade", "cancel")
_SIDES: Final = {"buy": "BUY", "sell": "SELL"}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Row = dict[str, object]


class _LineError(ValueError):
    """A line that gives no event: field, reason, message."""

    def described(self) -> tuple[str, str, str]:
        field, reason, message = self.args
        return field, reason, message


@dataclass(frozen=True, slots=True)
class SimpleFormat:
    """Toy scenarios."""

    name: str = "simple"

    def sniff(self, path: Path, head: bytes) -> str | None:
        """By JSON lines with `type` and `ts`."""
        try:
            row = json_object(head.split(b"\n", 1)[0], VALUES)
        except ValueError:
            return None
        if {"type", "ts"} <= row.keys() and "kind" not in row:
            return "its first line is JSON with type and ts, as in the toy scenarios"
        return None

    def open(self, path: Path, options: FormatOptions) -> EventFile:
        """Opens it."""
        return ReadEventFile(self.name, [path], options, partial(_read, path, options))


def _read(path: Path, options: FormatOptions, report: FileReport) -> Iterator[EventBatch]:
    instruments: dict[str, str] = {}
    for block in line_blocks(path, report):
        rows: list[Row] = []
        places: list[tuple[int, int]] = []
        for line, data in enumerate(block.lines(), start=block.first_line):
            if not data.strip():
                continue
            try:
                events = _events(data, line, instruments, options)
            except _LineError as fault:
                report.reject(RowFault(line, *fault.described(), block.text(line)))
                continue
            rows += events
            places += [(line, part) for part in range(len(events))]
        if rows:
            lines, parts = np.array(places, dtype=np.int64).T
            yield EventBatch(Frame.from_rows(rows), lines, lines, parts, block.text)
    report.notes.append(f"fills that state no price carry {options.assumed_price:g}, and say so in x_price")


def _events(data: bytes, line: int, instruments: dict[str, str], options: FormatOptions) -> list[Row]:
    try:
        body = json_object(data, VALUES)
    except ValueError as error:
        raise _LineError("", "MALFORMED_ROW", str(error)) from error
    row: Row = {"event_time_ns": _time_ns(body), "venue": options.venue or VENUE}
    type_ = body.get("type")
    if type_ == "order":
        return [_order(body, row, instruments)]
    if type_ == "cancel":
        return [_cancel(body, row, instruments)]
    if type_ == "trade":
        return _fills(body, row, line, options)
    raise _LineError(
        "type", "UNKNOWN_TYPE", f"type: expected one of {', '.join(_TYPES)}, found {type_!r}: no order moves"
    )


def _order(body: Mapping[str, Any], row: Row, instruments: dict[str, str]) -> Row:
    order_id, instrument = _text(body, "order_ref"), _text(body, "instrument")
    instruments[order_id] = instrument
    side = body.get("side")
    if side not in _SIDES:
        raise _LineError("side", "UNKNOWN_SIDE", f"side: expected buy or sell, found {side!r}")
    row |= {"kind": "NEW", "instrument": instrument, "order_id": order_id, "account": _text(body, "account")}
    row |= {"side": _SIDES[side], "quantity": _number(body, "qty")}
    return row | ({"price": _number(body, "price")} if "price" in body else {"order_type": "MARKET"})


def _cancel(body: Mapping[str, Any], row: Row, instruments: dict[str, str]) -> Row:
    order_id = _text(body, "order_ref")
    instrument = body.get("instrument") or instruments.get(order_id)
    if not isinstance(instrument, str):
        raise _LineError(
            "order_ref", "UNKNOWN_ORDER", f"a cancel names no instrument and order {order_id!r} was not seen"
        )
    row |= {"kind": "CANCEL", "instrument": instrument, "order_id": order_id, "account": _text(body, "account")}
    return row | {"leaves_quantity": 0.0}


def _fills(body: Mapping[str, Any], row: Row, line: int, options: FormatOptions) -> list[Row]:
    accounts, orders = body.get("meta") or {}, body.get("related_to") or {}
    if not isinstance(accounts, dict) or not isinstance(orders, dict):
        raise _LineError("meta", "MALFORMED_ROW", "meta and related_to: expected JSON objects")
    row |= {"kind": "FILL", "instrument": _text(body, "instrument"), "quantity": _number(body, "qty")}
    row |= {"trade_id": f"trade-{line}"}
    row |= {"price": _number(body, "price")} if "price" in body else _assumed(options)
    buyer, seller = _text(accounts, "buy_account"), _text(accounts, "sell_account")
    sides = (("BUY", buyer, seller, orders.get("buy_order")), ("SELL", seller, buyer, orders.get("sell_order")))
    return [
        row | {"side": side, "account": account, "contra_account": contra, "order_id": order_id}
        for side, account, contra, order_id in sides
    ]


def _assumed(options: FormatOptions) -> Row:
    return {"price": options.assumed_price, "x_price": "assumed"}


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if isinstance(value, str) and value:
        return value
    raise _LineError(name, "MISSING", f"{name}: expected text, found {value!r}")


def _number(body: Mapping[str, Any], name: str) -> float:
    value = body.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= QUANTITY_MAXIMUM:
        return float(value)
    raise _LineError(name, "BAD_NUMBER", f"{name}: expected a number, found {value!r}")


def _time_ns(body: Mapping[str, Any]) -> int:
    text = _text(body, "ts")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _LineError(
            "ts", "BAD_TIME", f"ts: expected ISO 8601 such as 2026-11-21T04:08:41Z, found {text!r}"
        ) from error
    if moment.tzinfo is None:
        raise _LineError("ts", "BAD_TIME", f"ts: expected a time with its zone such as ...Z, found {text!r}")
    if not 1970 <= moment.year < 2100:
        raise _LineError("ts", "BAD_TIME", f"ts: expected a time of 1970 to 2100, found {text!r}")
    since = moment - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 10**6 + since.microseconds) * 1000
