"""Reads FIX logs as found in the wild: any prefix, delimiter or line split, gz, both directions."""

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from tapewatch.fix.codec import Garbled, Message, TimestampError, day_number
from tapewatch.fix.log_scanner import LINE_BREAKS, LogScanner
from tapewatch.fix.mapping import Row, map_message
from tapewatch.fix.profile import Profile, load_profile
from tapewatch.fix.row_fields import event_time_ns
from tapewatch.fix.session_config import source_name
from tapewatch.fix.store import EPOCHS_A_DAY_MAX, next_epoch
from tapewatch.fix.wire.log_rows import LogBatch, LogRows
from tapewatch.fix.wire.logged import Flow
from tapewatch.market.event import Kind

CHUNK_BYTES = 1 << 20
PIECE_BYTES = 1 << 15
RECENT_FLOWS_MAX = 8
GZIP_WINDOW = 31  # zlib's largest window with a gzip header
ENDS_EARLY = "compressed data ends early"
GZIP_MAGIC = b"\x1f\x8b"
EXECUTION_REPORT = re.compile(rb"[\x01|A;~\x02>\]1]35=8[\x01|^;~\x02<\[\\]")


@dataclass(slots=True)
class LogReport:
    """What was read and what was not.

    ``unmapped`` says why messages gave no event, ``flags`` what was left unread of those that did. ``bad_checksum``
    and ``bad_length`` count messages that were kept nevertheless, ``repeated`` those whose number was there before.
    """

    messages: int = 0
    messages_by_type: Counter[str] = field(default_factory=Counter)
    events_by_kind: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    garbled: Counter[str] = field(default_factory=Counter)
    bad_checksum: int = 0
    bad_length: int = 0
    repeated: int = 0

    @property
    def is_cut(self) -> bool:
        """Whether a compressed log ended before its end."""
        return ENDS_EARLY in self.garbled


@dataclass(frozen=True, slots=True)
class LogItem:
    """One message of a log: its event rows (tapewatch.market columns) and the note on what was left unread."""

    message: Message
    rows: list[Row]
    note: str | None


def read_log(path: Path, profile: Profile | None = None) -> "LogReader":
    """Opens a log (plain or gz) for iterating; the profile defaults to the shipped ``log``.

    Raises OSError when it cannot be read.
    """
    profile = profile or load_profile("log")
    if profile.requests == "auto":
        answer = "intent" if _has_reports(path) else "new"
        profile = profile.model_copy(update={"requests": answer})
    return LogReader(path, profile)


class LogReader(Iterator[LogItem]):
    """Reads a log, streaming: `batches`, or item by item; `report` is complete once it is exhausted."""

    def __init__(self, path: Path, profile: Profile) -> None:
        self.report = LogReport()
        self.profile = profile
        self._path = path
        self._flows = _Flows()
        self._found = self._read()
        self._items = self._mapped()

    def __next__(self) -> LogItem:
        return next(self._items)

    def rows(self) -> Iterator[Row]:
        """Only the event rows, in the order of the log."""
        for item in self:
            yield from item.rows

    def batches(self, rows_min: int) -> Iterator[LogBatch]:
        """The rows as frames, each ended by the message that makes `rows_min` rows of it; the last may have fewer."""
        rows = LogRows(self.profile, rows_min, self._flows.recent, self._flow_of)
        scanner = LogScanner()
        for chunk in _chunks(self._path, self.report):
            scanner.map(chunk, rows)
            yield from self._batches(rows)
        scanner.map_last(rows)
        rows.cut()
        yield from self._batches(rows)
        self._finish(scanner)

    def _batches(self, rows: LogRows) -> Iterator[LogBatch]:
        while rows.ready:
            batch = rows.ready.pop(0)
            self._count(batch)
            numbers = batch.frame.columns.get("source_sequence", np.zeros(batch.frame.row_count, dtype=np.int64))
            if not numbers.all():  # the log names no number: the place in the log stands in
                batch.frame.columns["source_sequence"] = np.where(numbers == 0, batch.places, numbers)
            yield batch

    def _count(self, batch: LogBatch) -> None:
        report = self.report
        report.messages += sum(batch.types.values())
        report.messages_by_type.update(batch.types)
        for note, is_mapped in batch.notes:
            (report.flags if is_mapped else report.unmapped)[note] += 1
        for code, count in enumerate(np.bincount(batch.frame.columns["kind"]).tolist()):
            if count:
                report.events_by_kind[Kind(code).name] += count

    def _mapped(self) -> Iterator[LogItem]:
        report = self.report
        for message, flow, place in self._found:
            report.messages_by_type[message.msg_type] += 1
            rows, note = map_message(message, self.profile, flow.name)
            for row in rows:
                if not row["source_sequence"]:  # the log names no number: the place in the log stands in
                    row["source_sequence"] = place
                report.events_by_kind[str(row["kind"])] += 1
            if note is not None:
                (report.flags if rows else report.unmapped)[note] += 1
            yield LogItem(message, rows, note)

    def _read(self) -> Iterator[tuple[Message, Flow, int]]:
        """Each message with whose it is and its place in the log."""
        scanner = LogScanner()
        for chunk in _chunks(self._path, self.report):
            yield from self._placed(scanner.feed(chunk))
        yield from self._placed(scanner.finish())
        self._finish(scanner)

    def _finish(self, scanner: LogScanner) -> None:
        self.report.bad_checksum = scanner.bad_checksum
        self.report.bad_length = scanner.bad_length

    def _placed(self, found: list[Message | Garbled]) -> Iterator[tuple[Message, Flow, int]]:
        for message in found:
            flow = self._flow_of(message)
            if flow is not None and not isinstance(message, Garbled):
                self.report.messages += 1
                yield message, flow, self.report.messages

    def _flow_of(self, message: Message | Garbled) -> Flow | None:
        """Whose a message is, its epoch set; None for what is garbled, which is counted."""
        if isinstance(message, Garbled):
            self.report.garbled[message.reason] += 1
            return None
        flow = self._flows.continued(message)
        if flow is None:
            flow, is_again = self._flows.place(message)
            self.report.repeated += is_again
        return flow


