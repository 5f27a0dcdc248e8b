import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from case_service.watch import Bell, parse_cursor, watch
from tapewatch.runtime.errors import InvalidArgument, OutOfRange, Unavailable


@dataclass(frozen=True)
class Change:
    change_sequence: int


@dataclass(frozen=True)
class Changes:
    items: Sequence[Change]
    more: bool


class FakeStore:
    """Changes with the numbers given, two a read; counts its reads."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers)
        self.reads = 0

    async def read(self, after: int, count: int) -> Changes:
        self.reads += 1
        behind = [number for number in self.numbers if number > after]
        return Changes([Change(number) for number in behind[:2]], more=len(behind) > 2)


async def test_a_watcher_gets_what_is_there_and_then_what_comes() -> None:
    store, bell = FakeStore(1, 3, 4), Bell(4)
    changes = watch(bell, store.read, 1)
    assert [(await anext(changes)).change_sequence for _ in range(2)] == [3, 4]
    following = asyncio.ensure_future(anext(changes))
    store.numbers.append(6)
    bell.ring(6)
    assert (await following).change_sequence == 6


async def test_a_change_of_another_kind_wakes_a_watcher_once_and_does_not_spin() -> None:
    store, bell = FakeStore(1), Bell(1)
    changes = watch(bell, store.read, 0)
    assert (await anext(changes)).change_sequence == 1
    following = asyncio.ensure_future(anext(changes))
    for number in (2, 3):  # of a kind this watcher does not read
        bell.ring(number)
        for _ in range(10):
            await asyncio.sleep(0)
    assert store.reads <= 4
    store.numbers.append(4)
    bell.ring(4)
    assert (await following).change_sequence == 4


async def test_a_slow_watcher_reads_only_when_asked() -> None:
    store, bell = FakeStore(*range(1, 1_000)), Bell(999)
    changes = watch(bell, store.read, 0)
    await anext(changes)
    for number in range(1_000, 1_100):
        bell.ring(number)
        await asyncio.sleep(0)
    assert store.reads == 1


async def test_a_watch_ends_with_unavailable_when_the_bell_closes() -> None:
    bell = Bell(0)
    following = asyncio.ensure_future(anext(watch(bell, FakeStore().read, 0)))
    await asyncio.sleep(0)
    bell.close()
    with pytest.raises(Unavailable, match="resume from the last cursor"):
        await following


@pytest.mark.parametrize(("cursor", "position"), [("", None), ("0", 0), ("7", 7)])
def test_a_cursor_is_a_number_or_empty(cursor: str, position: int | None) -> None:
    assert parse_cursor(cursor, 7) == position


@pytest.mark.parametrize("cursor", ["-1", "x", "1.0", " 1", "٣", "9" * 19])
def test_another_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidArgument, match="cursor: expected the cursor of a response"):
        parse_cursor(cursor, 7)


def test_a_cursor_beyond_the_last_change_is_out_of_range() -> None:
    with pytest.raises(OutOfRange, match="expected at most 7, the last change, found 8"):
        parse_cursor("8", 7)
