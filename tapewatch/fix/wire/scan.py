# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Whole, well-formed messages cut from a buffer; whatever else stands there is left to the careful framer.

A message is taken here only where `tapewatch.fix.codec` would take it and say nothing, so what is found is the same.
Its fields stay bytes: the places of the header's are noted on the message, the others become text when asked for.
"""

from collections.abc import Sequence
from typing import Any

import cython

from tapewatch.fix.groups import DATA_LENGTH_TAGS
from tapewatch.fix.message import Message

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString, PyBytes_FromStringAndSize
    from cython.cimports.libc.string import memcmp

COMPILED: bool = cython.compiled

SOH = cython.declare(cython.int, 1)
EQUALS = cython.declare(cython.int, 61)
ZERO = cython.declare(cython.int, 48)
NINE = cython.declare(cython.int, 57)
VERSION_BYTES_MAX = cython.declare(cython.Py_ssize_t, 16)
LENGTH_DIGITS_MAX = cython.declare(cython.Py_ssize_t, 12)
NUMBER_DIGITS_MAX = cython.declare(cython.Py_ssize_t, 18)
TAG_MAX = cython.declare(cython.longlong, 999_999_999)
TRAILER_BYTES = cython.declare(cython.Py_ssize_t, 7)
MARKED_TAGS = cython.declare(cython.int, 2048)
LENGTH_MARK = cython.declare(cython.int, 1)
HEADER_MARK = cython.declare(cython.int, 2)

HEADER_TAGS = (34, 35, 43, 49, 52, 56, 97, 122)

if not cython.compiled:
    MARKS = bytearray(MARKED_TAGS)
for _tag in range(MARKED_TAGS):
    MARKS[_tag] = 0
for _tag in DATA_LENGTH_TAGS:
    MARKS[_tag] = LENGTH_MARK
for _tag in HEADER_TAGS:
    MARKS[_tag] = HEADER_MARK


def take_whole(data: bytes, position: cython.Py_ssize_t, bytes_max: cython.Py_ssize_t, found: list[Any]) -> int:
    """Appends the messages that begin at `position` and follow it without a gap; returns where they end."""
    size: cython.Py_ssize_t = len(data)
    length: cython.Py_ssize_t
    message: Message
    while position < size:
        message = _blank()
        if cython.compiled:
            text = cython.cast(cython.p_uchar, PyBytes_AsString(data)) + position
            length = framed(text, size - position, bytes_max)
            if length == 0 or not note_fields(message, text, length):
                break
            message.raw = PyBytes_FromStringAndSize(cython.cast(cython.p_char, text), length)
        else:
            rest = data[position:]
            length = framed(rest, size - position, bytes_max)
            if length == 0 or not note_fields(message, rest, length):
                break
            message.raw = rest[:length]
        found.append(message)
        position += length
    return position


def scanned(raw: bytes) -> Message | None:
    """A message framed elsewhere, with its places noted; None where only the careful way tells."""
    message: Message = _blank()
    if not raw.endswith(b"\x01") or not note_fields(message, raw, len(raw)):
        return None
    message.raw = raw
    return message


def byte_count(messages: Sequence[Message]) -> int:
    """The bytes of messages together."""
    total: cython.Py_ssize_t = 0
    message: Message
    for message in messages:
        total += len(message.raw)
    return total


def _blank():
    message: Message = Message.__new__(Message)
    if cython.compiled:
        message._fields = ()
    else:
        message.__init__(())
        message._values = None
    message._sequence = -1
    return message


def framed(text, size, bytes_max):
    """Bytes of the message a text begins with, its CheckSum right; 0 where there is none, or a doubtful one."""
    at: cython.Py_ssize_t = 5
    end: cython.Py_ssize_t
    start: cython.Py_ssize_t
    body: cython.Py_ssize_t = 0
    if size < 20 or not starts_fix(text):
        return 0
    while text[at] != SOH:
        at += 1
        if at >= VERSION_BYTES_MAX:
            return 0
    if text[at + 1] != NINE or text[at + 2] != EQUALS:
        return 0
    at += 3
    start = at
    end = min(size, at + LENGTH_DIGITS_MAX)
    while at < end and ZERO <= text[at] <= NINE:
        body = body * 10 + (text[at] - ZERO)
        at += 1
    if at == start or at >= size or text[at] != SOH:
        return 0
    end = at + 1 + body + TRAILER_BYTES
    if end > size or end > bytes_max or end < at + 8 or not ends_right(text, end):
        return 0
    return end


def starts_fix(text):
    """Whether a text of 20 bytes and more begins with 8=FIX."""
    if cython.compiled:
        return memcmp(text, b"8=FIX", 5) == 0
    else:  # noqa: RET505 - compiled, only one of the two remains
        return text[:5] == b"8=FIX"


def ends_right(text, end):
    """Whether a trailer stands there with the CheckSum of what is before it."""
    at: cython.Py_ssize_t = end - TRAILER_BYTES
    total: cython.uint = 0
    stated: cython.uint = 0
    index: cython.Py_ssize_t
    if text[at - 1] != SOH or text[at] != 49 or text[at + 1] != ZERO or text[at + 2] != EQUALS or text[end - 1] != SOH:
        return False
    for index in range(at + 3, end - 1):
        if text[index] < ZERO or text[index] > NINE:
            return False
        stated = stated * 10 + (text[index] - ZERO)
    for index in range(at):
        total += text[index]
    return stated == (total & 0xFF)


def note_fields(message, text, size):
    """Notes the places of the header's fields; False where a field is not well-formed or 35 not the third.

    The last byte of the text is the SOH behind the last field.
    """
    at: cython.Py_ssize_t = 0
    end: cython.Py_ssize_t
    start: cython.Py_ssize_t
    last: cython.Py_ssize_t = size - 1
    tag: cython.longlong
    length_tag: cython.longlong = 0
    bits: cython.int = 0
    while at <= last:
        start = at
        tag = 0
        while ZERO <= text[at] <= NINE and tag <= TAG_MAX:
            tag = tag * 10 + (text[at] - ZERO)
            at += 1
        if tag == 0 or tag > TAG_MAX or text[start] == ZERO or text[at] != EQUALS:
            return False
        start = end = at + 1
        while text[end] != SOH:
            bits |= text[end]
            end += 1
        if length_tag:
            at = data_end(text, start, end, last, length_tag, tag)
            bits |= 0x80 if at != end else 0  # it may hold anything
            end = at
            length_tag = 0
        if tag < MARKED_TAGS and MARKS[tag]:
            if MARKS[tag] == LENGTH_MARK:
                length_tag = tag << 40 | (whole_number(text, start, end, LENGTH_DIGITS_MAX) + 1)
            else:
                note_header(message, text, tag, start, end)
        at = end + 1
    message.is_ascii = bits < 0x80
    message.is_scanned = has_order(message, text, last)
    return message.is_scanned


def has_order(message, text, last):
    """Whether MsgType is the third field; notes the end of the first."""
    at: cython.Py_ssize_t = 0
    while at < last and text[at] != SOH:
        at += 1
    message.begin_end = at
    at += 1
    while at < last and text[at] != SOH:
        at += 1
    return at + 4 == message.type_start


def data_end(text, start, end, last, length_field, tag):
    """The end of a field after a length field (its tag and its number plus one, packed): by that if it is its data."""
    length: cython.longlong = (length_field & 0xFFFFFFFFFF) - 1
    if 0 <= length <= last - start and is_data_of(length_field >> 40, tag) and text[start + length] == SOH:
        return start + length
    return end


def is_data_of(length_tag, tag):
    """Whether a tag is the data field of a length field."""
    return DATA_LENGTH_TAGS[length_tag] == tag


def note_header(message, text, tag, start, end):
    """Notes the first place of a field of the header."""
    if tag == 35:
        if message.type_start == 0:
            message.type_start = start
            message.type_end = end
    elif tag == 34:
        if message.number == 0:
            message.number = whole_number(text, start, end, NUMBER_DIGITS_MAX) or -1
    elif tag in (49, 56, 52):
        note_peers(message, tag, start, end)
    else:
        message.has_history = True


def note_peers(message, tag, start, end):
    """Notes who sent the message, to whom, and when."""
    if tag == 49:
        if message.sender_start == 0:
            message.sender_start = start
            message.sender_end = end
    elif tag == 56:
        if message.target_start == 0:
            message.target_start = start
            message.target_end = end
    elif message.sent_start == 0:
        message.sent_start = start
        message.sent_end = end


def whole_number(text, start, end, digits_max):
    """The number the digits between two places are; -1 where they are none or too many."""
    value: cython.longlong = 0
    index: cython.Py_ssize_t
    if start == end or end - start > digits_max:
        return -1
    for index in range(start, end):
        if text[index] < ZERO or text[index] > NINE:
            return -1
        value = value * 10 + (text[index] - ZERO)
    return value
