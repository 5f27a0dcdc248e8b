# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Raw FIX without its secrets: Password (554), NewPassword (925) and RawData (96) are starred, byte for byte.

A stream is masked as it comes: what may still become a secret field is held back until its end is known.
"""

import re

import cython

if cython.compiled:
    from cython.cimports.libc.string import memchr
    from cython.cimports.tapewatch.fix.secret_tags import may_hold_secret

SOH = b"\x01"
HELD_BYTES_MAX = 1 << 20
"""Of a field that does not end; beyond it the field is let go, starred."""

LENGTH_FIELD_BYTES_MAX = 12
BLOCK_BYTES = cython.declare(cython.Py_ssize_t, 4096)
"""So many bytes are looked over at a time for what may be a secret."""
BEYOND_BYTES = cython.declare(cython.Py_ssize_t, 3)
_RAW_DATA_LENGTH = re.compile(rb"(?:^|\x01)95=([0-9]{1,7})\x01$")


SECRETS = (b"554=", b"925=", b"96=")
Piece = bytes | memoryview


@cython.ccall
def find_secret(data: bytes, start: int) -> int:
    """Where the value of the next secret field begins, from an offset on that begins a field; -1 for nowhere."""
    if not cython.compiled:
        return _find_by_search(data, start)
    text: cython.p_const_uchar = data
    size: cython.Py_ssize_t = len(data)
    place: cython.Py_ssize_t = start
    stop: cython.Py_ssize_t
    value: cython.Py_ssize_t = secret_at(text, place, size)
    while value < 0 and place < size:
        stop = min(place + BLOCK_BYTES, size - BEYOND_BYTES)
        if stop > place and not may_hold_secret(text + place, stop - place):
            place = stop
            continue
        if stop <= place:
            stop = size
        while value < 0 and place < stop:
            found = cython.cast(cython.p_const_uchar, memchr(text + place, 1, stop - place))
            place = stop if found == cython.NULL else found - text + 1
            if found != cython.NULL:
                value = secret_at(text, place, size)
    return value


@cython.cfunc
@cython.exceptval(check=False)
def secret_at(text: cython.p_const_uchar, place: cython.Py_ssize_t, size: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Where the value begins of a field that begins there; -1 where it is no secret."""
    rest: cython.Py_ssize_t = size - place
    if rest > 3 and text[place] == 53 and text[place + 1] == 53 and text[place + 2] == 52 and text[place + 3] == 61:
        return place + 4
    if rest > 2 and text[place] == 57 and text[place + 1] == 54 and text[place + 2] == 61:
        return place + 3
    if rest > 3 and text[place] == 57 and text[place + 1] == 50 and text[place + 2] == 53 and text[place + 3] == 61:
        return place + 4
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

    def feed(self, data: bytes) -> list[Piece]:
        """What is known to hold no secret, up to the end of a field, secrets starred, in pieces."""
        start = 0
        pieces: list[Piece] = []
        if self._inside:
            start = data.find(SOH)
            if start < 0:
                return [b"*" * len(data)]
            self._inside = False
            pieces = [b"*" * start]
        elif self._held:
            start = data.find(SOH) + 1
            held = self._held + data[:start]
            if start and find_secret(held, 0) < 0 and not held.startswith(b"95="):
                pieces = [held]
            else:
                start, data = 0, self._held + data
        masked, self._held = _split(data, start)
        pieces += masked
        if len(self._held) > HELD_BYTES_MAX:
            pieces.append(self._let_go())
        return pieces

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


def _split(data: bytes, kept: int) -> tuple[list[Piece], bytes]:
    """What from a field on may be kept, and what must wait for its end."""
    whole = memoryview(data)
    parts: list[Piece] = []
    start = find_secret(data, kept)
    while start >= 0:
        field = data.rfind(SOH, kept, start) + 1 or kept
        end, field = _end_of_secret(data, start, field, kept)
        if end < 0:
            return [*parts, whole[kept:field]], data[field:]
        parts += (whole[kept:start], b"*" * (end - start))
        kept = end
        start = find_secret(data, end)
    end = _end_of_fields(data, kept)
    return [*parts, whole[kept:end]], data[end:]


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
