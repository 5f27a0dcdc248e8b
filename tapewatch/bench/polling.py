"""Waiting for another process to get somewhere."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from tapewatch.bench.figure import BenchError

POLL_S = 0.01


async def until(
    reached: Callable[[], Awaitable[bool]], timeout_s: float, expected: Callable[[], str], poll_s: float = POLL_S
) -> None:
    """Ask every `poll_s` until it is so; BenchError with what was expected, and found, after `timeout_s` seconds."""
    deadline_s = monotonic() + timeout_s
    while not await reached():
        if monotonic() >= deadline_s:
            raise BenchError(f"within {timeout_s:g} s: {expected()}")
        await asyncio.sleep(poll_s)
