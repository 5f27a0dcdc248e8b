# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The identities of keyed rows: BLAKE2b-128 (RFC 7693) of the length of the source's name, the name, and the key."""

import hashlib
from typing import Any

import cython
import numpy as np

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString
    from cython.cimports.ingest_service.blake2b import blake2b_128
    from cython.cimports.libc.string import memcpy, memset

DIGEST_BYTES = 16
BLOCK_BYTES = cython.declare(cython.Py_ssize_t, 128)
"""What one round of the hash takes: longer texts are rare and go the standard library's way."""


def digests_of(sources: list[bytes], source_of_row: Any, key_of_row: Any, ends: Any, blob: bytes) -> Any:
    """The digests of rows, two uint64 each.

    `source_of_row` numbers `sources`. `key_of_row` numbers, from 1 on, the strings of a table that end in `blob` at
    `ends`. All three are uint32.
    """
    prefixes = [len(source).to_bytes(4, "little") + source for source in sources]
    digests = np.empty(2 * len(key_of_row), dtype=np.uint64)
    if cython.compiled:
        hash_all(prefixes, source_of_row, key_of_row, ends, blob, digests)
    else:
        for row, (source, key) in enumerate(zip(source_of_row, key_of_row, strict=True)):
            digests[2 * row : 2 * row + 2] = hashed(prefixes[source] + blob[ends[key - 1] : ends[key]])
    return digests


def hashed(text: bytes) -> Any:
    """The digest of a text of any length."""
    return np.frombuffer(hashlib.blake2b(text, digest_size=DIGEST_BYTES).digest(), dtype="<u8").astype(np.uint64)


def hash_all(prefixes, source_of_row, key_of_row, ends, blob, digests):
    """`digests_of`, compiled."""
    block = cython.declare(cython.uchar[128])
    text: cython.p_uchar = cython.cast(cython.p_uchar, PyBytes_AsString(blob))
    row: cython.Py_ssize_t
    source: cython.Py_ssize_t = -1
    prefix_size: cython.Py_ssize_t = 0
    start: cython.Py_ssize_t
    size: cython.Py_ssize_t
    for row in range(key_of_row.shape[0]):
        start = ends[key_of_row[row] - 1]
        size = ends[key_of_row[row]] - start
        if source != source_of_row[row]:
            source = source_of_row[row]
            prefix: bytes = prefixes[source]
            prefix_size = len(prefix)
            if prefix_size <= BLOCK_BYTES:
                memcpy(block, PyBytes_AsString(prefix), prefix_size)
        if prefix_size + size > BLOCK_BYTES:
            digests[2 * row], digests[2 * row + 1] = hashed(prefix + blob[start : start + size])
            continue
        memcpy(block + prefix_size, text + start, size)
        memset(block + prefix_size + size, 0, BLOCK_BYTES - prefix_size - size)
        blake2b_128(block, prefix_size + size, cython.address(digests[2 * row]))
