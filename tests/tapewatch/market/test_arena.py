"""Numbered records: taken as zeros, given back, taken again, restored with the chain of what is free."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapewatch.market.arena import Arena
from tapewatch.market.order_table import OrderTable
from tapewatch.market.records import Order

STEPS = st.lists(st.tuples(st.sampled_from(["take", "take", "give back", "restore"]), st.integers(0, 99)), max_size=80)
EMPTY = bytes(Order.FORMAT.size)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([1, 4]), STEPS)
def test_what_is_taken_is_zeros_and_nobody_else_s(stride: int, steps: list[tuple[str, int]]) -> None:
    arena, taken = Arena(Order, stride), list[int]()
    for verb, choice in steps:
        if verb == "take":
            number = arena.take()
            assert number not in taken
            assert [arena.get(number + place).pack() for place in range(stride)] == [EMPTY] * stride
            taken.append(number)
        elif verb == "give back" and taken:
            arena.give_back(taken.pop(choice % len(taken)))
        elif verb == "restore":
            state, arena = arena.state(), Arena(Order, stride)
            arena.restore(state)
            assert arena.state() == state
    flags = arena.given_back()
    assert [number for number in range(0, arena.used, stride) if not flags[number]] == sorted(taken)


@pytest.mark.parametrize("number", [-1, 3, 1 << 40])
def test_a_number_never_given_out_is_refused(number: int) -> None:
    arena = Arena(Order)
    for _ in range(3):
        arena.take()
    with pytest.raises(IndexError, match=f"a Order below 3, found {number}"):
        arena.get(number)


def test_records_beyond_a_page_are_those_that_were_written() -> None:
    table, again = OrderTable(), OrderTable()
    for key in range(70_000):
        table.insert(key)
    for key in range(0, 70_000, 7):
        table.remove(table.find(key))
    again.restore(table.state())
    for each in (table, again):
        slots: list[Any] = [each.find(key) for key in (0, 1, 65_535, 65_536, 65_537, 69_999)]
        assert slots[0] == -1
        assert [each.get(slot).key for slot in slots[1:5]] == [1, 65_535, 65_536, 65_537]
    assert again.insert(1 << 60) == table.insert(1 << 60)
