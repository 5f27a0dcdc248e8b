# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A set of 128-bit digests: no Python object a digest, 32 to 64 bytes each."""

import secrets
from typing import Any

import cython
import numpy as np

if cython.compiled:
    from cython.cimports.tapewatch.market.memory import mix, prefetch

SEED = cython.declare(cython.ulonglong, secrets.randbits(64))
"""Of this process: no sender can choose keys that fall on one place. What is in a set does not depend on it."""
PLACES_AT_FIRST = cython.declare(cython.Py_ssize_t, 1024)
AHEAD = cython.declare(cython.Py_ssize_t, 8)
"""Memory is fetched for a digest so many digests before it is looked for."""


class DigestSet:
    """Digests are pairs of uint64. The first is never 0, which marks an empty place: a 0 is taken for a 1."""

    def __init__(self, content: bytes = b"") -> None:
        """`content`: what `to_bytes` gave."""
        digests = np.frombuffer(content, dtype=np.uint64)
        count = len(digests) // 2
        self._count = 0
        self._pairs: set[tuple[int, int]] = set()
        self._mask = PLACES_AT_FIRST - 1
        self._cells = np.zeros(2 * PLACES_AT_FIRST if cython.compiled else 0, dtype=np.uint64)
        self.claim(digests, 0, None, np.zeros(count, dtype=np.uint8), count)

    def __len__(self) -> int:
        return self._count

    def to_bytes(self) -> bytes:
        """The digests, 16 bytes each, in no order."""
        if not cython.compiled:
            return np.array(list(self._pairs), dtype=np.uint64).tobytes()
        cells: Any = np.asarray(self._cells).reshape(-1, 2)
        return cells[cells[:, 0] != 0].tobytes()

    def claim(self, digests: Any, start: Any, older: Any, known: Any, count_max: Any) -> int:
        """Adds digests from one on, until all are in or the set has `count_max`; returns the one to go on with.

        `digests`: uint64, two each. `known`, uint8: whether a digest was in the set, or in `older` if that is given;
        there it stays.
        """
        at: cython.Py_ssize_t = start
        end: cython.Py_ssize_t = len(digests) // 2
        before: cython.Py_ssize_t
        low: cython.ulonglong
        high: cython.ulonglong
        while at < end and self._count < count_max:
            if cython.compiled and at + AHEAD < end:
                self._fetch(digests[2 * (at + AHEAD)])
                if older is not None:
                    older._fetch(digests[2 * (at + AHEAD)])
            low = digests[2 * at]
            high = digests[2 * at + 1]
            if low == 0:
                low = 1
            before = self._count
            if older is None or not older._has(low, high):
                self._add(low, high)
            known[at] = self._count == before
            at += 1
        return at

    def _has(self, low, high):
        if not cython.compiled:
            return (low, high) in self._pairs
        return self._cells[2 * self._place(low, high)] != 0

    def _add(self, low, high):
        place: cython.Py_ssize_t
        if not cython.compiled:
            self._pairs.add((low, high))
            self._count = len(self._pairs)
            return
        place = self._place(low, high)
        if self._cells[2 * place] == 0:
            self._cells[2 * place] = low
            self._cells[2 * place + 1] = high
            self._count += 1
            if 2 * self._count > self._cells.shape[0] // 2:
                self._double()

    def _place(self, low, high):
        """Where the digest is, or the empty place where it would be."""
        place: cython.Py_ssize_t = mix(low ^ SEED) & self._mask
        while self._cells[2 * place] != 0 and (self._cells[2 * place] != low or self._cells[2 * place + 1] != high):
            place = (place + 1) & self._mask
        return place

    def _fetch(self, low):
        if low == 0:
            low = 1
        prefetch(cython.address(self._cells[2 * (mix(low ^ SEED) & self._mask)]))

    def _double(self):
        old = self._cells
        at: cython.Py_ssize_t
        place: cython.Py_ssize_t
        cells: cython.ulonglong[::1] = old
        self._mask = 2 * self._mask + 1
        self._cells = np.zeros(2 * cells.shape[0], dtype=np.uint64)
        for at in range(0, cells.shape[0], 2):
            if cells[at] != 0:
                place = self._place(cells[at], cells[at + 1])
                self._cells[2 * place] = cells[at]
                self._cells[2 * place + 1] = cells[at + 1]
