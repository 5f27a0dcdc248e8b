import asyncio
from collections.abc import AsyncIterator

import pytest

from tapewatch.runtime.streams import until_set


async def numbers(count: int, ended: list[str], *, then_wait: bool = False) -> AsyncIterator[int]:
    try:
        for number in range(count):
            yield number
        if then_wait:
            await asyncio.Event().wait()
    finally:
        ended.append("source")


async def test_all_items_pass_when_nothing_stops() -> None:
    assert [item async for item in until_set(asyncio.Event(), numbers(5, []))] == [0, 1, 2, 3, 4]


async def test_a_stream_that_waits_ends_at_the_stop() -> None:
    stop = asyncio.Event()
    ended: list[str] = []
    seen = []
    async for item in until_set(stop, numbers(2, ended, then_wait=True)):
        seen.append(item)
        if item == 1:
            asyncio.get_running_loop().call_soon(stop.set)
    assert seen == [0, 1]
    assert ended == ["source"]


async def test_nothing_is_read_once_stopped() -> None:
    stop = asyncio.Event()
    stop.set()
    assert [item async for item in until_set(stop, numbers(3, []))] == []


async def test_an_error_of_the_source_comes_through() -> None:
    async def failing() -> AsyncIterator[int]:
        yield 1
        raise OSError("torn")

    with pytest.raises(OSError, match="torn"):
        assert [item async for item in until_set(asyncio.Event(), failing())]


async def test_cancelling_the_reader_leaves_no_task_behind() -> None:
    ended: list[str] = []
    reading = asyncio.Event()

    async def read() -> None:
        async for _ in until_set(asyncio.Event(), numbers(1, ended, then_wait=True)):
            reading.set()

    task = asyncio.ensure_future(read())
    await reading.wait()
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()
    assert ended == ["source"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_reader_may_go_on_after_the_stop_and_be_cancelled_later() -> None:
    stop = asyncio.Event()
    went_on = asyncio.Event()

    async def read() -> None:
        asyncio.get_running_loop().call_soon(stop.set)
        assert [item async for item in until_set(stop, numbers(0, [], then_wait=True))] == []
        await asyncio.sleep(0)
        went_on.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(read())
    await asyncio.wait_for(went_on.wait(), 5)
    assert task.cancelling() == 0
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()


async def test_a_cancellation_that_comes_with_the_stop_is_not_lost() -> None:
    stop = asyncio.Event()

    async def read() -> None:
        async for _ in until_set(stop, numbers(0, [], then_wait=True)):
            pass
        await asyncio.Event().wait()

    task = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    stop.set()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,), timeout=5)
    assert task.cancelled()


async def test_a_stop_while_the_reader_works_on_an_item_does_not_disturb_it() -> None:
    stop = asyncio.Event()
    done = []
    async for item in until_set(stop, numbers(3, [])):
        stop.set()
        for _ in range(3):
            await asyncio.sleep(0)
        done.append(item)
    assert done == [0]
