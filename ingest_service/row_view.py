"""The row view of the journal: single events as protobuf, for people and simple tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from surveillance.v1 import event_pb2, ingest_pb2
from tapewatch.market import event as schema
from tapewatch.market.frame import Frame
from tapewatch.market.identity import event_id
from tapewatch.runtime.journal import Record, RecordKind

ROWS_AT_ONCE: Final = 1_000
"""Rows turned into Python values in one go, so that the event loop is never held up for long."""


def wanted_events(
    records: Iterable[Record], request: ingest_pb2.StreamEventsRequest, start: int
) -> Iterator[ingest_pb2.StreamEventsResponse]:
    """The events of the records from position `start` on that match the request's venue and instrument."""
    for record in records:
        if record.kind is not RecordKind.EVENTS:
            continue
        frame = Frame.decode(record.payload)
        rows = _matching(frame, request, start - record.first_sequence)
        for at in range(0, rows.size, ROWS_AT_ONCE):
            part = rows[at : at + ROWS_AT_ONCE]
            for offset, row in zip(part.tolist(), frame.take(part).rows(), strict=True):
                yield ingest_pb2.StreamEventsResponse(
                    sequence=record.first_sequence + offset, event_id=_id_of(row), event=event_of(row)
                )


def event_of(row: dict[str, Any]) -> event_pb2.Event:
    """The protobuf form of a row."""
    event = event_pb2.Event()
    for name, value in row.items():
        if name == "kind":
            event.kind = schema.Kind[value]  # type: ignore[assignment]  # the enums share their numbers
        elif name == "side":
            event.side = schema.Side[value]  # type: ignore[assignment]  # the enums share their numbers
        elif name.startswith(schema.EXTENSION_PREFIX):
            event.extensions[name] = value
        else:
            setattr(event, name, value)
    return event


def _matching(frame: Frame, request: ingest_pb2.StreamEventsRequest, first_row: int) -> NDArray[np.int64]:
    wanted = np.arange(frame.row_count) >= first_row
    for name, text in (("venue", request.venue), ("instrument", request.instrument)):
        if text:
            indices = [index for index, each in enumerate(frame.strings) if each == text]
            wanted &= np.isin(frame.columns[name], indices)
    return np.flatnonzero(wanted)


def _id_of(row: dict[str, Any]) -> str:
    epoch, sequence, part = (row.get(name, 0) for name in ("source_epoch", "source_sequence", "source_part"))
    return event_id(row["source"], epoch, sequence, part, row.get("event_key", ""))
