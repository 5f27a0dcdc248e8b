"""Streams that end with the service."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

Item = TypeVar("Item")


async def until_set(stop: asyncio.Event, items: AsyncIterator[Item]) -> AsyncIterator[Item]:
    """Yield the items until they end or `stop` is set; an item that arrives with the stop may be left unread.

    The read that waits when `stop` is set is cancelled, as asyncio.timeout does it: an item costs no task of its own.
    """
    reading: asyncio.Task[Any] | None = None
    interrupted = False

    def interrupt(waiter: asyncio.Task[Any]) -> None:
        nonlocal interrupted
        if reading is not None and not waiter.cancelled():
            interrupted = reading.cancel()

    stopped = asyncio.ensure_future(stop.wait())
    stopped.add_done_callback(interrupt)
    try:
        while not stop.is_set():
            reading = task = asyncio.current_task()
            assert task is not None
            try:
                item = await anext(items)
            except StopAsyncIteration:
                return
            except asyncio.CancelledError:
                if interrupted and task.cancelling() == 1:  # by us and nobody else
                    return
                raise
            finally:
                reading = None
                if interrupted:
                    task.uncancel()
            yield item
    finally:
        stopped.cancel()
