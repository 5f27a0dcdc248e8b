"""Streams that end with the service."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

Item = TypeVar("Item")


async def until_set(stop: asyncio.Event, items: AsyncIterator[Item]) -> AsyncIterator[Item]:
    """Yield the items until they end or `stop` is set; an item that arrives with the stop may be left unread."""
    stopped = asyncio.ensure_future(stop.wait())
    following: asyncio.Future[Item] | None = None
    try:
        while not stop.is_set():
            following = asyncio.ensure_future(anext(items))
            await asyncio.wait((following, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                return
            try:
                item = following.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        for pending in (stopped, following):
            if pending is not None:
                pending.cancel()
                await asyncio.wait((pending,))
                if not pending.cancelled():
                    pending.exception()  # what came while nobody was reading any more
