"""ReadWindow: the events of a market and of some accounts within a window of event time, found by the time index."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest_service.controls import NO_SEQUENCE
from ingest_service.intake import Intake
from ingest_service.ledger import SourceLedger
from surveillance.v1 import ingest_pb2
from tapewatch.market.frame import Frame
from tapewatch.runtime.errors import FailedPrecondition, InvalidArgument
from tapewatch.runtime.journal import Record, RecordKind

ACCOUNTS_MAX: Final = 1_000
FOR_EVER_NS: Final = (1 << 63) - 1
RETRY_AFTER_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Window:
    """What is wanted: a market's events, and accounts' from `accounts_from_ns` on; times in nanoseconds UTC."""

    venue: str
    instrument: str
    accounts: frozenset[str]
    from_ns: int
    to_ns: int
    accounts_from_ns: int

    @staticmethod
    def of(request: ingest_pb2.ReadWindowRequest) -> Window:
        """The window of a request, checked; InvalidArgument."""
        if not (request.venue and request.instrument) and not any(request.accounts):
            name = "instrument" if request.venue else "venue"
            told = f"{name}: expected the name of a market, or accounts, found neither; send one"
            raise InvalidArgument("FIELD_REQUIRED", told, field=name)
        if len(request.accounts) > ACCOUNTS_MAX:
            raise InvalidArgument(
                "TOO_MANY_ACCOUNTS",
                f"accounts: expected at most {ACCOUNTS_MAX}, found {len(request.accounts)}",
                field="accounts",
            )
        if not 0 <= request.from_time_ns < request.to_time_ns:
            raise InvalidArgument(
                "BAD_WINDOW",
                f"to_time_ns: expected a time after from_time_ns ({request.from_time_ns}), found {request.to_time_ns}",
                field="to_time_ns",
            )
        accounts_from_ns = request.accounts_from_time_ns or request.from_time_ns
        accounts = frozenset(name for name in request.accounts if name)
        return Window(
            request.venue, request.instrument, accounts, request.from_time_ns, request.to_time_ns, accounts_from_ns
        )

    def rows(self, frame: Frame) -> NDArray[np.int64]:
        """The rows of a frame that are wanted."""
        times = frame.columns["event_time_ns"]
        in_time = (times >= self.from_ns) & (times < self.to_ns)
        if not np.count_nonzero(in_time):
            return _NO_ROWS
        wanted = _is_any(frame, "venue", {self.venue}) & _is_any(frame, "instrument", {self.instrument})
        if self.accounts and "account" in frame.columns:
            wanted |= _is_any(frame, "account", self.accounts) & (times >= self.accounts_from_ns)
        return np.flatnonzero(wanted & in_time)


_NO_ROWS: Final = np.empty(0, dtype=np.int64)


def _is_any(frame: Frame, column: str, names: Iterable[str]) -> NDArray[Any]:
    wanted = set(names)
    indices = [index for index in np.unique(frame.columns[column]).tolist() if frame.string(index) in wanted]
    return np.isin(frame.columns[column], indices)


async def read_window(
    intake: Intake, request: ingest_pb2.ReadWindowRequest
) -> AsyncGenerator[ingest_pb2.ReadWindowResponse, None]:
    """Frames of the window in the order of the journal, then its end; see the contract for the refusals."""
    window = Window.of(request)
    if request.only_when_passed:
        check_passed(intake.state.ledger.sources.values(), window.venue, window.to_ns, intake.now_ns())
        await intake.durable()  # the ledger knows rows that are on their way to the disk
    journal = intake.journal
    first_sequence, end = journal.first_sequence, journal.durable_sequence
    sent = read = 0
    for start, stop in intake.state.times.spans(window.from_ns, window.to_ns, first_sequence):
        async with aclosing(journal.between(start, min(stop, end))) as chunks:
            async for records in chunks:
                read += sum(record.row_count for record in records)
                for response in await asyncio.to_thread(_responses, records, window):
                    sent += len(response.sequences)
                    if request.events_max and sent > request.events_max:
                        raise _too_many(window, request.events_max)
                    yield response
    is_whole = first_sequence == 0 and intake.state.times.nothing_before(window.from_ns)
    yield ingest_pb2.ReadWindowResponse(
        end=ingest_pb2.WindowEnd(
            first_sequence=first_sequence, durable_sequence=end, is_whole=is_whole, positions_read=read
        )
    )


def _responses(records: Iterable[Record], window: Window) -> list[ingest_pb2.ReadWindowResponse]:
    found = []
    for record in records:
        if record.kind is not RecordKind.EVENTS:
            continue
        frame = Frame.decode(record.payload)
        rows = window.rows(frame)
        if rows.size:
            sequences = (rows + record.first_sequence).tolist()
            found.append(ingest_pb2.ReadWindowResponse(frame=frame.take(rows).encode(), sequences=sequences))
    return found


def check_passed(sources: Iterable[SourceLedger], venue: str, to_ns: int, now_ns: int) -> None:
    """FailedPrecondition unless each source of a venue has passed a time or ended.

    A silent source is taken to have gone on by as much event time as its silence has lasted by ingest's clock.
    """
    behind = [
        (books.last_event_time_ns, books.source)
        for books in sources
        if venue in books.venues and not books.ended and _reached_ns(books, now_ns) < to_ns
    ]
    if behind:
        newest_ns, source = min(behind)
        raise FailedPrecondition(
            "WINDOW_NOT_PASSED",
            f"expected every source of venue {venue!r} to have passed {to_ns}, found {source!r} at {newest_ns}; "
            "ask again later",
            source=source,
            retry_after_ms=RETRY_AFTER_MS,
        )


def _reached_ns(books: SourceLedger, now_ns: int) -> int:
    return books.last_event_time_ns + max(0, now_ns - books.last_received_time_ns)


async def reference_record(intake: Intake) -> ingest_pb2.ReferenceRecord:
    """The reference data last journalled, read from the journal."""
    journal, sequence = intake.journal, intake.state.controls.reference_sequence
    if not journal.first_sequence <= sequence < journal.durable_sequence:
        return ingest_pb2.ReferenceRecord(sequence=NO_SEQUENCE)
    async with aclosing(journal.between(sequence, sequence + 1)) as chunks:
        async for records in chunks:
            control = json.loads(records[0].payload)
            return ingest_pb2.ReferenceRecord(sequence=sequence, content=json.dumps(control["content"]).encode())
    return ingest_pb2.ReferenceRecord(sequence=NO_SEQUENCE)


def _too_many(window: Window, events_max: int) -> FailedPrecondition:
    return FailedPrecondition(
        "TOO_MANY_EVENTS",
        f"expected at most {events_max} events of {window.venue} {window.instrument} from {window.from_ns} to "
        f"{window.to_ns}, found more; ask for a shorter window",
    )
