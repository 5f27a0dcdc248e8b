"""Reads FIX logs as found in the wild: any prefix, delimiter or line split, gz, both directions."""

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tapewatch.fix.codec import Garbled, Message, TimestampError, day_number
from tapewatch.fix.log_scanner import LINE_BREAKS, LogScanner
from tapewatch.fix.mapping import Row, map_message
from tapewatch.fix.profile import Profile, load_profile
from tapewatch.fix.row_fields import event_time_ns
from tapewatch.fix.session_config import source_name
from tapewatch.fix.store import EPOCHS_A_DAY_MAX, next_epoch

CHUNK_BYTES = 1 << 20
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
    """Iterates the items of a log, streaming; ``report`` is complete once it is exhausted."""

    def __init__(self, path: Path, profile: Profile) -> None:
        self.report = LogReport()
        self.profile = profile
        self._epochs = _Epochs()
        self._items = self._read(path)

    def __next__(self) -> LogItem:
        return next(self._items)

    def rows(self) -> Iterator[Row]:
        """Only the event rows, in the order of the log."""
        for item in self:
            yield from item.rows

    def _read(self, path: Path) -> Iterator[LogItem]:
        scanner = LogScanner()
        for chunk in _chunks(path, self.report):
            yield from self._items_of(scanner.feed(chunk))
        yield from self._items_of(scanner.finish())
        self.report.bad_checksum = scanner.bad_checksum
        self.report.bad_length = scanner.bad_length

    def _items_of(self, found: list[Message | Garbled]) -> Iterator[LogItem]:
        report = self.report
        for message in found:
            if isinstance(message, Garbled):
                report.garbled[message.reason] += 1
                continue
            report.messages += 1
            report.messages_by_type[message.msg_type] += 1
            source = source_name(message.begin_string, message.get(49) or "", message.get(56) or "")
            report.repeated += self._epochs.place(message, source)
            rows, note = map_message(message, self.profile, source)
            for row in rows:
                if not row["source_sequence"]:  # the log names no number: the place in the log stands in
                    row["source_sequence"] = report.messages
                report.events_by_kind[str(row["kind"])] += 1
            if note is not None:
                (report.flags if rows else report.unmapped)[note] += 1
            yield LogItem(message, rows, note)


class _Epochs:
    """Tells numbers used again after a reset from the same message logged twice, source by source."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, int]] = {}

    def place(self, message: Message, source: str) -> bool:
        """Sets the message's epoch; returns whether its number was there before in this epoch."""
        sequence = message.sequence or 0
        known = self._last.get(source)
        time_ns = _sent_ns(message)
        epoch, last = known if known is not None else (day_number(time_ns) * EPOCHS_A_DAY_MAX, 0)
        is_again = 0 < sequence <= last and message.get(43) != "Y"
        if is_again and self._is_reset(message, time_ns, epoch):
            epoch, last, is_again = next_epoch(time_ns, epoch), 0, False
        message.epoch = epoch
        self._last[source] = (epoch, max(sequence, last))
        return is_again

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
    for chunk in _chunks(path, LogReport()):
        joined = (tail + chunk).translate(None, LINE_BREAKS)
        if EXECUTION_REPORT.search(joined):
            return True
        tail = joined[-16:]
    return False


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
