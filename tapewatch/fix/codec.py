# cython: language_level=3
"""FIX tag-value encoding: framing by BodyLength and CheckSum, data fields by their length, garbled bytes reported.

Whatever the bytes, nothing here raises while reading; one byte at a time gives what the whole gives.
"""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from zlib import adler32

from tapewatch.fix.fields import LENGTH_DIGITS_MAX, GarbledError, parse_fields, parse_values
from tapewatch.fix.groups import DATA_LENGTH_TAGS
from tapewatch.fix.message import FieldMap, Message, readable
from tapewatch.fix.timestamps import (
    TimestampError,
    day_number,
    day_text,
    format_timestamp,
    parse_date_ns,
    parse_timestamp_ns,
)
from tapewatch.fix.wire.scan import COMPILED, take_whole

__all__ = [
    "Field",
    "FieldMap",
    "Framer",
    "Garbled",
    "GarbledError",
    "Message",
    "TimestampError",
    "Value",
    "checksum",
    "day_number",
    "day_text",
    "encode",
    "format_timestamp",
    "parse_date_ns",
    "parse_fields",
    "parse_timestamp_ns",
    "readable",
]

SOH = b"\x01"
START = b"8=FIX"
NEXT_START = re.compile(rb"(?<![0-9])8=FIX")
VERSION_BYTES_MAX = 16
TRAILER_BYTES = 7
TRAILER_WITHIN_BYTES = 64 << 10
MESSAGE_BYTES_MAX = 1 << 20
GARBLED_BYTES_KEPT = 4096
PREFIXES_MAX = 10_000
INCOMPLETE = -1
DATA_TAGS = frozenset(DATA_LENGTH_TAGS.values())

Value = str | int | float | bool | bytes
Field = tuple[int, Value]


class Garbled:
    """Bytes that were no message: the first ``GARBLED_BYTES_KEPT`` of them, how many there were, and why."""

    __slots__ = ("byte_count", "raw", "reason")

    def __init__(self, raw: bytes, byte_count: int, reason: str) -> None:
        self.raw = raw
        self.byte_count = byte_count
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Garbled) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"Garbled({self.raw!r}, {self.byte_count}, {self.reason!r})"


def checksum(data: bytes) -> int:
    """The FIX CheckSum of the bytes before tag 10: their sum modulo 256.

    Adler-32 started at 0 carries the plain sum in its low half as long as it stays below 65521: 256 bytes do.
    """
    if len(data) <= 256:
        return adler32(data, 0) & 0xFF
    total = 0
    for start in range(0, len(data), 256):
        total += adler32(data[start : start + 256], 0) & 0xFFFF
    return total & 0xFF


