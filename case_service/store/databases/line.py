"""A connection to PostgreSQL for a thread: the same synchronous work as on SQLite, over an asyncio driver."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import uvloop
from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import create_async_engine

Result = TypeVar("Result")


class Line:
    """One connection and the event loop it lives on; used by one thread at a time, so that work may take its time.

    Made when first used and again after it was lost; `connected` (given the driver's connection) may refuse it.
    """

    def __init__(
        self,
        url: URL,
        arguments: Mapping[str, object],
        isolation_level: str,
        connected: Callable[[Any], Any] | None = None,
    ) -> None:
        self._loop = uvloop.new_event_loop()
        self._engine = create_async_engine(
            url,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,  # errors reach logs
            isolation_level=isolation_level,
            connect_args=dict(arguments),
        )
        if connected is not None:
            event.listen(self._engine.sync_engine, "connect", lambda made, _record: made.run_async(connected))

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction of its own."""
        return self._loop.run_until_complete(self._transact(work))

    def close(self) -> None:
        """Let go of the connection."""
        self._loop.run_until_complete(self._engine.dispose())
        self._loop.close()

    async def _transact(self, work: Callable[[Connection], Result]) -> Result:
        async with self._engine.connect() as connection:
            try:
                async with connection.begin():
                    return await connection.run_sync(work)
            except TimeoutError:  # the server may still be at it: this connection is good for nothing more
                await connection.invalidate()
                raise
