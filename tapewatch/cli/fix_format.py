"""FIX logs as a file format: tapewatch.fix reads the messages, ingest's reading checks and orders the rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ingest_service.formats.contract import EventFile, FileReport, FormatError, FormatOptions
from ingest_service.formats.reading import EventBatch, ReadEventFile
from tapewatch.fix.log_reader import LogReader, LogReport, read_log
from tapewatch.fix.profile import Profile, ProfileError, load_profile
from tapewatch.fix.wire.log_rows import LogBatch
from tapewatch.market.frame import Frame, StringTable

FIRST_MESSAGE = re.compile(rb"8=FIX(T?\.\d\.\d)")
LOG_PROFILE = "log"
BATCH_ROWS = 4_096
EVIDENCE_CHARACTERS_MAX = 240


class FixFormat:
    """Logs of FIX sessions: any prefix, delimiter and line split."""

    @property
    def name(self) -> str:
        """The name people choose it by."""
        return "fix"

    def sniff(self, path: Path, head: bytes) -> str | None:
        """Why this is a FIX log; None otherwise."""
        found = FIRST_MESSAGE.search(head)
        return f"it holds messages that begin with 8=FIX{found[1].decode()}" if found else None

    def open(self, path: Path, options: FormatOptions) -> EventFile:
        """Open a log, plain or gz; FormatError where it can not be read or there is no such profile."""
        try:
            profile = load_profile(options.profile or LOG_PROFILE)
            return ReadEventFile(self.name, (path,), options, _FixReader(path, profile, options))
        except OSError as error:
            raise FormatError(f"{path}: {error.strerror}") from error
        except ProfileError as error:
            raise FormatError(f"--profile: {error}") from error


class _FixReader:
    """A BatchReader: rows keep their session as source, with its numbers; `line` is the message's place in the log."""

    def __init__(self, path: Path, profile: Profile, options: FormatOptions) -> None:
        self._path = path
        self._profile = profile
        self._options = options

    def __call__(self, report: FileReport) -> Iterator[EventBatch]:
        log = read_log(self._path, self._profile)
        for batch in log.batches(BATCH_ROWS):
            yield self._completed(batch)
        if not log.report.messages:
            raise FormatError(f"{self._path}: expected messages that begin with 8=FIX, found none: is it a FIX log?")
        report.notes.extend(notes_of(log))
        if log.report.is_cut:
            report.cut = (
                f"{self._path}: the compressed log is cut after message {log.report.messages}; what came after that is "
                "not known. Copy the file again."
            )

    def _completed(self, batch: LogBatch) -> EventBatch:
        """What the log does not say, from the command line."""
        frame = batch.frame
        for name, value in (("venue", self._options.venue), ("instrument", self._options.instrument)):
            if value:
                frame = _filled(frame, name, value)
        return EventBatch(
            frame=frame,
            lines=batch.places,
            sequences=batch.places,
            parts=None,
            evidence=lambda place: _text(batch.raw(place)),
        )


def _filled(frame: Frame, name: str, value: str) -> Frame:
    """The frame with a text in the rows of a column that have none."""
    strings = StringTable.concat([frame.table, StringTable.of([value])])
    found = frame.columns[name]
    filled = np.where(found == 0, np.uint32(len(frame.table)), found)
    return Frame(frame.row_count, frame.columns | {name: filled}, strings, frame.extensions)


def _text(raw: bytes) -> str:
    text = raw.replace(b"\x01", b"|").decode(errors="backslashreplace")
    return text if len(text) <= EVIDENCE_CHARACTERS_MAX else text[: EVIDENCE_CHARACTERS_MAX - 3] + "..."


def notes_of(log: LogReader) -> list[str]:
    """What a log held that gave no event, and why."""
    report: LogReport = log.report
    kinds = ", ".join(f"{count} of 35={kind}" for kind, count in sorted(report.messages_by_type.items()))
    notes = [f"{_messages(report.messages)} read: {kinds}"]
    notes += [f"{_messages(count)} gave no event: {why}" for why, count in report.unmapped.most_common()]
    notes += [f"{_messages(count)} read in part: {why}" for why, count in report.flags.most_common()]
    notes += [f"garbled, passed over {count} times: {why}" for why, count in report.garbled.most_common()]
    if report.bad_checksum or report.bad_length:
        notes.append(f"wrong checksums: {report.bad_checksum}, wrong lengths: {report.bad_length}; read all the same")
    if report.repeated:
        notes.append(f"{_messages(report.repeated)} with a number of their session that was there before")
    return notes


def _messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"
