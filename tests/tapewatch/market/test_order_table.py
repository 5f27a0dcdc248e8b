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


def insert(table: OrderTable, key: int) -> int:
    return int(table.insert(key))


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_finding_agrees_with_a_dict_after_every_step(steps: list[tuple[bool, int]]) -> None:
    table, model = OrderTable(), dict[int, int]()
    for adds, key in steps:
        if adds and key not in model:
            model[key] = insert(table, key)
        elif not adds and key in model:
            del model[key]
            table.remove(table.find(key))
        for known in {key for _, key in steps}:
            assert table.find(known) == model.get(known, -1)
            assert known not in model or table.get(model[known]).key == known
    assert table.live == len(model)


def test_growing_loses_nothing_and_moves_no_slot() -> None:
    table = OrderTable()
    slots = {key: insert(table, key * 0x9E3779B97F4A7C15 % (1 << 64)) for key in range(50_000)}
    assert all(table.find(key * 0x9E3779B97F4A7C15 % (1 << 64)) == slot for key, slot in slots.items())
    assert len(set(slots.values())) == table.live == 50_000


def test_freed_slots_are_used_again() -> None:
    table = OrderTable()
    for key in range(100_000):
        table.remove(insert(table, key))
    assert (table.live, table.arena.used) == (0, 1)


def test_a_new_order_has_nothing_of_the_one_whose_slot_it_took() -> None:
    table = OrderTable()
    fresh = table.get(insert(table, 1))
    first, second = insert(table, 5), insert(table, 6)
    table.remove(first)
    table.remove(second)
    assert (insert(table, 2), insert(table, 3)) == (second, first)
    for slot, key in ((second, 2), (first, 3)):
        order = table.get(slot)
        assert (order.key, order.level, order.account, order.participant) == (key, -1, -1, -1)
    assert (fresh.leaves, fresh.level) == (0.0, -1)


def test_a_restored_table_goes_on_as_the_one_it_was_taken_from() -> None:
    table, again = OrderTable(), OrderTable()
    for key in range(1_500):
        insert(table, key << 11)
    table.remove(table.find(3 << 11))
    again.restore(table.state())
    assert again.find(3 << 11) == -1
    assert insert(again, 1 << 62) == insert(table, 1 << 62)
    assert [again.find(key << 11) for key in range(1_500)] == [table.find(key << 11) for key in range(1_500)]


def test_a_state_is_no_part_of_what_goes_on() -> None:
    table, again = OrderTable(), OrderTable()
    insert(table, 1)
    state = table.state()
    table.remove(insert(table, 2))
    table.remove(table.find(1))
    again.restore(state)
    assert (again.find(1), again.live, again.get(0).key) == (0, 1, 1)
