# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The distinct texts of a batch, numbered as they come: the string table of a frame, with no Python string made."""

import secrets
from typing import Any

import cython
import numpy as np

from tapewatch.market.frame import StringTable

if cython.compiled:
    from cython.cimports.libc.string import memcmp, memcpy
    from cython.cimports.tapewatch.market.memory import hash_at

SEED = cython.declare(cython.ulonglong, secrets.randbits(64))
"""Of this process: no peer can choose texts that fall on one place. The numbers do not depend on it."""
STRINGS_AT_FIRST = cython.declare(cython.Py_ssize_t, 1024)
STRINGS_KEPT_MAX = cython.declare(cython.Py_ssize_t, 1 << 17)
BYTES_KEPT_MAX = cython.declare(cython.Py_ssize_t, 1 << 22)
BYTES_AT_FIRST = cython.declare(cython.Py_ssize_t, 16384)


class Texts:
    """Numbers texts from 1 on; 0 is the empty one. The same bytes always get the same number."""

    def __init__(self) -> None:
        self.count = 1
        self.size = 0
        if cython.compiled:
            self._make_room(STRINGS_AT_FIRST)
            self._blob = np.empty(BYTES_AT_FIRST, dtype=np.uint8)
        else:
            self._places = {b"": 0}

    def cleared(self) -> "Texts":
        """An empty one, in the memory of this one, which must be asked no more; a large one's memory is let go."""
        if not cython.compiled or self._ends.shape[0] > STRINGS_KEPT_MAX or self._blob.shape[0] > BYTES_KEPT_MAX:
            return Texts()
        self.count = 1
        self.size = 0
        np.asarray(self._table).fill(0)
        return self

    def table(self) -> StringTable:
        """The texts so far."""
        if cython.compiled:
            ends: Any = np.asarray(self._ends)[: self.count].astype("<u4")
            return StringTable(ends, np.asarray(self._blob)[: self.size].tobytes())
        else:  # noqa: RET505 - compiled, only one of the two remains
            ends = np.cumsum([len(text) for text in self._places], dtype=np.uint64)
            return StringTable(ends.astype("<u4"), b"".join(self._places))

    def number(self, text: bytes) -> int:
        """The number of a text."""
        return self.intern(text, 0, len(text))

    def intern(self, text, start, end):
        """The number of the text between two places."""
        length: cython.Py_ssize_t = end - start
        hashed: cython.ulonglong
        place: cython.ulonglong
        index: cython.uint
        if length == 0:
            return 0
        if not cython.compiled:
            return self._places.setdefault(text[start:end], len(self._places))
        else:  # noqa: RET505 - interpreted, only one of the two remains
            hashed = hash_at(text + start, length, SEED)
            place = hashed & self._mask
            index = self._table[place]
            while index != 0:
                if self._hashes[index] == hashed and self._same(index, text + start, length):
                    return index
                place = (place + 1) & self._mask
                index = self._table[place]
            return self._add(text + start, length, hashed)

    def _same(self, index, text, length):
        before: cython.Py_ssize_t = self._ends[index - 1]
        return self._ends[index] - before == length and memcmp(cython.address(self._blob[before]), text, length) == 0

    def _add(self, text, length, hashed):
        index: cython.uint = self.count
        if self.count == self._ends.shape[0]:
            self._make_room(2 * self.count)
        while self.size + length > self._blob.shape[0]:
            self._blob = np.concatenate([self._blob, np.empty_like(self._blob)])
        memcpy(cython.address(self._blob[self.size]), text, length)
        self.size += length
        self.count += 1
        self._ends[index] = self.size
        self._hashes[index] = hashed
        self._place(index, hashed)
        return index

    def _place(self, index, hashed):
        place: cython.ulonglong = hashed & self._mask
        while self._table[place] != 0:
            place = (place + 1) & self._mask
        self._table[place] = index

    def _make_room(self, count):
        """Room for so many texts, those there kept."""
        index: cython.uint
        hashes = np.zeros(count, dtype=np.uint64)
        ends = np.zeros(count, dtype=np.uint32)
        if self.count > 1:
            hashes[: self.count] = np.asarray(self._hashes)[: self.count]
            ends[: self.count] = np.asarray(self._ends)[: self.count]
        self._hashes = hashes
        self._ends = ends
        self._table = np.zeros(4 * count, dtype=np.uint32)
        self._mask = 4 * count - 1
        for index in range(1, self.count):
            self._place(index, self._hashes[index])
