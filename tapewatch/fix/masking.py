# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Raw FIX without its secrets: Password (554), NewPassword (925) and RawData (96) are starred, byte for byte.

A stream is masked as it comes: what may still become a secret field is held back until its end is known.
"""

import re

import cython

if cython.compiled:
    from cython.cimports.libc.string import memchr

SOH = b"\x01"
HELD_BYTES_MAX = 1 << 20
"""Of a field that does not end; beyond it the field is let go, starred."""

LENGTH_FIELD_BYTES_MAX = 12
_RAW_DATA_LENGTH = re.compile(rb"(?:^|\x01)95=([0-9]{1,7})\x01$")


SECRETS = (b"554=", b"925=", b"96=")


@cython.ccall
def find_secret(data: bytes, start: int) -> int:
    """Where the value of the next secret field begins, from an offset on that begins a field; -1 for nowhere."""
    if not cython.compiled:
        return _find_by_search(data, start)
    size: cython.Py_ssize_t = len(data)
    place: cython.Py_ssize_t = start
    text: cython.p_const_uchar = data
    found: cython.p_const_uchar
    while place < size:
        rest: cython.Py_ssize_t = size - place
        if text[place] == 53 and rest > 3 and text[place + 1] == 53 and text[place + 2] == 52 and text[place + 3] == 61:
            return place + 4
        if text[place] == 57 and rest > 2:
            if text[place + 1] == 54 and text[place + 2] == 61:
                return place + 3
            if rest > 3 and text[place + 1] == 50 and text[place + 2] == 53 and text[place + 3] == 61:
                return place + 4
        found = cython.cast(cython.p_const_uchar, memchr(text + place, 1, rest))
        if found == cython.NULL:
            return -1
        place = found - text + 1
    return -1


def _find_by_search(data: bytes, start: int) -> int:
    """The same without a compiler."""
    for secret in SECRETS:
        if data.startswith(secret, start):
            return start + len(secret)
    places = [place + 1 + len(secret) for secret in SECRETS if (place := data.find(SOH + secret, start)) >= 0]
    return min(places, default=-1)


class Mask:
    """Masks one direction of a connection; ``feed`` gives what may be kept so far, ``finish`` the rest."""

    def __init__(self) -> None:
        self._held = b""
        self._inside = False

    def feed(self, data: bytes) -> bytes:
        """What is known to hold no secret, up to the end of a field, secrets starred."""
        if self._inside:
            end = data.find(SOH)
            if end < 0:
                return b"*" * len(data)
            self._inside = False
            return b"*" * end + self.feed(data[end:])
        masked, self._held = _split(self._held + data if self._held else data)
        if len(self._held) > HELD_BYTES_MAX:
            masked += self._let_go()
        return masked

    def finish(self) -> bytes:
        """The unfinished field at the end, starred where it may be secret."""
        masked = self._let_go()
        self._inside = False
        return masked

    def _let_go(self) -> bytes:
        held, self._held = self._held, b""
        start = find_secret(held, 0)
        if start < 0 and not _may_become_secret(held):
            return held
        self._inside = True
        return held[: max(start, 0)] + b"*" * (len(held) - max(start, 0))


def _split(data: bytes) -> tuple[bytes, bytes]:
    """What may be kept, and what must wait for its end."""
    parts: list[bytes] = []
    kept = 0
    start = find_secret(data, 0)
    while start >= 0:
        field = data.rfind(SOH, kept, start) + 1 or kept
        end, field = _end_of_secret(data, start, field, kept)
        if end < 0:
            return b"".join([*parts, data[kept:field]]), data[field:]
        parts += (data[kept:start], b"*" * (end - start))
        kept = end
        start = find_secret(data, end)
    end = _end_of_fields(data, kept)
    return b"".join([*parts, data[kept:end]]) if parts else data[:end], data[end:]


def _end_of_fields(data: bytes, kept: int) -> int:
    """Where the last whole field ends; a RawDataLength at the end waits for its RawData."""
    end = data.rfind(SOH, kept) + 1
    if not end:
        return kept
    last = data.rfind(SOH, kept, end - 1) + 1 or kept
    return last if data.startswith(b"95=", last) else end


def _end_of_secret(data: bytes, start: int, field: int, kept: int) -> tuple[int, int]:
    """Where the value ends, -1 if that is not here yet, and from where on to wait for it.

    RawData may hold SOH: RawDataLength (95) before it says how long it is.
    """
    before = data[max(kept, field - LENGTH_FIELD_BYTES_MAX) : field]
    stated = _RAW_DATA_LENGTH.search(before) if data.startswith(b"96=", field) else None
    if stated is not None:
        end = start + int(stated[1])
        if end >= len(data):
            return -1, field - len(stated[0].lstrip(SOH))
        if data[end : end + 1] == SOH:
            return end, field
    return data.find(SOH, start), field


def _may_become_secret(held: bytes) -> bool:
    return any(start.startswith(held[:4]) for start in (b"554=", b"925=", b"96=", b"95="))
