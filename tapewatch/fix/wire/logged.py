# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The quick way through a log: messages as they were sent, SOH or one byte for it between fields, text around them.

A message is taken where `tapewatch.fix.log_scanner` would take it and find nothing wrong with it, so the result is the
same; it says where it stopped, and the scanner goes on from there.
"""

from typing import Any

import cython

from tapewatch.fix.message import Message

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString
    from cython.cimports.tapewatch.fix.wire.lane import same
    from cython.cimports.tapewatch.fix.wire.scan import _blank, framed, note_fields
else:
    from tapewatch.fix.wire.lane import same
    from tapewatch.fix.wire.scan import _blank, framed, note_fields

COMPILED: bool = cython.compiled

SOH = cython.declare(cython.int, 1)
NEW_LINE = cython.declare(cython.int, 10)
RETURN = cython.declare(cython.int, 13)
ZERO = cython.declare(cython.int, 48)
NINE = cython.declare(cython.int, 57)
DOT = cython.declare(cython.int, 46)
HEAD_BYTES_MIN = cython.declare(cython.Py_ssize_t, 24)
START = cython.declare(bytes, b"8=FIX")
FIRST_PARTS = cython.declare(bytes, b"8=FI")
STAND_INS = cython.declare(bytes, b"|;~\x02")
TRAILER = cython.declare(bytes, b"\x0110=")


def take_logged(data: bytes, position: cython.Py_ssize_t, bytes_max: cython.Py_ssize_t, found: list[Any]) -> int:
    """Appends the messages from `position` on until one must be looked at with care; where the last one ends."""
    start: cython.Py_ssize_t = data.find(START, position)
    message: Message | None
    while 0 <= start <= len(data) - HEAD_BYTES_MIN and not is_split(data, position, start):
        message = _message(data, start, bytes_max)
        if message is None:
            break
        found.append(message)
        position = start + len(message.raw)
        start = data.find(START, position)
    return position


def is_split(text, position, start):
    """Whether line breaks may part the first five bytes of a message that begins before `start`."""
    at: cython.Py_ssize_t = position
    place: cython.int
    behind: cython.Py_ssize_t
    while at < start:
        if text[at] == NEW_LINE or text[at] == RETURN:
            behind = at + 1
            while text[behind] == NEW_LINE or text[behind] == RETURN:
                behind += 1
            for place in range(4):
                if at > 0 and text[at - 1] == FIRST_PARTS[place] and text[behind] == START[place + 1]:
                    return True
            at = behind - 1
        at += 1
    return False


def _message(data, start, bytes_max):
    """The message that begins there; None where it must be looked at with care."""
    delimiter: cython.int = data[version_end(data, start)]
    length: cython.Py_ssize_t
    message: Message = _blank()
    raw: bytes | None
    if delimiter == SOH:
        length = _length(data, start, len(data) - start, bytes_max)
        if length == 0:
            return None
        raw = data[start : start + length]
    else:
        raw = _rejoined(data, start, delimiter, bytes_max)
        if raw is None:
            return None
    if not note_fields(message, raw, len(raw)):
        return None
    message.raw = raw
    return message


def version_end(text, start):
    """Where the version of a message ends; the message's own start where it has none."""
    at: cython.Py_ssize_t = start + 5
    if text[at] == 84:
        at += 1
    if text[at] != DOT or text[at + 2] != DOT or not _is_digit(text[at + 1]) or not _is_digit(text[at + 3]):
        return start
    at += 4
    if text[at] == 83 and text[at + 1] == 80 and _is_digit(text[at + 2]):
        at += 3
    return at


def _is_digit(code):
    return ZERO <= code <= NINE


def _length(data, start, size, bytes_max):
    if cython.compiled:
        return framed(cython.cast(cython.p_uchar, PyBytes_AsString(data)) + start, size, bytes_max)
    else:  # noqa: RET505 - compiled, only one of the two remains
        return framed(data[start:], size, bytes_max)


def _rejoined(data, start, delimiter, bytes_max):
    """The message with SOH for what stands between its fields; None where it is not whole, or in doubt."""
    at: cython.Py_ssize_t = version_end(data, start) + 3
    body: cython.Py_ssize_t = 0
    end: cython.Py_ssize_t = min(at + 8, len(data))
    raw: bytes
    if delimiter not in STAND_INS or data[at - 2] != 57 or data[at - 1] != 61:
        return None
    while at < end and _is_digit(data[at]):
        body = body * 10 + (data[at] - ZERO)
        at += 1
    end = at + 1 + body + 7
    if body == 0 or body > bytes_max or end > len(data):
        return None
    raw = data[start:end].replace(bytes((delimiter,)), b"\x01")
    if raw.find(START, 1) >= 0 or b"\n" in raw or b"\r" in raw or raw.find(TRAILER) != len(raw) - 8:
        return None
    return raw if _length(raw, 0, len(raw), bytes_max) == len(raw) else None


class Flow:
    """The messages one side sends another: the name of the source, the epoch and the last number of it."""

    def __init__(self, begin_string: bytes, sender: bytes, target: bytes, name: str) -> None:
        self.begin_string = b"8=" + begin_string
        self.sender = sender
        self.target = target
        self.name = name
        self.epoch = 0
        self.last = -1

    def follows(self, message: Message) -> bool:
        """Whether the message is of this flow and its number above the last; it then gets the epoch."""
        if not message.is_scanned or self.last < 0 or message.number <= self.last or not self.owns(message):
            return False
        self.last = message.number
        message.epoch = self.epoch
        return True

    def owns(self, message):
        """Whether the message is of this flow."""
        if cython.compiled:  # noqa: SIM108 - a pointer, or the bytes
            text = cython.cast(cython.p_uchar, PyBytes_AsString(message.raw))
        else:
            text = message.raw
        return (
            same(text, 0, message.begin_end, self.begin_string, len(self.begin_string))
            and same(text, message.sender_start, message.sender_end, self.sender, len(self.sender))
            and same(text, message.target_start, message.target_end, self.target, len(self.target))
        )
