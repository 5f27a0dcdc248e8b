"""Digests of keys against the standard library's hash."""

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.key_digests import DIGEST_BYTES, digests_of

SIZES = st.one_of(st.integers(0, 6), st.integers(90, 140), st.integers(300, 400))


def expected(source: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(len(source).to_bytes(4, "little") + source + key, digest_size=DIGEST_BYTES).digest()


@given(st.lists(SIZES, min_size=1, max_size=3), st.lists(st.tuples(st.integers(0, 2), SIZES), max_size=12))
def test_a_digest_is_blake2b_of_the_source_and_the_key(source_sizes: list[int], rows: list[tuple[int, int]]) -> None:
    sources = [bytes([65 + place]) * size for place, size in enumerate(source_sizes)]
    wanted = [(source % len(sources), bytes([97 + place]) * size) for place, (source, size) in enumerate(rows)]
    ends = np.cumsum([0, *(len(key) for _, key in wanted)]).astype(np.uint32)
    found = digests_of(
        sources,
        np.array([source for source, _ in wanted], dtype=np.uint32),
        np.arange(1, len(wanted) + 1, dtype=np.uint32),
        ends,
        b"".join(key for _, key in wanted),
    )
    assert found.astype("<u8").tobytes() == b"".join(expected(sources[source], key) for source, key in wanted)