class Framer:
    """Cuts a stream of bytes into messages; what is garbled is reported and skipped to the next ``8=FIX``.

    Garbled bytes are reported when the next message begins. ``skipped_byte_count`` is how many are being skipped.
    ``ends_at_trailer``: a message whose BodyLength does not lead to its CheckSum ends at the first CheckSum behind it
    instead, as the standard's session tests want: one that states too much takes what follows along.
    """

    def __init__(self, message_bytes_max: int = MESSAGE_BYTES_MAX, *, ends_at_trailer: bool = False) -> None:
        self._message_bytes_max = message_bytes_max
        self._ends_at_trailer = ends_at_trailer
        self._stated_end = 0
        self._buffer = bytearray()
        self._needed = 0
        self._skip_reason: str | None = None
        self._skipped = bytearray()
        self.skipped_byte_count = 0

    def feed(self, data: bytes) -> list[Message | Garbled]:
        """Takes bytes as they came and returns the messages they complete, in order."""
        found: list[Message | Garbled] = []
        position = self._complete(data, found) if self._needed and COMPILED else 0
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needed:
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        self._needed = 0
        while position < len(data):
            if COMPILED and self._skip_reason is None:
                position = take_whole(data, position, self._message_bytes_max, found)
                if position == len(data):
                    break
            end = self._resume(data, position, found) if self._skip_reason else self._frame(data, position, found)
            if end == INCOMPLETE:
                break
            position = end
        if position < len(data):
            self._buffer += memoryview(data)[position:]
            self._needed += 0 if self._needed == 0 else -position
        return found

    def finish(self) -> list[Message | Garbled]:
        """Reports what is left at the end of the stream as garbled."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        if self._skip_reason is None and not rest:
            return []
        reason = self._skip_reason or "stream ended inside a message"
        self._remember(rest[1:] if self._skip_reason else rest)
        return [self._report(reason)]

    def _complete(self, data: bytes, found: list[Message | Garbled]) -> int:
        """Takes the message begun, where the bytes complete it and it is plain; returns how many of them it took."""
        taken = self._needed - len(self._buffer)
        if not 0 < taken <= len(data):
            return 0
        whole = b"".join((self._buffer, memoryview(data)[:taken]))
        if take_whole(whole, 0, self._message_bytes_max, found) != len(whole):
            return 0
        self._buffer.clear()
        return taken

    def _frame(self, data: bytes, start: int, found: list[Message | Garbled]) -> int:
        """Takes the message at ``start``; returns where the next begins, or INCOMPLETE."""
        try:
            end = self._end_of_message(data, start)
        except GarbledError as error:
            self._skip_reason = str(error)
            self._remember(data[start : start + 1])
            return self._resume(data, start, found)
        if end == INCOMPLETE:
            return INCOMPLETE
        raw = data[start:end]
        try:
            if end != self._stated_end:
                raise GarbledError("no CheckSum (10) where BodyLength ends")
            found.append(read_message(raw))
        except GarbledError as error:
            found.append(Garbled(raw[:GARBLED_BYTES_KEPT], len(raw), str(error)))
        return end

    def _end_of_message(self, data: bytes, start: int) -> int:
        """Finds the end by BodyLength; raises GarbledError where header or trailer are not in their place."""
        if data[start : start + 5] != START[: len(data) - start]:
            raise GarbledError("expected 8=FIX at the start of a message")
        version_end = data.find(SOH, start, start + VERSION_BYTES_MAX)
        if version_end < 0:
            return _wait_or_refuse(len(data) - start < VERSION_BYTES_MAX, "BeginString has no end")
        length_start = version_end + 3
        if data[version_end + 1 : length_start] != b"9="[: len(data) - version_end - 1]:
            raise GarbledError("expected BodyLength (9) as the second field")
        length_end = data.find(SOH, length_start, length_start + LENGTH_DIGITS_MAX + 1)
        if length_end < 0:
            return _wait_or_refuse(len(data) - length_start <= LENGTH_DIGITS_MAX, "BodyLength has no end")
        digits = data[length_start:length_end]
        if not digits.isdigit():
            raise GarbledError(f"BodyLength is not a number: {digits!r}")
        end = length_end + 1 + int(digits) + TRAILER_BYTES
        if end - start > self._message_bytes_max:
            raise GarbledError(f"BodyLength {int(digits)} is above the limit of {self._message_bytes_max} bytes")
        self._stated_end = end
        if end > len(data):
            self._needed = end
            return INCOMPLETE
        if data[end - TRAILER_BYTES - 1 : end - 4] == b"\x0110=" and data[end - 1] == 1:
            return end
        if self._ends_at_trailer:
            return self._end_of_trailer(data, end - TRAILER_BYTES - 1)
        raise GarbledError(f"no CheckSum (10) where BodyLength {int(digits)} ends")

    def _end_of_trailer(self, data: bytes, position: int) -> int:
        """The end of the first CheckSum field from ``position`` on; INCOMPLETE while it may come."""
        trailer = data.find(b"\x0110=", position)
        end = data.find(SOH, trailer + 1) + 1 if trailer >= 0 else 0
        if end == 0:
            return _wait_or_refuse(len(data) - position < TRAILER_WITHIN_BYTES, "no CheckSum (10) behind BodyLength")
        return end

    def _resume(self, data: bytes, position: int, found: list[Message | Garbled]) -> int:
        """Skips to the next start of a message; ``data[position]`` is already counted as skipped."""
        match = NEXT_START.search(data, position + 1)
        if match is None:
            kept = max(position + 1, len(data) - (len(START) - 1))
            self._remember(data[position + 1 : kept])
            self._buffer += data[kept - 1 :]
            return len(data)
        self._remember(data[position + 1 : match.start()])
        found.append(self._report(self._skip_reason or ""))
        return match.start()

    def _remember(self, data: bytes) -> None:
        self.skipped_byte_count += len(data)
        self._skipped += data[: GARBLED_BYTES_KEPT - len(self._skipped)]

    def _report(self, reason: str) -> Garbled:
        garbled = Garbled(bytes(self._skipped), self.skipped_byte_count, reason)
        self._skipped.clear()
        self.skipped_byte_count = 0
        self._skip_reason = None
        return garbled


def _wait_or_refuse(may_come: bool, reason: str) -> int:
    if not may_come:
        raise GarbledError(reason)
    return INCOMPLETE


def read_message(raw: bytes, check_sum: bool = True) -> Message:
    """Reads one framed message, ``8=...9=...`` to the SOH after 10; raises GarbledError with the reason."""
    stated = raw[-4:-1]
    if check_sum and (not stated.isdigit() or int(stated) != checksum(raw[:-TRAILER_BYTES])):
        expected = checksum(raw[:-TRAILER_BYTES])
        raise GarbledError(f"CheckSum is {expected:03d}, the message says {stated.decode('latin-1')!r}")
    text = raw[:-1].decode("latin-1")
    third = text.find("\x01", text.find("\x01") + 1) + 1
    if not text.startswith("35=", third):
        raise GarbledError(f"expected fields 8, 9, 35 first, found {text[third : third + 20]!r}")
    values = parse_values(text)
    return Message(parse_fields(text), raw) if values is None else Message((), raw, values)


def encode(begin_string: str, fields: Iterable[Field]) -> bytes:
    """Writes a message: ``fields`` begin with 35; 8, 9 and 10 are added.

    Text goes out as UTF-8, floats as their shortest decimal text, bool as Y or N. Raises ValueError for a value with
    SOH in it (data fields excepted, after their right length), an empty value or a number that is not finite.
    """
    fields = list(fields)
    body = _plain_body(fields)
    if body is None:
        body = _careful_body(fields)
    head = b"8=%b\x019=%d\x01%b" % (begin_string.encode("ascii"), len(body), body)
    return b"%b10=%03d\x01" % (head, checksum(head))


class _Prefixes(dict[int, str]):
    """Tag -> what its field begins with."""

    def __missing__(self, tag: int) -> str:
        if len(self) < PREFIXES_MAX:
            self[tag] = f"{tag}="
        return f"{tag}="


_PREFIXES = _Prefixes()


def _plain_body(fields: list[Field]) -> bytes | None:
    """The fields where none is bytes, empty or holds SOH; None otherwise."""
    prefixes = _PREFIXES
    parts: list[str] = []
    for tag, value in fields:
        kind = type(value)
        if kind is str:
            parts.append(prefixes[tag] + value)  # type: ignore[operator]  # it is text
        elif kind is int:
            parts.append(prefixes[tag] + str(value))
        elif kind is float:
            parts.append(prefixes[tag] + _decimal_text(tag, value))  # type: ignore[arg-type]  # it is a float
        elif isinstance(value, bytes):
            return None
        else:
            parts.append(prefixes[tag] + encode_value(tag, value).decode())
    parts.append("")
    text = "\x01".join(parts)
    return None if "=\x01" in text or text.count("\x01") != len(parts) - 1 else text.encode()


def _careful_body(fields: list[Field]) -> bytes:
    """Field by field: data fields may hold SOH after their right length, what cannot be sent is refused by its tag."""
    parts: list[bytes] = []
    data_length = -1
    for tag, value in fields:
        text = encode_value(tag, value)
        if not text or (SOH in text and not (tag in DATA_TAGS and data_length == len(text))):
            raise ValueError(f"tag {tag}: expected a value without SOH, found {text[:40]!r}")
        data_length = int(text) if tag in DATA_LENGTH_TAGS and text.isdigit() else -1
        parts.append(b"%d=%b\x01" % (tag, text))
    return b"".join(parts)


def encode_value(tag: int, value: Value) -> bytes:
    """One value as FIX writes it."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"Y" if value else b"N"
    if isinstance(value, float):
        return _decimal_text(tag, value).encode("ascii")
    return str(value).encode("utf-8")


def _decimal_text(tag: int, value: float) -> str:
    text = repr(value)
    if text.endswith(".0"):
        return text[:-2]
    if not math.isfinite(value):
        raise ValueError(f"tag {tag}: expected a finite number, found {value}")
    return format(Decimal(text), "f") if "e" in text else text