class _Flows:
    """Tells numbers used again after a reset from the same message logged twice, source by source."""

    def __init__(self) -> None:
        self._flows: dict[str, Flow] = {}
        self.recent: list[Flow] = []

    def continued(self, message: Message) -> Flow | None:
        """The flow the message goes on with, by a number above its last; None where that is not so plain."""
        for flow in self.recent:
            if flow.follows(message):
                return flow
        return None

    def place(self, message: Message) -> tuple[Flow, bool]:
        """Sets the message's epoch; returns its flow, and whether its number was there before in this epoch."""
        flow = self._flow_of(message)
        sequence = message.sequence or 0
        time_ns = _sent_ns(message)
        if flow.last < 0:
            flow.epoch, flow.last = day_number(time_ns) * EPOCHS_A_DAY_MAX, 0
        is_again = 0 < sequence <= flow.last and message.get(43) != "Y"
        if is_again and self._is_reset(message, time_ns, flow.epoch):
            flow.epoch, flow.last, is_again = next_epoch(time_ns, flow.epoch), 0, False
        message.epoch = flow.epoch
        flow.last = max(sequence, flow.last)
        return flow, is_again

    def _flow_of(self, message: Message) -> Flow:
        parts = message.begin_string, message.get(49) or "", message.get(56) or ""
        name = source_name(*parts)
        flow = self._flows.get(name)
        if flow is None:
            begin_string, sender, target = (part.encode("latin-1") for part in parts)
            flow = self._flows[name] = Flow(begin_string, sender, target, name)
        if flow not in self.recent:
            self.recent[:] = [flow, *self.recent[: RECENT_FLOWS_MAX - 1]]
        return flow

    @staticmethod
    def _is_reset(message: Message, time_ns: int, epoch: int) -> bool:
        is_new_logon = message.msg_type == "A" and (message.sequence == 1 or message.get(141) == "Y")
        return is_new_logon or day_number(time_ns) > epoch // EPOCHS_A_DAY_MAX


def _sent_ns(message: Message) -> int:
    """When the message was first sent; 0 where it does not say."""
    stated = message.values.get(122) or message.values.get(52)
    try:
        return event_time_ns({52: stated} if stated else message.values)
    except TimestampError:
        return 0


def _has_reports(path: Path) -> bool:
    tail = b""
    for piece in _pieces(path):
        joined = (tail + piece).translate(None, LINE_BREAKS)
        if EXECUTION_REPORT.search(joined):
            return True
        tail = joined[-16:]
    return False


def _pieces(path: Path) -> Iterator[bytes]:
    """A log in pieces of which the first most often tells."""
    for chunk in _chunks(path, LogReport()):
        for start in range(0, len(chunk), PIECE_BYTES):
            yield chunk[start : start + PIECE_BYTES]


def _chunks(path: Path, report: LogReport) -> Iterator[bytes]:
    with path.open("rb") as file:
        is_packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        if is_packed:
            yield from _unpacked(file, report)
            return
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _unpacked(file: IO[bytes], report: LogReport) -> Iterator[bytes]:
    """Everything that can be unpacked; what is damaged or cut is reported."""
    stream = zlib.decompressobj(GZIP_WINDOW)
    packed = file.read(CHUNK_BYTES)
    try:
        while packed:
            yield stream.decompress(packed, CHUNK_BYTES)
            packed = stream.unconsumed_tail or stream.unused_data or file.read(CHUNK_BYTES)
            if stream.eof and packed:
                stream = zlib.decompressobj(GZIP_WINDOW)
    except zlib.error as error:
        report.garbled[f"compressed data is damaged: {error}"] += 1
        return
    if not stream.eof:
        report.garbled[ENDS_EARLY] += 1
