"""Finds FIX messages in logs: any prefix and suffix, SOH or a stand-in between fields, lines split anywhere."""

import re

from tapewatch.fix.codec import (
    GARBLED_BYTES_KEPT,
    MESSAGE_BYTES_MAX,
    SOH,
    TRAILER_BYTES,
    Garbled,
    Message,
    checksum,
    read_message,
)
from tapewatch.fix.fields import LENGTH_DIGITS_MAX, GarbledError
from tapewatch.fix.wire.log_rows import LogRows
from tapewatch.fix.wire.logged import COMPILED, take_logged

_BREAK = rb"[\r\n]*"
HEAD = re.compile(
    _BREAK.join([b"8", b"=", b"F", b"I", b"X", b"T?", rb"\.", rb"\d", rb"\.", rb"\d", rb"(?:SP\d)?"])
    + _BREAK
    + rb"(\x01|\||\^A|;|~|\x02|<SOH>|\[SOH\]|\\x01|\\u0001)"
    + _BREAK
    + b"9"
    + _BREAK
    + b"="
)
"""The first two fields; group 1 is what stands between fields."""

TRAILER = re.compile(rb"\x0110=([0-9]{3})(?![0-9])")
HEAD_BYTES_MAX = 256
LINE_BREAKS = b"\r\n"

Found = list[Message | Garbled] | LogRows
"""Where what is found goes, in its order."""


class LogScanner:
    """Takes a log in pieces; messages with a wrong BodyLength or CheckSum are kept and counted: logs get edited."""

    def __init__(self, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self._message_bytes_max = message_bytes_max
        self._rest = b""
        self.bad_checksum = 0
        self.bad_length = 0

    def feed(self, data: bytes) -> list[Message | Garbled]:
        """The messages that are surely complete with these bytes."""
        found: list[Message | Garbled] = []
        self._scan(self._rest + data, found, is_end=False)
        return found

    def finish(self) -> list[Message | Garbled]:
        """The messages left at the end of the log."""
        found: list[Message | Garbled] = []
        self._scan(self._rest, found, is_end=True)
        return found

    def map(self, data: bytes, rows: LogRows) -> None:
        """As `feed`, the messages mapped as they come."""
        self._scan(self._rest + data, rows, is_end=False)

    def map_last(self, rows: LogRows) -> None:
        """As `finish`, the messages mapped as they come."""
        self._scan(self._rest, rows, is_end=True)

    def _scan(self, data: bytes, found: Found, is_end: bool) -> None:
        consumed = self._take_plain(data, 0, found)
        head = HEAD.search(data, consumed)
        while head is not None:
            end = self._exact_end(data, head)
            if end is not None:
                found.append(self._read(data[head.start() : end]))
                consumed = self._take_plain(data, end, found)
                head = HEAD.search(data, consumed)
                continue
            following = HEAD.search(data, head.end())
            is_known = following is not None or is_end or len(data) - head.start() > self._message_bytes_max
            if not is_known:
                break
            end = following.start() if following is not None else len(data)
            found.append(self._read_loosely(data[head.start() : end], head.group(1)))
            consumed = self._take_plain(data, end, found)
            head = following if consumed == end else HEAD.search(data, consumed)
        kept = head.start() if head else max(consumed, len(data) - HEAD_BYTES_MAX)
        self._rest = b"" if is_end else data[kept:]

    def _take_plain(self, data: bytes, position: int, found: Found) -> int:
        """Takes the messages that are as they were sent as far as they go; returns where they end."""
        if not COMPILED:
            return position
        if isinstance(found, list):
            return take_logged(data, position, self._message_bytes_max, found)
        return found.take(data, position, self._message_bytes_max)

    def _exact_end(self, data: bytes, head: re.Match[bytes]) -> int | None:
        """The end of a message that is as it was sent: SOH between fields and a right BodyLength."""
        if head.group(1) != SOH or b"\n" in head.group() or b"\r" in head.group():
            return None
        length_end = data.find(SOH, head.end(), head.end() + LENGTH_DIGITS_MAX)
        digits = data[head.end() : length_end]
        if length_end < 0 or not digits.isdigit():
            return None
        end = length_end + 1 + int(digits) + TRAILER_BYTES
        trailer = data[end - TRAILER_BYTES - 1 : end]
        is_whole = trailer[:4] == b"\x0110=" and trailer[4:7].isdigit() and trailer[7:] == SOH
        return end if is_whole else None

    def _read_loosely(self, region: bytes, delimiter: bytes) -> Message | Garbled:
        """A message edited since: lines joined, stand-ins for SOH replaced, cut after the first CheckSum."""
        text = region.translate(None, LINE_BREAKS).replace(delimiter, SOH)
        trailer = TRAILER.search(text)
        if trailer is None:
            return _garbled(region, "no CheckSum (10) before the next message or the end")
        return self._read(text[: trailer.end()] + SOH)

    def _read(self, raw: bytes) -> Message | Garbled:
        try:
            message = read_message(raw, check_sum=False)
        except GarbledError as error:
            return _garbled(raw, str(error))
        self.bad_checksum += int(raw[-4:-1]) != checksum(raw[:-TRAILER_BYTES])
        body = len(raw) - TRAILER_BYTES - (raw.index(SOH, raw.index(SOH) + 1) + 1)
        self.bad_length += message.integer(9) != body
        return message


def _garbled(raw: bytes, reason: str) -> Garbled:
    return Garbled(raw[:GARBLED_BYTES_KEPT], len(raw), reason)
