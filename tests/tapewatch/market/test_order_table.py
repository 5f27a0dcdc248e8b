"""The table of live orders behaves as a dict, whatever its keys collide on."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tapewatch.market.order_table import OrderTable

# Keys that share their low bits fall on one place; the first four share all but the top bits.
KEY = st.one_of(
    st.sampled_from([0, 1 << 32, 1 << 48, 1 << 63, 2047, 2048, 4095, (1 << 64) - 1]),
    st.integers(0, 40).map(lambda number: number << 20 | 2040),
    st.integers(0, (1 << 64) - 1),
)
STEPS = st.lists(st.tuples(st.booleans(), KEY), max_size=200)


def insert(table: OrderTable, key: int, leaves: float) -> int:
    slot = int(table.insert(key))
    table.side[slot] = 1
    table.leaves[slot] = leaves
    return slot


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_finding_agrees_with_a_dict_after_every_step(steps: list[tuple[bool, int]]) -> None:
    table, model = OrderTable(), dict[int, float]()
    for number, (adds, key) in enumerate(steps):
        if adds and key not in model:
            model[key] = float(number)
            insert(table, key, float(number))
        elif not adds and key in model:
            del model[key]
            table.remove(table.find(key))
        for known in {key for _, key in steps}:
            slot = table.find(known)
            assert (None if slot < 0 else table.leaves[slot]) == model.get(known)
    assert table.live == len(model)


def test_growing_loses_nothing_and_moves_no_slot() -> None:
    table = OrderTable()
    slots = {key: insert(table, key * 0x9E3779B97F4A7C15 % (1 << 64), float(key)) for key in range(5_000)}
    assert all(table.find(key * 0x9E3779B97F4A7C15 % (1 << 64)) == slot for key, slot in slots.items())
    assert all(table.leaves[slot] == key for key, slot in slots.items())
    assert len(set(slots.values())) == table.live == 5_000


def test_freed_slots_are_used_again() -> None:
    table = OrderTable()
    for key in range(100_000):
        table.remove(insert(table, key, 1.0))
    assert (table.live, len(table.key)) == (0, 1024)


def test_a_new_order_has_nothing_of_the_one_whose_slot_it_took() -> None:
    table = OrderTable()
    slot = insert(table, 1, 5.0)
    table.level[slot], table.account[slot], table.participant[slot] = 7, 8, 9
    table.remove(slot)
    assert table.insert(2) == slot
    assert (table.level[slot], table.account[slot], table.participant[slot]) == (-1, -1, -1)


def test_a_restored_table_goes_on_as_the_one_it_was_taken_from() -> None:
    table, again = OrderTable(), OrderTable()
    for key in range(1_500):
        insert(table, key << 11, float(key))
    table.remove(table.find(3 << 11))
    again.restore(table.state())
    assert again.find(3 << 11) == -1
    assert insert(again, 1 << 62, 2.0) == insert(table, 1 << 62, 2.0)
    assert [again.find(key << 11) for key in range(1_500)] == [table.find(key << 11) for key in range(1_500)]
