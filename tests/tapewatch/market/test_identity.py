"""Event ids are what they were yesterday, and differ where any part of the key differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tapewatch.market.hashing import hash_bytes, mix_word
from tapewatch.market.identity import event_id

WORD = st.integers(-(1 << 63), (1 << 63) - 1)


def test_ids_do_not_change_between_versions() -> None:
    assert mix_word(1) == 0x5692161D100B05E5
    assert event_id("feed", 1, 2, 3) == "f1ca18a066c52ee52950037e0eea7766"
    assert event_id("feed", 1, 2, 3, "exec-7") == "3e517adf08f7a47b485d889db75a848e"


def test_a_key_stands_for_the_numbers() -> None:
    assert event_id("feed", 1, 2, 3, "k") == event_id("feed", 9, 9, 9, "k") != event_id("drop", 1, 2, 3, "k")


@given(st.tuples(WORD, WORD, WORD), st.tuples(WORD, WORD, WORD))
def test_different_numbers_have_different_ids(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    assert (event_id("feed", *one) == event_id("feed", *other)) == (one == other)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_different_bytes_have_different_hashes(one: bytes, other: bytes) -> None:
    assert (hash_bytes(one) == hash_bytes(other)) == (one == other)


@given(st.text(min_size=1, max_size=20))
def test_an_id_is_32_hexadecimal_digits(key: str) -> None:
    identity = event_id("feed", 0, 0, 0, key)
    assert len(identity) == 32
    assert int(identity, 16) >= 0
