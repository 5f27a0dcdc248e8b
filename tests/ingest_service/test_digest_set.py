"""A set of digests beside the sets it stands for."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.digest_set import DigestSet

WORDS = st.sampled_from([0, 1, 2, (1 << 63) + 5, (1 << 64) - 1])
DIGESTS = st.lists(st.tuples(WORDS, WORDS), max_size=30)
Digest = tuple[int, int]


def flat(digests: list[Digest]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array([word for digest in digests for word in digest], dtype=np.uint64)


def claimed(into: DigestSet, digests: list[Digest], older: DigestSet | None = None) -> list[bool]:
    known = np.zeros(len(digests), dtype=np.uint8)
    assert into.claim(flat(digests), 0, older, known, 1 << 30) == len(digests)
    return [bool(each) for each in known]


def kept(digest: Digest) -> Digest:
    return digest[0] or 1, digest[1]


@given(DIGESTS, DIGESTS)
def test_a_digest_is_known_once_it_was_claimed_here_or_before(first: list[Digest], second: list[Digest]) -> None:
    older, newer = DigestSet(), DigestSet()
    seen: set[Digest] = set()
    for into, digests in ((older, first), (newer, second)):
        expected = []
        for digest in map(kept, digests):
            expected.append(digest in seen)
            seen.add(digest)
        assert claimed(into, digests, None if into is older else older) == expected
    assert len(older) + len(newer) == len(seen)


@given(DIGESTS, st.integers(0, 6))
def test_claiming_stops_when_the_set_has_as_many_as_it_may(digests: list[Digest], count_max: int) -> None:
    into, known = DigestSet(), np.zeros(len(digests), dtype=np.uint8)
    stopped = into.claim(flat(digests), 0, None, known, count_max)
    distinct = [len(set(map(kept, digests[:place]))) for place in range(len(digests) + 1)]
    assert stopped == next((place for place, count in enumerate(distinct) if count == count_max), len(digests))


def test_a_set_that_grew_knows_all_and_gives_them_back() -> None:
    source = random.Random(5)
    digests = [(source.getrandbits(64) or 1, source.getrandbits(64)) for _ in range(5_000)]
    grown = DigestSet()
    for start in range(0, len(digests), 700):
        assert not any(claimed(grown, digests[start : start + 700]))
    again = DigestSet(grown.to_bytes())
    for each in (grown, again):
        assert len(each) == len(digests)
        assert all(claimed(each, digests))
        assert not any(claimed(DigestSet(), digests, DigestSet()))
    assert len(grown.to_bytes()) == 16 * len(digests)
