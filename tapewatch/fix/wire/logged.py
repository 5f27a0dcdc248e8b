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
    from cython.cimports.libc.string import memchr
    from cython.cimports.tapewatch.fix.wire.blocks import signs_of
    from cython.cimports.tapewatch.fix.wire.lane import same
    from cython.cimports.tapewatch.fix.wire.scan import (
        DATA_OF,
        FOUND,
        _blank,
        framed,
        keep_places,
        note_fields,
        starts_fix,
        sums_right,
    )
else:
    from tapewatch.fix.wire.lane import same
    from tapewatch.fix.wire.scan import DATA_OF, FOUND, _blank, framed, keep_places, note_fields, sums_right

COMPILED: bool = cython.compiled

EQUALS = cython.declare(cython.int, 61)
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
BLOCK_BYTES = cython.declare(cython.Py_ssize_t, 64)
TRAILER_TAG = cython.declare(cython.int, 10)
START_TAG = cython.declare(cython.int, 8)
MARKED_TAGS = cython.declare(cython.int, 2048)
TAG_KEPT_MAX = cython.declare(cython.int, 65535)


def take_logged(data: bytes, position: cython.Py_ssize_t, bytes_max: cython.Py_ssize_t, found: list[Any]) -> int:
    """Appends the messages from `position` on until one must be looked at with care; where the last one ends."""
    size: cython.Py_ssize_t = len(data)
    start: cython.Py_ssize_t = next_start(data, position, size)
    length: cython.Py_ssize_t
    message: Message
    while start >= 0:
        message = _blank()
        length = plain_length(message, data, start, size, bytes_max)
        if length == 0:
            break
        message.raw = with_soh(data[start : start + length])
        keep_places(message)
        found.append(message)
        position = start + length
        start = next_start(data, position, size)
    return position


def next_start(data, position, size):
    """Where the next message may begin; -1 where none surely does, or line breaks may have cut its beginning."""
    start: cython.Py_ssize_t
    if cython.compiled:
        text = cython.cast(cython.p_uchar, PyBytes_AsString(data))
        start = place_of(text, EQUALS, position + 1, size) - 1
        while start <= size - HEAD_BYTES_MIN and not starts_fix(text + start):
            start = place_of(text, EQUALS, start + 2, size) - 1
    else:
        text = data
        start = data.find(START, position)
    if start < 0 or start > size - HEAD_BYTES_MIN or is_split(text, position, start):
        return -1
    return start


def place_of(text, wanted, start, end):
    """The first place of a byte between two; the end where it is not there."""
    if cython.compiled:
        found = cython.cast(cython.p_uchar, memchr(text + start, wanted, end - start)) if start < end else cython.NULL
        return end if found == cython.NULL else found - text
    else:  # noqa: RET505 - compiled, only one of the two remains
        place = text.find(wanted, start, end)
        return end if place < 0 else place


def is_split(text, position, start):
    """Whether line breaks may part the first five bytes of a message that begins before `start`."""
    at: cython.Py_ssize_t = position
    place: cython.int
    behind: cython.Py_ssize_t
    while True:
        at = min(place_of(text, NEW_LINE, at, start), place_of(text, RETURN, at, start))
        if at == start:
            return False
        behind = at + 1
        while text[behind] == NEW_LINE or text[behind] == RETURN:
            behind += 1
        for place in range(4):
            if at > 0 and text[at - 1] == FIRST_PARTS[place] and text[behind] == START[place + 1]:
                return True
        at = behind


def plain_length(message, data, start, size, bytes_max):
    """Bytes of the message that begins there, its places noted; 0 where it must be looked at with care."""
    length: cython.Py_ssize_t
    delimiter: cython.int = data[version_end(data, start)]
    if delimiter != SOH and delimiter not in STAND_INS:
        return 0
    if cython.compiled:  # noqa: SIM108 - a pointer, or the bytes
        text = cython.cast(cython.p_uchar, PyBytes_AsString(data)) + start
    else:
        text = data[start:]
    length = framed(text, size - start, bytes_max, delimiter)
    if length == 0 or not note_fields(message, text, length, delimiter):
        return 0
    if not sums_right(message, text, length, delimiter):
        return 0
    return length if delimiter == SOH or is_undoubted(message, text, length, delimiter) else 0


def is_undoubted(message, text, length, delimiter):
    """Whether a text with a stand-in for SOH can be cut in no other way: no line ends, and begins or ends once."""
    signs: cython.Py_ssize_t = 0
    block: cython.Py_ssize_t
    index: cython.Py_ssize_t
    tag: cython.int
    start: cython.Py_ssize_t
    if cython.compiled:
        for block in range(0, length, BLOCK_BYTES):
            signs += signs_of(text + block, length - block, delimiter)
    else:
        whole = text[:length].replace(bytes((delimiter,)), b"")
        signs = whole.count(b"=") + (1000 if any(code < 32 for code in whole) else 0)
    if signs != message.field_count:
        return False
    for index in range(1, message.field_count - 1):
        tag = cython.cast(cython.int, FOUND[index] >> 48)
        start = cython.cast(cython.Py_ssize_t, FOUND[index] >> 24 & 0xFFFFFF)
        if tag == TRAILER_TAG or (tag < MARKED_TAGS and DATA_OF[tag] != 0):
            return False
        if (tag % 10 == START_TAG or tag == TAG_KEPT_MAX) and text[start] == START[2]:
            return False
    return True


def with_soh(raw: bytes) -> bytes:
    """A message as it was sent: SOH for what stands between its fields."""
    delimiter: cython.int = raw[version_end(raw, 0)]
    return raw if delimiter not in STAND_INS else raw.replace(bytes((delimiter,)), b"\x01")


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
        if cython.compiled:  # noqa: SIM108 - a pointer, or the bytes
            text = cython.cast(cython.p_uchar, PyBytes_AsString(message.raw))
        else:
            text = message.raw
        if not self.is_next(message, text):
            return False
        self.last = message.number
        message.epoch = self.epoch
        return True

    def is_next(self, message, text):
        """Whether the message of a text is of this flow and its number above the last."""
        return (
            message.is_scanned
            and self.last >= 0
            and message.number > self.last
            and same(text, 0, message.begin_end, self.begin_string, len(self.begin_string))
            and same(text, message.sender_start, message.sender_end, self.sender, len(self.sender))
            and same(text, message.target_start, message.target_end, self.target, len(self.target))
        )
