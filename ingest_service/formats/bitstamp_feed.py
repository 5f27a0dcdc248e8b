"""Bitstamp's raw feed: a line is milliseconds, a word and JSON; what the lines mean is told in `bitstamp`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from ingest_service.formats import bitstamp
from ingest_service.formats.bitstamp import OrderLives, OrderRow
from ingest_service.formats.columns import constant, encoded
from ingest_service.formats.content import LineBlock, head_of, line_blocks
from ingest_service.formats.contract import EventFile, FileReport, FormatOptions, RowFault
from ingest_service.formats.json_line import VALUES, json_object
from ingest_service.formats.reading import EventBatch, ReadEventFile
from tapewatch.market.event import Kind, Side

_WORDS: Final = {
    **{f"order_{action}".encode(): action for action in bitstamp.ACTIONS},
    b"trade": "trade",
    b"order_book": "book",
}
_TIME_DIGITS_MAX: Final = 18
_VOLUME_DIGITS_MAX: Final = 26  # of 1e-8: as much as an event's quantity may be
_SIDES: Final = {0: int(Side.BUY), 1: int(Side.SELL)}


@dataclass(frozen=True, slots=True)
class BitstampFormat:
    """Bitstamp's order events, as the table or as the raw feed."""

    name: str = "bitstamp"

    def sniff(self, path: Path, head: bytes) -> str | None:
        """By the table's header or the feed's first word after the time."""
        line = head.split(b"\n", 1)[0].rstrip(b"\r")
        if line == bitstamp.HEADER:
            return f"its header is {line.decode()}"
        words = line.split(b" ", 2)
        if len(words) == 3 and words[0].isdigit() and words[1] in _WORDS and words[2].startswith(b"{"):
            return f"its first line is a time, {words[1].decode()} and JSON, as in Bitstamp's feed"
        return None

    def open(self, path: Path, options: FormatOptions) -> EventFile:
        """Opens it, the table or the feed by the first line."""
        is_table = head_of(path).startswith(bitstamp.HEADER)
        read = bitstamp.read_table if is_table else _read_feed
        place = options.venue or bitstamp.VENUE, options.instrument or bitstamp.INSTRUMENT
        return ReadEventFile(self.name, [path], options, partial(read, path, place))


@dataclass(frozen=True, slots=True)
class _FeedLine:
    line: int
    time_ms: int
    action: str
    id: str
    price: float
    volume: int
    side: int


def _read_feed(path: Path, place: tuple[str, str], report: FileReport) -> Iterator[EventBatch]:
    lives = OrderLives()
    books = 0
    for block in line_blocks(path, report):
        parsed: list[_FeedLine] = []
        for line, data in enumerate(block.lines(), start=block.first_line):
            found = _feed_line(line, data)
            if isinstance(found, _FeedLine):
                parsed.append(found)
            elif found == "book":
                books += 1
            elif found:
                report.reject(RowFault(line, "", "MALFORMED_ROW", found, block.text(line)))
        if parsed:
            yield _feed_batch(parsed, lives, place, block)
    lives.note(report)
    if books:
        report.notes.append(f"{books} order_book snapshots were left out: the orders themselves are read")


def _feed_line(line: int, data: bytes) -> _FeedLine | str:
    """The line's values, "book" for a snapshot, "" for an empty line, or what is wrong with it."""
    if not data.strip():
        return ""
    words = data.split(b" ", 2)
    action = _WORDS.get(words[1]) if len(words) == 3 else None
    if action is None or not words[0].isdigit() or len(words[0]) > _TIME_DIGITS_MAX:
        return f"expected milliseconds, one of {b', '.join(_WORDS).decode()}, and JSON, found {data[:40]!r}"
    if action == "book":
        return action
    try:
        body = json_object(words[2], VALUES)
        side = 0 if action == "trade" else _SIDES[body["order_type"]]
        price, volume = Decimal(str(body["price"])), Decimal(str(body["amount"])).scaleb(8)
        if not price.is_finite() or not volume.is_finite() or not _is_whole(volume):
            return f"expected a finite price and an amount of up to 8 places, found {words[2][:80]!r}"
        return _FeedLine(line, int(words[0]), action, str(body["id"]), float(price), int(volume), side)
    except (ValueError, TypeError, KeyError, ArithmeticError) as error:
        return f"expected JSON with price, amount and id: {type(error).__name__} {error}"


def _is_whole(volume: Decimal) -> bool:
    return volume.adjusted() < _VOLUME_DIGITS_MAX and volume == int(volume)


def _feed_batch(parsed: Sequence[_FeedLine], lives: OrderLives, place: tuple[str, str], block: LineBlock) -> EventBatch:
    rows = [
        OrderRow(Kind.TRADE, row.volume, None)
        if row.action == "trade"
        else lives.apply(row.action, row.id, row.price, row.volume)
        for row in parsed
    ]
    indices, ids = encoded(pa.array([row.id for row in parsed], type=pa.string()))
    prints = np.array([row.kind == Kind.TRADE for row in rows])
    frame = bitstamp.order_frame(
        rows,
        np.array([row.time_ms for row in parsed], dtype=np.int64),
        np.array([row.price for row in parsed]),
        np.array([row.side for row in parsed], dtype=np.uint8),
        {
            "venue": constant(place[0], len(rows)),
            "instrument": constant(place[1], len(rows)),
            "order_id": (np.where(prints, -1, indices), ids),
            "trade_id": (np.where(prints, indices, -1), ids),
        },
    )
    lines = np.array([row.line for row in parsed], dtype=np.int64)
    return EventBatch(frame, lines, lines, None, block.text)
