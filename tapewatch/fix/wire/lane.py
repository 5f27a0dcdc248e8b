# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The fast lane of a session: application messages in sequence, about which the session has nothing to say."""

from collections.abc import Sequence
from typing import Any

import cython

from tapewatch.fix.message import Message

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString
    from cython.cimports.libc.string import memcmp
    from cython.cimports.tapewatch.fix.wire.numbers import plain_time_ns
else:
    from tapewatch.fix.wire.numbers import plain_time_ns


class Lane:
    """Knows what a session asks of a header.

    `sender` and `target` are those of the messages that come; `tolerance_ns` how far SendingTime may be from the
    clock, 0 for any.
    """

    def __init__(self, begin_string: str, sender: str, target: str, tolerance_ns: int) -> None:
        self.begin_string = b"8=" + begin_string.encode("latin-1")
        self.sender = sender.encode("latin-1", "replace")
        self.target = target.encode("latin-1", "replace")
        self.tolerance_ns = tolerance_ns

    def count(self, found: Sequence[Any], first: int, expected: int, now_ns: int, epoch: int) -> int:
        """How many of the messages from `first` on go by; they get the epoch.

        They are in sequence from `expected`, of this session, of a type of the application, sent now, once and for
        the first time.
        """
        place: cython.Py_ssize_t = first
        end: cython.Py_ssize_t = len(found)
        number: cython.longlong = expected
        message: Message
        while place < end and isinstance(found[place], Message):
            message = found[place]
            if not message.is_scanned or message.number != number or message.has_history:
                break
            if not self._passes(message, now_ns):
                break
            message.epoch = epoch
            number += 1
            place += 1
        return place - first

    def _passes(self, message, now_ns):
        sent_ns: cython.longlong
        if cython.compiled:  # noqa: SIM108 - a pointer, or the bytes
            text = cython.cast(cython.p_uchar, PyBytes_AsString(message.raw))
        else:
            text = message.raw
        if is_administrative(text, message.type_start, message.type_end):
            return False
        if not same(text, 0, message.begin_end, self.begin_string, len(self.begin_string)):
            return False
        if not same(text, message.sender_start, message.sender_end, self.sender, len(self.sender)):
            return False
        if not same(text, message.target_start, message.target_end, self.target, len(self.target)):
            return False
        if message.sent_start == 0:
            return False
        sent_ns = plain_time_ns(text, message.sent_start, message.sent_end)
        if sent_ns < 0:
            return False
        return self.tolerance_ns == 0 or -self.tolerance_ns <= now_ns - sent_ns <= self.tolerance_ns


def is_administrative(text, start, end):
    """Whether a type is of the session: 0 to 5 or A; or is none."""
    return end <= start or (end == start + 1 and (48 <= text[start] <= 53 or text[start] == 65))


def same(text, start, end, wanted, size):
    """Whether the bytes between two places are those wanted."""
    if cython.compiled:
        return end - start == size and memcmp(text + start, wanted, size) == 0
    else:  # noqa: RET505 - compiled, only one of the two remains
        return text[start:end] == wanted
