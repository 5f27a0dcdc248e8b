"""The store as the service sees it: units of work through one writer, snapshots through many readers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from case_service.store.databases.database import Database
from case_service.store.databases.opening import open_database
from case_service.store.migrate import migrate
from case_service.store.reading import change_head
from case_service.store.transaction import Transaction
from case_service.store.writer import Writer
from case_service.watch import Bell

READERS = 4
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Store:
    """Alerts, cases and their history on disk; `bell` rings when something was committed."""

    def __init__(self, database: Database, writer: Writer, readers: int, bell: Bell) -> None:
        self.bell = bell
        self.writer = writer
        self._database = database
        self._threads = ThreadPoolExecutor(readers, thread_name_prefix="case-reader")

    async def write(self, work: Callable[[Transaction], Result]) -> Result:
        """Run a unit of work; its result is durable. See `Writer.write`."""
        return await self.writer.write(work)

    async def read(
        self,
        query: Callable[Concatenate[Connection, Parameters], Result],
        *arguments: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result:
        """Run a query in one snapshot; DataLoss for a damaged database, Unavailable for one that is out of reach."""

        def run() -> Result:
            try:
                return self._database.read(lambda connection: query(connection, *arguments, **named))
            except self._database.errors as error:
                refusal = self._database.refusal(error)
                if refusal is None:
                    raise
                raise refusal from error

        context = copy_context()  # the thread sees whose call it is, and so what may be seen
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, run)

    def close(self) -> None:
        """Wait for what runs, then let go of the database."""
        self.writer.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._database.close()


@asynccontextmanager
async def open_store(
    location: str | Path, clock_ns: Callable[[], int], readers: int = READERS, password: str | None = None
) -> AsyncIterator[Store]:
    """Open the database (`databases.address` says how it is named), made and migrated as needed.

    The caller runs `store.writer.run()`. Raises StartError when it cannot be used, another service writes to it, or it
    is of a newer version or damaged.
    """
    database = open_database(location, password, readers)
    try:
        bell = Bell(await asyncio.to_thread(database.prepare, _prepared))
    except BaseException:
        await asyncio.to_thread(database.close)
        raise
    store = Store(database, Writer(database, clock_ns, bell.ring), readers, bell)
    try:
        yield store
    finally:
        await asyncio.to_thread(store.close)


def _prepared(connection: Connection) -> int:
    migrate(connection)
    return change_head(connection)
