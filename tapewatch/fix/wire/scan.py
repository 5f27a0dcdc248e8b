# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Whole, well-formed messages cut from a buffer; whatever else stands there is left to the careful framer.

A message is taken here only where `tapewatch.fix.codec` would take it and say nothing, so what is found is the same.
One pass over its bytes finds the fields, their sum and the header's places; the fields stay bytes. Where each stands is
kept as one number: its tag (65535 for one beyond), and where its value begins and ends, 24 bits each.
"""

from collections.abc import Sequence
from typing import Any

import cython

from tapewatch.fix.groups import DATA_LENGTH_TAGS
from tapewatch.fix.message import Message

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString, PyBytes_FromStringAndSize
    from cython.cimports.libc.string import memcmp
    from cython.cimports.tapewatch.fix.wire.blocks import Walk, next_place, sum_of
    from cython.cimports.tapewatch.market.memory import word_at

COMPILED: bool = cython.compiled

SOH = cython.declare(cython.int, 1)
EQUALS = cython.declare(cython.int, 61)
ZERO = cython.declare(cython.int, 48)
NINE = cython.declare(cython.int, 57)
VERSION_BYTES_MAX = cython.declare(cython.Py_ssize_t, 16)
LENGTH_DIGITS_MAX = cython.declare(cython.Py_ssize_t, 12)
NUMBER_DIGITS_MAX = cython.declare(cython.Py_ssize_t, 18)
TAG_DIGITS_MAX = cython.declare(cython.Py_ssize_t, 9)
TAG_KEPT_MAX = cython.declare(cython.longlong, 65535)
LIKELY_PLACES = cython.declare(cython.longlong, 2047)
TRAILER_BYTES = cython.declare(cython.Py_ssize_t, 7)
SCANNED_BYTES_MAX = cython.declare(cython.Py_ssize_t, (1 << 24) - 1)
MARKED_TAGS = cython.declare(cython.int, 2048)

HEADER_TAGS = (34, 35, 43, 49, 52, 56, 97, 122)

if not cython.compiled:
    Walk = None
    FIELDS_ROOM = 16384
    MARKS = bytearray(MARKED_TAGS)
    DATA_OF = [0] * MARKED_TAGS
    FOUND = [0] * FIELDS_ROOM
    LIKELY, LIKELY_TEXT = [0] * 2048, [0] * 2048
for _tag in range(MARKED_TAGS):
    MARKS[_tag] = 0
    LIKELY[_tag] = 8  # of no tag, and of a text no field begins with
    LIKELY_TEXT[_tag] = 0
    DATA_OF[_tag] = 0
for _tag in DATA_LENGTH_TAGS:
    MARKS[_tag] = 1
    DATA_OF[_tag] = DATA_LENGTH_TAGS[_tag]
for _tag in HEADER_TAGS:
    MARKS[_tag] = 1


def take_whole(data: bytes, position: cython.Py_ssize_t, bytes_max: cython.Py_ssize_t, found: list[Any]) -> int:
    """Appends the messages that begin at `position` and follow it without a gap; returns where they end."""
    size: cython.Py_ssize_t = len(data)
    length: cython.Py_ssize_t
    message: Message
    while position < size:
        message = _blank()
        if cython.compiled:  # noqa: SIM108 - a pointer, or the bytes
            text = cython.cast(cython.p_uchar, PyBytes_AsString(data)) + position
        else:
            text = data[position:]
        length = framed(text, size - position, bytes_max, SOH)
        if length == 0 or not note_fields(message, text, length, SOH) or not sums_right(message, text, length, SOH):
            break
        if cython.compiled:
            message.raw = PyBytes_FromStringAndSize(cython.cast(cython.p_char, text), length)
        else:
            message.raw = text[:length]
        keep_places(message)
        found.append(message)
        position += length
    return position


def scanned(raw: bytes) -> Message | None:
    """A message framed elsewhere, with its places noted; None where only the careful way tells."""
    message: Message = _blank()
    if not raw.endswith(b"\x01") or not note_fields(message, raw, len(raw), SOH):
        return None
    message.raw = raw
    keep_places(message)
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


def clear_places(message):
    """Makes a message blank again that is looked through where it lies."""
    message.is_scanned = message.has_history = message.is_ascii = False
    message.number = message.type_start = message.type_end = 0
    message.sender_start = message.target_start = message.sent_start = 0
    message.sender_end = message.target_end = message.sent_end = 0


def keep_places(message):
    """Keeps with a message where its fields were found just now."""
    if cython.compiled:
        message.places = PyBytes_FromStringAndSize(cython.cast(cython.p_char, FOUND), 8 * message.field_count)
    else:
        message.places = FOUND[: message.field_count]


def framed(text, size, bytes_max, delimiter):
    """Bytes of the message a text begins with, by its BodyLength; 0 where there is none, or a doubtful one."""
    at: cython.Py_ssize_t = 5
    end: cython.Py_ssize_t
    start: cython.Py_ssize_t
    body: cython.Py_ssize_t = 0
    if size < 20 or not starts_fix(text):
        return 0
    while text[at] != delimiter:
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
    if at == start or at >= size or text[at] != delimiter:
        return 0
    end = at + 1 + body + TRAILER_BYTES
    if end > size or end > bytes_max or end < at + 8 or stated_sum(text, end, delimiter) < 0:
        return 0
    return end


def starts_fix(text):
    """Whether a text of 20 bytes and more begins with 8=FIX."""
    if cython.compiled:
        return memcmp(text, b"8=FIX", 5) == 0
    else:  # noqa: RET505 - compiled, only one of the two remains
        return text[:5] == b"8=FIX"


def stated_sum(text, end, delimiter):
    """The CheckSum that stands before an end; -1 where none does."""
    at: cython.Py_ssize_t = end - TRAILER_BYTES
    stated: cython.int = 0
    index: cython.Py_ssize_t
    if text[at - 1] != delimiter or text[at] != 49 or text[at + 1] != ZERO or text[at + 2] != EQUALS:
        return -1
    if text[end - 1] != delimiter:
        return -1
    for index in range(at + 3, end - 1):
        if text[index] < ZERO or text[index] > NINE:
            return -1
        stated = stated * 10 + (text[index] - ZERO)
    return stated


def sums_right(message, text, size, delimiter):
    """Whether the CheckSum of a message framed and noted is right, a SOH for each of its delimiters."""
    index: cython.Py_ssize_t
    total: cython.longlong = message.byte_sum - (delimiter - SOH) * message.field_count
    for index in range(size - TRAILER_BYTES, size):
        total -= text[index]
    total += delimiter - SOH
    return stated_sum(text, size, delimiter) == (total & 0xFF)


def note_fields(message, text, size, delimiter):
    """Notes where the fields are, those of the header by name; False where one is not well-formed or 35 not the third.

    The last byte of the text is the delimiter behind the last field. The places are in `FOUND` until the next call.
    """
    at: cython.Py_ssize_t = 0
    end: cython.Py_ssize_t
    start: cython.Py_ssize_t
    count: cython.Py_ssize_t = 0
    code: cython.longlong
    tag: cython.longlong = 0
    data_tag: cython.longlong = 0
    walk = cython.declare(Walk)
    is_odd: cython.bint = False
    if size > SCANNED_BYTES_MAX:
        return False
    while at < size:
        if cython.compiled:
            end = next_place(cython.address(walk), text, size, delimiter, at)
        else:
            end = text.index(delimiter, at)
        code = tag_at(text, at, size, tag & LIKELY_PLACES)
        tag = code >> 8
        if tag == 0 or count == FIELDS_ROOM:
            return False
        start = at + (code & 0xFF)
        at = end + 1
        if tag == data_tag:
            at = 1 + data_end(text, start, end, size - 1, FOUND[count - 1], delimiter)
            is_odd |= at != end + 1  # it may hold anything
        data_tag = 0
        if tag < MARKED_TAGS and MARKS[tag] != 0:
            data_tag = DATA_OF[tag]
            if data_tag == 0:
                note_header(message, text, tag, start, end)
        FOUND[count] = cython.cast(cython.ulonglong, min(tag, TAG_KEPT_MAX)) << 48 | start << 24 | (at - 1)
        count += 1
    message.field_count = count
    if cython.compiled:
        message.byte_sum = sum_of(cython.address(walk), text, size)
        message.is_ascii = not is_odd and walk.seen < 0x80
    else:
        message.byte_sum = sum(text[:size])
        message.is_ascii = not is_odd and text[:size].isascii()
    message.begin_end = cython.cast(cython.Py_ssize_t, FOUND[0] & 0xFFFFFF)
    message.is_scanned = count > 2 and FOUND[2] >> 48 == 35 and message.type_start == ((FOUND[2] >> 24) & 0xFFFFFF)
    return message.is_scanned


def tag_at(text, at, size, before):
    """The tag a field begins with, shifted by the bytes it takes; 0 where it is not well-formed.

    Messages of a kind have their fields in the same order: first it is compared with the last that stood there.
    """
    code: cython.longlong = LIKELY[before]
    if cython.compiled and size - at >= 8 and word_at(text + at) << (64 - 8 * (code & 0xFF)) == LIKELY_TEXT[before]:
        return code
    return read_tag(text, at, before)


def read_tag(text, at, before):
    """As `tag_at`, byte by byte; kept as what is likely behind the tag before it."""
    tag: cython.longlong = text[at] - ZERO
    size: cython.int = 1
    place: cython.int
    if tag < 1 or tag > 9:
        return 0
    while ZERO <= text[at + size] <= NINE and size <= TAG_DIGITS_MAX:
        tag = tag * 10 + (text[at + size] - ZERO)
        size += 1
    if text[at + size] != EQUALS or size > TAG_DIGITS_MAX:
        return 0
    size += 1
    if cython.compiled and size <= 8:
        LIKELY[before] = tag << 8 | size
        LIKELY_TEXT[before] = 0
        for place in range(size):
            LIKELY_TEXT[before] |= cython.cast(cython.ulonglong, text[at + place]) << (64 - 8 * (size - place))
    return tag << 8 | size


def data_end(text, start, end, last, length, delimiter):
    """The end of a data field that begins there: by the number in the field before it, where that leads to one."""
    size: cython.longlong = whole_number(text, length >> 24 & 0xFFFFFF, length & 0xFFFFFF, LENGTH_DIGITS_MAX)
    if 0 <= size <= last - start and text[start + size] == delimiter:
        return start + size
    return end


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
