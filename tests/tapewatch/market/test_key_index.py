"""The index of numbers by key behaves as a dict."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tapewatch.market.key_index import KeyIndex

WORD = st.integers(0, (1 << 64) - 1)


@settings(max_examples=100, deadline=None)
@given(st.lists(WORD, unique=True, max_size=100), WORD)
def test_finding_agrees_with_a_dict(keys: list[int], other: int) -> None:
    index = KeyIndex()
    model = {key: number for number, key in enumerate(keys)}
    for key, number in model.items():
        index.put(key, number)
    assert [index.find(key) for key in keys] == list(model.values())
    assert index.find(other) == model.get(other, -1)


def test_growing_loses_nothing_and_stays_half_empty() -> None:
    index = KeyIndex()
    for key in range(3_000):
        index.put(key, key)
    assert [index.find(key) for key in range(3_001)] == [*range(3_000), -1]
    assert index.used * 2 <= len(index.value)


def test_a_restored_index_finds_and_takes_the_same() -> None:
    index, again = KeyIndex(), KeyIndex()
    for key in range(600):
        index.put(key, 2 * key)
    again.restore(index.state())
    again.put(600, 1)
    assert [again.find(key) for key in (0, 599, 600, 601)] == [0, 1198, 1, -1]
