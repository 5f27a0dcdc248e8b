# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""64-bit hashes that are the same in every process and in both modes of the core.

The finaliser is splitmix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
"""

import cython

if cython.compiled:
    from cython.cimports.tapewatch.market.memory import hash_at

_MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
_FIRST = cython.declare(cython.ulonglong, 0xBF58476D1CE4E5B9)
_SECOND = cython.declare(cython.ulonglong, 0x94D049BB133111EB)
_GOLDEN = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)


def mix(value):
    """A 64-bit word whose every bit depends on every bit of `value`."""
    word: cython.ulonglong = value
    word = ((word ^ (word >> 30)) * _FIRST) & _MASK
    word = ((word ^ (word >> 27)) * _SECOND) & _MASK
    return word ^ (word >> 31)


def hash_text(blob, start, end, seed):
    """Hash of the bytes start (inclusive) to end (exclusive) of `blob`."""
    word: cython.ulonglong
    total: cython.ulonglong
    position: cython.Py_ssize_t = start
    if cython.compiled:
        return hash_at(cython.address(blob[0]) + start, end - start, seed)
    total = (seed + _GOLDEN * (end - start + 1)) & _MASK
    while position + 8 <= end:
        word = int.from_bytes(blob[position : position + 8], "little")
        total = ((total ^ word) * _FIRST) & _MASK
        total ^= total >> 29
        position += 8
    word = 0
    while position < end:
        word = ((word << 8) | blob[position]) & _MASK
        position += 1
    return mix(total ^ word)


def hash_bytes(data: bytes, seed: int = 0) -> int:
    """Hash of `data`; for callers outside the core."""
    return hash_text(data, 0, len(data), seed)


def mix_word(value: int) -> int:
    """`mix` for callers outside the core."""
    return mix(value)
