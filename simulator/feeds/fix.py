"""The drop copy as a feed: one FIX message a report."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from simulator.drop_copy import DropCopy
from simulator.report import Report
from tapewatch.fix.codec import Field


class Outlet(Protocol):
    """A FIX session."""

    async def send(self, msg_type: str, fields: Iterable[Field]) -> int:
        """Send a message; wait while the peer is slow or away."""
        ...

    async def drained(self, timeout_s: float = ...) -> None:
        """Return once the peer has everything sent so far; raise TimeoutError."""
        ...


class FixFeed:
    """Sends reports as execution reports over a session."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._drop_copy = DropCopy()

    async def send(self, report: Report) -> None:
        """Send one message."""
        await self._outlet.send(*self._drop_copy.message(report))

    async def flush(self) -> None:
        """Nothing is held back."""

    async def drained(self, timeout_s: float) -> None:
        """Return once the gateway has acknowledged everything."""
        await self._outlet.drained(timeout_s)


@asynccontextmanager
async def open_fix_feed(open_session: Callable[[], AbstractAsyncContextManager[Outlet]]) -> AsyncIterator[FixFeed]:
    """Log on; log out at the end, which ends the source."""
    async with open_session() as outlet:
        yield FixFeed(outlet)
