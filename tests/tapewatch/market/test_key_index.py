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


def test_growing_loses_nothing_and_splits_no_more_than_small_shards() -> None:
    index = KeyIndex()
    for key in range(200_000):
        index.put(key, key)
    assert [index.find(key) for key in range(200_001)] == [*range(200_000), -1]
    shards = set(index.directory)
    assert sum(shard.used for shard in shards) == 200_000
    assert max(len(shard.entries) for shard in shards) == 2 * 8_192
    assert max(shard.used for shard in shards) <= 0.61 * 8_192


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=300))
def test_removing_agrees_with_a_dict(steps: list[tuple[bool, int]]) -> None:
    index, model = KeyIndex(), dict[int, int]()
    for number, (adds, key) in enumerate(steps):
        if adds and key not in model:
            index.put(key, number)
            model[key] = number
        elif not adds:
            index.remove(key, model.get(key, 0))
            model.pop(key, None)
    assert [index.find(key) for key in range(61)] == [model.get(key, -1) for key in range(61)]
